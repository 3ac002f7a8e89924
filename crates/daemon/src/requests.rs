//! Answers the requests of clients.
//!
//! While everything stops, every request but a remote event and an inspection is answered with fault 6, before anything else
//! is looked at; who inspects decides itself.

use crate::children::stdin::{self, Refusal};
use crate::clear::Clearing;
use crate::main_loop::Loop;
use crate::main_loop::mailbox::Message;
use crate::view::LoopView;
use crate::workers::command;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use supervisor_control::{Inspection, Order, Reply, Request, Target};
use supervisor_core::{
    Answer, Fault, Input, Mood, ProcessId, ProcessState, Request as CoreRequest, Selection, StartTarget,
    Ticket, Wait, Wish,
};
use supervisor_log::ClearError;
use supervisor_sys::clock;

/// Commands a client wants started, looked at.
pub(crate) struct Checked {
    ticket: Ticket,
    /// The name as the client wrote it, if it is about one process.
    spelled: Option<String>,
    targets: Vec<StartTarget>,
    wait: Wait,
}

impl Loop {
    /// Answers a request, or sets in motion what will answer it.
    pub(crate) fn serve(&mut self, request: Request) {
        match request {
            Request::Command { ticket, command, reply } => self.command(ticket, command, reply),
            Request::Inspect(inspection) => self.inspect(inspection),
            Request::Cancel(ticket) => {
                if self.replies.remove(&ticket).is_some() {
                    self.tell(Input::Cancel(ticket));
                }
            }
            Request::AddGroup { name, reply } => self.add_group(&name, reply),
            Request::RemoveGroup { name, reply } => reply.send(self.remove_group(&name)),
            Request::ReloadConfig { reply } => self.reread(reply),
            Request::CompareConfig { reply } => self.compare_config(reply),
            Request::Subscribe(wake) => self.feed.subscribe(wake),
            Request::ClearMainLog { reply } => self.clear_main_log(reply),
            Request::ClearProcessLogs { name, reply } => self.clear_process_logs(&name, reply),
            Request::ClearAllProcessLogs { reply } => self.clear_all_process_logs(reply),
            Request::SendStdin { name, bytes, reply } => reply.send(self.send_stdin(&name, &bytes)),
        }
    }

    /// Fault 6 while everything stops.
    pub(crate) fn allowed(&self) -> Result<(), Fault> {
        match self.core.mood() {
            Mood::Running => Ok(()),
            Mood::Shutdown | Mood::Restarting => Err(Fault::ShutdownState),
        }
    }

    /// The one process a client means; `group:*` means none.
    fn process_named(&self, name: &str) -> Result<ProcessId, Fault> {
        self.allowed()?;
        match self.core.resolve(name) {
            Ok(Selection::Process(id)) => Ok(id),
            Ok(Selection::Group(_) | Selection::All) | Err(_) => Err(Fault::BadName(name.to_owned())),
        }
    }

    /// Answers a question. A panic in it costs that question alone, as it can change nothing.
    fn inspect(&self, inspection: Inspection) {
        let view = LoopView::of(self);
        let _caught = catch_unwind(AssertUnwindSafe(|| inspection.run(&view)));
    }

    // Orders to the core.

    fn command(&mut self, ticket: Ticket, order: Order, reply: Reply<Answer>) {
        if self.core.mood() != Mood::Running && !matches!(order, Order::RemoteEvent { .. }) {
            return reply.send(Answer::Fault(Fault::ShutdownState));
        }
        self.replies.insert(ticket, reply);
        let wish = match order {
            Order::Start { target, wait } => return self.start(ticket, target, wait),
            Order::Restart => return self.check_restart(Some(ticket)),
            Order::Stop { target, wait } => self.select(&target).map(|selection| match (selection, target) {
                (Selection::Process(process), Target::Named(spelled)) => {
                    Wish::Stop { process, spelled, wait }
                }
                (selection, _) => Wish::StopMany { selection, wait },
            }),
            Order::Signal { target, signal } => {
                self.select(&target).map(|selection| match (selection, target) {
                    (Selection::Process(process), Target::Named(spelled)) => {
                        Wish::Signal { process, spelled, signal }
                    }
                    (selection, _) => Wish::SignalMany { selection, signal },
                })
            }
            Order::RemoteEvent { kind, data } => Ok(Wish::RemoteEvent { kind, data }),
            Order::Shutdown => Ok(Wish::Shutdown),
        };
        self.wish_or_refuse(ticket, wish);
    }

    fn wish_or_refuse(&mut self, ticket: Ticket, wish: Result<Wish, Fault>) {
        match wish {
            Ok(wish) => self.tell(Input::Request(CoreRequest { ticket, wish })),
            Err(fault) => self.refuse(ticket, fault),
        }
    }

