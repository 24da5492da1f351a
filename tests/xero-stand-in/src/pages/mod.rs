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
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    )
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f2f4f7;color:#1d2733}\
main{max-width:70rem;margin:2rem auto;padding:1.5rem 2rem;background:#fff;border-radius:8px}\
table{border-collapse:collapse;width:100%;margin:0 0 1.5rem}th,td{text-align:left;padding:.35rem .6rem;\
border-bottom:1px solid #dde3ea}td.n{text-align:right;font-variant-numeric:tabular-nums}\
button{font:inherit;padding:.35rem .9rem;border-radius:4px;border:1px solid #0b5f8a;background:#0b5f8a;color:#fff}\
button.quiet{background:#fff;color:#0b5f8a}input,select{font:inherit;padding:.25rem .4rem;max-width:8rem}\
form.row{display:inline}fieldset{border:1px solid #dde3ea;border-radius:6px;margin:0 0 1rem}.refused{color:#8a1f11}";
