//! What clients ask for, in the words of the trace, and how that is told to the supervisor.
//!
//! This is the only file that knows the requests of the supervisor. Checks that need a look at the disk (command files
//! before a start, the configuration before a restart) are made later, so that other things happen meanwhile.

use crate::machine::Machine;
use crate::text;
use std::collections::BTreeSet;
use supervisor_core::{
    Answer, Fault, Input, Level, Mood, ProcessId, Request, Selection, Signal, StartTarget, Ticket, Wait, Wish,
};

#[derive(Default)]
pub(crate) struct Clients {
    next_ticket: u64,
    /// Requests that were neither answered nor cancelled.
    pub(crate) open: BTreeSet<Ticket>,
    /// Checks ordered and not made yet.
    pub(crate) checks: Vec<Check>,
}

/// The processes a client means.
#[derive(Clone)]
pub(crate) enum Target {
    Named(String),
    Group(String),
    All,
}

/// A check under way.
pub(crate) enum Check {
    Commands { ticket: Ticket, spelled: Option<String>, processes: Vec<ProcessId>, wait: Wait },
    Restart(Option<Ticket>),
}

/// What a client asks for.
#[derive(Clone)]
pub(crate) enum Order {
    Start(Target, bool),
    Stop(Target, bool),
    Signal(Target, Result<Signal, String>),
    RemoteEvent(String, String),
    Shutdown,
    Restart,
}

