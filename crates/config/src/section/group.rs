//! `[group:x]`, and how groups come to be.
//!
//! In this order: each `[group:x]` with its programs, each program that no group lists, event listeners, FastCGI
//! programs. Then all are sorted by priority and name.

use super::fcgi_program::FastCgiSocket;
use super::program::process::Process;
use super::program::{self, Membership};
use super::table::{Applied, Opt, SectionKind, kind_of, options};
use super::{SectionReader, fcgi_program, listener, name_after_colon, tail_of};
use crate::config::{Group, GroupKind};
use crate::confusable;
use crate::diagnostic::Fault;
use crate::environment::Environment;
use crate::expand::Names;
use crate::host::Host;
use crate::ini::{Document, Section};
use crate::limits;
use crate::report::Report;
use crate::spelling::nearest;
use crate::value;
use crate::value::types::{self, Type};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use supervisor_core::{Policy, repr};

/// Groups of several programs.
pub(crate) const SECTION: SectionKind = SectionKind::prefixed("group:", Applied::Update)
    .help("Programs that are started and stopped under one name.")
    .options(&[OPTIONS]);

options! {
    OPTIONS;

    const PROGRAMS: Opt<Vec<String>> =
        Opt::new("programs", Type::new(value::strings, "names of programs separated by commas"))
        .default("")
        .help("The programs of the group; they have no groups of their own then.");
    const PRIORITY: Opt<i64> = Opt::new("priority", types::INTEGER)
        .default("999")
        .help("Order among groups: low starts first and stops last.");
}

/// What all groups are made from.
pub(crate) struct GroupBuilder<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) document: &'a Document,
    pub(crate) names: &'a Names<'a>,
    pub(crate) environment: &'a Environment,
    pub(crate) report: &'a mut Report,
    groups: Vec<(Group, &'a Section)>,
    /// Sections of programs that a group lists.
    grouped: HashSet<&'a str>,
    /// Each that differs from the others; most programs have the same.
    policies: HashSet<Arc<Policy>>,
    processes: usize,
}

impl<'a> GroupBuilder<'a> {
    pub(crate) fn new(
        host: &'a dyn Host,
        document: &'a Document,
        names: &'a Names<'a>,
        environment: &'a Environment,
        report: &'a mut Report,
    ) -> Self {
        let (groups, grouped, policies) = (Vec::new(), HashSet::new(), HashSet::new());
        Self { host, document, names, environment, report, groups, grouped, policies, processes: 0 }
    }

    /// Every group, sorted.
    pub(crate) fn build(mut self) -> Vec<Arc<Group>> {
        let document = self.document;
        let of =
            |kind: &'static SectionKind| document.sections().filter(|section| kind.matches(&section.name));
        for section in of(&SECTION) {
            self.build_group(section);
        }
        for section in of(&program::SECTION) {
            self.build_program(section);
        }
        for section in of(&listener::SECTION) {
            self.build_listeners(section);
        }
        for section in of(&fcgi_program::SECTION) {
            self.build_fastcgi(section);
        }
        self.groups.sort_by(|(one, _), (two, _)| (one.priority, &one.name).cmp(&(two.priority, &two.name)));
        self.refuse_equal_names();
        shared(self.groups.into_iter().map(|(group, _)| group))
    }

