//! `[program:x]`, and what `[eventlistener:x]` and `[fcgi-program:x]` have in common with it.
//!
//! A section is one program of `numprocs` processes. Most options are read once; those that may hold
//! `%(process_num)d` are read again for every process.

use super::fcgi_program::FastCgiSocket;
use super::table::{Applied, SectionKind, Tables};
use super::{Invalid, SectionReader, name_after_colon};
use crate::diagnostic::Fault;
use crate::environment::Environment;
use crate::expand::{self, Expanded, Names};
use crate::limits;
use crate::text;
use crate::value;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

mod command;
pub(crate) mod policy;
pub(crate) mod process;
pub(crate) mod stream;

use process::{NUMPROCS, PROCESS_NAME, Process};

/// Programs.
pub(crate) const SECTION: SectionKind = SectionKind::prefixed("program:", Applied::Update)
    .help("A program: one process, or `numprocs` of the same kind.")
    .options(TABLES);

/// The options of a program: those the core decides by, those its processes are started with, and those of their output.
pub(crate) const TABLES: Tables =
    &[policy::OPTIONS, process::OPTIONS, &stream::STDOUT.described(), &stream::STDERR.described()];

/// What a program's processes belong to.
pub(crate) struct Membership<'a> {
    /// The group's name.
    pub(crate) group: &'a Arc<str>,
    /// Variables of `[supervisord]`, under the program's own.
    pub(crate) environment: &'a Environment,
    /// The socket of a FastCGI program.
    pub(crate) socket: Option<Arc<FastCgiSocket>>,
    /// How many more processes there may be.
    pub(crate) room: usize,
}

/// How the processes of a program are numbered.
struct Numbering {
    first: i64,
    count: i64,
}

/// Reads the processes of a program, sorted by name.
pub(crate) fn read(reader: &mut SectionReader<'_>, membership: &Membership<'_>) -> Vec<Process> {
    let parsed =
        value::name(name_after_colon(reader.section).as_bytes(), &mut value::ParseContext::new(reader.host));
    let Ok(program_name) = reader.or_fault("a section's name", PROCESS_NAME.of.takes, parsed, reader.tail)
    else {
        return Vec::new();
    };
    let names = Names::over(reader.names)
        .with("program_name", &program_name)
        .with("group_name", &**membership.group)
        .with("host_node_name", reader.host.hostname().as_bytes());
    let mut reader = reader.with_names(&names);
    let (shared, numbering) = process::read_shared(&mut reader, membership);
    let process_name = read_process_name(&mut reader, numbering.as_ref());
    policy::check_group_signals(&mut reader, &shared.policy);
    let (Some(numbering), Ok(process_name)) = (numbering, process_name) else { return Vec::new() };
    let faults_before = reader.report.fault_count();
    if numbering.count > i64::try_from(membership.room).unwrap_or(i64::MAX) {
        too_many(&mut reader);
    }
    let mut processes = Vec::new();
    for offset in 0..numbering.count {
        let number = numbering.first.saturating_add(offset);
        let names = Names::over(reader.names)
            .with_number("process_num", number)
            .with_number("numprocs", numbering.count);
        processes.extend(process::read(&mut reader.with_names(&names), &shared, process_name, membership));
        if reader.report.fault_count() > faults_before {
            break;
        }
    }
    processes.sort_by(|one, two| one.name.cmp(&two.name));
    processes
}

/// The pattern of the processes' names, unexpanded; upstream checks its characters already.
fn read_process_name<'d>(
    reader: &mut SectionReader<'d>,
    numbering: Option<&Numbering>,
) -> Result<&'d str, Invalid> {
    let found = reader.raw(PROCESS_NAME.key);
    let pattern = match found {
        Some(found) => text::strip(&found.entry.text),
        None => PROCESS_NAME.default.unwrap_or_default(),
    };
    let seen =
        found.map_or(pattern.to_string(), |found| expand::with_here_shown(&found.entry.text, found.here));
    reader.parsed(&PROCESS_NAME, &Expanded::plain(seen.as_bytes()), reader.tail)?;
    let has_several = numbering.is_some_and(|numbering| numbering.count > 1);
    if has_several && !pattern.contains("%(process_num)") {
        let fault = Fault::new("%(process_num) must be present within process_name when numprocs > 1")
            .with_tail(reader.tail)
            .at(reader.place_of(if found.is_some() { PROCESS_NAME.key } else { NUMPROCS.key }))
            .because("the processes of a program need different names")
            .with_hint(Some("add process_name = %(program_name)s_%(process_num)02d".to_string()));
        reader.report.fault(fault);
        return Err(Invalid);
    }
    Ok(pattern)
}

fn too_many(reader: &mut SectionReader<'_>) {
    let fault = Fault::new("numprocs is too large")
        .with_tail(reader.tail)
        .at(reader.place_of(NUMPROCS.key))
        .because(format!("all programs together may have {} processes", limits::PROCESSES))
        .with_hint(Some("set a smaller number".to_string()));
    reader.report.own_fault(fault);
}

/// A program that a group lists twice, or two whose processes have equal names: the later one takes the place of the
/// earlier, as in upstream; ours says so.
pub(crate) fn replace_equal_names(processes: Vec<Process>, reader: &mut SectionReader<'_>) -> Vec<Process> {
    let mut kept: Vec<Process> = Vec::with_capacity(processes.len());
    let mut places = std::collections::HashMap::new();
    for process in processes {
        if let Some(&place) = places.get(&process.name) {
            reader.report.remark(format!(
                "Two processes of [{}] are called {}; only the last one will run",
                reader.section.name, process.name
            ));
            kept[place] = process;
        } else {
            places.insert(process.name.clone(), kept.len());
            kept.push(process);
        }
    }
    kept
}
