//! The actions behind the buttons of our own page: one verb for any number of processes, answered with a result for each.
//! An action completes even if its browser disconnects.

use super::Site;
use super::browser_session::BrowserSession;
use super::event_stream::json;
use super::form::Form;
use super::i18n::{Messages, fill};
use super::page;
use std::sync::{Arc, Mutex, PoisonError};
use supervisor_control::{Command, Control, Reply, Request as ControlRequest, Target};
use supervisor_core::{Answer, Fault, Namespec, Signal, Wait};
use supervisor_http::{ReplyTo, Request, Response, Status, percent_encode};

/// What to do with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Start,
    Stop,
    Restart,
    ClearLog,
    Signal(Signal),
}

/// The action of a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// One verb for these processes.
    Processes(Verb, Vec<Target>),
    /// Reload the configuration and make it the running one, as `supervisorctl update`.
    ApplyConfiguration,
}

impl Action {
    /// Reads the fields of a form: `do` holds a verb and, after a blank, a name; without a name the action is about the
    /// ticked processes (`p`).
    pub(super) fn of(form: &Form) -> Option<Self> {
        let asked = form.value("do")?;
        let (verb, name) = asked.split_once(' ').map_or((asked, None), |(verb, name)| (verb, Some(name)));
        if verb == "apply" {
            return Some(Self::ApplyConfiguration);
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
        Some(Self::Processes(verb, targets))
    }
}

/// The result of an action for one process or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ActionResult {
    pub(super) name: String,
    pub(super) result: Result<(), String>,
}

/// Performs an action and answers when all of it is done: with JSON for the script, else with a redirect to the page.
pub(super) fn perform(
    site: &Site,
    action: Action,
    request: &Request,
    session: &BrowserSession,
    reply: ReplyTo,
) {
    let (messages, control) = (session.messages, &site.context.control);
    let is_script = request.headers.first("Accept").is_some_and(|accepted| accepted == b"application/json");
    let answer = move |message: String, results: Vec<ActionResult>| {
        reply.send(if is_script { as_json(&message, &results) } else { as_redirect(&message) });
    };
    match action {
        Action::ApplyConfiguration => {
            let streams = site.event_streams.clone();
            super::update::apply(control, messages, move |message, results| {
                streams.forget_comparison();
                answer(message, results);
            });
        }
        Action::Processes(_, targets) if targets.is_empty() => {
            answer(messages.nothing_selected.to_owned(), Vec::new());
        }
        Action::Processes(verb, targets) => {
            let done = match verb {
                Verb::Start => messages.started,
                Verb::Stop => messages.stopped,
                Verb::Restart => messages.restarted,
                Verb::ClearLog => messages.cleared,
                Verb::Signal(_) => messages.signalled,
            };
            let collector = ResultCollector::new(messages, move |results| {
                answer(summary(messages, done, &results), results);
            });
            for target in targets {
                start_action(control, verb, target, PendingResult::of(&collector));
            }
        }
    }
}

fn as_json(message: &str, results: &[ActionResult]) -> Response {
    let entries: Vec<String> = results
        .iter()
        .map(|entry| {
            let text = entry.result.as_ref().err().map_or("null".to_owned(), |text| json(text));
            format!("[{},{text}]", json(&entry.name))
        })
        .collect();
    let is_well = results.iter().all(|entry| entry.result.is_ok());
    let body =
        format!("{{\"ok\":{is_well},\"message\":{},\"results\":[{}]}}", json(message), entries.join(","));
    page::uncached(Response::new(Status::Ok).header("Content-Type", "application/json")).body(body)
}

/// A redirect to the page with a message.
pub(super) fn as_redirect(message: &str) -> Response {
    let location = format!("./?message={}", percent_encode(message.as_bytes()).replace('/', "%2F"));
    let response =
        Response::new(Status::SeeOther).header("Location", location).header("Content-Type", "text/html");
    page::uncached(response).body(Status::SeeOther.error_page())
}

/// A sentence that sums up the results.
pub(super) fn summary(messages: &Messages, done: &str, results: &[ActionResult]) -> String {
    let well = results.iter().filter(|entry| entry.result.is_ok()).count();
    let failed: Vec<String> = results
        .iter()
        .filter_map(|entry| Some(fill(messages.failed, &[&entry.name, entry.result.as_ref().err()?])))
        .collect();
    let mut sentences = Vec::new();
    match results {
        [] => return messages.nothing_to_do.to_owned(),
        [ActionResult { name, result: Ok(()) }] => return fill(done, &[name]),
        [_] => return failed.concat(),
        _ if well > 0 => sentences.push(fill(done, &[&well.to_string()])),
        _ => {}
    }
    if !failed.is_empty() {
        let named = failed.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("; ");
        sentences.push(fill(messages.count_failed, &[&failed.len().to_string(), &named]));
    }
    sentences.join(". ")
}

/// Collects the results of an action; calls back when the last one is in.
pub(super) struct ResultCollector {
    messages: &'static Messages,
    results: Mutex<Vec<ActionResult>>,
    #[expect(clippy::type_complexity, reason = "a callback that is called once")]
    finish: Mutex<Option<Box<dyn FnOnce(Vec<ActionResult>) + Send>>>,
}

