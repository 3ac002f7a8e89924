//! Which comparisons may differ, and where COMPATIBILITY.md says why.

use std::fs;

use crate::{Failure, workspace};

/// The beginning of a scenario's name, and words that stand in the entry for it.
const DELIBERATE: &[(&str, &str)] = &[];

/// The entry that explains a difference in a scenario, if there is one.
pub(super) fn entry_for(scenario: &str) -> Option<&'static str> {
    DELIBERATE.iter().find(|(beginning, _)| scenario.starts_with(beginning)).map(|(_, entry)| *entry)
}

/// Entries this list points to that COMPATIBILITY.md does not have.
pub(super) fn entries_missing_from_the_list() -> Result<Vec<&'static str>, Failure> {
    let text = fs::read_to_string(workspace::root().join("COMPATIBILITY.md"))?;
    Ok(DELIBERATE.iter().map(|(_, entry)| *entry).filter(|entry| !text.contains(entry)).collect())
}
