//! Xero's consent page, used as a browser uses it: read the form, choose the organisation, press a button.

use anyhow::{Context as _, bail};

use crate::client::{Answer, Sessional};

/// The button to press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// Give access.
    Allow,
    /// Go back without.
    Cancel,
}

/// What the page offers.
#[derive(Debug, PartialEq, Eq)]
struct Form {
    action: String,
    hidden: Vec<(String, String)>,
    /// Label and id of each organisation.
    organisations: Vec<(String, String)>,
}

/// Opens the page at `url`, decides, and gives the address that the browser is sent back to.
pub async fn decide(browser: &Sessional, url: &str, organisation: &str, button: Button) -> anyhow::Result<String> {
    let page = browser.open(url).await?;
    if page.status != 200 {
        bail!("the consent page answered {}: {}", page.status, page.text);
    }
    let form = Form::read(&page.text).context("the consent page has no form that can be used")?;
    let mut fields = form.hidden;
    let tenant = form.organisations.iter().find(|(label, _)| label == organisation);
    let (_, id) = tenant.with_context(|| format!("the consent page does not offer {organisation}"))?;
    fields.push(("tenant".into(), id.clone()));
    let decision = if button == Button::Allow { "allow" } else { "cancel" };
    fields.push(("decision".into(), decision.into()));
    let action = url::Url::parse(url)?.join(&form.action).context("the form goes nowhere")?;
    let answer = submit(action.as_str(), &fields).await?;
    let location = answer.header("location").map(str::to_owned);
    location.with_context(|| format!("the consent did not go back to the app: {} {}", answer.status, answer.text))
}

async fn submit(action: &str, fields: &[(String, String)]) -> anyhow::Result<Answer> {
    let answer = crate::http::client()?.post(action).form(fields).send().await.context("failed to submit")?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok(Answer { status, headers, text: answer.text().await.context("failed to read the page")? })
}

impl Form {
    fn read(page: &str) -> Option<Self> {
        let (_, form) = page.split_once("<form")?;
        let (form, _) = form.split_once("</form>")?;
        let action = attribute(form, "action")?;
        let mut hidden = Vec::new();
        let mut organisations = Vec::new();
        for input in form.split("<input").skip(1) {
            let (tag, after) = input.split_once('>')?;
            let (name, value) = (attribute(tag, "name")?, attribute(tag, "value")?);
            if name == "tenant" {
                let label = after.split('<').next().unwrap_or_default();
                organisations.push((unescaped(label.trim()), value));
            } else if attribute(tag, "type").as_deref() == Some("hidden") {
                hidden.push((name, value));
            }
        }
        Some(Self { action, hidden, organisations })
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    Some(unescaped(rest.split('"').next()?))
}

fn unescaped(text: &str) -> String {
    let quotes = text.replace("&quot;", "\"").replace("&#39;", "'").replace("&#x27;", "'");
    quotes.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_a_browser_reads_it() {
        let page = "<p>x</p><form method=\"post\" action=\"/a?b=1&amp;c=2\">\
                    <input type=\"hidden\" name=\"request\" value=\"state=a&amp;b\">\
                    <label><input type=\"radio\" name=\"tenant\" value=\"t1\" checked> Fish &amp; Chips</label>\
                    <button name=\"decision\" value=\"allow\">Allow</button></form>";
        let form = Form {
            action: "/a?b=1&c=2".into(),
            hidden: vec![("request".into(), "state=a&b".into())],
            organisations: vec![("Fish & Chips".into(), "t1".into())],
        };
        assert_eq!(Form::read(page), Some(form));
    }
}
