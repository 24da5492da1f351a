//! How the SDK reaches AWS: through reqwest, as Xero is reached. The SDK's own connector would link a second HTTP
//! client, and HTTP/2 with it, which no service used here speaks.
//!
//! One client serves all services, so that connections are kept in one pool. Whether a call is repeated is the
//! SDK's decision; this only says what kind of failure it was.

use super::CONNECT_TIMEOUT;
use crate::config::ConfigError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// Amazon's root certificates (Amazon Trust Services): they sign every AWS endpoint.
const AMAZON_ROOTS: &[u8] = include_bytes!("../amazon-roots.pem");

/// The connector of every service.
#[derive(Clone, Debug)]
pub(super) struct Connector(reqwest::Client);

impl Connector {
    /// # Errors
    /// When the trust roots cannot be read, or TLS cannot be set up.
    pub(super) fn new() -> Result<Self, ConfigError> {
        let tls = tls()
            .ok_or_else(|| ConfigError::malformed("AWS_REGION", "cannot be used: the trust roots are unreadable"))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|_| ConfigError::malformed("AWS_REGION", "cannot be used: the HTTP client was refused"))?;
        Ok(Self(client))
    }
}

fn tls() -> Option<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(AMAZON_ROOTS) {
        roots.add(root.ok()?).ok()?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().ok()?;
    Some(builder.with_root_certificates(roots).with_no_client_auth())
}

impl HttpClient for Connector {
    /// The time to connect is the same for every service; reading has an end in the time of one try.
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move { exchange(&client, request).await })
    }
}

async fn exchange(client: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap)).map_err(failure)?;
    let response: http::Response<reqwest::Body> = client.execute(request).await.map_err(failure)?.into();
    HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
        .map_err(|error| ConnectorError::other(error.into(), None))
}

/// What was lost on the way may be tried again; what could not be sent as it is may not.
fn failure(error: reqwest::Error) -> ConnectorError {
    let kind = match (error.is_timeout(), error.is_builder()) {
        (true, _) => ConnectorError::timeout,
        (_, true) => ConnectorError::user,
        _ => ConnectorError::io,
    };
    kind(error.without_url().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection};
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;

    #[test]
    fn amazons_roots_can_be_read() {
        assert!(tls().is_some());
    }

    #[tokio::test]
    async fn a_refused_connection_may_be_tried_again_and_a_bad_address_may_not() {
        let client = Connector::new().unwrap().0;
        // Nobody listens on port 1.
        let refused = exchange(&client, HttpRequest::get("http://127.0.0.1:1/").unwrap()).await.unwrap_err();
        assert!(refused.is_io(), "{refused:?}");
        let bad = exchange(&client, HttpRequest::get("/").unwrap()).await.unwrap_err();
        assert!(bad.is_user(), "{bad:?}");
    }

    /// A server that calls itself localhost; gives its port and how its first handshake ended.
    fn stranger() -> (u16, thread::JoinHandle<String>) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let handshake = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
            connection.complete_io(&mut stream).map_or_else(|error| error.to_string(), |_| "trusted".to_owned())
        });
        (port, handshake)
    }

    fn request(url: &str) -> HttpRequest {
        HttpRequest::try_from(http::Request::get(url).body(SdkBody::empty()).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_server_without_a_certificate_of_amazons_is_told_nothing() {
        let (port, handshake) = stranger();
        let error = Connector::new().unwrap().call(request(&format!("https://localhost:{port}/"))).await.unwrap_err();
        assert!(error.is_io(), "{error:?}");
        let ended = handshake.join().unwrap();
        assert!(ended.contains("UnknownCA"), "{ended}");
    }
}
