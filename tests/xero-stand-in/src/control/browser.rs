//! The browser that walks through the consent page, as a person would.

use std::sync::Arc;

use uuid::Uuid;

use super::client::{ControlError, Result, checked};

/// What the user does on the consent page.
#[derive(Clone, Debug)]
pub enum Choice {
    /// Allows access to organisations.
    Allow {
        /// Who signs in; the page's first user unless given.
        user: Option<Uuid>,
        /// Which organisations; the one that the page has ticked unless given.
        tenants: Vec<Uuid>,
    },
    /// Presses Cancel.
    Cancel,
}

impl Choice {
    /// Allows access to one organisation as a given user.
    #[must_use]
    pub fn allow(user: Uuid, tenant: Uuid) -> Self {
        Self::Allow { user: Some(user), tenants: vec![tenant] }
    }
}

/// Walks through the consent page as a browser would: loads it, submits its form, and returns where it
/// redirects to, without going there.
///
/// # Errors
/// [`ControlError::Refused`] with the page's text when Xero shows its error page.
pub async fn consent(authorise_url: &str, choice: Choice) -> Result<String> {
    let http = plain_http()?;
    let mut url = authorise_url.to_owned();
    if let Choice::Allow { user: Some(user), .. } = &choice {
        url = format!("{url}&stand_in_user={user}");
    }
    let page = checked(http.get(&url)).await?;
    if let Some(elsewhere) = location(&page) {
        // At the cap of connections there is no consent page at all.
        return Ok(elsewhere);
    }
    let page = page.text().await?;
    let field = |name: &str| hidden(&page, name).ok_or_else(|| ControlError::Page(format!("no field {name}")));
    let mut form = vec![("request".to_owned(), field("request")?), ("user".to_owned(), field("user")?)];
    match choice {
        Choice::Cancel => form.push(("decision".to_owned(), "cancel".to_owned())),
        Choice::Allow { tenants, .. } => {
            form.push(("decision".to_owned(), "allow".to_owned()));
            let chosen = if tenants.is_empty() { ticked(&page) } else { tenants.iter().map(Uuid::to_string).collect() };
            form.extend(chosen.into_iter().map(|tenant| ("tenant".to_owned(), tenant)));
        }
    }
    let action = page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
    let action = action.ok_or_else(|| ControlError::Page("no form".to_owned()))?;
    let target = url::Url::parse(authorise_url).and_then(|base| base.join(action));
    let target = target.map_err(|error| ControlError::Page(error.to_string()))?;
    let answer = checked(http.post(target).form(&form)).await?;
    location(&answer).ok_or_else(|| ControlError::Page("no redirect".to_owned()))
}

fn location(answer: &reqwest::Response) -> Option<String> {
    let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
    location.map(str::to_owned)
}

/// An HTTP client for the loopback address: no redirects followed, no trust anchors loaded.
pub(crate) fn plain_http() -> std::result::Result<reqwest::Client, reqwest::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    match tls {
        Ok(tls) => {
            let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
            builder.tls_backend_preconfigured(tls).build()
        }
        Err(_) => builder.build(),
    }
}

/// The value of a hidden field of a page.
fn hidden(page: &str, name: &str) -> Option<String> {
    let marker = format!("name=\"{name}\" value=\"");
    let value = page.split(&marker).nth(1)?.split('"').next()?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

/// The organisations that the page has ticked by itself.
fn ticked(page: &str) -> Vec<String> {
    let inputs = page.split("<input ").filter(|input| input.contains("name=\"tenant\""));
    let checked = inputs.filter(|input| input.split('>').next().is_some_and(|tag| tag.contains(" checked")));
    checked.filter_map(|input| hidden(input, "tenant")).collect()
}
