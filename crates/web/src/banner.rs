//! The notices above the list: the message of an action, that everything is stopping, and how the configuration on disk differs
//! from the running one.

use super::browser_session::BrowserSession;
use super::event_stream::Comparison;
use super::i18n::Messages;
use super::list::push;
use super::overview::Overview;
use super::page::escape;
use supervisor_control::{Diff, Fault};
use supervisor_core::SupervisorState;

/// All notices of a page.
pub(super) fn push_notices(
    out: &mut String,
    session: &BrowserSession,
    message: Option<&str>,
    overview: &Overview,
    comparison: Option<&Comparison>,
) {
    let messages = session.messages;
    out.push_str("<div id=\"said\" role=\"status\">");
    if let Some(message) = message {
        push(out, format_args!("<div class=\"status_msg\">{}</div>", escape(message)));
    }
    out.push_str("</div>\n");
    let hidden = if overview.state == SupervisorState::Running { " hidden" } else { "" };
    push(out, format_args!("<p id=\"ending\" class=\"note bad\"{hidden}>{}</p>\n", messages.stopping_all));
    push(
        out,
        format_args!(
            "<form method=\"post\" action=\"./\" id=\"config\"><input type=\"hidden\" name=\"token\" value=\"{}\">\
             <div>",
            escape(&session.csrf_token())
        ),
    );
    push_comparison(out, messages, comparison);
    out.push_str("</div></form>\n");
}

/// The differences of the configuration on disk, with the button that applies it; nothing if there are none.
pub(super) fn push_comparison(out: &mut String, messages: &Messages, comparison: Option<&Comparison>) {
    match comparison {
        Some(Err(Fault::CantReread(reason))) => push(
            out,
            format_args!(
                "<div class=\"note bad\"><b>{}</b><pre>{}</pre></div>",
                messages.config_broken,
                escape(reason)
            ),
        ),
        // There was no comparison yet, or everything is stopping.
        None | Some(Err(_)) => {}
        Some(Ok(groups)) => push_groups(out, messages, groups),
    }
}

fn push_groups(out: &mut String, messages: &Messages, groups: &Diff) {
    let parts = [
        ("new", messages.added, &groups.added, "+"),
        ("changed", messages.changed, &groups.changed, "~"),
        ("gone", messages.removed, &groups.removed, "\u{2212}"),
    ];
    if parts.iter().all(|(_, _, names, _)| names.is_empty()) {
        return;
    }
    push(out, format_args!("<div class=\"note\"><p><b>{}</b></p><ul>", messages.config_differs));
    for (class, label, names, sign) in parts {
        for name in names {
            push(out, format_args!("<li class=\"{class}\"><b>{sign} {}</b> {label}</li>", escape(name)));
        }
    }
    push(
        out,
        format_args!(
            "</ul><p><button class=\"main\" name=\"do\" value=\"apply\">{}</button> {}</p></div>",
            messages.apply, messages.apply_hint
        ),
    );
}

/// The text of a page without programs: how to configure the first one.
pub(super) fn push_no_programs(out: &mut String, messages: &Messages) {
    push(
        out,
        format_args!(
            "<div class=\"empty\"><p><b>{}</b></p><p>{}</p><pre>[program:hello]\ncommand=/bin/sleep 3600</pre>\
             </div>\n</main>\n",
            messages.no_programs, messages.first_program
        ),
    );
}
