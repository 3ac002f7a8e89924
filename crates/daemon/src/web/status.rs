//! The status page: every process, what it does, and what can be done about it.

use super::form::Form;
use super::{actions, page};
use crate::EMULATED_VERSION;
use crate::api::Backend;
use crate::request::{Reply, Request as Question};
use page::escape;
use std::fmt::Write;
use supervisor_core::{Namespec, ProcessState};
use supervisor_http::{ReplyTo, Request, Response, Status, percent_encode};
use supervisor_rpc::{Fault, ProcessInfo};

/// Shows the page, or does what its parameters ask for.
pub(super) fn show(backend: &Backend, request: &Request, form: &Form, reply: ReplyTo) {
    if let Some(action) = form.value("action") {
        return actions::perform(backend, request, action, form.value("processname"), reply);
    }
    let message = form.value("message").map(str::to_owned);
    let take = move |answer: Result<Vec<ProcessInfo<'static>>, Fault>| {
        reply.send_with(move || match answer {
            Ok(processes) => document(message.as_deref(), &processes),
            // The only reason: everything is being stopped.
            Err(_) => Response::error(Status::ServiceUnavailable),
        });
    };
    backend.ask(Question::AllProcessInfo { reply: Reply::new(take) });
}

fn document(message: Option<&str>, processes: &[ProcessInfo<'_>]) -> Response {
    let mut body = String::from("<h1>Supervisor</h1>\n");
    if let Some(message) = message {
        push(&mut body, format_args!("<div class=\"status_msg\">{}</div>\n", escape(message)));
    }
    body.push_str(
        "<ul id=\"buttons\">\n\
         <li><a href=\"index.html?action=refresh\">Refresh</a></li>\n\
         <li><a href=\"index.html?action=restartall\">Restart All</a></li>\n\
         <li><a href=\"index.html?action=stopall\">Stop All</a></li>\n\
         </ul>\n",
    );
    if processes.is_empty() {
        body.push_str("<p>No programs to manage</p>\n");
    } else {
        push_table(&mut body, processes);
    }
    push(&mut body, format_args!("<footer>Supervisor {EMULATED_VERSION}</footer>\n"));
    page::document("Supervisor Status", &body)
}

fn push_table(body: &mut String, processes: &[ProcessInfo<'_>]) {
    body.push_str(
        "<table>\n<thead><tr><th>State</th><th>Description</th><th>Name</th><th>Action</th></tr></thead>\n<tbody>\n",
    );
    for process in processes {
        push_row(body, process);
    }
    body.push_str("</tbody>\n</table>\n");
}

fn push_row(body: &mut String, process: &ProcessInfo<'_>) {
    let name = Namespec { group: &process.group, process: Some(&process.name) }.to_string();
    let link = percent_encode(name.as_bytes());
    let (state, class) = (process.statename.to_lowercase(), class_of(&process.statename));
    push(
        body,
        format_args!(
            "<tr><td class=\"status\"><span class=\"{class}\">{}</span></td><td>{}</td>\
             <td><a href=\"tail.html?processname={link}\" target=\"_blank\">{}</a></td><td class=\"action\">",
            escape(&state),
            escape(&process.description),
            escape(&name),
        ),
    );
    for (action, label) in actions_in(&process.statename) {
        push(
            body,
            format_args!("<a href=\"index.html?processname={link}&amp;action={action}\">{label}</a> "),
        );
    }
    push(
        body,
        format_args!(
            "<a href=\"index.html?processname={link}&amp;action=clearlog\">Clear Log</a> \
             <a href=\"logtail/{link}\" target=\"_blank\">Tail -f Stdout</a> \
             <a href=\"logtail/{link}/stderr\" target=\"_blank\">Tail -f Stderr</a></td></tr>\n"
        ),
    );
}

/// The actions that make sense in a state, beside those that always do.
fn actions_in(state: &str) -> &'static [(&'static str, &'static str)] {
    let is = |known: ProcessState| state == known.name();
    if is(ProcessState::Running) {
        &[("restart", "Restart"), ("stop", "Stop")]
    } else if is(ProcessState::Stopped) || is(ProcessState::Exited) || is(ProcessState::Fatal) {
        &[("start", "Start")]
    } else {
        &[]
    }
}

fn class_of(state: &str) -> &'static str {
    let is = |known: ProcessState| state == known.name();
    if is(ProcessState::Running) {
        "statusrunning"
    } else if is(ProcessState::Fatal) || is(ProcessState::Backoff) {
        "statuserror"
    } else {
        "statusnominal"
    }
}

fn push(body: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _ = body.write_fmt(text);
}