impl Machine {
    pub(crate) fn state(&self) -> &'static str {
        match self.supervisor.mood() {
            Mood::Running => "RUNNING",
            Mood::Restarting => "RESTARTING",
            Mood::Shutdown => "SHUTDOWN",
        }
    }

    pub(crate) fn request(&mut self, order: &Order) {
        self.clients.next_ticket += 1;
        let ticket = Ticket(self.clients.next_ticket);
        self.step(format!("request {} {}", ticket.0, describe(order)));
        self.clients.open.insert(ticket);
        if self.supervisor.mood() != Mood::Running && !matches!(order, Order::RemoteEvent(..)) {
            return self.reply(ticket, &Answer::Fault(Fault::ShutdownState));
        }
        let wish = match order.clone() {
            Order::Start(target, wait) => {
                let (selection, spelled) = match self.select(&target) {
                    Ok(selected) => selected,
                    Err(fault) => return self.reply(ticket, &Answer::Fault(fault)),
                };
                let processes = self.supervisor.startable(selection);
                return self.order_check(Check::Commands { ticket, spelled, processes, wait: waiting(wait) });
            }
            Order::Restart => return self.order_check(Check::Restart(Some(ticket))),
            Order::Stop(target, wait) => self.select(&target).map(|(selection, spelled)| {
                let wait = waiting(wait);
                match (selection, spelled) {
                    (Selection::Process(process), Some(spelled)) => Wish::Stop { process, spelled, wait },
                    (selection, _) => Wish::StopMany { selection, wait },
                }
            }),
            Order::Signal(target, signal) => {
                self.select(&target).map(|(selection, spelled)| match (selection, spelled) {
                    (Selection::Process(process), Some(spelled)) => Wish::Signal { process, spelled, signal },
                    (selection, _) => Wish::SignalMany { selection, signal },
                })
            }
            Order::RemoteEvent(kind, data) => Ok(Wish::RemoteEvent { kind, data }),
            Order::Shutdown => Ok(Wish::Shutdown),
        };
        match wish {
            Ok(wish) => self.feed(Input::Request(Request { ticket, wish })),
            Err(fault) => self.reply(ticket, &Answer::Fault(fault)),
        }
    }

    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        self.step(format!("cancel {}", ticket.0));
        if self.clients.open.remove(&ticket) {
            self.feed(Input::Cancel(ticket));
        }
    }

    /// The daemon itself receives a signal.
    pub(crate) fn signal_daemon(&mut self, signal: Signal) {
        self.step(format!("daemon receives {}", signal.0));
        if signal == Signal::HUP && self.supervisor.mood() == Mood::Running {
            self.order_check(Check::Restart(None));
        } else {
            self.feed(Input::Signal(signal));
        }
    }

    /// An answer; nobody reads it whose request was cancelled.
    pub(crate) fn reply(&mut self, ticket: Ticket, answer: &Answer) {
        if self.clients.open.remove(&ticket) {
            self.result(format!("reply {} {}", ticket.0, text::answer(answer)));
        }
    }

    /// Makes a check that was ordered.
    pub(crate) fn make_check(&mut self, place: usize) {
        let check = self.clients.checks.remove(place);
        self.step(format!("checked {}", self.describe_check(&check)));
        match check {
            Check::Commands { ticket, spelled, processes, wait } => {
                if self.random.one_in(30) {
                    let fault = Fault::Failed("too much work is waiting".to_owned());
                    return self.reply(ticket, &Answer::Fault(fault));
                }
                let mut targets = Vec::new();
                for process in processes {
                    let check = self.draw_command_check();
                    self.result(match &check {
                        Ok(()) => format!("{} can be executed", self.name(process)),
                        Err(fault) => format!("{} {}", self.name(process), text::fault(fault)),
                    });
                    targets.push(StartTarget { process, check });
                }
                let wish = match spelled {
                    None => Wish::StartMany { targets, wait },
                    Some(spelled) => Wish::Start { target: targets.pop().unwrap(), spelled, wait },
                };
                self.feed(Input::Request(Request { ticket, wish }));
            }
            Check::Restart(ticket) => self.check_restart(ticket),
        }
    }

    fn check_restart(&mut self, ticket: Option<Ticket>) {
        match self.random.below(8) {
            0..5 => {
                self.result("the configuration is usable");
                self.feed(match ticket {
                    Some(ticket) => Input::Request(Request { ticket, wish: Wish::Restart }),
                    None => Input::Signal(Signal::HUP),
                });
            }
            5..7 => {
                self.result("the configuration is broken");
                if ticket.is_none() {
                    self.log(Level::Warn, "received SIGHUP indicating restart request");
                }
                let report = "line 3: no\nsection";
                self.log(
                    Level::Error,
                    &format!("restart refused, the running configuration stays in force: {report}"),
                );
                if let Some(ticket) = ticket {
                    let fault = Fault::Failed(
                        "the configuration cannot be used and the running one stays in force: no section"
                            .to_owned(),
                    );
                    self.reply(ticket, &Answer::Fault(fault));
                }
            }
            _ => {
                self.result("the configuration cannot be read now");
                if let Some(ticket) = ticket {
                    let fault = Fault::Failed("too much work is waiting".to_owned());
                    self.reply(ticket, &Answer::Fault(fault));
                }
            }
        }
    }

    fn log(&mut self, level: Level, text: &str) {
        self.result(format!("log {} {}", level.word(), text::line(text)));
    }

    fn draw_command_check(&mut self) -> Result<(), Fault> {
        match self.random.below(14) {
            0 => Err(Fault::NoFile("can't find command 'x'".to_owned())),
            1 => Err(Fault::NotExecutable("command is empty".to_owned())),
            _ => Ok(()),
        }
    }

    fn select(&self, target: &Target) -> Result<(Selection, Option<String>), Fault> {
        match target {
            Target::Named(name) => {
                let selection = self.supervisor.resolve(name)?;
                Ok((selection, matches!(selection, Selection::Process(_)).then(|| name.clone())))
            }
            Target::Group(name) => Ok((Selection::Group(self.supervisor.group_named(name)?), None)),
            Target::All => Ok((Selection::All, None)),
        }
    }

    pub(crate) fn describe_check(&self, check: &Check) -> String {
        match check {
            Check::Commands { ticket, processes, .. } => {
                let names: Vec<_> = processes.iter().map(|process| self.name(*process)).collect();
                format!("commands for {}: {}", ticket.0, names.join(" "))
            }
            Check::Restart(Some(ticket)) => format!("restart for {}", ticket.0),
            Check::Restart(None) => "restart for a signal".to_owned(),
        }
    }
}

const fn waiting(wait: bool) -> Wait {
    if wait { Wait::Yes } else { Wait::No }
}

fn describe(order: &Order) -> String {
    let target = |target: &Target| match target {
        Target::Named(name) => format!("'{name}'"),
        Target::Group(name) => format!("group '{name}'"),
        Target::All => "all".to_owned(),
    };
    let wait = |wait: bool| if wait { " and wait" } else { "" };
    match order {
        Order::Start(which, waits) => format!("start {}{}", target(which), wait(*waits)),
        Order::Stop(which, waits) => format!("stop {}{}", target(which), wait(*waits)),
        Order::Signal(which, Ok(signal)) => format!("signal {} with {}", target(which), signal.0),
        Order::Signal(which, Err(spelled)) => format!("signal {} with '{spelled}'", target(which)),
        Order::RemoteEvent(kind, data) => format!("remote event {} {}", text::line(kind), text::line(data)),
        Order::Shutdown => "shutdown".to_owned(),
        Order::Restart => "restart".to_owned(),
    }
}
