//! The consent page: who signs in, which organisation, Allow or Cancel. And the page of an error.

use uuid::Uuid;

use super::{escaped, layout};
use crate::http::Reply;
use crate::world::User;

/// An organisation that the page offers.
pub(crate) struct Choice {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) refused: Option<String>,
}

/// What the page shows.
pub(crate) struct Page<'a> {
    pub(crate) app: &'a str,
    pub(crate) scopes: &'a [String],
    pub(crate) users: Vec<&'a User>,
    pub(crate) user: &'a User,
    pub(crate) choices: Vec<Choice>,
    /// More than one organisation may be chosen.
    pub(crate) several: bool,
    pub(crate) raw_query: &'a str,
}

impl Page<'_> {
    pub(crate) fn render(&self) -> String {
        let app = escaped(self.app);
        let scopes: String = self.scopes.iter().map(|scope| format!("<li>{}</li>", escaped(scope))).collect();
        let body = format!(
            "<p>{app} wants access to an organisation of yours.</p>{}\
             <form method=\"post\" action=\"/identity/connect/authorize\">\
             <input type=\"hidden\" name=\"request\" value=\"{}\"><input type=\"hidden\" name=\"user\" value=\"{}\">\
             <fieldset><legend>Organisation</legend>{}</fieldset><details><summary>What it may do</summary>\
             <ul>{scopes}</ul></details><p><button name=\"decision\" value=\"allow\">Allow access</button> \
             <button class=\"quiet\" name=\"decision\" value=\"cancel\" formnovalidate>Cancel</button></p></form>",
            self.sign_in(),
            escaped(self.raw_query),
            self.user.id,
            self.organisations(),
        );
        layout("Connect to Xero (stand-in)", &body)
    }

    fn sign_in(&self) -> String {
        let link = |user: &&User| {
            let name = escaped(&user.email);
            if user.id == self.user.id {
                return format!("<strong>{name}</strong>");
            }
            format!("<a href=\"?{}&amp;stand_in_user={}\">{name}</a>", escaped(&self.plain_query()), user.id)
        };
        let links: Vec<String> = self.users.iter().map(link).collect();
        format!("<p>Signed in as {}</p>", links.join(" · "))
    }

    /// The request without an earlier choice of user.
    fn plain_query(&self) -> String {
        let kept: Vec<&str> = self.raw_query.split('&').filter(|pair| !pair.starts_with("stand_in_user=")).collect();
        kept.join("&")
    }

    fn organisations(&self) -> String {
        let kind = if self.several { "checkbox" } else { "radio" };
        let mut free = true;
        let options = self.choices.iter().map(|choice| {
            let name = escaped(&choice.name);
            match &choice.refused {
                Some(reason) => format!("<p class=\"refused\">{name}: {}</p>", escaped(reason)),
                None => {
                    let checked = if std::mem::take(&mut free) { " checked" } else { "" };
                    format!(
                        "<p><label><input type=\"{kind}\" name=\"tenant\" value=\"{}\"{checked}> {name}</label></p>",
                        choice.id
                    )
                }
            }
        });
        options.collect()
    }
}

/// A page without any way on.
pub(crate) fn dead_end(title: &str, sentence: &str) -> Reply {
    Reply::html(200, layout(&format!("{title} (stand-in)"), &format!("<p>{}</p>", escaped(sentence))))
}

/// The page of a request that is wrong: HTML with status 500, and no way back to the app.
pub(crate) fn error(code: &str, detail: &str) -> Reply {
    let body = format!(
        "<p>Sorry, something went wrong.</p><p>Error: {}</p><p>{}</p><p>Error code: 500</p>",
        escaped(code),
        escaped(detail)
    );
    Reply::html(500, layout("Xero error (stand-in)", &body))
}
