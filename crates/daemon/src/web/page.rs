//! What all pages have in common: the frame, the headers, the escaping.

use std::borrow::Cow;
use supervisor_http::{Response, Status};

/// Nothing but our own style sheet is loaded, nobody frames the page, and nothing in it runs.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// An answer nobody keeps: upstream's three headers.
pub(super) fn uncached(response: Response) -> Response {
    response
        .header("Pragma", "no-cache")
        .header("Cache-Control", "no-cache")
        .header("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
}

/// A page of this title around `body`, which is HTML.
pub(super) fn document(title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"stylesheets/supervisor.css\">\n</head>\n<body>\n{body}</body>\n</html>\n"
    );
    uncached(Response::new(Status::Ok).header("Content-Type", "text/html;charset=utf-8"))
        .header("Content-Security-Policy", POLICY)
        .header("X-Content-Type-Options", "nosniff")
        .body(html)
}

/// Text as it may stand in HTML, also within the quotes of an attribute.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped.into()
}
