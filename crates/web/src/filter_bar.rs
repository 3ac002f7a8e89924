//! The bar above the list: search, filter by state, sort order, and the buttons for all or the selected processes.

use super::i18n::Messages;
use super::list::{STATES, push};
use super::overview::Overview;
use super::page::escape;
use supervisor_core::ProcessState;
use supervisor_http::percent_encode;

/// The filter of the list.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    /// Only processes whose name contains this.
    pub(super) query: String,
    /// Only processes in this state.
    pub(super) state: Option<ProcessState>,
}

/// The bar.
pub(super) fn push_bar(out: &mut String, messages: &Messages, filter: &Filter, overview: &Overview) {
    push(
        out,
        format_args!(
            "<div class=\"bar\"><form role=\"search\" action=\"./\"><input type=\"search\" name=\"q\" id=\"q\" value=\"{}\" \
             placeholder=\"{1}\" aria-label=\"{1}\" autocomplete=\"off\"></form>",
            escape(&filter.query),
            messages.find,
        ),
    );
    push_states(out, messages, filter, overview);
    push_sort_orders(out, messages);
    if !overview.processes.is_empty() {
        out.push_str("<span class=\"every\">");
        for (verb, label) in [
            ("startall", messages.start_all),
            ("restartall", messages.restart_all),
            ("stopall", messages.stop_all),
        ] {
            push(out, format_args!("<button form=\"list\" name=\"do\" value=\"{verb}\">{label}</button>"));
        }
        out.push_str("</span>");
    }
    out.push_str("</div>\n");
}

/// The states with their number of processes, as links that filter by state.
fn push_states(out: &mut String, messages: &Messages, filter: &Filter, overview: &Overview) {
    push(out, format_args!("<nav id=\"states\" aria-label=\"{}\">", messages.filter));
    let link = percent_encode(filter.query.as_bytes());
    let mut chip = |name: &str, label: &str, count: usize, is_current: bool| {
        let class = name.to_lowercase();
        let current = if is_current { " aria-current=\"true\"" } else { "" };
        let hidden = if count == 0 && !name.is_empty() && !is_current { " hidden" } else { "" };
        push(
            out,
            format_args!(
                "<a href=\"?q={link}&amp;state={name}\" data-s=\"{name}\" class=\"{class}\"{current}{hidden}>{label} \
                 <b>{count}</b></a>"
            ),
        );
    };
    chip("", messages.all_states, overview.processes.len(), filter.state.is_none());
    for state in STATES {
        let count = overview.processes.iter().filter(|process| process.state == state).count();
        chip(state.name(), messages.state_name(state), count, filter.state == Some(state));
    }
    out.push_str("</nav>");
}

fn push_sort_orders(out: &mut String, messages: &Messages) {
    push(out, format_args!("<label id=\"sort\" hidden>{} <select>", messages.sort_by));
    for (value, label) in [
        ("name", messages.by_name),
        ("state", messages.by_state),
        ("uptime", messages.by_uptime),
        ("cpu", messages.cpu),
        ("memory", messages.memory),
        ("restarts", messages.restarts),
    ] {
        push(out, format_args!("<option value=\"{value}\">{label}</option>"));
    }
    out.push_str("</select></label>");
}

/// The buttons for the selected processes.
pub(super) fn push_selection(out: &mut String, messages: &Messages) {
    push(
        out,
        format_args!(
            "<div class=\"sel\"><span id=\"n\" aria-live=\"polite\" data-text=\"{}\">{}</span>",
            messages.selected, messages.with_selected
        ),
    );
    for (verb, label) in [
        ("start", messages.start),
        ("restart", messages.restart),
        ("stop", messages.stop),
        ("clearlog", messages.clear_log),
    ] {
        push(out, format_args!("<button name=\"do\" value=\"{verb}\">{label}</button>"));
    }
    push_signals(out, messages, "signal");
    push(
        out,
        format_args!(
            "<button type=\"button\" class=\"quiet\" id=\"clear\" hidden>{}</button></div>\n",
            messages.deselect
        ),
    );
}

/// A list of signals and the button that sends the chosen one.
pub(super) fn push_signals(out: &mut String, messages: &Messages, value: &str) {
    push(
        out,
        format_args!("<span class=\"sig\"><select name=\"signal\" aria-label=\"{}\">", messages.which_signal),
    );
    for name in ["HUP", "USR1", "USR2", "INT", "TERM", "QUIT", "WINCH", "CONT", "STOP", "KILL"] {
        push(out, format_args!("<option>{name}</option>"));
    }
    push(
        out,
        format_args!(
            "</select><button name=\"do\" value=\"{}\">{}</button></span>",
            escape(value),
            messages.signal
        ),
    );
}
