//! The sockets: one for Xero, one for the control API, both on the loopback address alone.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::gateway;
use crate::http::{Call, Reply, Running};
use crate::world::World;

/// The world and what works on it, shared by all connections.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    world: Arc<Mutex<World>>,
    /// Wakes the courier: an event happened, or time moved.
    pub(crate) wake: Arc<Notify>,
    /// Held by whoever delivers.
    pub(crate) courier: Arc<tokio::sync::Mutex<()>>,
    pub(crate) http: reqwest::Client,
}

impl Shared {
    pub(crate) fn new(world: World) -> anyhow::Result<Self> {
        let http = crate::control::browser::plain_http()?;
        Ok(Self { world: Arc::new(Mutex::new(world)), wake: Arc::new(Notify::new()), courier: Arc::default(), http })
    }

    /// Works on the world, in its series of ids; nobody else does meanwhile.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.lock();
        let outer = world.ids.enter();
        gateway::late::catch_up(&mut world);
        let done = work(&mut world);
        world.ids = outer.enter();
        done
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Binds a loopback port; 0 finds a free one.
pub(crate) async fn bind(port: u16) -> anyhow::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Serves the Xero side for as long as the task lives.
pub(crate) async fn serve(listener: TcpListener, shared: Shared) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "failed to set nodelay");
        }
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(shared.clone(), request));
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            if let Err(error) = served {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
}

/// Ends a call, also one whose caller did not wait for the answer.
struct Ending {
    shared: Shared,
    running: Option<Box<Running>>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.shared.with(|world| gateway::finish(world, *running));
        }
    }
}

/// The connection is to be closed without an answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the connection is dropped on order")]
pub(crate) struct Dropped;

/// An answer on its way; it may break off in the middle.
struct Outgoing {
    bytes: Option<Bytes>,
    whole: u64,
    breaks: bool,
    flushed: bool,
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        match self.bytes.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None if !self.breaks => Poll::Ready(None),
            // One turn for what was written to leave before the connection ends.
            None if !std::mem::replace(&mut self.flushed, true) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None => Poll::Ready(Some(Err(Dropped))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none() && !self.breaks
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.whole)
    }
}

async fn answer(shared: Shared, request: Request<Incoming>) -> Result<Response<Outgoing>, Dropped> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    let (response, breaks) = answered(&shared, Request::from_parts(parts, body)).await?;
    Ok(response.map(|mut bytes| {
        let whole = bytes.len() as u64;
        if breaks {
            bytes.truncate(bytes.len() / 2);
        }
        Outgoing { bytes: Some(bytes).filter(|bytes| !bytes.is_empty()), whole, breaks, flushed: false }
    }))
}

/// Answers one request of the Xero side, late where it is to be late; whether the answer breaks off on its way.
pub(crate) async fn answered(shared: &Shared, request: Request<Bytes>) -> Result<(Response<Bytes>, bool), Dropped> {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let call = Call::new(parts.method.as_str(), parts.uri.path(), query, parts.headers, body);
    let mut reply = shared.with(|world| gateway::answer(world, &call));
    shared.wake.notify_one();
    let _ending = Ending { shared: shared.clone(), running: reply.running.take() };
    if let Some(delay) = reply.delay {
        tokio::time::sleep(delay).await;
    }
    if reply.dropped {
        return Err(Dropped);
    }
    let breaks = reply.cut_short;
    Ok((written(reply), breaks))
}

fn written(reply: Reply) -> Response<Bytes> {
    let mut response = Response::new(reply.body);
    *response.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = reply.content_type.map(|value| ("content-type", value));
    for (name, value) in content_type.into_iter().chain(reply.headers) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Serves the control API for as long as the task lives.
pub(crate) async fn serve_control(listener: TcpListener, shared: Shared) {
    if let Err(error) = axum::serve(listener, crate::control::server::router(shared)).await {
        tracing::error!(%error, "the control API ended");
    }
}
