//! How the SDK reaches AWS: through the HTTP client below reqwest, which reaches Xero, over the same TLS. The SDK's own
//! connector would link HTTP/2 with it, which no service used here speaks; reqwest's own layers (redirects, cookies,
//! proxies, addresses read anew) are of no use here, and a tenth of a call.
//!
//! One client serves all services, so that connections are kept in one pool. Whether a call is repeated is the
//! SDK's decision; this only says what kind of failure it was.

use super::CONNECT_TIMEOUT;
use crate::config::ConfigError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector as SdkConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// Amazon's root certificates (Amazon Trust Services): they sign every AWS endpoint.
const AMAZON_ROOTS: &[u8] = include_bytes!("../amazon-roots.pem");

/// Plain HTTP too, for an emulator.
type Http = Client<HttpsConnector<HttpConnector>, SdkBody>;

/// The connector of every service.
#[derive(Clone, Debug)]
pub(super) struct Connector(Http);

impl Connector {
    /// # Errors
    /// When the trust roots cannot be read, or TLS cannot be set up.
    pub(super) fn new() -> Result<Self, ConfigError> {
        let tls = tls()
            .ok_or_else(|| ConfigError::malformed("AWS_REGION", "cannot be used: the trust roots are unreadable"))?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let https =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
        Ok(Self(Client::builder(TokioExecutor::new()).build(https)))
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

impl SdkConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move { exchange(&client, request).await })
    }
}

/// What was lost on the way may be tried again; what could not be sent as it is may not.
async fn exchange(client: &Http, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    if request.uri().scheme().is_none() {
        return Err(ConnectorError::user("the address names no server".into()));
    }
    let response = client.request(request).await.map_err(|error| ConnectorError::io(error.into()))?;
    HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
        .map_err(|error| ConnectorError::other(error.into(), None))
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