    /// Answers a request that never reaches the core.
    pub(crate) fn refuse(&mut self, ticket: Ticket, fault: Fault) {
        if let Some(reply) = self.replies.remove(&ticket) {
            reply.send(Answer::Fault(fault));
        }
    }

    fn select(&self, target: &Target) -> Result<Selection, Fault> {
        match target {
            Target::Named(name) => self.core.resolve(name),
            Target::Group(name) => self.core.group_named(name).map(Selection::Group),
            Target::All => Ok(Selection::All),
        }
    }

    /// Has the commands looked at; `checked` goes on from there.
    fn start(&mut self, ticket: Ticket, target: Target, wait: Wait) {
        let selection = match self.select(&target) {
            Ok(selection) => selection,
            Err(fault) => return self.refuse(ticket, fault),
        };
        let spelled = match (selection, target) {
            (Selection::Process(_), Target::Named(name)) => Some(name),
            (Selection::Process(_) | Selection::Group(_) | Selection::All, _) => None,
        };
        let candidates: Vec<_> = self
            .core
            .startable(selection)
            .into_iter()
            .filter_map(|id| Some((id, Arc::clone(&self.processes.get(id)?.config))))
            .collect();
        let mailbox = self.mailbox.clone();
        let look = move || {
            let targets = candidates
                .into_iter()
                .map(|(process, config)| StartTarget { process, check: command::resolve(&config).map(drop) })
                .collect();
            mailbox.post(Message::Checked(Checked { ticket, spelled, targets, wait }));
        };
        if let Err(why) = self.submit(look) {
            self.refuse(ticket, Fault::Failed(why.to_string()));
        }
    }

    /// The commands of processes to be started were looked at.
    pub(crate) fn checked(&mut self, checked: Checked) {
        let Checked { ticket, spelled, mut targets, wait } = checked;
        let wish = match spelled {
            None => Some(Wish::StartMany { targets, wait }),
            Some(spelled) => targets.pop().map(|target| Wish::Start { target, spelled, wait }),
        };
        self.wish_or_refuse(ticket, wish.ok_or_else(|| Fault::Failed("the process was removed".to_owned())));
    }

    // Logs.

    fn clear_main_log(&self, reply: Reply<Result<(), Fault>>) {
        if let Err(fault) = self.allowed() {
            return reply.send(Err(fault));
        }
        if self.log.path().is_none() {
            return reply.send(Err(Fault::NoLogFile));
        }
        self.pump.clear_main(move |outcome| {
            reply.send(outcome.map_err(|error| match error {
                ClearError::Io(error) if error.kind() == std::io::ErrorKind::NotFound => Fault::NoLogFile,
                ClearError::NotRegular | ClearError::PumpEnded | ClearError::Io(_) => {
                    Fault::Failed(error.to_string())
                }
            }));
        });
    }

    fn clear_process_logs(&self, name: &str, reply: Reply<Result<(), Fault>>) {
        match self.process_named(name) {
            Err(fault) => reply.send(Err(fault)),
            Ok(id) => {
                let failed = Fault::Failed(name.to_owned());
                Clearing::of(self, &[id], move |outcomes| {
                    let all_well = outcomes.iter().all(|outcome| outcome.result.is_ok());
                    reply.send(if all_well { Ok(()) } else { Err(failed) });
                });
            }
        }
    }

    fn clear_all_process_logs(&self, reply: Reply<Answer>) {
        if self.core.mood() != Mood::Running {
            return reply.send(Answer::Fault(Fault::ShutdownState));
        }
        let processes = self.core.processes(Selection::All);
        Clearing::of(self, &processes, move |outcomes| reply.send(Answer::Outcomes(outcomes)));
    }

    // Standard input.

    fn send_stdin(&mut self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let id = self.process_named(name)?;
        let not_running = || Fault::NotRunning(name.to_owned());
        let state = self.core.process_info(id, clock::now()).map(|info| info.state);
        if !matches!(state, Some(ProcessState::Starting | ProcessState::Running)) {
            return Err(not_running());
        }
        let process = self.processes.get_mut(id).ok_or_else(|| Fault::BadName(name.to_owned()))?;
        let child = process.child.as_mut().ok_or_else(not_running)?;
        let closed = || Fault::NoFile(name.to_owned());
        let stdin = child.stdin.as_mut().ok_or_else(closed)?;
        match stdin.push(bytes) {
            Ok(progress) => {
                self.stdin_progressed(id, progress);
                Ok(())
            }
            Err(Refusal::Closed) => Err(closed()),
            Err(Refusal::Full) => Err(Fault::Failed(format!(
                "{name} does not read its standard input and {} bytes wait for it already",
                stdin::LIMIT
            ))),
        }
    }
}
