//! The worker: the pump's thread. It waits, serves each ready channel once and one backlogged channel, and waits again.
//!
//! One worker serves at a time, but another one may be stuck in a channel: see [`watchdog`].

pub(crate) mod coalescing;
pub(crate) mod context;
pub(crate) mod watchdog;

use super::channels::Channel;
use super::channels::report::{NextService, PipeFill, ServiceReport};
use super::poll::Event;
use super::shared::{Shared, Urgency};
use super::table::barriers::Visit;
use super::table::{Activity, CheckedOut, Phase, Table};
use coalescing::Coalescing;
use context::{ReadQuota, WorkerContext};
use std::sync::Arc;
use std::time::{Duration, Instant};
use supervisor_core::Level;
use watchdog::ProgressCounter;

/// The number of a worker; each one that replaces another has the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WorkerId(u64);

/// The workers there are, as the table knows them.
#[derive(Debug, Default)]
pub(crate) struct Workers {
    /// The one that serves. Others have been replaced, and leave when the call they are stuck in returns.
    pub(crate) current: WorkerId,
    /// The progress counter of the current one.
    pub(crate) progress: Arc<ProgressCounter>,
    /// Replaced ones whose call has not returned.
    pub(crate) stuck: usize,
    /// All that have not left.
    pub(crate) running: usize,
}

impl Workers {
    /// Whether all have left but the stuck ones.
    pub(crate) fn have_left(&self) -> bool {
        self.running <= self.stuck
    }
}

/// How a worker waits.
enum Wait {
    /// Not at all: it only takes the events that have come.
    Poll,
    /// At most so long, for what ends a coalescing pause.
    Coalesce(Duration),
    /// At most so long, for anything.
    Sleep(Option<Duration>),
}

/// What a round did.
#[derive(Default)]
struct Round {
    has_moved: bool,
    /// Of the fullest pipe.
    fill: PipeFill,
}

