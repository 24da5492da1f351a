//! A server for this crate's own tests: it answers what it was told to, in order, and remembers
//! what it was asked. It knows nothing of Xero; the stateful stand-in lives elsewhere.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::endpoints::Endpoints;
use crate::http::{Timeouts, client_with};

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The value of a query parameter, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.uri.query()?.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// What the server does with the next request.
pub(crate) enum Reply {
    /// Answers with status, headers and body.
    With(u16, Vec<(&'static str, &'static str)>, String),
    /// Never answers.
    Silence,
}

impl Reply {
    pub(crate) fn json(body: impl Into<String>) -> Self {
        Self::With(200, vec![("content-type", "application/json")], body.into())
    }

    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self::With(status, Vec::new(), body.to_owned())
    }
}

#[derive(Clone, Default)]
struct Script {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A running server.
pub(crate) struct Stub {
    script: Script,
    pub(crate) endpoints: Endpoints,
}

impl Stub {
    pub(crate) async fn answering(replies: impl IntoIterator<Item = Reply>) -> Self {
        let script = Script::default();
        script.replies.lock().unwrap().extend(replies);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoints = endpoints_at(&listener);
        let app = Router::new().fallback(answer).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { script, endpoints }
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().unwrap().clone()
    }

    /// The only request so far.
    pub(crate) fn only(&self) -> Seen {
        let [seen] = <[Seen; 1]>::try_from(self.seen()).unwrap();
        seen
    }
}

async fn answer(
    State(script): State<Script>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let body = String::from_utf8(body.to_vec()).unwrap();
    script.seen.lock().unwrap().push(Seen { method, uri, headers, body });
    let reply = script.replies.lock().unwrap().pop_front();
    match reply.expect("a reply for every request") {
        Reply::With(status, headers, body) => {
            let response = Response::builder().status(status);
            let response = headers.into_iter().fold(response, |response, (name, value)| response.header(name, value));
            response.body(Body::from(body)).unwrap()
        }
        Reply::Silence => std::future::pending().await,
    }
}

/// A server that reads a request and hangs up.
pub(crate) async fn hanging_up() -> Endpoints {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoints = endpoints_at(&listener);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let read = stream.read(&mut [0; 4096]).await;
            assert!(read.unwrap() > 0);
        }
    });
    endpoints
}

/// An address where nobody listens.
pub(crate) async fn nobody() -> Endpoints {
    endpoints_at(&TcpListener::bind("127.0.0.1:0").await.unwrap())
}

/// A client that gives up soon.
pub(crate) fn impatient() -> reqwest::Client {
    client_with(Timeouts { connect: Duration::from_millis(500), total: Duration::from_millis(500) }).unwrap()
}

fn endpoints_at(listener: &TcpListener) -> Endpoints {
    let base = format!("http://{}", listener.local_addr().unwrap());
    Endpoints::new(&base, &base, &base).unwrap()
}
