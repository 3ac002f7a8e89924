//! The question whether something is really to be done, for browsers that ask for it without a token of ours: an old
//! bookmark of one of upstream's action links, a link on another page, or a page of ours from before its cookie was
//! deleted.

use super::assets::Script;
use super::form::Form;
use super::guard::Sender;
use super::list::push;
use super::orders::{Verb, Wish};
use super::page::{Page, escape};
use super::visitor::Visitor;
use super::words::{Words, fill};
use supervisor_control::Target;
use supervisor_http::{Response, Status};

/// The page that asks.
pub(super) fn page(visitor: &Visitor, form: &Form, wish: &Wish, sender: Sender) -> Response {
    let words = visitor.words;
    let reason = if form.value("token").is_some() && sender != Sender::Led {
        words.confirm_expired
    } else {
        words.confirm_link
    };
    let mut body = String::new();
    push(
        &mut body,
        format_args!(
            "<main class=\"ask\"><h1>{}</h1><p>{}</p><p class=\"what\"><b>{}</b></p><form method=\"post\" action=\"./\">\
             <input type=\"hidden\" name=\"token\" value=\"{}\">",
            words.confirm,
            reason,
            escape(&told(words, wish)),
            escape(&visitor.form_token())
        ),
    );
    for (name, value) in fields(form, wish) {
        push(&mut body, format_args!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(&value)));
    }
    push(
        &mut body,
        format_args!(
            "<button class=\"main\">{}</button> <a class=\"b\" href=\"./\">{}</a></form></main>\n",
            words.do_it, words.back
        ),
    );
    let page = Page {
        status: Status::Forbidden,
        title: words.confirm,
        script: Script::None,
        attributes: "",
        body: &body,
        address: "./?",
    };
    page.answer(visitor, false)
}

/// The wish in words.
fn told(words: &Words, wish: &Wish) -> String {
    let (verb, targets) = match wish {
        Wish::Apply => return words.apply_hint.to_owned(),
        Wish::Do(verb, targets) => (verb, targets),
    };
    let all = || match verb {
        Verb::Start => words.start_all,
        Verb::Stop => words.stop_all,
        Verb::Restart => words.restart_all,
        Verb::ClearLog => words.clear_log,
        Verb::Signal(_) => words.signal,
    };
    let one = match verb {
        Verb::Start => words.start.to_owned(),
        Verb::Stop => words.stop.to_owned(),
        Verb::Restart => words.restart.to_owned(),
        Verb::ClearLog => words.clear_log.to_owned(),
        Verb::Signal(signal) => format!("{} {signal}", words.signal),
    };
    let names: Vec<&str> = targets
        .iter()
        .filter_map(|target| match target {
            Target::Named(name) | Target::Group(name) => Some(name.as_str()),
            Target::All => None,
        })
        .collect();
    if names.is_empty() { all().to_owned() } else { fill(words.failed, &[&one, &names.join(", ")]) }
}

/// What has to be sent again.
fn fields(form: &Form, wish: &Wish) -> Vec<(&'static str, String)> {
    let Wish::Do(verb, targets) = wish else { return vec![("do", "apply".to_owned())] };
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
