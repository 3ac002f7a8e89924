//! What workers, watchdog and handles share.

use super::channels::file_watch::WatchedLogs;
use super::poll::Poller;
use super::table::{Activity, Reply, Table};
use super::worker::watchdog::Watchdog;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Condvar, Mutex, MutexGuard};
use crate::{MainLog, Notice};
use std::fmt;
use std::sync::PoisonError;
use std::time::Instant;

/// One per pump.
pub(crate) struct Shared {
    table: Mutex<Table>,
    /// The table has changed, or a worker has left.
    changed: Condvar,
    /// How many threads wait for `changed`; counted with the table locked.
    waiters: AtomicUsize,
    pub(crate) poller: Poller,
    pub(crate) watched: WatchedLogs,
    pub(crate) watchdog: Watchdog,
    pub(crate) main_log: MainLog,
    pub(crate) notify: Box<dyn Fn(Notice) + Send + Sync>,
}

/// Whether an update ends a coalescing pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// It does: a handle waits for the outcome.
    Now,
    /// The end of the pause is soon enough.
    Soon,
}

impl Shared {
    pub(crate) fn new(
        table: Table,
        poller: Poller,
        main_log: MainLog,
        notify: Box<dyn Fn(Notice) + Send + Sync>,
    ) -> Self {
        let (table, changed) = (Mutex::new(table), Condvar::new());
        Self {
            table,
            changed,
            waiters: AtomicUsize::new(0),
            poller,
            watched: WatchedLogs::default(),
            watchdog: Watchdog::default(),
            main_log,
            notify,
        }
    }

    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Updates the table and wakes the worker if it waits.
    pub(crate) fn update<T>(&self, urgency: Urgency, update: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.table();
        let result = update(&mut table);
        let needs_wake = match table.activity {
            Activity::Serving => false,
            Activity::Coalescing => urgency == Urgency::Now,
            Activity::Sleeping => true,
        };
        if needs_wake {
            // One wake-up is enough: the worker sets its activity again before it waits.
            table.activity = Activity::Serving;
        }
        drop(table);
        if needs_wake {
            self.poller.wake();
        }
        result
    }

    /// Ends the pump, as of the state of `table`, and returns the replies that are to be called now.
    pub(crate) fn close(&self, mut table: MutexGuard<'_, Table>) -> Vec<Reply> {
        let replies = table.close();
        drop(table);
        self.poller.wake();
        self.watchdog.wake();
        replies
    }

    /// Waits for a condition, or the deadline; returns whether the condition holds.
    pub(crate) fn wait_until(
        &self,
        deadline: Instant,
        condition: impl Fn(&Table) -> bool,
    ) -> (MutexGuard<'_, Table>, bool) {
        let mut table = self.table();
        self.waiters.fetch_add(1, Ordering::SeqCst);
        let holds = loop {
            if condition(&table) {
                break true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break false;
            }
            table = self.changed.wait_timeout(table, left).unwrap_or_else(PoisonError::into_inner).0;
        };
        self.waiters.fetch_sub(1, Ordering::SeqCst);
        (table, holds)
    }

    /// Wakes the threads in [`wait_until`](Self::wait_until). Called after the lock was released: a thread that is not counted
    /// yet sees the change.
    pub(crate) fn notify_waiters(&self) {
        // Notifying nobody is a system call as well, and this is done for every piece of every log.
        if self.waiters.load(Ordering::SeqCst) > 0 {
            self.changed.notify_all();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("table", &self.table).finish_non_exhaustive()
    }
}
