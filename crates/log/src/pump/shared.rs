//! What pump threads, watchdog and handles share.

use crate::pump::channels::file_watch::WatchedLogs;
use crate::pump::channels::report::{NextService, ServiceReport};
use crate::pump::poll::Poller;
use crate::pump::table::barriers::Visit;
use crate::pump::table::{Activity, Channel, Table};
use crate::pump::worker::watchdog::Watchdog;
use crate::{MainLog, Notice};
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// One per pump.
pub(in crate::pump) struct Shared {
    table: Mutex<Table>,
    /// Something came back; for those who wait for the end.
    changed: Condvar,
    /// How many threads wait for `changed`; counted with the table locked.
    waiting: AtomicUsize,
    pub(in crate::pump) poller: Poller,
    pub(in crate::pump) watched: WatchedLogs,
    pub(in crate::pump) watchdog: Watchdog,
    pub(in crate::pump) main_log: MainLog,
    pub(in crate::pump) notify: Box<dyn Fn(Notice) + Send + Sync>,
}

/// Whether a change is worth ending a coalescing pause for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pump) enum Urgency {
    /// It is: somebody waits for the outcome.
    Now,
    /// The end of the pause is soon enough.
    Soon,
}

impl Shared {
    pub(in crate::pump) fn new(
        table: Table,
        poller: Poller,
        main_log: MainLog,
        notify: Box<dyn Fn(Notice) + Send + Sync>,
    ) -> Self {
        let (table, changed) = (Mutex::new(table), Condvar::new());
        Self {
            table,
            changed,
            waiting: AtomicUsize::new(0),
            poller,
            watched: WatchedLogs::default(),
            watchdog: Watchdog::default(),
            main_log,
            notify,
        }
    }

    pub(in crate::pump) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the table and wakes the pump thread if it sleeps.
    pub(in crate::pump) fn update<T>(&self, urgency: Urgency, update: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.table();
        let result = update(&mut table);
        let is_to_wake = match table.activity {
            Activity::Serving => false,
            Activity::Coalescing => urgency == Urgency::Now,
            Activity::Sleeping => true,
        };
        if is_to_wake {
            // Once is enough: the thread sets it anew before it sleeps again.
            table.activity = Activity::Serving;
        }
        drop(table);
        if is_to_wake {
            self.poller.wake();
        }
        result
    }

    /// Puts a channel back and calls whoever waited for what came of serving it. If the thread was replaced
    /// meanwhile, answers with the channel's label.
    pub(in crate::pump) fn check_in(
        &self,
        slot: usize,
        channel: Channel,
        mut report: ServiceReport,
        worker: u64,
        progress: &AtomicU64,
    ) -> Option<String> {
        let visit = if report.next == NextService::AtOnce { Visit::Partial } else { Visit::Complete };
        let (replaced, wakes, passed) = self.update(Urgency::Now, |table| {
            progress.fetch_add(1, Ordering::SeqCst);
            let key = table.key(slot);
            let replaced = (table.worker != worker).then(|| table.label(slot));
            if replaced.is_some() {
                table.stuck -= 1;
            }
            table.check_in(slot, channel, &mut report);
            let wakes = match key {
                Some(key) if report.has_changed_log => table.followers.of(key),
                Some(_) => Vec::new(),
                None => table.followers.numbered(&report.changed_logs),
            };
            let passed = table.pass_barriers(slot, visit);
            (replaced, wakes, passed)
        });
        self.notify_waiters();
        for reply in report.replies.into_iter().chain(passed) {
            reply();
        }
        if report.has_changed_log && !wakes.is_empty() {
            // Before they are woken, as they then see whatever is told by now.
            let numbers: Vec<u64> = wakes.iter().map(|(number, _)| *number).collect();
            if self.watched.take(&numbers) {
                self.update(Urgency::Now, Table::make_watch_ready);
            }
        }
        for (_, wake) in wakes {
            wake();
        }
        replaced
    }

    /// Waits until `is_enough`, or the deadline.
    pub(in crate::pump) fn wait_until(
        &self,
        deadline: Instant,
        is_enough: impl Fn(&Table) -> bool,
    ) -> MutexGuard<'_, Table> {
        let mut table = self.table();
        self.waiting.fetch_add(1, Ordering::SeqCst);
        while !is_enough(&table) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            table = self.changed.wait_timeout(table, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        table
    }

    /// The table has changed, or a thread has left: whoever waits for that may look. Called after the lock was released, so
    /// whoever is not counted yet sees the change.
    pub(in crate::pump) fn notify_waiters(&self) {
        // Waking nobody is a system call as well, and this is done for every piece of every log.
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.changed.notify_all();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("table", &self.table).finish_non_exhaustive()
    }
}
