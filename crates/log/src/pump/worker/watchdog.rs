//! The watchdog replaces a worker that is stuck in a channel.
//!
//! A write to a dead disk or network file system can hang in the kernel for minutes, and no signal ends it. The watchdog looks
//! twice a second whether the worker is still at the same service, and after more than a second starts another worker, which
//! takes over the poller and the table. The stuck one keeps the channel it holds, checks it in when the call returns, and
//! leaves. While the worker sleeps the watchdog is parked: an idle daemon has no wake-ups.

use super::{Worker, WorkerId};
use crate::pump::shared::{Shared, Urgency};
use crate::pump::table::barriers::Visit;
use crate::pump::table::{Activity, Phase, Table};
use crate::pump::worker::coalescing::Coalescing;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::thread::{self, Thread};
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use supervisor_core::Level;

/// How often the watchdog looks at a busy worker.
const INTERVAL: Duration = Duration::from_millis(500);

/// A worker seen at the same service so often in a row is stuck: for more than a second.
const MAX_SIGHTINGS: u32 = 3;

/// The most workers that may be stuck at once. With more logs on dead disks the pump waits for one of them.
const MAX_STUCK: usize = 16;

/// Counts the beginnings and ends of a worker's services: odd while one is under way.
#[derive(Debug, Default)]
pub(crate) struct ProgressCounter(AtomicU64);

impl ProgressCounter {
    pub(crate) fn begin_service(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn end_service(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// The number of the service that is under way.
    pub(crate) fn current_service(&self) -> Option<u64> {
        Some(self.0.load(Ordering::SeqCst)).filter(|count| count % 2 == 1)
    }
}

/// The handle by which a worker wakes the watchdog.
#[derive(Debug, Default)]
pub(crate) struct Watchdog {
    is_asleep: AtomicBool,
    /// Set by the watchdog itself before it sleeps for the first time.
    thread: OnceLock<Thread>,
}

impl Watchdog {
    /// There is something to watch. One atomic operation unless the watchdog sleeps.
    pub(crate) fn wake(&self) {
        if self.is_asleep.swap(false, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Sleeps until woken, unless `is_busy` once the sleep is announced.
    pub(crate) fn sleep(&self, is_busy: impl Fn() -> bool) {
        self.thread.get_or_init(thread::current);
        self.is_asleep.swap(true, Ordering::SeqCst);
        if is_busy() {
            self.is_asleep.store(false, Ordering::SeqCst);
        }
        while self.is_asleep.load(Ordering::SeqCst) {
            thread::park();
        }
    }
}

/// Starts the watchdog's thread.
pub(crate) fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let own = Arc::clone(shared);
    thread::Builder::new().name("log-watchdog".into()).spawn(move || watch(&own))?;
    Ok(())
}

/// Makes a new thread the current worker. It begins when the lock on `table` is released; if no thread can be started nothing
/// changes.
pub(crate) fn start_worker(shared: &Arc<Shared>, table: &mut Table) -> io::Result<()> {
    let own = Arc::clone(shared);
    let (id, progress) = (WorkerId(table.workers.current.0 + 1), Arc::new(ProgressCounter::default()));
    let counter = Arc::clone(&progress);
    thread::Builder::new().name("log-pump".into()).spawn(move || {
        Worker::new(&own, id, &counter, Coalescing::default()).run();
        own.table().workers.running -= 1;
        own.notify_waiters();
    })?;
    table.workers.running += 1;
    table.workers.current = id;
    table.workers.progress = progress;
    table.activity = Activity::Serving;
    Ok(())
}

/// A service as the watchdog saw it: the worker, and its service's number.
pub(crate) type Sighting = (WorkerId, u64);

fn watch(shared: &Arc<Shared>) {
    let mut last: Option<Sighting> = None;
    let mut repeats = 0;
    loop {
        let (phase, sighting, is_asleep) = {
            let table = shared.table();
            (table.phase, service_under_way(&table), table.activity == Activity::Sleeping)
        };
        if phase == Phase::Ended {
            return;
        }
        repeats = if sighting.is_some() && sighting == last { repeats + 1 } else { 0 };
        last = sighting;
        if repeats >= MAX_SIGHTINGS {
            replace_worker(shared, last);
            repeats = 0;
        }
        if sighting.is_none() && is_asleep {
            shared.watchdog.sleep(|| {
                let table = shared.table();
                table.phase == Phase::Ended || service_under_way(&table).is_some()
            });
        } else {
            thread::park_timeout(INTERVAL);
        }
    }
}

/// `Some` while the current worker is in a channel.
pub(crate) fn service_under_way(table: &Table) -> Option<Sighting> {
    table.workers.progress.current_service().map(|service| (table.workers.current, service))
}

/// Starts another worker if the current one is still where it was seen.
pub(crate) fn replace_worker(shared: &Arc<Shared>, seen: Option<Sighting>) {
    let replaced = shared.update(Urgency::Soon, |table| {
        let has_moved_on = service_under_way(table) != seen;
        if has_moved_on || table.workers.stuck >= MAX_STUCK || table.phase == Phase::Ended {
            return None;
        }
        let (slot, label) = table.held_by(table.workers.current)?;
        let label = label.to_string();
        start_worker(shared, table).ok()?;
        table.workers.stuck += 1;
        Some((label, table.pass_barriers(slot, Visit::Abandoned)))
    });
    let Some((label, replies)) = replaced else { return };
    let message = format!("an operation on the {label} does not return; its output waits, other logs go on");
    shared.main_log.log(Level::Error, message);
    for reply in replies {
        reply();
    }
}
