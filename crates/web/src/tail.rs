//! The log page: the end of a log, and its continuation. Without the script it is upstream's tail page, for stdout, stderr and
//! the main log; with the script it follows the log.

use super::assets::Script;
use super::browser_session::BrowserSession;
use super::form::Form;
use super::i18n::fill;
use super::list::push;
use super::page::{Page, escape};
use super::{Site, compress, failure_reason, filter_bar, status};
use std::fmt;
use std::path::Path;
use supervisor_control::LogName;
use supervisor_core::Channel;
use supervisor_http::{ReplyTo, Request, Response, Status, percent_encode};
use supervisor_log::tail::{self, ReadError};

/// The least number of bytes shown, and the default.
const MIN_BYTES: i64 = 1024;

/// The greatest: the text is in memory several times while the page is rendered. The link for downloading gives the whole log.
const MAX_BYTES: i64 = 512 * 1024;

/// The page of one request.
struct TailPage {
    /// The process as the address names it; empty for the main log.
    name: String,
    channel: LogChoice,
    /// Bytes from the end of the log.
    limit: i64,
    session: BrowserSession,
    compresses: bool,
}

/// Which log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogChoice {
    Stdout,
    Stderr,
    Main,
}

impl LogChoice {
    /// The `channel` of the address; standard output if it is missing or unknown.
    pub(super) fn of(form: &Form) -> Self {
        match form.value("channel") {
            Some("stderr") => Self::Stderr,
            Some("main") => Self::Main,
            Some(_) | None => Self::Stdout,
        }
    }

    /// The log of a process, or the main log.
    pub(super) fn log(self, process: &str) -> LogName {
        let of_process = |channel| LogName::Process { name: process.to_owned(), channel };
        match self {
            Self::Stdout => of_process(Channel::Stdout),
            Self::Stderr => of_process(Channel::Stderr),
            Self::Main => LogName::Main,
        }
    }
}

/// Shows the page.
pub(super) fn show(site: &Site, request: &Request, form: &Form, reply: ReplyTo) {
    let channel = LogChoice::of(form);
    let name = if channel == LogChoice::Main { None } else { form.value("processname") };
    let page = TailPage {
        name: name.unwrap_or_default().to_owned(),
        channel,
        limit: limit(form.value("limit")),
        session: BrowserSession::of(request, form),
        compresses: compress::is_accepted(request),
    };
    if name.is_none() && channel != LogChoice::Main {
        return reply.send(page.without_name());
    }
    let blocking = site.context.blocking.clone();
    let log = channel.log(&page.name);
    site.context.control.inspect(move |view| match view.check_running().and_then(|()| view.log(&log)) {
        // If it is rejected, the reply is dropped with it, and the client gets status 500.
        Ok(location) => blocking.run(move || reply.send(page.read(location.path.as_deref()))),
        Err(fault) => {
            let text = fault_text(fault.code(), &fault);
            reply.send(page.answer(&text));
        }
    });
}

/// The limit of the address; the default if it is no number or less.
fn limit(given: Option<&str>) -> i64 {
    let digits = given.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.map_or(MIN_BYTES, |digits| digits.parse().unwrap_or(MAX_BYTES)).clamp(MIN_BYTES, MAX_BYTES)
}

/// A fault as upstream's page shows it.
fn fault_text(code: i32, text: impl fmt::Display) -> String {
    format!("ERROR: unexpected rpc fault [{code}] {text}")
}

impl TailPage {
    fn read(&self, path: Option<&Path>) -> Response {
        let read = path.map(|path| tail::read(path, self.limit.saturating_neg(), 0));
        match read {
            Some(Ok(bytes)) => self.answer(&failure_reason::readable(&bytes)),
            None | Some(Err(ReadError::NoFile)) => self.answer(&format!("No file for {}", self.shown_name())),
            // What upstream's `readProcessLog` would say.
            Some(Err(ReadError::BadArguments)) => self.answer(&fault_text(3, "BAD_ARGUMENTS")),
            Some(Err(ReadError::Failed(_))) => self.answer(&fault_text(30, "FAILED")),
        }
    }

    fn shown_name(&self) -> &str {
        if self.channel == LogChoice::Main { "supervisord" } else { &self.name }
    }

    /// The parameters that name the log.
    fn parameters(&self, channel: LogChoice) -> String {
        let name = percent_encode(self.name.as_bytes());
        match channel {
            LogChoice::Stdout => format!("processname={name}"),
            LogChoice::Stderr => format!("processname={name}&amp;channel=stderr"),
            LogChoice::Main => "channel=main".to_owned(),
        }
    }

