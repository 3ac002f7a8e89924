//! Test doubles of the supervisor and of clients.

use super::Context;
use std::ops::Deref;
use std::path::Path;
use supervisor_control::double::{self, worker};
use supervisor_core::Level;
use supervisor_http::Limits;
pub(super) use supervisor_http::double::{body, http_request};
use supervisor_log::{MainDestination, MainLog, MainLogSpec, Pump};

pub(super) struct Double {
    supervisor: double::Double,
    pub(super) context: Context,
    /// Writes the main log.
    pub(super) pump: Pump,
}

impl Double {
    pub(super) fn new() -> Self {
        Self::with_log(MainLog::nowhere())
    }

    /// The main log goes to this file.
    pub(super) fn logging_to(path: &Path) -> Self {
        let destination = MainDestination::File { path: path.to_owned(), max_bytes: 0, backups: 0 };
        let spec = MainLogSpec { level: Level::Trace, destination, copy_to_stdout: false };
        Self::with_log(MainLog::open(&spec).unwrap())
    }

    fn with_log(log: MainLog) -> Self {
        let supervisor = double::Double::new();
        let (control, blocking) = (supervisor.control.clone(), worker());
        let pump = Pump::start(&log, |_| ()).unwrap();
        let answers = Limits::default().memory;
        let context = Context { control, blocking, answers, log, has_supervisor: true };
        Self { supervisor, context, pump }
    }
}

impl Deref for Double {
    type Target = double::Double;

    fn deref(&self) -> &Self::Target {
        &self.supervisor
    }
}
