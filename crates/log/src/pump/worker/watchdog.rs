//! Replaces a pump thread that does not come back from a channel.
//!
//! A write to a dead disk or network file system can hang in the kernel for minutes, beyond the reach of any
//! signal. The watchdog looks twice a second whether the pump is still with the same channel, and after a
//! second starts another pump thread, which takes over poller and table. The old one keeps the channel it
//! has, puts it back when the call returns, and ends. While the pump sleeps so does the watchdog: an idle
//! daemon has no wake-ups.

use crate::pump::shared::{Shared, Urgency};
use crate::pump::table::barriers::Visit;
use crate::pump::table::{Activity, Phase, Table};
use crate::pump::worker;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;
use supervisor_core::Level;

/// How often a busy pump is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// So many looks at the same channel in a row mean it hangs: more than a second.
const PATIENCE: u32 = 3;

/// So many threads may hang at once. With more logs on dead disks than that the pump waits for one of them.
const MOST_STUCK: usize = 16;

/// The handle by which a pump thread rouses the watchdog.
#[derive(Debug, Default)]
pub(in crate::pump) struct Watchdog {
    is_asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Watchdog {
    /// The pump has something to do. Costs an atomic operation unless the watchdog is asleep.
    pub(in crate::pump) fn rouse(&self) {
        if self.is_asleep.swap(false, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Sleeps until roused, unless `is_busy` after announcing it.
    fn sleep(&self, is_busy: impl Fn() -> bool) {
        self.is_asleep.store(true, Ordering::SeqCst);
        if is_busy() {
            self.is_asleep.store(false, Ordering::SeqCst);
        }
        while self.is_asleep.load(Ordering::SeqCst) {
            thread::park();
        }
    }
}

/// Starts the watchdog's thread.
pub(in crate::pump) fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let own = Arc::clone(shared);
    let handle = thread::Builder::new().name("log-watchdog".into()).spawn(move || watch(&own))?;
    // Set once per pump: each has its own watchdog.
    let _ = shared.watchdog.thread.set(handle.thread().clone());
    Ok(())
}

/// Makes a new thread the pump. It begins when the lock on `table` is released; without a thread to be had
/// nothing changes.
pub(in crate::pump) fn start_worker(shared: &Arc<Shared>, table: &mut Table) -> io::Result<()> {
    let own = Arc::clone(shared);
    let (worker, progress) = (table.worker + 1, Arc::new(AtomicU64::new(0)));
    let its_progress = Arc::clone(&progress);
    thread::Builder::new().name("log-pump".into()).spawn(move || {
        worker::run(&own, worker, &its_progress);
        own.table().threads -= 1;
        own.notify_waiters();
    })?;
    table.threads += 1;
    table.worker = worker;
    table.progress = progress;
    table.activity = Activity::Serving;
    Ok(())
}

/// What the watchdog saw: the thread, and how many channels it had report.
type Sight = (u64, u64);

fn watch(shared: &Arc<Shared>) {
    let mut last: Option<Sight> = None;
    let mut looks = 0;
    loop {
        let (phase, sight, is_idle) = {
            let table = shared.table();
            (table.phase, serving(&table), table.activity == Activity::Sleeping)
        };
        if phase == Phase::Ended {
            return;
        }
        looks = if sight.is_some() && sight == last { looks + 1 } else { 0 };
        last = sight;
        if looks >= PATIENCE {
            replace(shared, last);
            looks = 0;
        }
        if sight.is_none() && is_idle {
            shared.watchdog.sleep(|| {
                let table = shared.table();
                table.phase == Phase::Ended || serving(&table).is_some()
            });
        } else {
            thread::park_timeout(LOOK);
        }
    }
}

/// `Some` while the current thread is with a channel.
fn serving(table: &Table) -> Option<Sight> {
    let report = table.progress.load(Ordering::SeqCst);
    (report % 2 == 1).then_some((table.worker, report))
}

fn replace(shared: &Arc<Shared>, seen: Option<Sight>) {
    let replaced = shared.update(Urgency::Soon, |table| {
        if serving(table) != seen || table.stuck >= MOST_STUCK || table.phase == Phase::Ended {
            return None;
        }
        let (slot, label) = table.held_by(table.worker)?;
        let label = label.to_string();
        start_worker(shared, table).ok()?;
        table.stuck += 1;
        Some((label, table.pass_barriers(slot, Visit::Abandoned)))
    });
    let Some((label, replies)) = replaced else { return };
    let line = format!("an operation on the {label} does not return; its output waits, other logs go on");
    shared.main_log.log(Level::Error, line);
    for reply in replies {
        reply();
    }
}
