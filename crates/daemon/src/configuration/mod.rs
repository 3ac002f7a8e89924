//! Reading the configuration again: reread, adding and removing groups, and the look before a restart.
//!
//! A configuration is read by a job of the blocking pool, as a whole or not at all. A broken one is reported and changes
//! nothing, also when a restart was asked for: upstream stops everything first and then ends. So is one with which the daemon
//! could not start, because somebody else has an address it names, for instance.

pub(crate) mod prepare;

use crate::configuration::prepare::{PreparedGroup, Surroundings, Unavailable};
use crate::main_loop::Loop;
use crate::main_loop::mailbox::Message;
use crate::startup::{self, StartError};
use crate::workers::pool::Refused;
use std::sync::Arc;
use supervisor_config::{Config, Failure, diff, load};
use supervisor_control::{Diff, Reply, What};
use supervisor_core::{Fault, Input, Level, RestartCheck, Ticket};
use supervisor_sys::clock;

/// Why there is no restart.
pub(crate) enum Obstacle {
    /// The configuration cannot be read.
    Broken(Failure),
    /// The daemon could not start with it.
    Unusable(StartError),
}

impl Loop {
    /// Reads the configuration again for a client.
    pub(crate) fn reread(&self, reply: Reply<Result<Diff, Fault>>) {
        if let Err(fault) = self.allowed() {
            return reply.send(Err(fault));
        }
        let _answered = self.read_config(move |outcome| Message::Reread(Box::new(outcome), reply));
    }

    /// The configuration was read again.
    pub(crate) fn config_reread(
        &mut self,
        outcome: Result<Config, Failure>,
        reply: Reply<Result<Diff, Fault>>,
    ) {
        if let Err(fault) = self.allowed() {
            return reply.send(Err(fault));
        }
        reply.send(match outcome {
            Err(failure) => Err(Fault::CantReread(failure.first().remote_message())),
            Ok(config) => {
                let found = diff(&self.active, &config.groups);
                self.config = config;
                self.materialised.clear();
                self.feed.record(What::Configuration);
                Ok(found)
            }
        });
    }

    /// Reads the configuration and says how it differs from what runs, as `reread` would, without making it the
    /// configuration last read.
    pub(crate) fn compare_config(&self, reply: Reply<Result<Diff, Fault>>) {
        if let Err(fault) = self.allowed() {
            return reply.send(Err(fault));
        }
        let (source, active) = (Arc::clone(&self.source), self.active.clone());
        let _answered = self.submit(move || {
            reply.send(match load(&source.command_line, &source.host) {
                Ok(config) => Ok(diff(&active, &config.groups)),
                Err(failure) => Err(Fault::CantReread(failure.first().remote_message())),
            });
        });
    }

    /// Reads the configuration before a restart that a client, or SIGHUP, wants.
    pub(crate) fn check_restart(&mut self, ticket: Option<Ticket>) {
        let standing = Arc::clone(&self.begun_with);
        let read = self.read_config(move |outcome| {
            let usable = outcome.map_err(Obstacle::Broken).and_then(|config| {
                startup::rehearse(&config, &standing.servers).map_err(Obstacle::Unusable).map(|()| config)
            });
            Message::RestartChecked(Box::new(usable), ticket)
        });
        if let Err(why) = read {
            let outcome = RestartCheck::NotMade(why.to_string());
            self.inputs.push_back(Input::RestartChecked { ticket, outcome });
        }
    }

    /// The configuration to restart with was read.
    pub(crate) fn restart_checked(&mut self, outcome: Result<Config, Obstacle>, ticket: Option<Ticket>) {
        let outcome = match outcome {
            Ok(config) => {
                self.successor = Some(config);
                RestartCheck::Usable
            }
            Err(Obstacle::Broken(failure)) => {
                RestartCheck::Unusable { report: failure.to_string(), remote_report: failure.remote_report() }
            }
            Err(Obstacle::Unusable(error)) => RestartCheck::Unusable {
                report: error.to_string(),
                remote_report: error.remote_text().to_owned(),
            },
        };
        self.tell(Input::RestartChecked { ticket, outcome });
    }

    /// Adds a group for a client.
    pub(crate) fn add_group(&self, name: &str, reply: Reply<Result<(), Fault>>) {
        let group = match self.group_to_add(name) {
            Ok(group) => group,
            Err(fault) => return reply.send(Err(fault)),
        };
        let group = Arc::clone(group);
        let surroundings = self.surroundings.clone();
        let (mailbox, log) = (self.mailbox.clone(), self.log.clone());
        // A client that updates a group has removed it before: refused, it would be gone.
        let prepare = move || match surroundings.prepare(&group, Unavailable::Reported, &log) {
            Ok(group) => mailbox.post(Message::Prepared(Box::new(group), reply)),
            Err(why) => {
                why.write_to(&log);
                reply.send(Err(Fault::Failed(why.remote_text().to_owned())));
            }
        };
        let _answered = self.submit(prepare);
    }

    fn group_to_add(&self, name: &str) -> Result<&Arc<supervisor_config::Group>, Fault> {
        self.allowed()?;
        let group = self.config.group(name).ok_or_else(|| Fault::BadName(name.to_owned()))?;
        match self.core.group_named(name) {
            Ok(_) => Err(Fault::AlreadyAdded(name.to_owned())),
            Err(_) => Ok(group),
        }
    }

    /// A group that a client wants added was prepared.
    pub(crate) fn group_prepared(&mut self, group: PreparedGroup, reply: Reply<Result<(), Fault>>) {
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
            self.processes.insert(id, process);
        }
        self.feed.record(What::GroupAdded(group.config.name.clone()));
        self.materialised.insert(group.config.name.clone());
        self.active.push(group.config);
        Ok(())
    }

    /// Removes a group for a client.
    pub(crate) fn remove_group(&mut self, name: &str) -> Result<(), Fault> {
        self.allowed()?;
        let ids = self.core.remove_group(name, clock::now(), &mut self.effects)?;
        for id in ids.processes {
            self.processes.remove(id);
        }
        self.active.retain(|group| *group.name != *name);
        self.materialised.remove(name);
        self.feed.record(What::GroupRemoved(name.into()));
        self.settle();
        Ok(())
    }

    fn read_config(
        &self,
        report: impl FnOnce(Result<Config, Failure>) -> Message + Send + 'static,
    ) -> Result<(), Refused> {
        let source = Arc::clone(&self.source);
        let mailbox = self.mailbox.clone();
        self.tidy_when_calm();
        self.submit(move || mailbox.post(report(load(&source.command_line, &source.host))))
    }

    /// Hands over the work for a request. If it is refused, a reply in it is dropped, which answers; who has only a ticket
    /// must answer it.
    pub(crate) fn submit(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Refused> {
        self.pool
            .submit(Box::new(job))
            .inspect_err(|why| self.log.log(Level::Error, format!("a request was refused: {why}")))
    }
}

impl Surroundings {
    /// What of a configuration shapes its groups.
    pub(crate) fn of(config: &Config) -> Self {
        let supervisord = &config.supervisord;
        Self {
            childlogdir: supervisord.childlogdir.clone(),
            identifier: supervisord.identifier.clone(),
            strip_ansi: supervisord.strip_ansi,
        }
    }
}
