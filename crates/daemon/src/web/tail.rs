//! The tail page: the end of one standard output log.

use super::form::Form;
use super::page::{self, escape};
use crate::api::{Backend, read_log_file};
use crate::request::{LogLocation, LogName, LogPurpose, Reply, Request as Question};
use std::path::PathBuf;
use supervisor_core::Channel;
use supervisor_http::{ReplyTo, Request, Response, percent_encode};
use supervisor_rpc::{Fault, FaultCode};

/// The fewest bytes shown, and how many if nobody says.
const LEAST: i64 = 1024;

/// What is shown of which process.
struct Wanted {
    name: String,
    /// Bytes from the end of the log.
    limit: i64,
}

/// Shows the page.
pub(super) fn show(backend: &Backend, _: &Request, form: &Form, reply: ReplyTo) {
    let Some(name) = form.value("processname") else {
        return reply.send(document(None, "No process name found"));
    };
    let wanted = Wanted { name: name.to_owned(), limit: limit(form.value("limit")) };
    let log = LogName::Process { name: name.to_owned(), channel: Channel::Stdout };
    let disk = backend.disk.clone();
    let take = move |located: Result<LogLocation, Fault>| match located {
        Ok(location) => {
            let read = move || reply.send(answer(&wanted, location.path));
            // If it is not taken, the reply is dropped with it, which the client is told with an answer of 500.
            let _refused = disk.submit(Box::new(read));
        }
        Err(fault) => reply.send(document(Some(&wanted), &explained(&wanted.name, &fault))),
    };
    backend.ask(Question::Log { log, purpose: LogPurpose::Read, reply: Reply::new(take) });
}

/// Digits count; anything else, and anything less, is as good as nothing.
fn limit(given: Option<&str>) -> i64 {
    let digits = given.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.map_or(LEAST, |digits| digits.parse().unwrap_or(i64::MAX)).max(LEAST)
}

fn answer(wanted: &Wanted, path: Option<PathBuf>) -> Response {
    let read = path
        .ok_or_else(|| Fault::bare(FaultCode::NoFile))
        .and_then(|path| read_log_file(&path, wanted.limit.saturating_neg(), 0));
    match read {
        Ok(bytes) => document(Some(wanted), &String::from_utf8_lossy(&bytes)),
        Err(fault) => document(Some(wanted), &explained(&wanted.name, &fault)),
    }
}

fn explained(name: &str, fault: &Fault) -> String {
    if fault.known() == Some(FaultCode::NoFile) {
        format!("No file for {name}")
    } else {
        format!("ERROR: unexpected rpc fault [{}] {}", fault.code, fault.text)
    }
}

fn document(wanted: Option<&Wanted>, text: &str) -> Response {
    let name = wanted.map_or("None", |wanted| wanted.name.as_str());
    let refresh = wanted.map_or_else(String::new, |Wanted { name, limit }| {
        let name = percent_encode(name.as_bytes());
        format!("<p><a href=\"tail.html?processname={name}&amp;limit={limit}\">Refresh</a></p>\n")
    });
    let body = format!("<pre>{}</pre>\n{refresh}", escape(text));
    page::document(&format!("Supervisor tail of process {name}"), &body)
}
