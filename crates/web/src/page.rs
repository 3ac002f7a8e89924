//! The frame of all pages: headers, head and footer, escaping.

use super::assets::{self, Script};
use super::browser_session::{BrowserSession, Theme};
use super::compress;
use super::list::push;
use std::borrow::Cow;
use supervisor_control::EMULATED_VERSION;
use supervisor_http::{Response, Status};

/// Only our own files are loaded, only our own script runs, and no site may frame the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// An answer that is not cached: upstream's three headers.
pub(super) fn uncached(response: Response) -> Response {
    response
        .header("Pragma", "no-cache")
        .header("Cache-Control", "no-cache")
        .header("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
}

/// A page around `body`, which is HTML.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a> {
    pub(super) status: Status,
    pub(super) title: &'a str,
    /// Its script.
    pub(super) script: Script,
    /// Attributes of the body that the script reads, escaped.
    pub(super) attributes: &'a str,
    pub(super) body: &'a str,
    /// The address of the page with its parameters, for the links that switch colours and language; ends with `?` or `&`.
    pub(super) address: &'a str,
}

impl Page<'_> {
    /// The page for a session.
    pub(super) fn answer(&self, session: &BrowserSession, compresses: bool) -> Response {
        let html = self.html(session);
        let response = Response::new(self.status).header("Content-Type", "text/html;charset=utf-8");
        let response = uncached(response)
            .header("Content-Security-Policy", POLICY)
            .header("X-Content-Type-Options", "nosniff")
            .header("Referrer-Policy", "same-origin")
            .header("Vary", "Accept-Language, Cookie, Accept-Encoding");
        compress::body(session.remember(response), compresses, html.into_bytes())
    }

    fn html(&self, session: &BrowserSession) -> String {
        let Self { attributes, body, address, .. } = *self;
        let (messages, title) = (session.messages, escape(self.title));
        let theme = session.theme.name();
        let (style, scripts) = (assets::style_address(), self.script.elements());
        let mut html = String::with_capacity(body.len() + 4096);
        push(
            &mut html,
            format_args!(
                "<!DOCTYPE html>\n<html lang=\"{}\" data-theme=\"{theme}\">\n<head>\n<meta charset=\"utf-8\">\n\
                 <title>{title}</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
                 <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"{}\">\n\
                 <link rel=\"stylesheet\" href=\"{style}\">\n{scripts}</head>\n\
                 <body {attributes}>\n{}{body}<footer><span>Supervisor {EMULATED_VERSION}</span>\n",
                messages.code,
                assets::icon_address(),
                assets::SPRITE,
            ),
        );
        push(&mut html, format_args!("<nav aria-label=\"{}\">", messages.appearance));
        for (choice, label) in
            [(Theme::System, messages.system), (Theme::Light, messages.light), (Theme::Dark, messages.dark)]
        {
            let current = if choice == session.theme { " aria-current=\"true\"" } else { "" };
            let name = choice.name();
            push(&mut html, format_args!("<a href=\"{address}theme={name}\"{current}>{label}</a> "));
        }
        push(&mut html, format_args!("</nav>\n<nav aria-label=\"{}\">", messages.language));
        for other in [&super::i18n::ENGLISH, &super::i18n::SIMPLIFIED_CHINESE] {
            let current = if other.code == messages.code { " aria-current=\"true\"" } else { "" };
            let (code, name) = (other.code, other.name);
            push(
                &mut html,
                format_args!(
                    "<a href=\"{address}language={code}\" hreflang=\"{code}\" lang=\"{code}\"{current}>{name}</a> "
                ),
            );
        }
        html.push_str("</nav></footer>\n</body>\n</html>\n");
        html
    }
}

/// Escapes text for HTML, also within the quotes of an attribute.
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
