//! What the buttons of our own page do: one thing to any number of processes, and then an account of what came of
//! each. Whoever leaves the page in the meantime does not keep a restart from being completed.

use super::form::Form;
use super::live::json;
use super::page;
use super::visitor::Visitor;
use super::words::{Words, fill};
use super::{Context, Site};
use std::sync::{Arc, Mutex, PoisonError};
use supervisor_control::{Command, Reply, Request as Question, Target};
use supervisor_core::{Answer, Fault, Namespec, Signal, Wait};
use supervisor_http::{ReplyTo, Request, Response, Status, percent_encode};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Start,
    Stop,
    Restart,
    ClearLog,
    Signal(Signal),
}

/// What a button asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// One thing, to these.
    Do(Verb, Vec<Target>),
    /// Make the configuration on disk the one that runs.
    Apply,
}

impl Wish {
    /// Reads the fields of a form: `do` holds a verb and, behind a blank, a name; without a name it is about
    /// everything that is ticked (`p`).
    pub(super) fn of(form: &Form) -> Option<Self> {
        let asked = form.value("do")?;
        let (verb, name) = asked.split_once(' ').map_or((asked, None), |(verb, name)| (verb, Some(name)));
        if verb == "apply" {
            return Some(Self::Apply);
        }
        let (verb, scope) = ["group", "all"]
            .into_iter()
            .find_map(|scope| Some((verb.strip_suffix(scope)?, scope)))
            .unwrap_or((verb, ""));
        let verb = match verb {
            "start" => Verb::Start,
            "stop" => Verb::Stop,
            "restart" => Verb::Restart,
            "clearlog" => Verb::ClearLog,
            "signal" => Verb::Signal(Signal::from_name(form.value("signal")?)?),
            _ => return None,
        };
        let targets = match (scope, name) {
            ("all", _) => vec![Target::All],
            ("group", Some(name)) => vec![Target::Group(name.to_owned())],
            ("", Some(name)) => vec![Target::Named(name.to_owned())],
            ("", None) => form.all("p").map(|name| Target::Named(name.to_owned())).collect(),
            _ => return None,
        };
        Some(Self::Do(verb, targets))
    }
}

/// What came of it for one process or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) result: Result<(), String>,
}

/// Fulfils a wish and answers once all is done: with JSON for the script, else by going back to the page.
pub(super) fn perform(site: &Site, wish: Wish, request: &Request, visitor: &Visitor, reply: ReplyTo) {
    let (words, context) = (visitor.words, &site.context);
    let is_script = request.headers.first("Accept").is_some_and(|accepted| accepted == b"application/json");
    let answer = move |message: String, lines: Vec<Line>| {
        reply.send(if is_script { as_json(&message, &lines) } else { as_redirect(&message) });
    };
    match wish {
        Wish::Apply => {
            let live = site.live.clone();
            super::update::apply(context, words, move |message, lines| {
                live.forget_comparison();
                answer(message, lines);
            });
        }
        Wish::Do(_, targets) if targets.is_empty() => answer(words.nothing_selected.to_owned(), Vec::new()),
        Wish::Do(verb, targets) => {
            let done = match verb {
                Verb::Start => words.started,
                Verb::Stop => words.stopped,
                Verb::Restart => words.restarted,
                Verb::ClearLog => words.cleared,
                Verb::Signal(_) => words.signalled,
            };
            let tally = Tally::new(words, move |lines| answer(summary(words, done, &lines), lines));
            for target in targets {
                carry_out(context, verb, target, Share::of(&tally));
            }
        }
    }
}

fn as_json(message: &str, lines: &[Line]) -> Response {
    let results: Vec<String> = lines
        .iter()
        .map(|line| {
            let text = line.result.as_ref().err().map_or("null".to_owned(), |text| json(text));
            format!("[{},{text}]", json(&line.name))
        })
        .collect();
    let is_well = lines.iter().all(|line| line.result.is_ok());
    let body =
        format!("{{\"ok\":{is_well},\"message\":{},\"results\":[{}]}}", json(message), results.join(","));
    page::uncached(Response::new(Status::Ok).header("Content-Type", "application/json")).body(body)
}

/// Back to the page with a message.
pub(super) fn as_redirect(message: &str) -> Response {
    let location = format!("./?message={}", percent_encode(message.as_bytes()).replace('/', "%2F"));
    let response =
        Response::new(Status::SeeOther).header("Location", location).header("Content-Type", "text/html");
    page::uncached(response).body(Status::SeeOther.error_page())
}

/// A sentence about all that came of it.
pub(super) fn summary(words: &Words, done: &str, lines: &[Line]) -> String {
    let well = lines.iter().filter(|line| line.result.is_ok()).count();
    let failed: Vec<String> = lines
        .iter()
        .filter_map(|line| Some(fill(words.failed, &[&line.name, line.result.as_ref().err()?])))
        .collect();
    let mut sentences = Vec::new();
    match lines {
        [] => return words.nothing_to_do.to_owned(),
        [Line { name, result: Ok(()) }] => return fill(done, &[name]),
        [_] => return failed.concat(),
        _ if well > 0 => sentences.push(fill(done, &[&well.to_string()])),
        _ => {}
    }
    if !failed.is_empty() {
        let named = failed.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("; ");
        sentences.push(fill(words.count_failed, &[&failed.len().to_string(), &named]));
    }
    sentences.join(". ")
}

