//! How many descriptors the daemon may open.
//!
//! A running program takes up to [`PER_PROGRAM`], and the limit most systems begin with is 1024. `minfds` raises it, for
//! the programs as well; beyond that the daemon raises its own as far as its programs need, and no further.

use crate::run::Loop;
use supervisor_log::Level;
use supervisor_sys::limits;

/// What a running program takes: its pidfd, its standard input, two pipes of output and two logs.
const PER_PROGRAM: u64 = 6;

/// What the daemon takes beside: clients, servers, its log, pollers, and what a start needs for a moment.
const BESIDE: u64 = 512;

impl Loop {
    /// Sees to it that all programs can run at once; says so if they cannot.
    pub(crate) fn make_room_for_descriptors(&self) {
        let programs = self.processes.len();
        let needed = BESIDE + PER_PROGRAM * u64::try_from(programs).unwrap_or(u64::MAX / PER_PROGRAM);
        let outcome = limits::raise_own_open_files(needed).map(|limit| limit.soft);
        let lack = match outcome {
            Ok(None) => return,
            Ok(Some(allowed)) if allowed >= needed => return,
            Ok(Some(allowed)) => format!("supervisord may open {allowed}"),
            Err(error) => format!("the limit cannot be read: {error}"),
        };
        let text = format!(
            "{programs} programs may take {needed} file descriptors, but {lack}; those that are too many will not start. \
             Raise the hard limit: LimitNOFILE= of a systemd unit, --ulimit nofile= of a container, `ulimit -Hn` of a shell"
        );
        self.log.log(Level::Warn, text);
    }
}
