//! `[supervisorctl]` and `[ctlplugin:x]`, which only supervisorctl reads.

use super::SectionReader;
use super::rpcinterface::{is_built_in, unresolvable};
use super::table::{Applied, Opt, SectionKind, options};
use crate::diagnostic::Fault;
use crate::environment::Environment;
use crate::expand::Names;
use crate::host::Host;
use crate::ini::Document;
use crate::paths;
use crate::report::Report;
use crate::text;
use crate::value::types::{self, Type};
use crate::value::{self, ParseContext, Parsed, Rejection};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use supervisor_core::repr;

/// The client.
pub(crate) const SECTION: SectionKind = SectionKind::named("supervisorctl", Applied::NextCommand)
    .help("What `supervisorctl` connects to and how it shows it. Options on its command line outrank the section.")
    .options(&[OPTIONS]);

/// Plugins of the client.
pub(crate) const PLUGIN: SectionKind = SectionKind::prefixed("ctlplugin:", Applied::NextCommand)
    .help("A plugin of `supervisorctl`. Only the built-in one is available.")
    .options(&[PLUGIN_OPTIONS])
    .plugin();

/// The plugin that is built in.
pub(crate) const MAIN_PLUGIN: &str = "supervisor.supervisorctl:DefaultControllerPlugin";

options! {
    OPTIONS;

    const SERVERURL: Opt<Vec<u8>> = Opt::new(
        "serverurl",
        Type::new(value::bytes, "a URL such as unix:///run/supervisor.sock or http://localhost:9001"),
    )
    .default("http://localhost:9001")
    .help("Where supervisord listens.");
    const PROMPT: Opt<Vec<u8>> = Opt::new("prompt", types::TEXT)
        .default("supervisor")
        .help("The prompt of the shell, before the > sign.");
    const USERNAME: Opt<Vec<u8>> = Opt::new("username", types::TEXT)
        .help("User name to send to the server.");
    const PASSWORD: Opt<Vec<u8>> = Opt::new("password", types::TEXT)
        .help("Password to send to the server. A percent sign is written %%.");
    const HISTORY_FILE: Opt<Vec<u8>> = Opt::new("history_file", types::PATH)
        .help("Where the shell keeps its history between sessions.");
    const STYLE: Opt<Style> = Opt::new("style", Type::new(style, "plain or rich"))
        .default("plain")
        .help(
            "plain: upstream's bytes; rich: colours and progress on a terminal, which the shell has unless this says \
             plain.",
        )
        .ours();
}

options! {
    PLUGIN_OPTIONS;

    const PLUGIN_FACTORY: Opt<Vec<u8>> = Opt::new("supervisor.ctl_factory", Type::new(value::bytes, MAIN_PLUGIN))
        .help("Further commands for supervisorctl. None are available beyond its own.");
}

/// Whether supervisorctl reads a section at all.
pub(crate) fn is_read(section: &str) -> bool {
    SECTION.matches(section) || PLUGIN.matches(section)
}

/// What the section says.
pub(crate) struct Settings {
    pub(crate) serverurl: Vec<u8>,
    pub(crate) username: Option<Vec<u8>>,
    pub(crate) password: Option<Vec<u8>>,
    pub(crate) prompt: Vec<u8>,
    pub(crate) history_file: Option<PathBuf>,
    pub(crate) style: Option<Style>,
}

/// What supervisorctl shows on a terminal beyond upstream's bytes. What is no terminal gets those in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Nothing.
    Plain,
    /// Colours, and what it waits for.
    Rich,
}

/// `plain` or `rich`, in any case.
pub(crate) fn style(value: &[u8], _: &mut ParseContext<'_>) -> Parsed<Style> {
    match &*text::lower(value) {
        "plain" => Ok(Style::Plain),
        "rich" => Ok(Style::Rich),
        _ => {
            Err(Rejection::new(format!("bad style name {}", repr::text(value)))
                .with_hint("write plain or rich"))
        }
    }
}

impl Default for Settings {
    /// What counts without a file.
    fn default() -> Self {
        let text = |default: Option<&str>| default.unwrap_or_default().as_bytes().to_vec();
        Self {
            serverurl: text(SERVERURL.default),
            username: None,
            password: None,
            prompt: text(PROMPT.default),
            history_file: None,
            style: None,
        }
    }
}

/// Reads the section and checks the plugins' ones.
pub(crate) fn read(document: &Document, here: &Path, host: &dyn Host, report: &mut Report) -> Settings {
    let Some(section) = document.section(SECTION.name) else {
        if report.fault_count() == 0 {
            report.fault(
                Fault::new(".ini file does not include supervisorctl section")
                    .because("supervisorctl needs a [supervisorctl] section in the file it reads, even an empty one")
                    .with_hint(Some("add a line with [supervisorctl], or name another file with -c".to_string())),
            );
        }
        return Settings::default();
    };
    let environment: Environment = host.environment().into_iter().collect();
    let names = Names::default().with_inherited(environment.iter()).read_by(SECTION.name);
    let with_here = Names::over(&names).with("here", here.as_os_str().as_bytes());
    let mut reader = SectionReader { host, document, report, section, names: &names, tail: "" };
    let serverurl = reader.with_names(&with_here).value(&SERVERURL);
    let prompt = reader.value(&PROMPT);
    let username = reader.optional(&USERNAME);
    let password = reader.optional(&PASSWORD);
    let history_file = reader.with_names(&with_here).optional(&HISTORY_FILE);
    let style = reader.optional(&STYLE);
    for plugin in document.sections().filter(|section| PLUGIN.matches(&section.name)) {
        check_plugin(&mut SectionReader {
            host,
            document,
            report: &mut *report,
            section: plugin,
            names: &names,
            tail: "",
        });
    }
    Settings {
        serverurl: resolved_url(serverurl, host),
        username,
        password,
        prompt,
        history_file: history_file
            .filter(|path| !path.is_empty())
            .map(|path| paths::expanded_absolute(&path, host)),
        style,
    }
}

/// A unix URL with its path made absolute.
fn resolved_url(url: Vec<u8>, host: &dyn Host) -> Vec<u8> {
    match url.strip_prefix(b"unix://") {
        Some(path) => {
            let path = paths::expanded_absolute(path, host);
            [b"unix://", path.as_os_str().as_bytes()].concat()
        }
        None => url,
    }
}

fn check_plugin(reader: &mut SectionReader<'_>) {
    match reader.text(PLUGIN_FACTORY.key) {
        Ok(Some(factory)) if !is_built_in(&factory.text, MAIN_PLUGIN) => {
            let fault = unresolvable(&factory.text, &reader.section.name)
                .at(reader.place_of(PLUGIN_FACTORY.key))
                .with_hint(Some(
                    "remove the section; supervisorctl has upstream's own commands only".to_string(),
                ));
            reader.report.fault(fault);
        }
        Ok(None) => {
            let message =
                format!("section [{}] does not specify a {}", reader.section.name, PLUGIN_FACTORY.key);
            reader.missing(&PLUGIN_FACTORY.described(), message);
        }
        Ok(Some(_)) | Err(_) => {}
    }
}
