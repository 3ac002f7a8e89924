//! Reading the configuration again: reread, adding and removing groups, and the check before a restart.
//!
//! A job of the workers reads a configuration, as a whole or not at all. A broken one is reported and changes nothing, also when
//! a restart was asked for: upstream stops everything first and then ends. So is one with which the daemon could not start,
//! because another process has an address it names, for instance.

use super::Loop;
use super::message::Message;
use crate::configuration::PreflightError;
use crate::configuration::prepare::{PreparedGroup, Unavailable};
use crate::descriptor_limit;
use std::sync::Arc;
use supervisor_config::{Config, Failure};
use supervisor_control::{ChangeKind, Diff, Reply};
use supervisor_core::{Fault, Input, Level, RestartCheck, Ticket};
use supervisor_sys::{clock, memory};

impl Loop {
    /// Reads the configuration again for a client.
    pub(super) fn reread(&self, reply: Reply<Result<Diff, Fault>>) {
        if let Err(fault) = self.check_running() {
            return reply.send(Err(fault));
        }
        self.return_memory_when_idle();
        let (read, mailbox) = (self.configuration.read(), self.sources.mailbox().clone());
        self.workers.run(move || mailbox.post(Message::Reread(Box::new(read()), reply)));
    }

    /// The configuration was read again.
    pub(super) fn config_reread(
        &mut self,
        outcome: Result<Config, Failure>,
        reply: Reply<Result<Diff, Fault>>,
    ) {
        if let Err(fault) = self.check_running() {
            return reply.send(Err(fault));
        }
        reply.send(match outcome {
            Err(failure) => Err(Fault::CantReread(failure.first().remote_message())),
            Ok(config) => {
                let found = self.configuration.accept(config);
                self.clients.record(ChangeKind::Configuration);
                Ok(found)
            }
        });
    }

    /// Reads the configuration and says how it differs from what runs, as `reread` would, without making it the configuration
    /// last read.
    pub(super) fn compare_config(&self, reply: Reply<Result<Diff, Fault>>) {
        if let Err(fault) = self.check_running() {
            return reply.send(Err(fault));
        }
        let compare = self.configuration.compare();
        self.workers.run(move || {
            reply.send(compare().map_err(|failure| Fault::CantReread(failure.first().remote_message())));
        });
    }

    /// The configuration to restart with was read.
    pub(super) fn restart_checked(
        &mut self,
        outcome: Result<Config, PreflightError>,
        ticket: Option<Ticket>,
    ) {
        let outcome = match outcome {
            Ok(config) => {
                self.configuration.restart_with(config);
                RestartCheck::Usable
            }
            Err(PreflightError::Broken(failure)) => {
                RestartCheck::Unusable { report: failure.to_string(), remote_report: failure.remote_report() }
            }
            Err(PreflightError::Unusable(error)) => RestartCheck::Unusable {
                report: error.to_string(),
                remote_report: error.remote_text().to_owned(),
            },
        };
        self.feed_input(Input::RestartChecked { ticket, outcome });
    }

    /// Returns to the system, once the workers are idle, the memory that a start or a reading took and nothing needs for a while.
    pub(super) fn return_memory_when_idle(&self) {
        self.workers.when_idle(Box::new(|| {
            memory::trim_heap();
            memory::unmap_unused_code();
        }));
    }

    /// Adds a group for a client.
    pub(super) fn add_group(&self, name: &str, reply: Reply<Result<(), Fault>>) {
        let group = match self.group_to_add(name) {
            Ok(group) => group,
            Err(fault) => return reply.send(Err(fault)),
        };
        let group = Arc::clone(group);
        let context = self.configuration.context().clone();
        let (mailbox, log) = (self.sources.mailbox().clone(), self.log.clone());
        // A client that updates a group has removed it before: refused, it would be gone.
        let prepare = move || match context.prepare(&group, Unavailable::Reported, &log) {
            Ok(group) => mailbox.post(Message::Prepared(Box::new(group), reply)),
            Err(why) => {
                why.write_to(&log);
                reply.send(Err(Fault::Failed(why.remote_text().to_owned())));
            }
        };
        self.workers.run(prepare);
    }

    fn group_to_add(&self, name: &str) -> Result<&Arc<supervisor_config::Group>, Fault> {
        self.check_running()?;
        let group = self.configuration.latest().group(name).ok_or_else(|| Fault::BadName(name.to_owned()))?;
        match self.core.group_named(name) {
            Ok(_) => Err(Fault::AlreadyAdded(name.to_owned())),
            Err(_) => Ok(group),
        }
    }

    /// A group that a client wants added was prepared.
    pub(super) fn group_prepared(&mut self, group: PreparedGroup, reply: Reply<Result<(), Fault>>) {
        reply.send(self.activate(group));
        self.make_room_for_descriptors();
        self.settle();
    }

    /// Makes a prepared group active.
    pub(crate) fn activate(&mut self, group: PreparedGroup) -> Result<(), Fault> {
        let ids = self
            .core
            .add_group(group.spec(), clock::now(), &mut self.effects)
            .inspect_err(|_| group.discard())?;
        for warning in &group.warnings {
            self.log.log(Level::Warn, warning);
        }
        for (id, process) in ids.processes.into_iter().zip(group.processes) {
            self.children.insert(id, process);
        }
        self.clients.record(ChangeKind::GroupAdded(group.config.name.clone()));
        self.configuration.added(group.config);
        Ok(())
    }

    /// Removes a group for a client.
    pub(super) fn remove_group(&mut self, name: &str) -> Result<(), Fault> {
        self.check_running()?;
        let ids = self.core.remove_group(name, clock::now(), &mut self.effects)?;
        for id in ids.processes {
            self.children.remove(id);
        }
        self.configuration.removed(name);
        self.clients.record(ChangeKind::GroupRemoved(name.into()));
        self.settle();
        Ok(())
    }

    /// Sees to it that all programs can run at once, as [`descriptor_limit::make_room`] does. The limits of the servers stay.
    fn make_room_for_descriptors(&self) {
        let servers = self.clients.servers().len();
        let room = descriptor_limit::make_room(self.children.len(), servers, &self.log);
        self.workers.set_short(room.is_short);
    }
}
