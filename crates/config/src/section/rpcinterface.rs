//! `[rpcinterface:x]`.
//!
//! Upstream loads a Python function by its importable name. This build has the one factory that every configuration
//! names built in; any other is refused with upstream's text for a name it cannot import, and with what to do instead.

use super::table::{Applied, Opt, SectionKind, options};
use super::{SectionReader, name_after_colon};
use crate::diagnostic::Fault;
use crate::text::{self, shown};
use crate::value;
use crate::value::types::Type;

/// Interfaces for clients.
pub(crate) const SECTION: SectionKind = SectionKind::prefixed("rpcinterface:", Applied::Reload)
    .help("Methods for clients. `supervisorctl` and the web page need `[rpcinterface:supervisor]` with the main factory.")
    .options(&[OPTIONS])
    .plugin();

/// One `[rpcinterface:x]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcInterface {
    /// The namespace `x` of its methods.
    pub name: String,
    /// The importable name of the factory; always upstream's main one.
    pub factory: String,
    /// The other options of the section, in file order, those of `[DEFAULT]` last. The main factory takes none: a
    /// daemon that starts with some must refuse with `Could not make <name> rpc interface`.
    pub options: Vec<(String, Vec<u8>)>,
}

/// The factory that is built in.
const MAIN_FACTORY: &str = "supervisor.rpcinterface:make_main_rpcinterface";

options! {
    OPTIONS;

    const FACTORY: Opt<Vec<u8>> = Opt::new(
        "supervisor.rpcinterface_factory",
        Type::new(value::bytes, MAIN_FACTORY),
    )
    .help("The methods to serve under the section's name. Only the main interface is available.");
}

/// Python packages that extend supervisor, by the beginning of their importable names, and what to do without each.
const EXTENSIONS: [(&str, &str); 8] = [
    ("supervisor_twiddler", "remove the section; change programs in the files and run supervisorctl update"),
    ("supervisor_cache", "remove the section and keep such values elsewhere"),
    ("supervisor_quick", "remove the section; supervisorctl start and stop take several names"),
    ("supervisor_checks", "run the check as an [eventlistener:x] command, which may be written in Python"),
    (
        "supervisor_serialrestart",
        "remove the section; restart the programs one after another with supervisorctl",
    ),
    ("supvisors", "remove the section; it needs the Python supervisord on every node"),
    ("superlance", "run its programs as [eventlistener:x] commands; they need no section of their own"),
    ("mr.laforge", "remove the section and start the programs with supervisorctl"),
];

/// Reads one section.
pub(crate) fn read(reader: &mut SectionReader<'_>) -> Option<RpcInterface> {
    let section = reader.section;
    let Some(factory) = reader.text(FACTORY.key).ok()?.map(|found| found.text) else {
        let message = format!("section [{}] does not specify a {}", section.name, FACTORY.key);
        reader.missing(&FACTORY.described(), message);
        return None;
    };
    let factory = is_built_in(&factory, MAIN_FACTORY).then_some(MAIN_FACTORY).or_else(|| {
        let fault = unresolvable(&factory, &section.name).at(reader.place_of(FACTORY.key));
        reader.report.fault(fault);
        None
    });
    let keys = reader.document.options(section).map(|found| found.entry.key.as_str());
    let others: Vec<&str> = keys.filter(|key| *key != FACTORY.key).collect();
    let mut options = Vec::new();
    for key in others {
        if let Ok(Some(value)) = reader.text(key) {
            options.push((key.to_string(), value.text.into_owned()));
        }
    }
    Some(RpcInterface { name: name_after_colon(section).to_string(), factory: factory?.to_string(), options })
}

/// Whether an importable name is this one; blanks around its parts do not count.
pub(crate) fn is_built_in(given: &[u8], name: &str) -> bool {
    let parts = |text: &str| text.split(':').map(|part| text::strip(part).to_string()).collect::<Vec<_>>();
    std::str::from_utf8(given).is_ok_and(|given| parts(given) == parts(name))
}

/// The fault for an importable name this build does not have.
pub(crate) fn unresolvable(given: &[u8], section: &str) -> Fault {
    let given = shown(given);
    let known = EXTENSIONS.iter().find(|(package, _)| text::strip(&given).starts_with(package));
    let (why, hint) = match known {
        Some((package, instead)) => {
            (format!("{package} is a Python package, and this supervisor loads no Python code"), *instead)
        }
        None => (
            "this supervisor has upstream's own functions built in and loads no Python code".to_string(),
            "remove the section; a program of any language can listen to events as [eventlistener:x]",
        ),
    };
    Fault::new(format!("{given} cannot be resolved within [{section}]"))
        .because(why)
        .with_hint(Some(hint.to_string()))
}