    fn without_name(&self) -> Response {
        let body = format!(
            "<header><div class=\"brand\"><a class=\"b\" href=\"./\">← {}</a><h1>Supervisor</h1></div></header>\n\
             <main class=\"logs\"><div id=\"log\" tabindex=\"0\"><pre>No process name found</pre>\
             </div></main>\n",
            self.session.messages.back
        );
        self.page(&fill(self.session.messages.tail_title, &["None"]), Script::None, &body, "")
    }

    fn answer(&self, text: &str) -> Response {
        let messages = self.session.messages;
        let mut body = String::with_capacity(text.len() + 4096);
        let name = escape(self.shown_name());
        push(
            &mut body,
            format_args!(
                "<header><div class=\"brand\"><a class=\"b\" href=\"./\">← {}</a><h1>{}</h1></div><p id=\"live\" \
                 role=\"status\" hidden></p><nav aria-label=\"{}\">",
                messages.back,
                escape(&status::log_title(messages, self.shown_name())),
                messages.log
            ),
        );
        if self.channel != LogChoice::Main {
            for (channel, label) in
                [(LogChoice::Stdout, messages.output), (LogChoice::Stderr, messages.errors)]
            {
                let current = if channel == self.channel { " aria-current=\"page\"" } else { "" };
                let parameters = self.parameters(channel);
                push(
                    &mut body,
                    format_args!("<a class=\"b\" href=\"tail.html?{parameters}\"{current}>{label}</a> "),
                );
            }
        }
        body.push_str("</nav></header>\n<main class=\"logs\"><div id=\"said\" role=\"status\"></div>\n");
        self.push_tools(&mut body);
        let label = escape(&status::log_title(messages, self.shown_name())).into_owned();
        push(
            &mut body,
            format_args!(
                "<div id=\"log\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><p id=\"silent\" hidden>{}</p><pre>{}</pre></div>\n",
                messages.silent,
                escape(text)
            ),
        );
        self.push_links(&mut body);
        body.push_str("</main>\n");
        let attributes = format!(
            "data-page=\"log\" data-name=\"{name}\" data-query=\"{}\" {}",
            self.parameters(self.channel),
            status::script_messages(messages)
        );
        let title = fill(messages.tail_title, &[self.shown_name()]);
        self.page(&title, Script::Log, &body, &attributes)
    }

    fn push_tools(&self, body: &mut String) {
        let messages = self.session.messages;
        push(
            body,
            format_args!(
                "<div class=\"bar\" id=\"tools\" hidden><input type=\"search\" id=\"q\" placeholder=\"{0}\" \
                 aria-label=\"{0}\" autocomplete=\"off\"><span id=\"hits\" role=\"status\"></span><button \
                 type=\"button\" id=\"prev\">{1}</button><button type=\"button\" id=\"next\">{2}</button><label>\
                 <input type=\"checkbox\" id=\"only\">{3}</label><label><input type=\"checkbox\" id=\"wrap\" checked>{4}\
                 </label><button type=\"button\" id=\"pause\">{5}</button><button type=\"button\" id=\"end\">{6}</button>\
                 </div>\n",
                messages.matches,
                messages.previous_match,
                messages.next_match,
                messages.only_matches,
                messages.wrap,
                messages.pause,
                messages.jump
            ),
        );
    }

    fn push_links(&self, body: &mut String) {
        let messages = self.session.messages;
        let (parameters, limit) = (self.parameters(self.channel), self.limit);
        push(
            body,
            format_args!(
                "<div class=\"bar under\"><span><span id=\"plain\"><a href=\"tail.html?{parameters}&amp;limit={limit}\">{}</a> \
                 <a href=\"tail.html?{parameters}&amp;limit={}\">{}</a> </span><a href=\"ui/download?{parameters}\" \
                 download>{}</a></span>",
                messages.refresh,
                limit.saturating_mul(8),
                messages.show_more,
                messages.download
            ),
        );
        if self.channel != LogChoice::Main {
            let name = escape(&self.name);
            push(
                body,
                format_args!(
                    "<form method=\"post\" action=\"./\" id=\"list\"><input type=\"hidden\" name=\"token\" value=\"{}\">",
                    escape(&self.session.csrf_token())
                ),
            );
            for (verb, label) in [
                ("start", messages.start),
                ("restart", messages.restart),
                ("stop", messages.stop),
                ("clearlog", messages.clear_log),
            ] {
                push(body, format_args!("<button name=\"do\" value=\"{verb} {name}\">{label}</button>"));
            }
            filter_bar::push_signals(body, messages, &format!("signal {}", self.name));
            body.push_str("</form>");
        }
        body.push_str("</div>\n");
    }

    fn page(&self, title: &str, script: Script, body: &str, attributes: &str) -> Response {
        let address = format!("tail.html?{}&amp;", self.parameters(self.channel));
        let page = Page { status: Status::Ok, title, script, attributes, body, address: &address };
        page.answer(&self.session, self.compresses)
    }
}
