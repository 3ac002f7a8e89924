//! `status`: a table of processes.

use super::{Command, Flow, Names};
use crate::completion::Completes;
use crate::console::Colour;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_core::{Namespec, ProcessState};
use supervisor_rpc::ProcessSummary;

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
    let answer = session.client()?.all_process_summaries()?;
    let all = answer.read()?;
    let shown = match Names::parse(argument) {
        Names::None | Names::All => all,
        Names::These(names) => select(session, &all, &names)?,
    };
    show(session, &shown)?;
    // Assigned last: it outranks a name that was not found.
    if shown.iter().any(counts_as_stopped) {
        session.fail(Exit::SomeStopped);
    }
    Ok(Flow::Continue)
}

/// The processes that are named, in the order of the names; complains about names without any.
fn select<'a>(
    session: &mut Session,
    all: &[ProcessSummary<'a>],
    names: &[&str],
) -> Result<Vec<ProcessSummary<'a>>, Failure> {
    let mut selected = Vec::new();
    for name in names {
        let spec = Namespec::parse(name);
        let is_meant = |process: &&ProcessSummary<'_>| {
            process.group == spec.group && spec.process.is_none_or(|name| process.name == name)
        };
        let before = selected.len();
        selected.extend(all.iter().filter(is_meant));
        if selected.len() == before {
            let line = match spec.process {
                Some(_) => format!("{name}: ERROR (no such process)"),
                None => format!("{}: ERROR (no such group)", spec.group),
            };
            session.print_failure(Exit::StatusUnknown, line)?;
        }
    }
    Ok(selected)
}

fn show(session: &mut Session, processes: &[ProcessSummary<'_>]) -> Result<(), Failure> {
    let mut line = String::new();
    let mut widest = NARROWEST;
    for process in processes {
        line.clear();
        push_name(&mut line, process);
        widest = widest.max(line.chars().count());
    }
    for process in processes {
        line.clear();
        push_name(&mut line, process);
        push_blanks(&mut line, 0, widest + 3);
        let state = line.len();
        line.push_str(process.statename);
        push_blanks(&mut line, state, 10);
        let coloured = state..line.len();
        line.push_str(process.description);
        session.console.line_in_colour(&line, coloured, colour(process))?;
    }
    Ok(())
}

fn push_name(line: &mut String, process: &ProcessSummary<'_>) {
    line.extend(Namespec { group: process.group, process: Some(process.name) }.parts());
}

/// Appends blanks until what stands from `start` on has a width in characters. The formatting machinery would do the same, a
/// blank at a time, which takes thousands of processes most of the time.
fn push_blanks(line: &mut String, start: usize, width: usize) {
    const BLANKS: &str = "                                ";
    let mut missing = width.saturating_sub(line[start..].chars().count());
    while missing > 0 {
        let some = missing.min(BLANKS.len());
        line.push_str(&BLANKS[..some]);
        missing -= some;
    }
}

/// States in which a process neither runs nor is about to.
fn counts_as_stopped(process: &ProcessSummary<'_>) -> bool {
    [ProcessState::Stopped, ProcessState::Exited, ProcessState::Fatal, ProcessState::Unknown]
        .iter()
        .any(|state| process.state == i64::from(state.code()))
}

fn colour(process: &ProcessSummary<'_>) -> Colour {
    match process.statename {
        "RUNNING" => Colour::Green,
        "STARTING" | "STOPPING" | "BACKOFF" => Colour::Yellow,
        "FATAL" | "UNKNOWN" => Colour::Red,
        _ => Colour::Plain,
    }
}
