//! From the command line to a [`Config`].

use crate::command_line::CommandLine;
use crate::config::Config;
use crate::diagnostic::{Failure, Fault};
use crate::environment::Environment;
use crate::expand::Names;
use crate::host::{CachingHost, Host};
use crate::ini::{Document, Entry, Section};
use crate::report::Report;
use crate::search::{self, Found};
use crate::section::group::GroupBuilder;
use crate::section::http::{Server, ServerAddress};
use crate::section::supervisord::Supervisord;
use crate::section::table::SectionKind;
use crate::section::{
    SectionReader, ctl, fcgi_program, group, http, include, listener, program, rpcinterface, supervisord,
    unknown,
};
use crate::text::shown;
use crate::value::host_in_url;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Reads the configuration the command line names, or the first one found, and everything it includes.
///
/// A pure function of its arguments: nothing is changed by a configuration that is refused, and a reread uses the
/// same function as the start.
pub fn load(command_line: &CommandLine, host: &dyn Host) -> Result<Config, Failure> {
    let host = &CachingHost::new(host);
    let single = |fault| Failure::single(&command_line.argv0, fault);
    let found = find(command_line, host).map_err(single)?;
    let mut document = Document::default();
    let mut report = Report::default();
    let Found { path, here, content } = found;
    read_files(&mut document, &path, &here, content, host, &mut report).map_err(single)?;
    let config =
        Loader { command_line, host, document: &document, here: &here, report: &mut report }.config();
    match (config, Failure::of(&command_line.argv0, report.take_faults())) {
        (_, Some(failure)) => Err(failure),
        (Some(config), None) => Ok(Config { path, messages: report.into_messages(), ..config }),
        (None, None) => Err(single(no_section())),
    }
}

fn find(command_line: &CommandLine, host: &dyn Host) -> Result<Found, Fault> {
    let path = match &command_line.configuration {
        Some(path) => path.clone(),
        None => search::search(&command_line.argv0, host)
            .ok_or_else(|| search::nothing_found(&command_line.argv0))?,
    };
    search::open(&path, host)
}

/// Reads the main file and what it includes into the document.
fn read_files(
    document: &mut Document,
    path: &Path,
    here: &Path,
    content: Vec<u8>,
    host: &dyn Host,
    report: &mut Report,
) -> Result<(), Fault> {
    let main = document.sources.add(path.as_os_str().as_bytes(), here.as_os_str().as_bytes(), content)?;
    let mut faults = Vec::new();
    document.read(main, &mut faults);
    for fault in faults {
        report.fault(fault);
    }
    document.finish();
    let environment: Environment = host.environment().into_iter().collect();
    let names = Names::default()
        .with("here", here.as_os_str().as_bytes())
        .with("host_node_name", host.hostname().as_bytes())
        .with_inherited(environment.iter());
    include::read(document, main, here, &names, host, report);
    document.finish();
    unknown::remark_nested_include(document, main, report);
    Ok(())
}

fn no_section() -> Fault {
    Fault::new(".ini file does not include supervisord section")
        .because("supervisord needs a [supervisord] section, even an empty one")
        .with_hint(Some("add a line with [supervisord]".to_string()))
}

/// Reads the sections of a document.
struct Loader<'a> {
    command_line: &'a CommandLine,
    host: &'a dyn Host,
    document: &'a Document,
    here: &'a Path,
    report: &'a mut Report,
}

