//! The limits that `minfds` and `minprocs` ask for.

use super::StartError;
use super::notes::Notes;
use supervisor_sys::limits::{self, Limit, Resource};

/// Raises a limit of this process to at least `minimum`.
pub(super) fn raise_limit(resource: Resource, minimum: u64, notes: &mut Notes) -> Result<(), StartError> {
    let Limit { soft, hard } =
        limits::limit(resource).map_err(|error| StartError::of("read the limits of this process", &error))?;
    if soft.is_none_or(|soft| soft >= minimum) {
        return Ok(());
    }
    let raised = Limit { soft: Some(minimum), hard: hard.map(|hard| hard.max(minimum)) };
    if limits::set_limit(resource, raised).is_err() {
        return Err(StartError::new(limit_message(resource, minimum, hard)));
    }
    notes.info.push(format!("Increased {} limit to {minimum}", resource.name()));
    Ok(())
}

/// Upstream's sentences, except that the limit it names is the real one.
fn limit_message(resource: Resource, minimum: u64, hard: Option<u64>) -> String {
    let hard = hard.map_or_else(|| "unlimited".to_owned(), |hard| hard.to_string());
    match resource {
        Resource::OpenFiles => format!(
            "The minimum number of file descriptors required to run this process is {minimum} as per the \"minfds\" \
             command-line argument or config file setting. The current environment will only allow you to open {hard} \
             file descriptors.  Either raise the number of usable file descriptors in your environment (see \
             README.rst) or lower the minfds setting in the config file to allow the process to start."
        ),
        Resource::Processes => format!(
            "The minimum number of available processes required to run this program is {minimum} as per the \
             \"minprocs\" command-line argument or config file setting. The current environment will only allow you \
             to open {hard} processes.  Either raise the number of usable processes in your environment (see \
             README.rst) or lower the minprocs setting in the config file to allow the program to start."
        ),
    }
}
