//! What `start` and `stop` have in common: a request for processes, groups or all, and a result for each process.

use super::{Command, Flow, Names};
use crate::answer::Action;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_core::Namespec;
use supervisor_rpc::client::{Client, ClientError, Statuses, Wait};

/// A change of state that a command requests.
pub(super) struct Transition {
    pub(super) action: Action,
    /// The word for progress, such as `starting`.
    pub(super) progress: &'static str,
    /// The exit status without a name, and with an unknown group.
    pub(super) bad_name: Exit,
    pub(super) to_all: fn(&mut Client, Wait) -> Result<Statuses, ClientError>,
    pub(super) to_group: fn(&mut Client, &str, Wait) -> Result<Statuses, ClientError>,
    pub(super) to_process: fn(&mut Client, &str, Wait) -> Result<(), ClientError>,
}

impl Transition {
    /// Requests it for what `argument` names, one after the other, and waits for each result.
    pub(super) fn run(
        &self,
        session: &mut Session,
        command: &Command,
        argument: &str,
    ) -> Result<Flow, Failure> {
        if !session.is_up()? {
            return Ok(Flow::Continue);
        }
        let progress = self.progress;
        match Names::parse(argument) {
            Names::None => {
                let complaint = format!("Error: {} requires a process name", command.name);
                return session.misuse(command, self.bad_name, &complaint);
            }
            Names::All => {
                session.console.progress(&format!("{progress} all processes"))?;
                let statuses = (self.to_all)(session.client()?, Wait::ForResult)?;
                session.report_all(self.action, &statuses)?;
            }
            Names::These(names) => {
                for (done, name) in names.iter().enumerate() {
                    session.console.progress(&format!(
                        "{progress} {name} ({} of {})",
                        done + 1,
                        names.len()
                    ))?;
                    self.run_one(session, name)?;
                }
            }
        }
        Ok(Flow::Continue)
    }

    fn run_one(&self, session: &mut Session, name: &str) -> Result<(), Failure> {
        let spec = Namespec::parse(name);
        if spec.process.is_none() {
            let result = (self.to_group)(session.client()?, spec.group, Wait::ForResult);
            return session.report_group(self.action, spec.group, self.bad_name, result);
        }
        let result = (self.to_process)(session.client()?, name, Wait::ForResult);
        session.report_result(self.action, spec, result)
    }
}