/// See the module.
pub(crate) struct Worker<'a> {
    shared: &'a Shared,
    id: WorkerId,
    progress: &'a ProgressCounter,
    context: WorkerContext<'a>,
    coalescing: Coalescing,
    events: Vec<Event>,
    /// Slots of pipes that are polled after each pause. Should this worker get stuck, their deadlines make them ready.
    polled: Vec<usize>,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(
        shared: &'a Shared,
        id: WorkerId,
        progress: &'a ProgressCounter,
        coalescing: Coalescing,
    ) -> Self {
        let context = WorkerContext::new(&shared.poller, &shared.watched, &shared.main_log, &*shared.notify);
        Self { shared, id, progress, context, coalescing, events: Vec::new(), polled: Vec::new() }
    }

    /// Serves until another worker replaces it or the pump ends.
    pub(crate) fn run(mut self) {
        while let Some(wait) = self.choose_wait() {
            self.wait(&wait);
            let began = Instant::now();
            if self.coalescing.remaining(began).is_none() {
                let polled = self.polled.drain(..);
                self.events.extend(polled.map(|slot| Event { slot, is_hang_up: false }));
            }
            self.note_events(began);
            let Some(round) = self.serve_round() else { return };
            if round.has_moved {
                self.coalescing.record_round(began, round.fill, Instant::now());
            }
        }
    }

    /// How to wait; `None` if this worker is to leave.
    fn choose_wait(&self) -> Option<Wait> {
        let mut table = self.shared.table();
        if table.workers.current != self.id || table.phase == Phase::Ended {
            return None;
        }
        if table.has_work() {
            table.activity = Activity::Serving;
            return Some(Wait::Poll);
        }
        let now = Instant::now();
        let until_deadline = table.next_deadline().map(|at| at.saturating_duration_since(now));
        if let Some(pause) = self.coalescing.remaining(now) {
            table.activity = Activity::Coalescing;
            return Some(Wait::Coalesce(until_deadline.map_or(pause, |left| left.min(pause))));
        }
        if !self.polled.is_empty() {
            table.activity = Activity::Serving;
            return Some(Wait::Poll);
        }
        table.activity = Activity::Sleeping;
        Some(Wait::Sleep(until_deadline))
    }

    fn wait(&mut self, wait: &Wait) {
        let poller = &self.shared.poller;
        let outcome = match wait {
            Wait::Poll => poller.wait(Some(Duration::ZERO), &mut self.events),
            Wait::Coalesce(pause) => poller.wait_urgent(*pause, &mut self.events),
            Wait::Sleep(timeout) => poller.wait(*timeout, &mut self.events),
        };
        // Polling an open poller with a valid buffer fails at most when memory is short. That passes, and must not spin.
        if outcome.is_err() {
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn note_events(&mut self, now: Instant) {
        let mut table = self.shared.table();
        table.activity = Activity::Serving;
        for event in self.events.drain(..) {
            table.note(event);
        }
        table.expire(now);
    }

    /// Serves every channel that is ready now once, then one backlogged channel; `None` if this worker was replaced meanwhile.
    fn serve_round(&mut self) -> Option<Round> {
        let mut round = Round::default();
        let ready = self.shared.table().ready_count();
        for _ in 0..ready {
            if let Some(out) = self.check_out(Table::check_out_ready) {
                self.serve(out, ReadQuota::Short, &mut round)?;
            }
        }
        if let Some(out) = self.check_out(Table::check_out_backlogged) {
            self.serve(out, ReadQuota::long(), &mut round)?;
        }
        Some(round)
    }

    fn check_out(&self, next: fn(&mut Table) -> Option<CheckedOut>) -> Option<CheckedOut> {
        let out = {
            let mut table = self.shared.table();
            if table.workers.current == self.id { next(&mut table) } else { None }
        }?;
        self.progress.begin_service();
        self.shared.watchdog.wake();
        Some(out)
    }

    /// Serves a channel, with no lock held, and checks it in; `None` if this worker was replaced meanwhile.
    fn serve(&mut self, out: CheckedOut, quota: ReadQuota, round: &mut Round) -> Option<()> {
        let CheckedOut { slot, mut channel, commands, is_hung_up } = out;
        self.context.quota = quota;
        let report = channel.serve(commands, is_hung_up, &mut self.context);
        round.has_moved |= report.has_moved;
        round.fill = round.fill.max(report.fill);
        if report.next == NextService::AfterPause {
            self.polled.push(slot);
        }
        let replaced = self.check_in(slot, channel, report);
        let main_log = self.context.main_log;
        main_log.log_all(&mut self.context.messages);
        if let Some(label) = replaced {
            main_log.log(Level::Info, format!("the operation on the {label} has returned"));
            return None;
        }
        Some(())
    }

    /// Checks a channel in, replies, and wakes followers. If this worker was replaced meanwhile, returns the channel's label.
    fn check_in(&self, slot: usize, channel: Channel, mut report: ServiceReport) -> Option<String> {
        let visit = if report.next == NextService::AtOnce { Visit::Partial } else { Visit::Complete };
        let (replaced, wakes, passed) = self.shared.update(Urgency::Now, |table| {
            self.progress.end_service();
            let key = table.key(slot);
            let replaced = (table.workers.current != self.id).then(|| table.label(slot));
            if replaced.is_some() {
                table.workers.stuck -= 1;
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
        self.shared.notify_waiters();
        for reply in report.replies.into_iter().chain(passed) {
            reply();
        }
        if report.has_changed_log && !wakes.is_empty() {
            // First: the followers then see all that the kernel has reported by now.
            let numbers: Vec<u64> = wakes.iter().map(|(number, _)| *number).collect();
            if self.shared.watched.take_reports(&numbers) {
                self.shared.update(Urgency::Now, Table::make_file_watch_ready);
            }
        }
        for (_, wake) in wakes {
            wake();
        }
        replaced
    }
}
