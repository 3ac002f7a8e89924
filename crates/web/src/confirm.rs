//! The confirmation page, for actions that a browser requests without a valid CSRF token: by an old bookmark of one of
//! upstream's action links, a link on another site, or a page of ours from before its cookie was deleted.

use super::actions::{Action, Verb};
use super::assets::Script;
use super::browser_session::BrowserSession;
use super::form::Form;
use super::guard::Sender;
use super::i18n::{Messages, fill};
use super::list::push;
use super::page::{Page, escape};
use supervisor_control::Target;
use supervisor_http::{Response, Status};

/// The page.
pub(super) fn page(session: &BrowserSession, form: &Form, action: &Action, sender: Sender) -> Response {
    let messages = session.messages;
    let reason = if form.value("token").is_some() && sender != Sender::CrossSiteLink {
        messages.confirm_expired
    } else {
        messages.confirm_link
    };
    let mut body = String::new();
    push(
        &mut body,
        format_args!(
            "<main class=\"ask\"><h1>{}</h1><p>{}</p><p class=\"what\"><b>{}</b></p><form method=\"post\" action=\"./\">\
             <input type=\"hidden\" name=\"token\" value=\"{}\">",
            messages.confirm,
            reason,
            escape(&describe(messages, action)),
            escape(&session.csrf_token())
        ),
    );
    for (name, value) in fields(form, action) {
        push(&mut body, format_args!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(&value)));
    }
    push(
        &mut body,
        format_args!(
            "<button class=\"main\">{}</button> <a class=\"b\" href=\"./\">{}</a></form></main>\n",
            messages.do_it, messages.back
        ),
    );
    let page = Page {
        status: Status::Forbidden,
        title: messages.confirm,
        script: Script::None,
        attributes: "",
        body: &body,
        address: "./?",
    };
    page.answer(session, false)
}

/// The action in words.
fn describe(messages: &Messages, action: &Action) -> String {
    let (verb, targets) = match action {
        Action::ApplyConfiguration => return messages.apply_hint.to_owned(),
        Action::Processes(verb, targets) => (verb, targets),
    };
    let all = || match verb {
        Verb::Start => messages.start_all,
        Verb::Stop => messages.stop_all,
        Verb::Restart => messages.restart_all,
        Verb::ClearLog => messages.clear_log,
        Verb::Signal(_) => messages.signal,
    };
    let one = match verb {
        Verb::Start => messages.start.to_owned(),
        Verb::Stop => messages.stop.to_owned(),
        Verb::Restart => messages.restart.to_owned(),
        Verb::ClearLog => messages.clear_log.to_owned(),
        Verb::Signal(signal) => format!("{} {signal}", messages.signal),
    };
    let names: Vec<&str> = targets
        .iter()
        .filter_map(|target| match target {
            Target::Named(name) | Target::Group(name) => Some(name.as_str()),
            Target::All => None,
        })
        .collect();
    if names.is_empty() { all().to_owned() } else { fill(messages.failed, &[&one, &names.join(", ")]) }
}

/// The fields that repeat the action.
fn fields(form: &Form, action: &Action) -> Vec<(&'static str, String)> {
    let Action::Processes(verb, targets) = action else { return vec![("do", "apply".to_owned())] };
    let verb_name = match verb {
        Verb::Start => "start",
        Verb::Stop => "stop",
        Verb::Restart => "restart",
        Verb::ClearLog => "clearlog",
        Verb::Signal(_) => "signal",
    };
    let mut fields = Vec::new();
    if let (Verb::Signal(_), Some(signal)) = (verb, form.value("signal")) {
        fields.push(("signal", signal.to_owned()));
    }
    match targets.as_slice() {
        [Target::All] => fields.push(("do", format!("{verb_name}all"))),
        [Target::Group(name)] => fields.push(("do", format!("{verb_name}group {name}"))),
        named => {
            fields.push(("do", verb_name.to_owned()));
            fields.extend(named.iter().filter_map(|target| match target {
                Target::Named(name) => Some(("p", name.clone())),
                Target::Group(_) | Target::All => None,
            }));
        }
    }
    fields
}
