//! Upstream's action links (`?action=stop&processname=web`): a command, then a redirect to the page with a message.

use super::Context;
use super::actions::{self, Action, Verb};
use supervisor_control::{Caller, Command, Reply, Request as ControlRequest, Target};
use supervisor_core::{Answer, Fault, Namespec, Wait};
use supervisor_http::{ReplyTo, Response, Status};
use supervisor_sys::clock;

/// The action a link stands for; `None` if it changes nothing, or there is no such action.
pub(super) fn parse(action: &str, name: Option<&str>) -> Option<Action> {
    let one = || name.map(|name| vec![Target::Named(name.to_owned())]);
    match action {
        "stopall" => Some(Action::Processes(Verb::Stop, vec![Target::All])),
        "restartall" => Some(Action::Processes(Verb::Restart, vec![Target::All])),
        "start" => Some(Action::Processes(Verb::Start, one()?)),
        "stop" => Some(Action::Processes(Verb::Stop, one()?)),
        "restart" => Some(Action::Processes(Verb::Restart, one()?)),
        "clearlog" => Some(Action::Processes(Verb::ClearLog, one()?)),
        _ => None,
    }
}

/// Performs `action` and answers when it is done.
pub(super) fn perform(context: &Context, action: &str, name: Option<&str>, reply: ReplyTo) {
    let link = LinkRequest::new(context, reply);
    match (action, name) {
        ("refresh", _) => link.finish(&at_this_time("Page refreshed")),
        ("stopall", _) => link.stop_all(),
        ("restartall", _) => link.restart_all(),
        ("start" | "stop" | "restart" | "clearlog", Some(name))
            if Namespec::parse(name).process.is_none() =>
        {
            link.finish(&unknown(name));
        }
        ("start", Some(name)) => link.start(name, "started"),
        ("stop", Some(name)) => link.stop(name),
        ("restart", Some(name)) => link.restart(name),
        ("clearlog", Some(name)) => link.clear_log(name),
        _ => link.reply.send(Response::error(Status::InternalServerError)),
    }
}

/// The request of an action link, while its action is under way.
struct LinkRequest {
    context: Context,
    caller: Caller,
    reply: ReplyTo,
}

impl LinkRequest {
    fn new(context: &Context, reply: ReplyTo) -> Self {
        let caller = Caller::new(&context.control);
        let leaving = caller.clone();
        reply.client().on_disconnect(move || leaving.disconnect());
        Self { context: context.clone(), caller, reply }
    }

    /// Gives a command and continues with its answer, unless the client has disconnected.
    fn command(self, command: Command, next: impl FnOnce(Self, Answer) + Send + 'static) {
        let caller = self.caller.clone();
        caller.command(command, move |answer| {
            if !self.caller.is_gone() {
                next(self, answer);
            }
        });
    }

    fn stop_all(self) {
        self.command(stop(Target::All), |link, answer| link.finish(&of_all(&answer, "All stopped")));
    }

    fn restart_all(self) {
        self.command(stop(Target::All), |link, answer| match answer {
            Answer::Fault(fault) => link.finish(&unexpected(&fault)),
            Answer::Done | Answer::Outcomes(_) => {
                link.command(start(Target::All), |link, answer| {
                    link.finish(&of_all(&answer, "All restarted"));
                });
            }
        });
    }

    fn start(self, name: &str, done: &'static str) {
        let shown = name.to_owned();
        self.command(start(Target::Named(name.to_owned())), move |link, answer| {
            link.finish(&match answer {
                Answer::Done | Answer::Outcomes(_) => format!("Process {shown} {done}"),
                Answer::Fault(Fault::BadName(_)) => unknown(&shown),
                Answer::Fault(fault) => format!("ERROR: Process {shown}: {}", start_failure(&fault)),
            });
        });
    }

    fn stop(self, name: &str) {
        let shown = name.to_owned();
        self.command(stop(Target::Named(name.to_owned())), move |link, answer| {
            link.finish(&match answer {
                Answer::Done | Answer::Outcomes(_) => format!("Process {shown} stopped"),
                Answer::Fault(Fault::BadName(_)) => unknown(&shown),
                Answer::Fault(fault) => unexpected(&fault),
            });
        });
    }

    /// Stops the process if it runs, then starts it; reports the fault of either.
    fn restart(self, name: &str) {
        let shown = name.to_owned();
        self.command(stop(Target::Named(name.to_owned())), move |link, answer| match answer {
            Answer::Done | Answer::Outcomes(_) | Answer::Fault(Fault::NotRunning(_)) => {
                link.start(&shown, "restarted");
            }
            Answer::Fault(Fault::BadName(_)) => link.finish(&unknown(&shown)),
            Answer::Fault(fault) => link.finish(&unexpected(&fault)),
        });
    }

    fn clear_log(self, name: &str) {
        let shown = name.to_owned();
        let control = self.context.control.clone();
        control.send(ControlRequest::ClearProcessLogs {
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

    /// Redirects the browser to the page with a message. Upstream sends 301 and an address made from the `Host` header:
    /// browsers cache that, and a proxy's path is lost.
    fn finish(self, message: &str) {
        self.reply.send(actions::as_redirect(message));
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