/// Gathers what came of everything; calls back once nothing is under way any more.
pub(super) struct Tally {
    words: &'static Words,
    lines: Mutex<Vec<Line>>,
    #[expect(clippy::type_complexity, reason = "a callback that is called once")]
    finish: Mutex<Option<Box<dyn FnOnce(Vec<Line>) + Send>>>,
}

impl Tally {
    pub(super) fn new(words: &'static Words, finish: impl FnOnce(Vec<Line>) + Send + 'static) -> Arc<Self> {
        Arc::new(Self { words, lines: Mutex::default(), finish: Mutex::new(Some(Box::new(finish))) })
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let lines = std::mem::take(self.lines.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let Some(finish) = self.finish.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            finish(lines);
        }
    }
}

/// One thing under way. Dropped without a word it counts as not taken on.
pub(super) struct Share {
    tally: Arc<Tally>,
    has_spoken: bool,
    name: String,
}

impl Share {
    pub(super) fn of(tally: &Arc<Tally>) -> Self {
        Self { tally: Arc::clone(tally), has_spoken: false, name: String::new() }
    }

    pub(super) fn about(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    pub(super) fn words(&self) -> &'static Words {
        self.tally.words
    }

    /// This is what came of it.
    pub(super) fn tell(mut self, result: Result<(), String>) {
        let line = Line { name: std::mem::take(&mut self.name), result };
        self.tell_all(vec![line]);
    }

    fn tell_all(&mut self, lines: Vec<Line>) {
        self.has_spoken = true;
        self.tally.lines.lock().unwrap_or_else(PoisonError::into_inner).extend(lines);
    }

    /// What the state machine says came of it.
    fn tell_answer(mut self, answer: Answer) {
        let words = self.words();
        match answer {
            Answer::Done => self.tell(Ok(())),
            Answer::Fault(fault) => self.tell(Err(explained(words, &fault))),
            Answer::Outcomes(outcomes) => {
                let lines = outcomes.into_iter().map(|outcome| Line {
                    name: Namespec { group: &outcome.group, process: Some(&outcome.name) }.to_string(),
                    result: outcome.result.map_err(|fault| explained(words, &fault)),
                });
                self.tell_all(lines.collect());
            }
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if !self.has_spoken {
            let result = Err(self.words().not_taken.to_owned());
            let line = Line { name: std::mem::take(&mut self.name), result };
            self.tell_all(vec![line]);
        }
    }
}

fn carry_out(context: &Context, verb: Verb, target: Target, share: Share) {
    let share = match &target {
        Target::Named(name) | Target::Group(name) => share.about(name),
        Target::All => share.about("*"),
    };
    match verb {
        Verb::Start => order(context, start(target), |answer| share.tell_answer(answer)),
        Verb::Stop => order(context, stop(target), |answer| share.tell_answer(answer)),
        Verb::Signal(signal) => {
            order(context, Command::Signal { target, signal: Ok(signal) }, |answer| {
                share.tell_answer(answer);
            });
        }
        Verb::Restart => restart(context, target, share),
        Verb::ClearLog => clear_log(context, target, share),
    }
}

/// Stops what runs, then starts.
fn restart(context: &Context, target: Target, share: Share) {
    let again = context.clone();
    order(context, stop(target.clone()), move |answer| match answer {
        Answer::Done | Answer::Outcomes(_) | Answer::Fault(Fault::NotRunning(_)) => {
            order(&again, start(target), |answer| share.tell_answer(answer));
        }
        Answer::Fault(fault) => {
            let text = explained(share.words(), &fault);
            share.tell(Err(text));
        }
    });
}

fn clear_log(context: &Context, target: Target, share: Share) {
    context.control.send(match target {
        Target::Named(name) => Question::ClearProcessLogs {
            name,
            reply: Reply::new(|answer: Result<(), Fault>| {
                let words = share.words();
                share.tell(answer.map_err(|fault| match fault {
                    Fault::BadName(_) => words.unknown_process.to_owned(),
                    other => other.to_string(),
                }));
            }),
        },
        Target::Group(_) | Target::All => {
            Question::ClearAllProcessLogs { reply: Reply::new(|answer| share.tell_answer(answer)) }
        }
    });
}

/// Gives an order that is not called off.
pub(super) fn order(context: &Context, order: Command, take: impl FnOnce(Answer) + Send + 'static) {
    context.control.command(order, take);
}

fn start(target: Target) -> Command {
    Command::Start { target, wait: Wait::Yes }
}

pub(super) fn stop(target: Target) -> Command {
    Command::Stop { target, wait: Wait::Yes }
}

/// A fault in the visitor's language.
pub(super) fn explained(words: &Words, fault: &Fault) -> String {
    match fault {
        Fault::NoFile(_) => words.no_file.to_owned(),
        Fault::NotExecutable(_) => words.cannot_execute.to_owned(),
        Fault::AlreadyStarted(_) => words.already_started.to_owned(),
        Fault::SpawnError(_) => words.spawn_error.to_owned(),
        Fault::AbnormalTermination(_) => words.abnormal.to_owned(),
        Fault::NotRunning(_) => words.not_running.to_owned(),
        Fault::BadName(_) => words.unknown_process.to_owned(),
        Fault::ShutdownState => words.all_stopping.to_owned(),
        Fault::IncorrectParameters(_)
        | Fault::BadSignal(_)
        | Fault::Failed(_)
        | Fault::AlreadyAdded(_)
        | Fault::StillRunning(_)
        | Fault::NoLogFile
        | Fault::CantReread(_) => fault.to_string(),
    }
}
