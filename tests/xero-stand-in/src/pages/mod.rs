//! Pages for people: Xero's consent and error pages, and the bookkeeper's desk at the root.

pub(crate) mod bookkeeper;
pub(crate) mod consent;

/// Makes a text safe inside HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// A whole page with the one style sheet.
pub(crate) fn layout(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html><html lang=\"en-GB\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><style>{STYLE}</style></head>\
         <body><main><p class=\"what\">Xero stand-in</p><h1>{title}</h1>{body}</main></body></html>"
    )
}

const STYLE: &str = include_str!("style.css");
