//! The console's files, served as they are in `infra/local/pages`: plain HTML, CSS and modules, without a build
//! step. They are for this machine only and are no part of what is deployed.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderName, Response, StatusCode, header};
use axum::response::IntoResponse;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Nothing but the console's own files runs in it, and it calls nothing but its own origin.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

macro_rules! files {
    ($($kind:ident $name:literal),* $(,)?) => {
        &[$(($name, $kind, include_str!(concat!("../pages/", $name)))),*]
    };
}

const FILES: &[(&str, &str, &str)] = files! {
    CSS "console.css",
    SCRIPT "api.js",
    SCRIPT "check.js",
    SCRIPT "connection.js",
    SCRIPT "dom.js",
    SCRIPT "expenses.js",
    SCRIPT "faults.js",
    SCRIPT "forms.js",
    SCRIPT "invoice-form.js",
    SCRIPT "invoices.js",
    SCRIPT "log.js",
    SCRIPT "main.js",
    SCRIPT "mapping.js",
    SCRIPT "money.js",
    SCRIPT "poll.js",
    SCRIPT "record.js",
    SCRIPT "scenes.js",
    SCRIPT "sending.js",
    SCRIPT "store.js",
    SCRIPT "told.js",
    SCRIPT "words.js",
};

/// The page itself.
pub async fn index() -> Response<Body> {
    answer(HTML, include_str!("../pages/index.html"))
}

/// What the page is made of.
pub async fn file(Path(name): Path<String>) -> Response<Body> {
    match FILES.iter().find(|(known, _, _)| *known == name) {
        Some((_, kind, text)) => answer(kind, text),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(kind: &'static str, text: &'static str) -> Response<Body> {
    const REFERRER: (HeaderName, &str) = (header::REFERRER_POLICY, "no-referrer");
    const CACHE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, POLICY), CACHE, REFERRER], text).into_response()
}