impl ResultCollector {
    pub(super) fn new(
        messages: &'static Messages,
        finish: impl FnOnce(Vec<ActionResult>) + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { messages, results: Mutex::default(), finish: Mutex::new(Some(Box::new(finish))) })
    }
}

impl Drop for ResultCollector {
    fn drop(&mut self) {
        let results = std::mem::take(self.results.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let Some(finish) = self.finish.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            finish(results);
        }
    }
}

/// A result that is still to come. Dropped unreported, it counts as refused.
pub(super) struct PendingResult {
    collector: Arc<ResultCollector>,
    is_reported: bool,
    name: String,
}

impl PendingResult {
    pub(super) fn of(collector: &Arc<ResultCollector>) -> Self {
        Self { collector: Arc::clone(collector), is_reported: false, name: String::new() }
    }

    pub(super) fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    pub(super) fn messages(&self) -> &'static Messages {
        self.collector.messages
    }

    /// Reports the result.
    pub(super) fn report(mut self, result: Result<(), String>) {
        let entry = ActionResult { name: std::mem::take(&mut self.name), result };
        self.report_all(vec![entry]);
    }

    fn report_all(&mut self, results: Vec<ActionResult>) {
        self.is_reported = true;
        self.collector.results.lock().unwrap_or_else(PoisonError::into_inner).extend(results);
    }

    /// Reports the core's answer.
    fn report_answer(mut self, answer: Answer) {
        let messages = self.messages();
        match answer {
            Answer::Done => self.report(Ok(())),
            Answer::Fault(fault) => self.report(Err(fault_message(messages, &fault))),
            Answer::Outcomes(outcomes) => {
                let results = outcomes.into_iter().map(|outcome| ActionResult {
                    name: Namespec { group: &outcome.group, process: Some(&outcome.name) }.to_string(),
                    result: outcome.result.map_err(|fault| fault_message(messages, &fault)),
                });
                self.report_all(results.collect());
            }
        }
    }
}

impl Drop for PendingResult {
    fn drop(&mut self) {
        if !self.is_reported {
            let result = Err(self.messages().not_taken.to_owned());
            let entry = ActionResult { name: std::mem::take(&mut self.name), result };
            self.report_all(vec![entry]);
        }
    }
}

fn start_action(control: &Control, verb: Verb, target: Target, pending: PendingResult) {
    let pending = match &target {
        Target::Named(name) | Target::Group(name) => pending.named(name),
        Target::All => pending.named("*"),
    };
    match verb {
        Verb::Start => control.command(start(target), |answer| pending.report_answer(answer)),
        Verb::Stop => control.command(stop(target), |answer| pending.report_answer(answer)),
        Verb::Signal(signal) => {
            control.command(Command::Signal { target, signal: Ok(signal) }, |answer| {
                pending.report_answer(answer);
            });
        }
        Verb::Restart => restart(control, target, pending),
        Verb::ClearLog => clear_log(control, target, pending),
    }
}

/// Stops the processes that run, then starts all.
fn restart(control: &Control, target: Target, pending: PendingResult) {
    let again = control.clone();
    control.command(stop(target.clone()), move |answer| match answer {
        Answer::Done | Answer::Outcomes(_) | Answer::Fault(Fault::NotRunning(_)) => {
            again.command(start(target), |answer| pending.report_answer(answer));
        }
        Answer::Fault(fault) => {
            let text = fault_message(pending.messages(), &fault);
            pending.report(Err(text));
        }
    });
}

fn clear_log(control: &Control, target: Target, pending: PendingResult) {
    control.send(match target {
        Target::Named(name) => ControlRequest::ClearProcessLogs {
            name,
            reply: Reply::new(|answer: Result<(), Fault>| {
                let messages = pending.messages();
                pending.report(answer.map_err(|fault| match fault {
                    Fault::BadName(_) => messages.unknown_process.to_owned(),
                    other => other.to_string(),
                }));
            }),
        },
        Target::Group(_) | Target::All => {
            ControlRequest::ClearAllProcessLogs { reply: Reply::new(|answer| pending.report_answer(answer)) }
        }
    });
}

fn start(target: Target) -> Command {
    Command::Start { target, wait: Wait::Yes }
}

pub(super) fn stop(target: Target) -> Command {
    Command::Stop { target, wait: Wait::Yes }
}

/// A fault in the language of the session.
pub(super) fn fault_message(messages: &Messages, fault: &Fault) -> String {
    match fault {
        Fault::NoFile(_) => messages.no_file.to_owned(),
        Fault::NotExecutable(_) => messages.cannot_execute.to_owned(),
        Fault::AlreadyStarted(_) => messages.already_started.to_owned(),
        Fault::SpawnError(_) => messages.spawn_error.to_owned(),
        Fault::AbnormalTermination(_) => messages.abnormal.to_owned(),
        Fault::NotRunning(_) => messages.not_running.to_owned(),
        Fault::BadName(_) => messages.unknown_process.to_owned(),
        Fault::ShutdownState => messages.all_stopping.to_owned(),
        Fault::IncorrectParameters(_)
        | Fault::BadSignal(_)
        | Fault::Failed(_)
        | Fault::AlreadyAdded(_)
        | Fault::StillRunning(_)
        | Fault::NoLogFile
        | Fault::CantReread(_) => fault.to_string(),
    }
}
