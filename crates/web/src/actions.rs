//! What the links of the status page do: an order, and then back to the page with a message about it.

use super::Context;
use super::orders::{self, Verb, Wish};
use supervisor_control::{Caller, Command, Reply, Request as Question, Target};
use supervisor_core::{Answer, Fault, Namespec, Wait};
use supervisor_http::{ReplyTo, Response, Status};
use supervisor_sys::clock;

/// What an action changes, in the terms of our own page; `None` if nothing, or if there is no such action.
pub(super) fn wish(action: &str, name: Option<&str>) -> Option<Wish> {
    let one = || name.map(|name| vec![Target::Named(name.to_owned())]);
    match action {
        "stopall" => Some(Wish::Do(Verb::Stop, vec![Target::All])),
        "restartall" => Some(Wish::Do(Verb::Restart, vec![Target::All])),
        "start" => Some(Wish::Do(Verb::Start, one()?)),
        "stop" => Some(Wish::Do(Verb::Stop, one()?)),
        "restart" => Some(Wish::Do(Verb::Restart, one()?)),
        "clearlog" => Some(Wish::Do(Verb::ClearLog, one()?)),
        _ => None,
    }
}

/// Does what `action` says and answers once it is done.
pub(super) fn perform(context: &Context, action: &str, name: Option<&str>, reply: ReplyTo) {
    let deed = Deed::new(context, reply);
    match (action, name) {
        ("refresh", _) => deed.finish(&at_this_time("Page refreshed")),
        ("stopall", _) => deed.stop_all(),
        ("restartall", _) => deed.restart_all(),
        ("start" | "stop" | "restart" | "clearlog", Some(name))
            if Namespec::parse(name).process.is_none() =>
        {
            deed.finish(&unknown(name));
        }
        ("start", Some(name)) => deed.start(name, "started"),
        ("stop", Some(name)) => deed.stop(name),
        ("restart", Some(name)) => deed.restart(name),
        ("clearlog", Some(name)) => deed.clear_log(name),
        _ => deed.reply.send(Response::error(Status::InternalServerError)),
    }
}

/// An action under way.
struct Deed {
    context: Context,
    caller: Caller,
    reply: ReplyTo,
}

impl Deed {
    fn new(context: &Context, reply: ReplyTo) -> Self {
        let caller = Caller::new(&context.control);
        let leaving = caller.clone();
        reply.client().on_disconnect(move || leaving.disconnect());
        Self { context: context.clone(), caller, reply }
    }

    /// Gives an order and goes on with its answer, unless nobody waits for the outcome any more.
    fn order(self, order: Command, next: impl FnOnce(Self, Answer) + Send + 'static) {
        let caller = self.caller.clone();
        caller.command(order, move |answer| {
            if !self.caller.is_gone() {
                next(self, answer);
            }
        });
    }

    fn stop_all(self) {
        self.order(stop(Target::All), |deed, answer| deed.finish(&of_all(&answer, "All stopped")));
    }

    fn restart_all(self) {
        self.order(stop(Target::All), |deed, answer| match answer {
            Answer::Fault(fault) => deed.finish(&unexpected(&fault)),
            Answer::Done | Answer::Outcomes(_) => {
                deed.order(start(Target::All), |deed, answer| deed.finish(&of_all(&answer, "All restarted")));
            }
        });
    }

    fn start(self, name: &str, done: &'static str) {
        let shown = name.to_owned();
        self.order(start(Target::Named(name.to_owned())), move |deed, answer| {
            deed.finish(&match answer {
                Answer::Done | Answer::Outcomes(_) => format!("Process {shown} {done}"),
                Answer::Fault(Fault::BadName(_)) => unknown(&shown),
                Answer::Fault(fault) => format!("ERROR: Process {shown}: {}", start_failure(&fault)),
            });
        });
    }

    fn stop(self, name: &str) {
        let shown = name.to_owned();
        self.order(stop(Target::Named(name.to_owned())), move |deed, answer| {
            deed.finish(&match answer {
                Answer::Done | Answer::Outcomes(_) => format!("Process {shown} stopped"),
                Answer::Fault(Fault::BadName(_)) => unknown(&shown),
                Answer::Fault(fault) => unexpected(&fault),
            });
        });
    }

    /// Stops if there is something to stop, then starts, and reports what went wrong with either.
    fn restart(self, name: &str) {
        let shown = name.to_owned();
        self.order(stop(Target::Named(name.to_owned())), move |deed, answer| match answer {
            Answer::Done | Answer::Outcomes(_) | Answer::Fault(Fault::NotRunning(_)) => {
                deed.start(&shown, "restarted");
            }
            Answer::Fault(Fault::BadName(_)) => deed.finish(&unknown(&shown)),
            Answer::Fault(fault) => deed.finish(&unexpected(&fault)),
        });
    }

    fn clear_log(self, name: &str) {
        let shown = name.to_owned();
        let control = self.context.control.clone();
        control.send(Question::ClearProcessLogs {
            name: name.to_owned(),
            reply: Reply::new(move |answer: Result<(), Fault>| {
                self.finish(&match answer {
                    Ok(()) => format!("Log for {shown} cleared"),
                    Err(Fault::BadName(_)) => unknown(&shown),
                    Err(fault) => unexpected(&fault),
                });
            }),
        });
    }

    /// Sends the browser back to the page with a message. Upstream does it with 301 and an address made from
    /// the `Host` header: browsers keep that, and a proxy's path is lost.
    fn finish(self, message: &str) {
        self.reply.send(orders::as_redirect(message));
    }
}

fn start(target: Target) -> Command {
    Command::Start { target, wait: Wait::Yes }
}

fn stop(target: Target) -> Command {
    Command::Stop { target, wait: Wait::Yes }
}

fn of_all(answer: &Answer, done: &str) -> String {
    match answer {
        Answer::Done | Answer::Outcomes(_) => at_this_time(done),
        Answer::Fault(fault) => unexpected(fault),
    }
}

fn at_this_time(done: &str) -> String {
    format!("{done} at {}", clock::asctime(clock::now().wall))
}

fn unknown(name: &str) -> String {
    format!("No such process named {name}")
}

fn unexpected(fault: &Fault) -> String {
    format!("unexpected rpc fault [{}] {fault}", fault.code())
}

fn start_failure(fault: &Fault) -> String {
    match fault {
        Fault::NoFile(_) => "no such file".to_owned(),
        Fault::NotExecutable(_) => "file not executable".to_owned(),
        Fault::AlreadyStarted(_) => "already started".to_owned(),
        Fault::SpawnError(_) => "spawn error".to_owned(),
        Fault::AbnormalTermination(_) => "abnormal termination".to_owned(),
        Fault::IncorrectParameters(_)
        | Fault::ShutdownState
        | Fault::BadName(_)
        | Fault::BadSignal(_)
        | Fault::Failed(_)
        | Fault::NotRunning(_)
        | Fault::AlreadyAdded(_)
        | Fault::StillRunning(_)
        | Fault::NoLogFile
        | Fault::CantReread(_) => unexpected(fault),
    }
}
