//! What `start` and `stop` have in common: processes, groups or all are ordered to do something, and each answers for
//! itself.

use super::{Command, Flow, Names};
use crate::answer::Deed;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_core::Namespec;
use supervisor_rpc::client::{Client, ClientError, Statuses, Wait};

/// An order to processes.
pub(super) struct Order {
    pub(super) deed: Deed,
    /// What is said while it is carried out, such as `starting`.
    pub(super) doing: &'static str,
    /// How it ends without a name, and with one that no group has.
    pub(super) nobody: Exit,
    pub(super) to_all: fn(&mut Client, Wait) -> Result<Statuses, ClientError>,
    pub(super) to_group: fn(&mut Client, &str, Wait) -> Result<Statuses, ClientError>,
    pub(super) to_process: fn(&mut Client, &str, Wait) -> Result<(), ClientError>,
}

impl Order {
    /// Gives it to those that `argument` names, one after the other, and waits for each.
    pub(super) fn give(
        &self,
        session: &mut Session,
        command: &Command,
        argument: &str,
    ) -> Result<Flow, Failure> {
        if !session.is_up()? {
            return Ok(Flow::Continue);
        }
        let doing = self.doing;
        match Names::parse(argument) {
            Names::None => {
                let complaint = format!("Error: {} requires a process name", command.name);
                return session.misuse(command, self.nobody, &complaint);
            }
            Names::All => {
                session.console.progress(&format!("{doing} all processes"))?;
                let statuses = (self.to_all)(session.client()?, Wait::ForResult)?;
                session.tell_all(self.deed, &statuses)?;
            }
            Names::These(names) => {
                for (done, name) in names.iter().enumerate() {
                    session.console.progress(&format!("{doing} {name} ({} of {})", done + 1, names.len()))?;
                    self.give_one(session, name)?;
                }
            }
        }
        Ok(Flow::Continue)
    }

    fn give_one(&self, session: &mut Session, name: &str) -> Result<(), Failure> {
        let spec = Namespec::parse(name);
        if spec.process.is_none() {
            let result = (self.to_group)(session.client()?, spec.group, Wait::ForResult);
            return session.tell_group(self.deed, spec.group, self.nobody, result);
        }
        let result = (self.to_process)(session.client()?, name, Wait::ForResult);
        session.tell_result(self.deed, spec, result)
    }
}