    fn reader<'b>(&'b mut self, section: &'b Section, tail: &'b str) -> SectionReader<'b> {
        let Self { host, document, names, report, .. } = self;
        SectionReader { host: *host, document, report, section, names, tail }
    }

    /// The name after the colon; upstream checks it without naming the file.
    fn name_of(&mut self, section: &Section) -> Option<Arc<str>> {
        let mut reader = self.reader(section, "");
        let parsed =
            value::name(name_after_colon(section).as_bytes(), &mut value::ParseContext::new(reader.host));
        reader
            .or_fault("a section's name", "anything without blanks, colons and slashes", parsed, "")
            .ok()
            .map(Arc::from)
    }

    fn add(
        &mut self,
        section: &'a Section,
        name: Arc<str>,
        priority: i64,
        kind: GroupKind,
        processes: Vec<Process>,
    ) {
        let processes = program::replace_equal_names(processes, &mut self.reader(section, ""));
        self.groups.push((Group { name, priority, kind, processes: shared(processes) }, section));
    }

    fn read_processes(
        &mut self,
        section: &Section,
        group: &Arc<str>,
        socket: Option<Arc<FastCgiSocket>>,
    ) -> Vec<Process> {
        let tail = tail_of(self.document, section);
        let room = limits::PROCESSES.saturating_sub(self.processes);
        let membership = Membership { group, environment: self.environment, socket, room };
        let mut processes = program::read(&mut self.reader(section, &tail), &membership);
        self.processes += processes.len();
        for process in &mut processes {
            self.share_policy(&mut process.policy);
        }
        processes
    }

    /// Makes equal policies one.
    fn share_policy(&mut self, policy: &mut Arc<Policy>) {
        if let Some(known) = self.policies.get(policy) {
            *policy = Arc::clone(known);
        } else {
            self.policies.insert(Arc::clone(policy));
        }
    }

    fn build_group(&mut self, section: &'a Section) {
        let name = self.name_of(section);
        let mut reader = self.reader(section, "");
        let programs = reader.value(&PROGRAMS);
        let priority = reader.value(&PRIORITY);
        let group = name.clone().unwrap_or_default();
        let mut processes = Vec::new();
        for program in programs {
            let Some(member) = self.member(section, &program) else { continue };
            self.grouped.insert(&member.name);
            let socket = self.grouped_socket(member, section);
            processes.extend(self.read_processes(member, &group, socket));
        }
        if let Some(name) = name {
            self.add(section, name, priority, GroupKind::Program, processes);
        }
    }

    /// The section of a program that a group lists.
    fn member(&mut self, section: &Section, program: &str) -> Option<&'a Section> {
        let plain = self.document.section(&program::SECTION.header_of(program));
        let fastcgi = self.document.section(&fcgi_program::SECTION.header_of(program));
        let (message, hint) = match (plain, fastcgi) {
            (Some(only), None) | (None, Some(only)) => return Some(only),
            (Some(_), Some(_)) => (
                format!(
                    "[{}] name {program} is ambiguous (exists as program and fcgi-program)",
                    section.name
                ),
                Some("give one of the two programs another name".to_string()),
            ),
            (None, None) => (
                format!("[{}] names unknown program or fcgi-program {program}", section.name),
                Some(self.hint_for_program(program)),
            ),
        };
        let reader = self.reader(section, "");
        let place = reader.raw(PROGRAMS.key).map(|found| {
            let text = &found.entry.text;
            let part = text.find(program).filter(|_| !program.is_empty()).map(|at| at..at + program.len());
            reader.document.sources.place(found.entry.span(part))
        });
        let fault = Fault::new(message)
            .at(place)
            .because(format!("programs takes {}", PROGRAMS.of.takes))
            .with_hint(hint);
        let fault = reader.with_origin(PROGRAMS.key, fault);
        self.report.fault(fault);
        None
    }

    fn hint_for_program(&self, program: &str) -> String {
        if program.is_empty() {
            return "remove the comma with nothing beside it".to_string();
        }
        if let Some((_, letter, looks)) = confusable::first(program) {
            return confusable::hint(letter, looks);
        }
        let names = self.document.sections().filter_map(|section| {
            let name = section.name.as_str();
            program::SECTION.strip(name).or_else(|| fcgi_program::SECTION.strip(name))
        });
        let misspelled = self.document.sections().find(|section| {
            let name = section.name.split_once(':').map(|(_, name)| name);
            kind_of(&section.name).is_none() && name == Some(program)
        });
        if let Some(section) = misspelled {
            return format!(
                "nothing reads [{}]; did you mean [{}]?",
                section.name,
                program::SECTION.header_of(program)
            );
        }
        match nearest(program, names) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("add a section [program:{program}]"),
        }
    }

    /// The socket of an fcgi-program that a group lists. Upstream forgets it without a word, and does not look at its
    /// options; so a fault in them is only a remark here.
    fn grouped_socket(&mut self, member: &Section, group: &Section) -> Option<Arc<FastCgiSocket>> {
        if !fcgi_program::SECTION.matches(&member.name) {
            return None;
        }
        let mut aside = Report::default();
        let reader = self.reader(member, "");
        let mut reader = SectionReader { report: &mut aside, ..reader };
        let socket = fcgi_program::read_socket(&mut reader, name_after_colon(member).trim()).ok();
        if let Some(fault) = aside.take_faults().first() {
            self.report.remark(format!(
                "[{}] runs without a socket in [{}]: {}",
                member.name,
                group.name,
                fault.remote_message()
            ));
        }
        socket.map(Arc::new)
    }

    fn build_program(&mut self, section: &'a Section) {
        if self.grouped.contains(section.name.as_str()) {
            return;
        }
        let Some(name) = self.name_of(section) else { return };
        let priority = self.reader(section, "").value(&program::policy::PRIORITY);
        let processes = self.read_processes(section, &name, None);
        self.add(section, name, priority, GroupKind::Program, processes);
    }

    fn build_listeners(&mut self, section: &'a Section) {
        let (priority, pool) = listener::read(&mut self.reader(section, ""));
        let name =
            value::name(name_after_colon(section).as_bytes(), &mut value::ParseContext::new(self.host));
        // A name that is none is reported with its processes, which upstream leaves it to.
        let name = Arc::from(name.unwrap_or_default());
        let mut processes = self.read_processes(section, &name, None);
        if let Some(pool) = pool {
            listener::announce_length(&pool, &mut processes);
            self.add(section, name, priority, GroupKind::EventListener(Box::new(pool)), processes);
        }
    }

    fn build_fastcgi(&mut self, section: &'a Section) {
        if self.grouped.contains(section.name.as_str()) {
            return;
        }
        let Some(name) = self.name_of(section) else { return };
        let (priority, socket) = fcgi_program::read(&mut self.reader(section, ""), &name);
        let socket = socket.map(Arc::new);
        let processes = self.read_processes(section, &name, socket.clone());
        if let Some(socket) = socket {
            self.add(section, name, priority, GroupKind::FastCgi(socket), processes);
        }
    }

    /// Upstream would start the first of two groups of one name, drop the other, and report a change at every reread.
    fn refuse_equal_names(&mut self) {
        let mut known: HashMap<&str, &Section> = HashMap::new();
        for (group, section) in &self.groups {
            let Some(first) = known.insert(&group.name, section) else { continue };
            let fault = Fault::new(format!(
                "[{}] and [{}] both make a group named {}",
                first.name,
                section.name,
                repr::text(&*group.name)
            ))
            .at(Some(self.document.sources.place(section.header)))
            .because("a group is addressed by its name, so that only one of them could run")
            .with_hint(Some("give one of them another name".to_string()));
            self.report.own_fault(fault);
        }
    }
}

/// Puts each item in a place of its own. Collected in the usual way, the list of pointers would keep the room the items
/// themselves had.
fn shared<T>(items: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>) -> Vec<Arc<T>> {
    let items = items.into_iter();
    let mut places = Vec::with_capacity(items.len());
    places.extend(items.map(Arc::new));
    places
}
