//! The log page: the end of a log. Without the script it is upstream's tail page, for either output and for the main
//! log; with it, the log is followed.

use super::assets::Script;
use super::form::Form;
use super::list::push;
use super::page::{Page, escape};
use super::visitor::Visitor;
use super::words::fill;
use super::{Site, compress, finder, status, why};
use std::fmt;
use std::path::Path;
use supervisor_control::LogName;
use supervisor_core::Channel;
use supervisor_http::{ReplyTo, Request, Response, Status, percent_encode};
use supervisor_log::tail::{self, ReadError};

/// The fewest bytes shown, and how many if nobody says.
const LEAST: i64 = 1024;

/// The most: a page holds the text several times while it is made. All of a log comes by its link for downloading.
const MOST: i64 = 512 * 1024;

/// What is shown, and to whom.
struct Wanted {
    /// As the address names it; empty for the main log.
    name: String,
    channel: Shown,
    /// Bytes from the end of the log.
    limit: i64,
    visitor: Visitor,
    compresses: bool,
}

/// Which log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Stdout,
    Stderr,
    Main,
}

impl Shown {
    /// Standard output, unless the address says something else that we know.
    pub(super) fn of(form: &Form) -> Self {
        match form.value("channel") {
            Some("stderr") => Self::Stderr,
            Some("main") => Self::Main,
            Some(_) | None => Self::Stdout,
        }
    }

    /// What the loop calls it.
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
    let channel = Shown::of(form);
    let name = if channel == Shown::Main { None } else { form.value("processname") };
    let wanted = Wanted {
        name: name.unwrap_or_default().to_owned(),
        channel,
        limit: limit(form.value("limit")),
        visitor: Visitor::of(request, form),
        compresses: compress::is_welcome(request),
    };
    if name.is_none() && channel != Shown::Main {
        return reply.send(wanted.nameless());
    }
    let blocking = site.context.blocking.clone();
    let log = channel.log(&wanted.name);
    site.context.control.inspect(move |view| match view.check_running().and_then(|()| view.log(&log)) {
        // If it is rejected, the reply is dropped with it, and the client gets status 500.
        Ok(location) => blocking.run(move || reply.send(wanted.read(location.path.as_deref()))),
        Err(fault) => {
            let text = explained(fault.code(), &fault);
            reply.send(wanted.answer(&text));
        }
    });
}

/// Digits count; anything else, and anything less, is as good as nothing.
fn limit(given: Option<&str>) -> i64 {
    let digits = given.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.map_or(LEAST, |digits| digits.parse().unwrap_or(MOST)).clamp(LEAST, MOST)
}

/// A fault as upstream's page shows it.
fn explained(code: i32, text: impl fmt::Display) -> String {
    format!("ERROR: unexpected rpc fault [{code}] {text}")
}

impl Wanted {
    fn read(&self, path: Option<&Path>) -> Response {
        let read = path.map(|path| tail::read(path, self.limit.saturating_neg(), 0));
        match read {
            Some(Ok(bytes)) => self.answer(&why::readable(&bytes)),
            None | Some(Err(ReadError::NoFile)) => self.answer(&format!("No file for {}", self.shown_name())),
            // What upstream's `readProcessLog` would say.
            Some(Err(ReadError::BadArguments)) => self.answer(&explained(3, "BAD_ARGUMENTS")),
            Some(Err(ReadError::Failed(_))) => self.answer(&explained(30, "FAILED")),
        }
    }

    fn shown_name(&self) -> &str {
        if self.channel == Shown::Main { "supervisord" } else { &self.name }
    }

    /// The parameters that name the log.
    fn parameters(&self, channel: Shown) -> String {
        let name = percent_encode(self.name.as_bytes());
        match channel {
            Shown::Stdout => format!("processname={name}"),
            Shown::Stderr => format!("processname={name}&amp;channel=stderr"),
            Shown::Main => "channel=main".to_owned(),
        }
    }

    fn nameless(&self) -> Response {
        let body = format!(
            "<header><div class=\"brand\"><a class=\"b\" href=\"./\">← {}</a><h1>Supervisor</h1></div></header>\n\
             <main class=\"logs\"><div id=\"log\" tabindex=\"0\"><pre>No process name found</pre>\
             </div></main>\n",
            self.visitor.words.back
        );
        self.page(&fill(self.visitor.words.tail_title, &["None"]), Script::None, &body, "")
    }

