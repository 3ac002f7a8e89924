//! `update`: reads the configuration and makes the active groups follow it.

use super::{Command, Flow};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use std::collections::HashSet;
use supervisor_rpc::client::{ClientError, Wait};
use supervisor_rpc::{FaultCode, ReloadedGroups};

pub(super) const COMMAND: Command = Command {
    name: "update",
    help: &[
        "update\t\t\tReload config and add/remove as necessary, and will restart affected programs",
        "update all\t\tReload config and add/remove as necessary, and will restart affected programs",
        "update <gname> [...]\tUpdate specific groups",
    ],
    completes: Completes::Groups,
    run,
};

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    let groups = match session.client()?.reload_config() {
        Ok(groups) => groups,
        Err(ClientError::Fault(fault)) => {
            let complaint = match fault.known() {
                Some(FaultCode::ShutdownState) => "ERROR: already shutting down".to_owned(),
                Some(FaultCode::CantReread) => format!("ERROR: {}", fault.text),
                _ => return Err(fault.into()),
            };
            session.print_failure_lines(Exit::Generic, complaint)?;
            return Ok(Flow::Continue);
        }
        Err(error) => return Err(error.into()),
    };
    let wanted = Wanted::parse(argument);
    report_unknown(session, &wanted, &groups)?;
    for group in groups.removed.iter().filter(|group| wanted.includes(group)) {
        remove(session, group)?;
    }
    for group in groups.changed.iter().filter(|group| wanted.includes(group)) {
        replace(session, group)?;
    }
    for group in groups.added.iter().filter(|group| wanted.includes(group)) {
        session.client()?.add_process_group(group)?;
        session.print(format!("{group}: added process group"))?;
    }
    Ok(Flow::Continue)
}

/// The groups an update is for, in the order given, each once; none means all.
struct Wanted<'a>(Vec<&'a str>);

impl<'a> Wanted<'a> {
    fn parse(argument: &'a str) -> Self {
        let mut names = Vec::new();
        for word in argument.split_whitespace() {
            if !names.contains(&word) {
                names.push(word);
            }
        }
        Self(if names.contains(&"all") { Vec::new() } else { names })
    }

    fn includes(&self, group: &str) -> bool {
        self.0.is_empty() || self.0.contains(&group)
    }
}

fn report_unknown(
    session: &mut Session,
    wanted: &Wanted<'_>,
    groups: &ReloadedGroups,
) -> Result<(), Failure> {
    if wanted.0.is_empty() {
        return Ok(());
    }
    let answer = session.client()?.all_process_summaries()?;
    let active = answer.read()?.into_iter().map(|process| process.group);
    let known: HashSet<&str> = active.chain(groups.added.iter().map(String::as_str)).collect();
    for group in wanted.0.iter().filter(|group| !known.contains(*group)) {
        session.print_failure(Exit::Generic, format!("ERROR: no such group: {group}"))?;
    }
    Ok(())
}

fn stop(session: &mut Session, group: &str) -> Result<bool, Failure> {
    session.console.progress(&format!("stopping {group}"))?;
    let statuses = session.client()?.stop_process_group(group, Wait::ForResult)?;
    session.print(format!("{group}: stopped"))?;
    Ok(statuses.iter().all(|status| status.status != FaultCode::Failed.number()))
}

fn remove(session: &mut Session, group: &str) -> Result<(), Failure> {
    if !stop(session, group)? {
        return Ok(session.print_failure(Exit::Generic, format!("{group}: has problems; not removing"))?);
    }
    session.client()?.remove_process_group(group)?;
    Ok(session.print(format!("{group}: removed process group"))?)
}

fn replace(session: &mut Session, group: &str) -> Result<(), Failure> {
    // A member that could not be stopped makes the removal a fault, which ends the update.
    stop(session, group)?;
    session.client()?.remove_process_group(group)?;
    session.client()?.add_process_group(group)?;
    Ok(session.print(format!("{group}: updated process group"))?)
}
