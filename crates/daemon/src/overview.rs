//! What people who look at the daemon want to see: all processes at once, word of every change, and how the
//! configuration on disk differs from what runs.
//!
//! Nobody looks most of the time, and then this costs nothing: there is no watcher to tell, and nothing is collected.
//! A watcher is told that something may have changed, at most once for each turn of the loop, and then asks.

use crate::main_loop::Loop;
use crate::records::record;
use crate::request::{Identity, Reply};
use std::fmt;
use std::sync::Arc;
use supervisor_config::{diff, load};
use supervisor_core::{History, Input, Moment, Pid, ProcessState};
use supervisor_rpc::{Fault, FaultCode, ProcessInfo, ReloadedGroups};
use supervisor_sys::clock;

/// All there is to see at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Overview {
    /// Who the daemon is and what it is up to.
    pub(crate) identity: Identity,
    /// Grows when something may have changed since the overview before.
    pub(crate) revision: u64,
    /// The moment.
    pub(crate) now: Moment,
    /// By group name, then process name.
    pub(crate) processes: Vec<ProcessView>,
}

impl Overview {
    /// The children that are alive.
    pub(crate) fn pids(&self) -> Vec<Pid> {
        self.processes.iter().filter_map(ProcessView::pid).collect()
    }
}

/// One process.
#[derive(Clone, Debug)]
pub(crate) struct ProcessView {
    /// What XML-RPC shows of it.
    pub(crate) record: ProcessInfo<'static>,
    /// Its state.
    pub(crate) state: ProcessState,
    /// How it has fared.
    pub(crate) history: History,
}

impl ProcessView {
    /// Its child, if it has one.
    pub(crate) fn pid(&self) -> Option<Pid> {
        i32::try_from(self.record.pid).ok().and_then(Pid::new)
    }
}

/// Called, on the loop's thread, when something may have changed; must be quick.
#[derive(Clone)]
pub(crate) struct Watcher(Arc<dyn Fn() + Send + Sync>);

impl Watcher {
    /// A watcher that calls `changed`.
    pub(crate) fn new(changed: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(changed))
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}

/// The loop's side of watching.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    watcher: Option<Watcher>,
    has_changed: bool,
    revision: u64,
}

impl Watch {
    /// Puts a watcher, or none, in the place of the one before.
    pub(crate) fn set(&mut self, watcher: Option<Watcher>) {
        self.watcher = watcher;
    }

    /// Names what there is to see now. What changes after this, be it in the same turn, gets a greater number.
    fn revision(&mut self) -> u64 {
        self.revision += u64::from(self.has_changed);
        self.revision
    }

    /// An input is about to be told to the core.
    pub(crate) fn note(&mut self, input: &Input) {
        self.has_changed |= match input {
            Input::Started
            | Input::Spawned { .. }
            | Input::SpawnFailed { .. }
            | Input::Reaped { .. }
            | Input::Killed { .. }
            | Input::Deadline
            | Input::Signal(_)
            | Input::Request(_) => true,
            Input::ListenerOutput { .. }
            | Input::ListenerWritten { .. }
            | Input::ListenerWriteFailed { .. }
            | Input::Output { .. }
            | Input::Communication { .. }
            | Input::ClockSet
            | Input::Cancel(_) => false,
        };
    }

    /// A group was added or removed.
    pub(crate) fn note_groups(&mut self) {
        self.has_changed = true;
    }

    /// The turn is over: tells the watcher if something may have changed in it.
    pub(crate) fn tell(&mut self) {
        if !std::mem::take(&mut self.has_changed) {
            return;
        }
        self.revision += 1;
        if let Some(Watcher(changed)) = &self.watcher {
            changed();
        }
    }
}

impl Loop {
    /// All there is to see now; in every mood.
    pub(crate) fn overview(&mut self) -> Overview {
        let now = clock::now();
        let revision = self.watch.revision();
        let processes = self.core.all_process_info(now).map(|info| ProcessView {
            record: record(&info, self.processes.get(info.id), now).into_owned(),
            state: info.state,
            history: info.history,
        });
        Overview { identity: self.identity(), revision, now, processes: processes.collect() }
    }

    /// Reads the configuration and says how it differs from what runs, as `reread` would, without making it the
    /// configuration last read.
    pub(crate) fn compare_config(&self, reply: Reply<Result<ReloadedGroups, Fault>>) {
        if let Err(fault) = self.allowed() {
            return reply.send(Err(fault));
        }
        let (source, active) = (Arc::clone(&self.source), self.active.clone());
        let _answered = self.submit(move || {
            reply.send(match load(&source.command_line, &source.host) {
                Ok(config) => {
                    let found = diff(&active, &config.groups);
                    Ok(ReloadedGroups { added: found.added, changed: found.changed, removed: found.removed })
                }
                Err(failure) => {
                    Err(Fault::with_detail(FaultCode::CantReread, failure.first().remote_message()))
                }
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use supervisor_core::Ticket;

    #[test]
    fn a_watcher_is_told_once_for_each_turn_in_which_something_may_have_changed() {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let mut watch = Watch::default();
        watch.note(&Input::Deadline);
        watch.tell();
        watch.set(Some(Watcher::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        })));
        watch.tell();
        assert_eq!(count.load(Ordering::Relaxed), 0, "what was before is not told");
        watch.note(&Input::Deadline);
        watch.note_groups();
        watch.tell();
        watch.note(&Input::Cancel(Ticket(1)));
        watch.tell();
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn what_changes_after_a_look_in_the_same_turn_is_news() {
        let mut watch = Watch::default();
        watch.note_groups();
        let looked = watch.revision();
        watch.note_groups();
        watch.tell();
        assert!(watch.revision() > looked);
        let quiet = watch.revision();
        watch.tell();
        assert_eq!(watch.revision(), quiet, "nothing has happened");
    }
}
