//! A reverse proxy between a function and one of its outsides; every call passes its [`Wire`].

use std::net::Ipv4Addr;

use anyhow::Context as _;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, Response, StatusCode, Uri, header};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::wire::{Exchange, Passage, Wire};

/// How a call is called in lists and counts.
pub type Name = fn(&Method, &Uri, &HeaderMap, &[u8]) -> String;

/// Headers that belong to one connection, and the length, which the client writes itself.
const NOT_PASSED_ON: [HeaderName; 4] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::HOST];

#[derive(Clone)]
struct Way {
    target: String,
    wire: Wire,
    name: Name,
    client: reqwest::Client,
}

/// A running proxy; it ends when it is dropped.
pub struct Proxy {
    url: String,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Stands in front of `target`, on a free port of this machine.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start(target: &str, wire: &Wire, name: Name) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("failed to listen")?;
        let url = format!("http://localhost:{}", listener.local_addr()?.port());
        let target = target.trim_end_matches('/').to_owned();
        let way = Way { target, wire: wire.clone(), name, client: local::http::client()? };
        let router = axum::Router::new().fallback(pass).with_state(way);
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("a proxy ended: {error}");
            }
        });
        Ok(Self { url, task })
    }

    /// Where the function finds it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(way): State<Way>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let Passage::Open(number) = way.wire.enter((way.name)(&method, &uri, &headers, &body)) else {
        return std::future::pending().await;
    };
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).map(str::to_owned);
    let answer = forward(&way, method, &uri, headers, body.clone()).await;
    if let Ok(response) = &answer {
        let (granted, answer) = (response.status().is_success(), response.body().clone());
        way.wire.note(Exchange { target, request: body, granted, answer });
    }
    let answer = answer.map(|response| response.map(Body::from));
    if !way.wire.leave(number) {
        return std::future::pending().await;
    }
    answer.unwrap_or_else(|error| {
        let mut response = Response::new(Body::from(format!("{error:#}")));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    })
}

async fn forward(
    way: &Way,
    method: Method,
    uri: &Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> anyhow::Result<Response<Bytes>> {
    for name in NOT_PASSED_ON {
        headers.remove(name);
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = way.client.request(method, format!("{}{path}", way.target)).headers(headers).body(body);
    let answer = request.send().await.context("the outside did not answer the proxy")?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    for name in NOT_PASSED_ON {
        response.headers_mut().remove(name);
    }
    *response.body_mut() = answer.bytes().await.context("the outside broke off its answer")?;
    Ok(response)
}
