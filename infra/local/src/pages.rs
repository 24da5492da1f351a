//! The console's files, served as they are in `infra/local/pages`: plain HTML, CSS and modules, without a build
//! step. They are for this machine only and are no part of what is deployed.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderName, Response, StatusCode, header};
use axum::response::IntoResponse as _;

use crate::site::AppSite;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The headers of every file; `infra/guide/return-page.md` asks the same of the app.
const CACHE: (HeaderName, &str) = (header::CACHE_CONTROL, "no-store");
const REFERRER: (HeaderName, &str) = (header::REFERRER_POLICY, "no-referrer");

macro_rules! files {
    ($($kind:ident $name:literal),* $(,)?) => {
        &[$(($name, $kind, include_str!(concat!("../pages/", $name)))),*]
    };
}

const FILES: &[(&str, &str, &str)] = files! {
    CSS "console.css",
    SCRIPT "api.js",
    SCRIPT "check.js",
    SCRIPT "connecting.js",
    SCRIPT "connection.js",
    SCRIPT "contact.js",
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
    SCRIPT "return-page.js",
    SCRIPT "scenes.js",
    SCRIPT "sending.js",
    SCRIPT "session.js",
    SCRIPT "sign-in.js",
    SCRIPT "store.js",
    SCRIPT "told.js",
    SCRIPT "words.js",
};

/// The console.
pub async fn console(State(site): State<AppSite>) -> Response<Body> {
    page(&site, include_str!("../pages/index.html"))
}

/// Sessional's sign-in.
pub async fn sign_in(State(site): State<AppSite>) -> Response<Body> {
    page(&site, include_str!("../pages/sign-in.html"))
}

/// Where the callback sends the browser: 200 and no redirect, which would carry the fragment on.
pub async fn after_consent(State(site): State<AppSite>) -> Response<Body> {
    page(&site, include_str!("../pages/return-page.html"))
}

/// What the pages are made of.
pub async fn file(Path(name): Path<String>) -> Response<Body> {
    match FILES.iter().find(|(known, _, _)| *known == name) {
        Some((_, kind, text)) => ([(header::CONTENT_TYPE, *kind), CACHE, REFERRER], *text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Nothing but the app's own files runs in a page, and it calls nothing but its own origin and the API.
fn page(site: &AppSite, text: &'static str) -> Response<Body> {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' {}; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        site.api()
    );
    let policy = (header::CONTENT_SECURITY_POLICY, policy);
    ([(header::CONTENT_TYPE, HTML), CACHE, REFERRER], [policy], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guides_example_is_what_the_console_runs() {
        let guide = include_str!("../../guide/return-page.md");
        let page = ("return-page.html", include_str!("../pages/return-page.html"));
        let scripts = ["return-page.js", "connecting.js"].map(|name| {
            let (_, _, text) = FILES.iter().find(|(known, _, _)| *known == name).unwrap();
            (name, *text)
        });
        for (name, text) in scripts.into_iter().chain([page]) {
            let language = name.rsplit('.').next().unwrap();
            let example = format!("**`{name}`**\n\n```{language}\n{text}```\n");
            assert!(guide.contains(&example), "copy infra/local/pages/{name} into infra/guide/return-page.md");
        }
    }

    #[test]
    fn the_return_pages_first_script_is_the_one_that_cleans_the_address() {
        let page = include_str!("../pages/return-page.html");
        let first = page.split("<script").nth(1).unwrap();
        assert!(first.starts_with(" src=\"/app/return-page.js\"></script>"), "{first}");
        let (_, _, script) = FILES.iter().find(|(known, _, _)| *known == "return-page.js").unwrap();
        let (before, _) = script.split_once("history.replaceState(null, \"\", location.pathname);").unwrap();
        assert!(!before.contains("await") && !before.contains("import("), "something runs before the address is clean");
    }
}
