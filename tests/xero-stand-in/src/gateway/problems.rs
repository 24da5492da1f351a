//! The gateway's refusals: problem JSON in the recorded capitals, XML for those who did not ask for
//! JSON, plain text for an organisation that is offline.

use crate::http::Reply;
use crate::json::Json;
use crate::switches::Switches;

pub(crate) const AUTHENTICATION: &str = "AuthenticationUnsuccessful";
pub(crate) const AUTHORIZATION: &str = "AuthorizationUnsuccessful";

/// 401 with a detail.
pub(crate) fn unauthorized(detail: &str, switches: &Switches) -> Reply {
    problem(401, "Unauthorized", detail, switches)
}

/// 403: the tenant is out of reach, for whatever reason.
pub(crate) fn forbidden(switches: &Switches) -> Reply {
    problem(403, "Forbidden", AUTHENTICATION, switches)
}

/// 500 of the application behind the gateway.
pub(crate) fn server_error(switches: &Switches) -> Reply {
    let detail = "An error occurred in Xero. Check the API Status page http://status.developer.xero.com for current service status.";
    problem(500, "An error occurred", detail, switches)
}

/// 503 of an organisation that is offline.
pub(crate) fn offline() -> Reply {
    Reply::plain(503, "The Organisation is offline")
}

/// 503 of Xero itself.
pub(crate) fn unavailable() -> Reply {
    Reply::plain(503, "The service is unavailable.")
}

/// 504 of a gateway that waited no longer.
pub(crate) fn gateway_timeout() -> Reply {
    let page = "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n\
        <center><h1>504 Gateway Time-out</h1></center>\r\n</body>\r\n</html>\r\n";
    Reply::html(504, page.to_owned())
}

/// 406 in XML, which is what Xero speaks unless it is asked for JSON.
pub(crate) fn not_acceptable() -> Reply {
    let body = "<ApiException><ErrorNumber>0</ErrorNumber><Type>NotAcceptable</Type>\
        <Message>The default representation is XML. Send Accept: application/json.</Message></ApiException>";
    Reply::text(406, "text/xml; charset=utf-8", body.to_owned())
}

fn problem(status: u16, title: &str, detail: &str, switches: &Switches) -> Reply {
    let members = [
        ("Type", Json::Null),
        ("Title", title.into()),
        ("Status", usize::from(status).into()),
        ("Detail", detail.into()),
        ("Instance", crate::ids::fresh().into()),
        ("Extensions", Json::object()),
    ];
    let named = members.into_iter().map(|(key, value)| {
        let key = if switches.lowercase_problems { key.to_lowercase() } else { key.to_owned() };
        (key, value)
    });
    Reply::json(status, &Json::Object(named.collect()))
}
