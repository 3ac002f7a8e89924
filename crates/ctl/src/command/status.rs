//! `status`: a table of processes.

use super::{Command, Flow, Names};
use crate::completion::Completes;
use crate::console::Colour;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_core::{Namespec, ProcessState};
use supervisor_rpc::ProcessInfo;

pub(super) const COMMAND: Command = Command {
    name: "status",
    help: &[
        "status <name>\t\tGet status for a single process",
        "status <gname>:*\tGet status for all processes in a group",
        "status <name> <name>\tGet status for multiple named processes",
        "status\t\t\tGet all process status info",
    ],
    completes: Completes::Processes,
    run,
};

/// Columns the names have at least, before the blanks that follow.
const NARROWEST: usize = 30;

pub(super) fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !session.is_up()? {
        session.fail(Exit::StatusUnknown);
        return Ok(Flow::Continue);
    }
    let infos = session.client()?.all_process_info()?;
    let shown = match Names::parse(argument) {
        Names::None | Names::All => infos.iter().collect(),
        Names::These(names) => select(session, &infos, &names)?,
    };
    show(session, &shown)?;
    // Assigned last: it outranks a name that was not found.
    if shown.iter().any(|info| counts_as_stopped(info)) {
        session.fail(Exit::SomeStopped);
    }
    Ok(Flow::Continue)
}

/// The processes that are named, in the order of the names; complains about names without any.
fn select<'a>(
    session: &mut Session,
    infos: &'a [ProcessInfo<'static>],
    names: &[&str],
) -> Result<Vec<&'a ProcessInfo<'static>>, Failure> {
    let mut selected = Vec::new();
    for name in names {
        let spec = Namespec::parse(name);
        let is_meant = |info: &&ProcessInfo<'_>| {
            info.group == spec.group && spec.process.is_none_or(|process| info.name == process)
        };
        let before = selected.len();
        selected.extend(infos.iter().filter(is_meant));
        if selected.len() == before {
            let line = match spec.process {
                Some(_) => format!("{name}: ERROR (no such process)"),
                None => format!("{}: ERROR (no such group)", spec.group),
            };
            session.say_failure(Exit::StatusUnknown, line)?;
        }
    }
    Ok(selected)
}

fn show(session: &mut Session, infos: &[&ProcessInfo<'_>]) -> Result<(), Failure> {
    let name =
        |info: &&ProcessInfo<'_>| Namespec { group: &info.group, process: Some(&info.name) }.to_string();
    let names: Vec<String> = infos.iter().map(name).collect();
    let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let width = widest.max(NARROWEST) + 3;
    let mut line = String::new();
    for (name, info) in names.iter().zip(infos) {
        line.clear();
        push_column(&mut line, name, width);
        let state = line.len();
        push_column(&mut line, &info.statename, 10);
        session.console.colour(&mut line, state, colour(info));
        line.push_str(&info.description);
        session.say(&line)?;
    }
    Ok(())
}

/// Appends a text and blanks up to a width in characters. The formatting machinery would do the same, a blank at a time, which
/// takes thousands of processes most of the time.
fn push_column(line: &mut String, text: &str, width: usize) {
    line.push_str(text);
    line.extend(std::iter::repeat_n(" ", width.saturating_sub(text.chars().count())));
}

/// States in which a process neither runs nor is about to.
fn counts_as_stopped(info: &ProcessInfo<'_>) -> bool {
    [ProcessState::Stopped, ProcessState::Exited, ProcessState::Fatal, ProcessState::Unknown]
        .iter()
        .any(|state| info.state == i64::from(state.code()))
}

fn colour(info: &ProcessInfo<'_>) -> Colour {
    match &*info.statename {
        "RUNNING" => Colour::Green,
        "STARTING" | "STOPPING" | "BACKOFF" => Colour::Yellow,
        "FATAL" | "UNKNOWN" => Colour::Red,
        _ => Colour::Plain,
    }
}