impl Loader<'_> {
    /// `None` if there is no `[supervisord]`; has gone on after every other fault.
    fn config(mut self) -> Option<Config> {
        let Some(section) = self.document.section(supervisord::SECTION.name) else {
            // A file that is no configuration at all has been reported as that.
            if self.report.fault_count() == 0 {
                self.report.fault(self.no_section());
            }
            return None;
        };
        let here = self.here.as_os_str().as_bytes();
        let inherited: Environment = self.host.environment().into_iter().collect();
        let own_names = Names::default().with_inherited(inherited.iter());
        let with_here = Names::over(&own_names).with("here", here);
        let command_line = self.command_line;
        let read = supervisord::read(&mut self.reader(section, &with_here), command_line);
        let names = Names::over(&own_names).with_variables(read.settings.environment.iter());
        let names = if read.environment_is_invalid { names.made_incomplete() } else { names };
        let rpcinterfaces = self.of_kind(&rpcinterface::SECTION, &names, rpcinterface::read);
        let group_names = Names::over(&names).with("here", here);
        let groups = GroupBuilder::new(
            self.host,
            self.document,
            &group_names,
            &read.settings.environment,
            self.report,
        )
        .build();
        let mut servers = self.of_kind(&http::INET, &names, http::read_inet);
        servers.extend(self.of_kind(&http::UNIX, &names, |reader| http::read_unix(reader, here)));
        let user = match &read.user {
            Some(user) => supervisord::look_up_user(
                &mut self.reader(section, &names),
                user,
                read.user_is_from_command_line,
            ),
            None => None,
        };
        unknown::remark(self.document, self.report);
        self.note_readable_passwords();
        Some(Config {
            path: "".into(),
            here: self.here.to_path_buf(),
            supervisord: Supervisord { user, ..read.settings },
            groups,
            server_url: server_url(&servers),
            servers,
            rpcinterfaces,
            messages: Vec::new(),
        })
    }

    fn reader<'b>(&'b mut self, section: &'b Section, names: &'b Names<'b>) -> SectionReader<'b> {
        SectionReader {
            host: self.host,
            document: self.document,
            report: self.report,
            section,
            names,
            tail: "",
        }
    }

    /// Reads every section of a kind.
    fn of_kind<T>(
        &mut self,
        kind: &SectionKind,
        names: &Names<'_>,
        read: impl Fn(&mut SectionReader<'_>) -> Option<T>,
    ) -> Vec<T> {
        let document = self.document;
        let sections = document.sections().filter(|section| kind.matches(&section.name));
        sections.filter_map(|section| read(&mut self.reader(section, names))).collect()
    }

    /// [`no_section`], with what the file is if it has other sections.
    fn no_section(&self) -> Fault {
        let is_program = |section: &&Section| {
            [program::SECTION, group::SECTION, listener::SECTION, fcgi_program::SECTION]
                .iter()
                .any(|kind| kind.matches(&section.name))
        };
        let programs = self.document.sections().filter(is_program).map(|section| section.header);
        let has_include = self.document.section(include::SECTION.name).is_some();
        let Some(header) = programs.min_by_key(|header| header.file).filter(|_| !has_include) else {
            return no_section();
        };
        let path = shown(self.document.sources.path(header.file));
        no_section().because("supervisord needs a [supervisord] section; this looks like a file for [include]").with_hint(
            Some(format!(
                "name the file whose [include] reads {path}, such as -c /etc/supervisord.conf, or add a line with \
                 [supervisord]"
            )),
        )
    }

    /// Notes passwords in files that every user can read.
    fn note_readable_passwords(&mut self) {
        let is_secret = |section: &Section| {
            [http::INET, http::UNIX, ctl::SECTION].iter().any(|kind| kind.strip(&section.name).is_some())
        };
        let sources = &self.document.sources;
        let mut paths = BTreeSet::new();
        for section in self.document.sections().filter(|section| is_secret(section)) {
            let has_password = |entry: &&Entry| entry.key == "password" && !entry.text.is_empty();
            let files = section.own_options().iter().filter(has_password).map(|entry| entry.key_span.file);
            paths.extend(files.map(|file| sources.path(file)).filter(|path| self.is_open_to_all(path)));
        }
        for path in paths {
            let path = shown(path);
            self.report.note(format!(
                "{path} holds a password and can be read by every user; chmod o-r {path} closes it"
            ));
        }
    }

    /// Whether every user of the machine can read a file: its own mode lets them, and each directory above it lets them
    /// through.
    fn is_open_to_all(&self, path: &[u8]) -> bool {
        let path = self.host.current_dir().join(OsStr::from_bytes(path));
        let allows = |path: &Path, bit: u32| self.host.mode(path).is_some_and(|mode| mode & bit != 0);
        allows(&path, 0o004) && path.ancestors().skip(1).all(|directory| allows(directory, 0o001))
    }
}

/// What children find in `SUPERVISOR_SERVER_URL`: the first unix server, else the last inet server.
fn server_url(servers: &[Server]) -> Option<OsString> {
    let unix = servers.iter().find_map(|server| match &server.address {
        ServerAddress::Unix { path, .. } => {
            let mut url = OsString::from("unix://");
            url.push(path);
            Some(url)
        }
        ServerAddress::Inet { .. } => None,
    });
    unix.or_else(|| {
        servers.iter().rev().find_map(|server| match &server.address {
            ServerAddress::Inet { host, port } => {
                let host = if host.is_empty() || host == "::" { "localhost" } else { host };
                Some(format!("http://{}:{port}", host_in_url(host)).into())
            }
            ServerAddress::Unix { .. } => None,
        })
    })
}
