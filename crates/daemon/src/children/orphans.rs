//! Orphans: processes that the daemon did not spawn and that became its children, as pid 1 or after a shell executed it.

use super::Children;
use supervisor_core::{Input, Level};
use supervisor_sys::reap;

impl Children {
    /// Reaps an orphan that has ended. To be called until `None` after SIGCHLD, and whenever a child of ours that may have hidden
    /// one is gone or a spawn has returned.
    pub(crate) fn next_orphan(&mut self) -> Option<Input> {
        if !self.may_adopt {
            return None;
        }
        match reap::reap_orphan(|_| false) {
            Ok(orphan) => orphan.map(|(pid, status)| Input::Reaped { pid, status }),
            Err(error) => {
                // The number alone, as upstream has it.
                let code = error.raw_os_error().unwrap_or_default();
                let text = format!("waitpid error {code}; a process may not be cleaned up properly");
                self.log.log(Level::Critical, text);
                None
            }
        }
    }
}
