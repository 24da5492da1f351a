//! Where Xero is: three base addresses, and every path below them.
//!
//! Base addresses are configuration (the tests and the local stack point them at a stand-in), so
//! they are checked once: `https`, or plain `http` to this machine only. Paths are joined segment
//! by segment, so that nothing read from outside can climb out of its place.

use url::{Host, Url};

use crate::ids::ConnectionId;

/// The base addresses of Xero's consent pages, token service and API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    login: Url,
    identity: Url,
    api: Url,
}

/// A base address that is not acceptable, by the name of the service it was meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {0} address must be https (or http on localhost), without query or credentials")]
pub struct InvalidEndpoint(&'static str);

impl Endpoints {
    /// Checks three base addresses.
    pub fn new(login: &str, identity: &str, api: &str) -> Result<Self, InvalidEndpoint> {
        Ok(Self { login: base("login", login)?, identity: base("identity", identity)?, api: base("api", api)? })
    }

    /// Xero itself.
    pub fn xero() -> Result<Self, InvalidEndpoint> {
        Self::new("https://login.xero.com", "https://identity.xero.com", "https://api.xero.com")
    }

    /// The consent page.
    pub fn authorize(&self) -> Url {
        below(&self.login, &["identity", "connect", "authorize"])
    }

    /// The token endpoint.
    pub fn token(&self) -> Url {
        below(&self.identity, &["connect", "token"])
    }

    /// The revocation endpoint.
    pub fn revocation(&self) -> Url {
        below(&self.identity, &["connect", "revocation"])
    }

    /// The list of connections.
    pub fn connections(&self) -> Url {
        below(&self.api, &["connections"])
    }

    /// One connection.
    pub fn connection(&self, id: ConnectionId) -> Url {
        below(&self.api, &["connections", &id.to_string()])
    }

    /// A resource of the Accounting API. A segment is one segment, whatever it contains.
    pub fn accounting(&self, segments: &[&str]) -> Url {
        below(&below(&self.api, &["api.xro", "2.0"]), segments)
    }
}

fn base(name: &'static str, text: &str) -> Result<Url, InvalidEndpoint> {
    let url = Url::parse(text).map_err(|_| InvalidEndpoint(name))?;
    let here = matches!(url.host(), Some(Host::Domain("localhost")))
        || matches!(url.host(), Some(Host::Ipv4(ip)) if ip == std::net::Ipv4Addr::LOCALHOST);
    let secure = url.scheme() == "https" || (url.scheme() == "http" && here);
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if secure && bare && url.has_host() { Ok(url) } else { Err(InvalidEndpoint(name)) }
}

fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xeros_own_addresses_are_the_documented_ones() {
        let xero = Endpoints::xero().unwrap();
        assert_eq!(xero.authorize().as_str(), "https://login.xero.com/identity/connect/authorize");
        assert_eq!(xero.token().as_str(), "https://identity.xero.com/connect/token");
        assert_eq!(xero.accounting(&["Invoices"]).as_str(), "https://api.xero.com/api.xro/2.0/Invoices");
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in ["http://localhost:9000", "http://127.0.0.1:1/below/", "https://x.test"] {
            assert!(base("api", good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.xero.com",
            "http://localhost.evil.test",
            "http://127.0.0.2",
            "ftp://localhost",
            "https://user:secret@api.xero.com",
            "https://api.xero.com?x=1",
            "https://api.xero.com#x",
            "api.xero.com",
            "",
        ] {
            assert_eq!(base("api", bad), Err(InvalidEndpoint("api")), "{bad}");
        }
    }

    #[test]
    fn a_base_path_is_kept() {
        let here = Endpoints::new("http://localhost:1/a/", "http://localhost:1", "http://localhost:1/b").unwrap();
        assert_eq!(here.authorize().path(), "/a/identity/connect/authorize");
        assert_eq!(here.connections().path(), "/b/connections");
    }

    #[test]
    fn a_segment_cannot_climb_out_or_add_a_query() {
        let xero = Endpoints::xero().unwrap();
        for hostile in ["../connections", "a/b", "a?b=c", "a#b", "..", "."] {
            let url = xero.accounting(&["Contacts", hostile]);
            assert!(url.path().starts_with("/api.xro/2.0/Contacts"), "{url}");
            assert_eq!((url.query(), url.fragment()), (None, None), "{url}");
            assert!(url.path().matches('/').count() <= 4, "{url}");
        }
    }
}
