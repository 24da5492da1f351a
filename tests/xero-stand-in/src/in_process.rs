//! The stand-in without sockets: a request is a call, and nothing happens by itself.

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;

use crate::control::{self, Delivery};
use crate::server::{self, Shared};
use crate::webhooks::courier;

/// A stand-in inside the process. Its webhooks wait until they are delivered by hand.
#[derive(Clone, Debug)]
pub struct InProcess {
    shared: Shared,
    control: control::Client,
}

impl InProcess {
    pub(crate) fn new(shared: Shared) -> Self {
        let control = control::Client::inside(control::server::router(shared.clone()));
        Self { shared, control }
    }

    /// One request to the Xero side; the host of its address means nothing. Nothing comes back where the
    /// connection breaks on order. An answer that is late sleeps on tokio's clock.
    pub async fn call(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let (answer, breaks) = server::answered(&self.shared, request).await.ok()?;
        (!breaks).then_some(answer)
    }

    /// Sets the clock, without a request to the control API.
    pub fn set_time(&self, now: Timestamp) {
        self.shared.with(|world| world.clock.set(now));
    }

    /// The user whom a refresh token speaks for, dead or alive.
    #[must_use]
    pub fn user_of(&self, refresh_token: &str) -> Option<uuid::Uuid> {
        self.shared.with(|world| world.grants.owner(refresh_token).map(|consent| consent.user))
    }

    /// When the next delivery is due; none when nothing waits.
    #[must_use]
    pub fn next_delivery_at(&self) -> Option<Timestamp> {
        self.shared.with(|world| world.outbox.next_time(&world.apps))
    }

    /// A client of the control API, in process too.
    #[must_use]
    pub fn control(&self) -> &control::Client {
        &self.control
    }

    /// Takes every delivery that is due by the stand-in's clock to `post` (address and delivery), which says
    /// the status of the answer, or 0 where none came. What is answered badly is due again later.
    pub async fn deliver(&self, post: impl AsyncFn(&str, &Delivery) -> u16) {
        let _turn = self.shared.courier.lock().await;
        while let Some((delivery, url, _)) = courier::next(&self.shared) {
            let status = post(&url, &delivery).await;
            courier::note(&self.shared, &delivery, status, Vec::new());
        }
    }
}
