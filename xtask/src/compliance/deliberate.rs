//! Which comparisons may differ, and where COMPATIBILITY.md says why.

use std::fs;

use crate::workspace;

/// The beginning of a scenario's name, and words that stand in the entry for it.
const DELIBERATE: &[(&str, &str)] = &[
    ("ctl Ours on Upstream: without a daemon: ", NO_DAEMON),
    ("ctl Ours on Ours: without a daemon: ", NO_DAEMON),
];

const NO_DAEMON: &str = "without a daemon every command says so in the same words";

/// The entry that explains a difference in a scenario, if there is one.
pub(super) fn entry_for(scenario: &str) -> Option<&'static str> {
    DELIBERATE.iter().find(|(beginning, _)| scenario.starts_with(beginning)).map(|(_, entry)| *entry)
}

/// Entries this list points to that COMPATIBILITY.md does not have.
pub(super) fn missing_entries() -> Vec<&'static str> {
    let text = fs::read_to_string(workspace::root().join("COMPATIBILITY.md")).unwrap_or_default();
    let mut missing: Vec<_> =
        DELIBERATE.iter().map(|(_, entry)| *entry).filter(|entry| !text.contains(entry)).collect();
    missing.dedup();
    missing
}
