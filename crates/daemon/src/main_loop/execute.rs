//! Carries out what the core orders. Decides nothing.

use crate::children::stdin::Progress;
use crate::main_loop::Loop;
use crate::main_loop::mailbox::Message;
use crate::workers::command;
use crate::workers::pool::Refused;
use crate::workers::spawn;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use supervisor_config::Process;
use supervisor_core::{
    CommandCheck, Effect, Input, KillError, KillOrder, KillTarget, Level, Pid, ProcessId, Ticket,
};
use supervisor_sys::errno::{self, Errno, errno_of};
use supervisor_sys::signal;

impl Loop {
    /// Carries out all effects there are, in order. What is to be told to the core in turn waits in `inputs`.
    pub(crate) fn perform(&mut self) {
        let mut effects = std::mem::take(&mut self.effects);
        for effect in effects.drain() {
            match effect {
                Effect::Spawn { process } => self.spawn(process),
                Effect::Kill(order) => {
                    let outcome = self.kill(order);
                    self.note_kill(&order);
                    self.inputs.push_back(Input::Killed { order, outcome });
                }
                Effect::Log { level, text } => self.log.log(level, text),
                Effect::Reply { ticket, answer } => {
                    if let Some(reply) = self.replies.remove(&ticket) {
                        reply.send(answer);
                    }
                }
                Effect::CheckCommands { ticket, processes } => self.check_commands(ticket, &processes),
                Effect::CheckRestart { ticket } => self.check_restart(ticket),
                Effect::WriteListener { process, pid, bytes } => self.write_event(process, pid, &bytes),
                Effect::ReopenLogs => {
                    self.log.log(Level::Info, "supervisord logreopen");
                    self.reopens += 1;
                    self.pump.reopen_all();
                    self.order_descriptor_table();
                }
                Effect::Terminate(ending) => self.ending = Some(ending),
            }
        }
        effects.forget_burst();
        self.effects = effects;
    }

    fn spawn(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get_mut(id) else {
            let message = "the process was removed".to_owned();
            return self.inputs.push_back(Input::SpawnFailed { process: id, message });
        };
        let order = process.order(self.begun_with.server_url.as_ref(), self.reopens);
        let name = process.config.name.clone();
        let mailbox = self.mailbox.clone();
        let (births, pool) = (self.births.clone(), self.pool.clone());
        let job = move || {
            let report = move |result| mailbox.post(Message::Spawned(result));
            spawn::carry_out(order, &births, || pool.has_more(), report);
        };
        let message = match self.pool.submit(Box::new(job)) {
            Ok(()) => return,
            Err(Refused::Full) => format!("too many spawns are waiting to spawn '{name}'"),
            Err(Refused::NoThread(error)) => {
                format!("unknown error during fork for '{name}': {}", errno::code_text(&error))
            }
        };
        self.inputs.push_back(Input::SpawnFailed { process: id, message });
    }

    /// Has the command files of processes looked at.
    fn check_commands(&mut self, ticket: Ticket, processes: &[ProcessId]) {
        let config = |id: &ProcessId| Some((*id, Arc::clone(&self.processes.get(*id)?.config)));
        let candidates: Vec<_> = processes.iter().filter_map(config).collect();
        let mailbox = self.mailbox.clone();
        let look = move || {
            let check = |(process, config): (ProcessId, Arc<Process>)| CommandCheck {
                process,
                result: command::resolve(&config).map(drop),
            };
            mailbox.post(Message::CommandsChecked(ticket, candidates.into_iter().map(check).collect()));
        };
        if let Err(why) = self.submit(look) {
            let outcome = Err(why.to_string());
            self.inputs.push_back(Input::CommandsChecked { ticket, outcome });
        }
    }

    /// Sends a signal. Through the pidfd where there is one, so that it cannot hit another process that has the number since;
    /// to a group only while its leader has not been reaped or a member is known to live.
    fn kill(&self, order: KillOrder) -> Result<(), KillError> {
        if order.target == KillTarget::Group && self.groups.may_have_ended(order.process.raw()) {
            return Err(KillError::NoSuchProcess);
        }
        let child = self.processes.get(order.process).and_then(|process| process.child.as_ref());
        let pidfd = child.filter(|child| child.pid == order.pid).and_then(|child| child.pidfd.as_ref());
        let sent = match (order.target, pidfd) {
            (KillTarget::Leader, Some(pidfd)) => signal::signal_by_pidfd(pidfd.as_fd(), order.signal),
            (KillTarget::Leader, None) => signal::signal_process(order.pid, order.signal),
            (KillTarget::Group, _) => signal::signal_group(order.pid, order.signal),
        };
        sent.map_err(|error| kill_error(&error))
    }

    fn write_event(&mut self, id: ProcessId, pid: Pid, bytes: &[u8]) {
        let child = self.processes.get_mut(id).and_then(|process| process.child.as_mut());
        let Some(child) = child.filter(|child| child.pid == pid) else { return };
        let progress = child.stdin.as_mut().map_or(Progress::Closed, |stdin| stdin.push_event(bytes));
        match progress {
            Progress::Written => self.inputs.push_back(Input::ListenerWritten { process: id, pid }),
            Progress::Waiting => {
                child.event_is_under_way = true;
                self.stdin_progressed(id, progress);
            }
            Progress::Closed => self.inputs.push_back(Input::ListenerWriteFailed { process: id, pid }),
        }
    }
}

fn kill_error(error: &io::Error) -> KillError {
    match errno_of(error) {
        Some(Errno::SRCH) => KillError::NoSuchProcess,
        _ => KillError::Refused(errno::python_text(error)),
    }
}