    fn answer(&self, text: &str) -> Response {
        let words = self.visitor.words;
        let mut body = String::with_capacity(text.len() + 4096);
        let name = escape(self.shown_name());
        push(
            &mut body,
            format_args!(
                "<header><div class=\"brand\"><a class=\"b\" href=\"./\">← {}</a><h1>{}</h1></div><p id=\"live\" \
                 role=\"status\" hidden></p><nav aria-label=\"{}\">",
                words.back,
                escape(&status::title_of(words, self.shown_name())),
                words.log
            ),
        );
        if self.channel != Shown::Main {
            for (channel, label) in [(Shown::Stdout, words.output), (Shown::Stderr, words.errors)] {
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
        let label = escape(&status::title_of(words, self.shown_name())).into_owned();
        push(
            &mut body,
            format_args!(
                "<div id=\"log\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><p id=\"silent\" hidden>{}</p><pre>{}</pre></div>\n",
                words.silent,
                escape(text)
            ),
        );
        self.push_links(&mut body);
        body.push_str("</main>\n");
        let attributes = format!(
            "data-page=\"log\" data-name=\"{name}\" data-query=\"{}\" {}",
            self.parameters(self.channel),
            status::texts(words)
        );
        let title = fill(words.tail_title, &[self.shown_name()]);
        self.page(&title, Script::Log, &body, &attributes)
    }

    fn push_tools(&self, body: &mut String) {
        let words = self.visitor.words;
        push(
            body,
            format_args!(
                "<div class=\"bar\" id=\"tools\" hidden><input type=\"search\" id=\"q\" placeholder=\"{0}\" \
                 aria-label=\"{0}\" autocomplete=\"off\"><span id=\"hits\" role=\"status\"></span><button \
                 type=\"button\" id=\"prev\">{1}</button><button type=\"button\" id=\"next\">{2}</button><label>\
                 <input type=\"checkbox\" id=\"only\">{3}</label><label><input type=\"checkbox\" id=\"wrap\" checked>{4}\
                 </label><button type=\"button\" id=\"pause\">{5}</button><button type=\"button\" id=\"end\">{6}</button>\
                 </div>\n",
                words.matches,
                words.previous_match,
                words.next_match,
                words.only_matches,
                words.wrap,
                words.pause,
                words.jump
            ),
        );
    }

    fn push_links(&self, body: &mut String) {
        let words = self.visitor.words;
        let (parameters, limit) = (self.parameters(self.channel), self.limit);
        push(
            body,
            format_args!(
                "<div class=\"bar under\"><span><span id=\"plain\"><a href=\"tail.html?{parameters}&amp;limit={limit}\">{}</a> \
                 <a href=\"tail.html?{parameters}&amp;limit={}\">{}</a> </span><a href=\"ui/download?{parameters}\" \
                 download>{}</a></span>",
                words.refresh,
                limit.saturating_mul(8),
                words.show_more,
                words.download
            ),
        );
        if self.channel != Shown::Main {
            let name = escape(&self.name);
            push(
                body,
                format_args!(
                    "<form method=\"post\" action=\"./\" id=\"list\"><input type=\"hidden\" name=\"token\" value=\"{}\">",
                    escape(&self.visitor.form_token())
                ),
            );
            for (verb, label) in [
                ("start", words.start),
                ("restart", words.restart),
                ("stop", words.stop),
                ("clearlog", words.clear_log),
            ] {
                push(body, format_args!("<button name=\"do\" value=\"{verb} {name}\">{label}</button>"));
            }
            finder::push_signals(body, words, &format!("signal {}", self.name));
            body.push_str("</form>");
        }
        body.push_str("</div>\n");
    }

    fn page(&self, title: &str, script: Script, body: &str, attributes: &str) -> Response {
        let address = format!("tail.html?{}&amp;", self.parameters(self.channel));
        let page = Page { status: Status::Ok, title, script, attributes, body, address: &address };
        page.answer(&self.visitor, self.compresses)
    }
}
