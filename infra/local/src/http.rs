//! The HTTP client of the tool: everything it calls is on this machine and in the clear.

use anyhow::Context as _;

/// A client that shows redirects instead of following them, and that no proxy setting of the user diverts.
pub fn client() -> anyhow::Result<reqwest::Client> {
    // The workspace's reqwest comes without a TLS provider and wants one even for plain HTTP. A second
    // installation answers with an error that says that there is one already.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .context("failed to build an HTTP client")
}
