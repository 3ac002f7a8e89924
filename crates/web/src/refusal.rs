//! Refusals that a proxy or a lost cookie may be the cause of. Each says what is wrong and what to do: a browser that
//! shows it gets a page, anything else a text, and the log a line for each name.

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

/// How many names the log is told; an attacker has any number of them.
const MAX_LOGGED: usize = 64;

/// How much of a name is shown. No host name is longer.
const MAX_NAME: usize = 255;

/// What was refused so far.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    logged: Mutex<HashSet<String>>,
}

/// A refusal in words.
struct Explanation {
    /// What is wrong.
    sentence: String,
    /// What to do about it, and what to write for that.
    remedies: Vec<(String, Option<String>)>,
    /// There is a page to go back to.
    page_is_served: bool,
}

/// Refuses a request under a name that the server does not take; see [`super::guard::HostFilter`].
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

/// Refuses a request that another site's page had a browser send, as far as can be told.
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
    /// Writes a line unless it was written for this name before.
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

/// The language of the answer. The browser gets no token with it, which would take the place of the one its open pages
/// have.
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
