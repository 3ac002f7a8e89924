//! Refusals that a proxy or a lost cookie may have caused. Each says what is wrong and how to fix it: as a page for a browser
//! that shows it, as text for other clients, and as one log line per host or origin.

use super::Site;
use super::assets::Script;
use super::browser_session::BrowserSession;
use super::form::Form;
use super::guard::name_of;
use super::i18n::{Messages, fill};
use super::list::push;
use super::page::{Page, escape};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use supervisor_core::repr;
use supervisor_http::{Request, Response, Status};
use supervisor_log::Level;

/// How many names are logged; an attacker can send any number.
const MAX_LOGGED: usize = 64;

/// How many characters of a name are shown. No host name is longer.
const MAX_NAME: usize = 255;

/// The refusals that were logged.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    logged: Mutex<HashSet<String>>,
}

/// The explanation of a refusal.
struct Explanation {
    /// What is wrong.
    sentence: String,
    /// How to fix it, with the lines of configuration for that.
    remedies: Vec<(String, Option<String>)>,
    /// There is a page to go back to.
    page_is_served: bool,
}

/// Refuses a request with a host that the server does not accept; see [`super::guard::HostFilter`].
pub(super) fn of_host(site: &Site, request: &Request) -> Response {
    let host = String::from_utf8_lossy(request.headers.first("Host").unwrap_or_default());
    let (name, section) = (truncated(&name_of(&host)), &*request.section);
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let option = format!("allowed_hosts={}", if is_plain { &name } else { "NAME" });
    let takes_password = site.host_filter.accepts_with_password(section);
    let password = if takes_password { "set username and password there, or " } else { "" };
    let line = format!(
        "refused a request to [{section}] as {}: it is neither a name of this machine nor in allowed_hosts (DNS \
         rebinding); if it is your proxy's, write {option} in [{section}], or {password}have the proxy pass the \
         server's address as Host",
        repr::text(&name)
    );
    site.refusals.log_once(site, format!("host {name}"), &line);
    let session = session_of(request);
    let messages = session.messages;
    let mut remedies = vec![(messages.remedy_allow.to_owned(), Some(format!("[{section}]\n{option}")))];
    if takes_password {
        remedies.push((messages.remedy_password.to_owned(), None));
    }
    remedies.push((messages.remedy_proxy.to_owned(), None));
    let sentence = fill(messages.refused_host, &[section, &name]);
    answer(request, &session, &Explanation { sentence, remedies, page_is_served: false })
}

/// Refuses a request that a page of another site made a browser send, as far as the headers tell.
pub(super) fn of_site(site: &Site, request: &Request) -> Response {
    let header = |name| request.headers.first(name).map(|value| truncated(&String::from_utf8_lossy(value)));
    let origin = header("Origin").filter(|origin| origin != "null");
    let named = origin.as_ref().map_or_else(|| "another site".to_owned(), repr::text);
    let host = repr::text(header("Host").unwrap_or_default());
    let line = format!(
        "refused a request from a page of {named} to {host}: only Supervisor's own page may send it, with its token; \
         if it was that page, open it again and let it keep its cookie"
    );
    site.refusals.log_once(site, format!("origin {named}"), &line);
    let session = session_of(request);
    let messages = session.messages;
    let sentence = fill(messages.refused_site, &[origin.as_deref().unwrap_or(messages.another_site)]);
    let remedies = vec![(messages.remedy_cookie.to_owned(), None)];
    answer(request, &session, &Explanation { sentence, remedies, page_is_served: true })
}

impl Refusals {
    /// Logs a line unless one was logged for this name before.
    fn log_once(&self, site: &Site, name: String, line: &str) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() >= MAX_LOGGED || !logged.insert(name) {
            return;
        }
        site.context.log.log(Level::Warn, line);
        if logged.len() == MAX_LOGGED {
            site.context.log.log(Level::Warn, "further names of refused requests are not logged");
        }
    }
}

/// The session, for its language. It sets no token, which would replace the one of the pages that are open.
fn session_of(request: &Request) -> BrowserSession {
    BrowserSession::of(request, &Form::of(request).unwrap_or_default()).without_token()
}

fn truncated(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}

fn answer(request: &Request, session: &BrowserSession, explanation: &Explanation) -> Response {
    let accepted = request.headers.first("Accept").unwrap_or_default();
    if !accepted.windows(9).any(|part| part == b"text/html") {
        let text = explanation.text();
        return Response::new(Status::Forbidden)
            .header("Content-Type", "text/plain;charset=utf-8")
            .header("X-Content-Type-Options", "nosniff")
            .body(text);
    }
    let body = explanation.html(session.messages);
    let page = Page {
        status: Status::Forbidden,
        title: session.messages.refused,
        script: Script::None,
        attributes: "",
        body: &body,
        address: "./?",
    };
    page.answer(session, false)
}

impl Explanation {
    fn text(&self) -> String {
        let mut text = format!("{}\n", self.sentence);
        for (remedy, what) in &self.remedies {
            push(&mut text, format_args!("- {remedy}\n"));
            for line in what.iter().flat_map(|what| what.lines()) {
                push(&mut text, format_args!("    {line}\n"));
            }
        }
        text
    }

    fn html(&self, messages: &Messages) -> String {
        let mut body =
            format!("<main class=\"ask\"><h1>{}</h1><p>{}</p>", messages.refused, escape(&self.sentence));
        if let [(remedy, None)] = &self.remedies[..] {
            push(&mut body, format_args!("<p>{}</p>", escape(remedy)));
        } else {
            body.push_str("<ul>");
            for (remedy, what) in &self.remedies {
                push(&mut body, format_args!("<li>{}", escape(remedy)));
                if let Some(what) = what {
                    push(&mut body, format_args!("<pre>{}</pre>", escape(what)));
                }
                body.push_str("</li>");
            }
            body.push_str("</ul>");
        }
        if self.page_is_served {
            push(&mut body, format_args!("<p><a class=\"b\" href=\"./\">{}</a></p>", messages.back));
        }
        body.push_str("</main>\n");
        body
    }
}
