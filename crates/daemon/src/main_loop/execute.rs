//! The executor: carries out what the core orders, and decides nothing.

use super::Loop;
use super::message::Message;
use crate::workers::command;
use std::sync::Arc;
use supervisor_config::Process;
use supervisor_core::{CommandCheck, Effect, Input, Level, ProcessId, RestartCheck, Ticket};

impl Loop {
    /// Carries out all effects there are, in order. The inputs that result are queued.
    pub(super) fn carry_out_effects(&mut self) {
        let mut effects = std::mem::take(&mut self.effects);
        self.clients.record_changes(&mut effects, self.core.state());
        for effect in effects.drain() {
            self.carry_out(effect);
        }
        effects.shrink();
        self.effects = effects;
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Spawn { process } => self.spawn(process),
            Effect::Kill(order) => {
                let outcome = self.children.kill(&order);
                self.inputs.push_back(Input::Killed { order, outcome });
            }
            Effect::Log { level, text } => self.log.log(level, text),
            Effect::Reply { ticket, answer } => self.clients.answer(ticket, answer),
            Effect::CheckCommands { ticket, processes } => self.check_commands(ticket, &processes),
            Effect::CheckRestart { ticket } => self.check_restart(ticket),
            Effect::WriteListener { process, pid, bytes } => {
                self.inputs.extend(self.children.write_event(process, pid, &bytes));
            }
            Effect::ReopenLogs => {
                self.log.log(Level::Info, "supervisord logreopen");
                self.children.reopen_logs();
                self.log_descriptors_when_reopened();
            }
            Effect::Terminate(ending) => self.ending = Some(ending),
        }
    }

    fn spawn(&mut self, process: ProcessId) {
        if let Some(order) = self.children.start_order(process, self.configuration.server_url()) {
            self.workers.spawn(order);
        } else {
            let message = "the process was removed".to_owned();
            self.inputs.push_back(Input::SpawnFailed { process, message });
        }
    }

    /// Checks the command files of processes.
    fn check_commands(&self, ticket: Ticket, processes: &[ProcessId]) {
        let config = |id: &ProcessId| Some((*id, Arc::clone(self.children.get(*id)?.config())));
        let candidates: Vec<(ProcessId, Arc<Process>)> = processes.iter().filter_map(config).collect();
        let checked = move |outcome| Message::Input(Input::CommandsChecked { ticket, outcome });
        let check = move || {
            let check = |(process, config): (ProcessId, Arc<Process>)| CommandCheck {
                process,
                result: command::resolve(&config).map(drop),
            };
            checked(Ok(candidates.into_iter().map(check).collect()))
        };
        self.workers.submit(check, move |why| checked(Err(why)));
    }

    /// Checks whether the daemon could restart with the configuration as it is now.
    fn check_restart(&self, ticket: Option<Ticket>) {
        self.return_memory_when_idle();
        let check = self.configuration.read_for_restart();
        self.workers.submit(
            move || Message::RestartChecked(Box::new(check()), ticket),
            move |why| {
                let outcome = RestartCheck::NotMade(why);
                Message::Input(Input::RestartChecked { ticket, outcome })
            },
        );
    }
}
