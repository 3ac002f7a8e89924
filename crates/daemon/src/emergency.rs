//! What is still done once a panic has broken the state of supervision: see [`crate::panics`] for the policy.
//!
//! Nothing here reads the broken state. The children come from their [roster](crate::children::roster), which is whole by itself;
//! the pump, the HTTP server and the main log have threads and tables of their own.

use crate::children::roster::Roster;
use crate::main_loop::shared::Broken;
use crate::panics::{self, EXIT_STATUS, Panic};
use std::time::Duration;
use supervisor_core::Level;
use supervisor_log::MainLog;

/// How long children may take to end after their stop signal, and after SIGKILL.
pub(crate) const PATIENCE: Duration =
    if cfg!(test) { Duration::from_secs(2) } else { Duration::from_secs(10) };

/// Says what happened and answers every request that waits.
pub(crate) fn abandon<T>(broken: Broken<T>, log: &MainLog) -> Panic {
    let panic = broken.panic.clone();
    let text = format!(
        "internal error, {panic}; the state of supervision is lost: stopping all children, then exiting with status {EXIT_STATUS}"
    );
    log.log(Level::Critical, text);
    // Dropping what is half changed may panic again, and all that could be dropped has been then.
    let _second_panic = panics::catch(|| drop(broken));
    panic
}

/// Stops every child.
pub(crate) fn stop_children(roster: &Roster, log: &MainLog) {
    for pid in roster.stop_all(PATIENCE) {
        log.log(Level::Critical, format!("pid {pid} has survived SIGKILL and is left running"));
    }
}

#[cfg(test)]
mod tests;
