//! What clients ask for, in the words of the trace, and the inputs of the supervisor for it.
//!
//! This is the only file that knows the requests of the supervisor. Checks that need a look at the disk (command files
//! before a start, the configuration before a restart) are made later, so that other things happen meanwhile.

use crate::machine::Machine;
use crate::text;
use std::collections::BTreeSet;
use supervisor_core::{
    Answer, Command, CommandCheck, Fault, Input, ProcessId, Request, RestartCheck, Signal, SupervisorState,
    Ticket, Wait,
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
    Commands { ticket: Ticket, processes: Vec<ProcessId> },
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
        match self.supervisor.state() {
            SupervisorState::Running => "RUNNING",
            SupervisorState::Restarting => "RESTARTING",
            SupervisorState::Shutdown => "SHUTDOWN",
        }
    }

    pub(crate) fn request(&mut self, order: &Order) {
        self.clients.next_ticket += 1;
        let ticket = Ticket(self.clients.next_ticket);
        self.step(format!("request {} {}", ticket.0, describe(order)));
        self.clients.open.insert(ticket);
        let command = command(order.clone());
        self.feed(Input::Request(Request { ticket, command }));
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
        self.feed(Input::Signal(signal));
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
            Check::Commands { ticket, processes } => {
                if self.random.one_in(30) {
                    let outcome = Err("too much work is waiting".to_owned());
                    return self.feed(Input::CommandsChecked { ticket, outcome });
                }
                let mut checks = Vec::new();
                for process in processes {
                    let result = self.draw_command_check();
                    self.result(match &result {
                        Ok(()) => format!("{} can be executed", self.name(process)),
                        Err(fault) => format!("{} {}", self.name(process), text::fault(fault)),
                    });
                    checks.push(CommandCheck { process, result });
                }
                self.feed(Input::CommandsChecked { ticket, outcome: Ok(checks) });
            }
            Check::Restart(ticket) => self.check_restart(ticket),
        }
    }

    fn check_restart(&mut self, ticket: Option<Ticket>) {
        let outcome = match self.random.below(8) {
            0..5 => {
                self.result("the configuration is usable");
                RestartCheck::Usable
            }
            5..7 => {
                self.result("the configuration is broken");
                let (report, remote_report) = ("line 3: no\nsection".to_owned(), "no section".to_owned());
                RestartCheck::Unusable { report, remote_report }
            }
            _ => {
                self.result("the configuration cannot be read now");
                RestartCheck::NotMade("too much work is waiting".to_owned())
            }
        };
        self.feed(Input::RestartChecked { ticket, outcome });
    }

    fn draw_command_check(&mut self) -> Result<(), Fault> {
        match self.random.below(14) {
            0 => Err(Fault::NoFile("can't find command 'x'".to_owned())),
            1 => Err(Fault::NotExecutable("command is empty".to_owned())),
            _ => Ok(()),
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

fn command(order: Order) -> Command {
    let wait = |wait: bool| if wait { Wait::Yes } else { Wait::No };
    let target = |target| match target {
        Target::Named(name) => supervisor_core::Target::Named(name),
        Target::Group(name) => supervisor_core::Target::Group(name),
        Target::All => supervisor_core::Target::All,
    };
    match order {
        Order::Start(which, waits) => Command::Start { target: target(which), wait: wait(waits) },
        Order::Stop(which, waits) => Command::Stop { target: target(which), wait: wait(waits) },
        Order::Signal(which, signal) => Command::Signal { target: target(which), signal },
        Order::RemoteEvent(kind, data) => Command::RemoteEvent { kind, data },
        Order::Shutdown => Command::Shutdown,
        Order::Restart => Command::Restart,
    }
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
