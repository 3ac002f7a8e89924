//! The pump thread: wait, serve what is due, wait again.

pub(in crate::pump) mod context;
pub(in crate::pump) mod watchdog;

use crate::pump::channels::report::{NextService, PipeFill, ServiceReport};
use crate::pump::channels::stream::ChannelCommand;
use crate::pump::poll::{Coalescing, Event};
use crate::pump::shared::Shared;
use crate::pump::table::{Activity, Channel, CheckedOut, Phase, Table};
use crate::pump::worker::context::{ReadQuota, WorkerContext};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use supervisor_core::Level;

/// How a thread is to wait.
enum Plan {
    /// Not at all: only look what else has events.
    Glance,
    /// At most so long, for urgent matters.
    Coalesce(Duration),
    /// At most so long, for anything.
    Sleep(Option<Duration>),
}

/// Runs as the pump until another thread takes its place or the pump ends.
pub(in crate::pump) fn run(shared: &Arc<Shared>, worker: u64, progress: &AtomicU64) {
    let mut context = WorkerContext::new(&shared.poller, &shared.watched, &shared.main_log, &*shared.notify);
    let mut coalescing = Coalescing::default();
    let mut events = Vec::new();
    // Should this thread hang, they are looked at by their deadlines.
    let mut polled: Vec<usize> = Vec::new();
    while let Some(plan) = plan(shared, worker, &coalescing, !polled.is_empty()) {
        wait(shared, &plan, &mut events);
        let began = Instant::now();
        if coalescing.remaining(began).is_none() {
            events.extend(polled.drain(..).map(|slot| Event { slot, is_hang_up: false }));
        }
        note(shared, &mut events, began);
        let Some(round) = serve_round(shared, worker, progress, &mut context, &mut polled) else { return };
        if round.has_moved {
            coalescing.moved(began, round.fill, Instant::now());
        }
    }
}

fn plan(shared: &Shared, worker: u64, coalescing: &Coalescing, has_polled: bool) -> Option<Plan> {
    let mut table = shared.table();
    if table.worker != worker || table.phase == Phase::Ended {
        return None;
    }
    if table.is_busy() {
        table.activity = Activity::Serving;
        return Some(Plan::Glance);
    }
    let now = Instant::now();
    let until_deadline = table.next_deadline().map(|at| at.saturating_duration_since(now));
    if let Some(pause) = coalescing.remaining(now) {
        table.activity = Activity::Coalescing;
        return Some(Plan::Coalesce(until_deadline.map_or(pause, |left| left.min(pause))));
    }
    if has_polled {
        table.activity = Activity::Serving;
        return Some(Plan::Glance);
    }
    table.activity = Activity::Sleeping;
    Some(Plan::Sleep(until_deadline))
}

fn wait(shared: &Shared, plan: &Plan, events: &mut Vec<Event>) {
    let poller = &shared.poller;
    let outcome = match plan {
        Plan::Glance => poller.wait(Some(Duration::ZERO), events),
        Plan::Coalesce(pause) => poller.wait_urgent(*pause, events),
        Plan::Sleep(timeout) => poller.wait(*timeout, events),
    };
    // Polling an open poller with a valid buffer fails for want of memory at most; that passes, and must not
    // spin.
    if outcome.is_err() {
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn note(shared: &Shared, events: &mut Vec<Event>, now: Instant) {
    let mut table = shared.table();
    table.activity = Activity::Serving;
    for event in events.drain(..) {
        table.note(event);
    }
    table.expire(now);
}

/// What a round did.
#[derive(Default)]
struct Round {
    has_moved: bool,
    /// Of the fullest pipe.
    fill: PipeFill,
}

/// Serves every channel that is due now once, and then one of those that press; `None` if this thread was replaced meanwhile.
fn serve_round(
    shared: &Arc<Shared>,
    worker: u64,
    progress: &AtomicU64,
    context: &mut WorkerContext<'_>,
    polled: &mut Vec<usize>,
) -> Option<Round> {
    let mut round = Round::default();
    let turns = shared.table().ready_count();
    let is_last = |turn: usize| turn == turns;
    for turn in 0..=turns {
        let out = check_out(
            shared,
            worker,
            progress,
            if is_last(turn) { Table::check_out_backlogged } else { Table::check_out },
        );
        let Some(CheckedOut { slot, mut channel, commands, is_hung_up }) = out else { continue };
        context.quota = if is_last(turn) { ReadQuota::long() } else { ReadQuota::Short };
        let report = serve(&mut channel, commands, is_hung_up, context);
        round.has_moved |= report.has_moved;
        round.fill = round.fill.max(report.fill);
        if report.next == NextService::AfterPause {
            polled.push(slot);
        }
        let replaced = shared.check_in(slot, channel, report, worker, progress);
        context.main_log.log_all(&mut context.messages);
        if let Some(label) = replaced {
            context.main_log.log(Level::Info, format!("the operation on the {label} has returned"));
            return None;
        }
    }
    Some(round)
}

fn check_out(
    shared: &Shared,
    worker: u64,
    progress: &AtomicU64,
    next: fn(&mut Table) -> Option<CheckedOut>,
) -> Option<CheckedOut> {
    let out = {
        let mut table = shared.table();
        if table.worker == worker { next(&mut table) } else { None }
    }?;
    progress.fetch_add(1, Ordering::SeqCst);
    shared.watchdog.rouse();
    Some(out)
}

fn serve(
    channel: &mut Channel,
    commands: Vec<ChannelCommand>,
    is_hung_up: bool,
    context: &mut WorkerContext<'_>,
) -> ServiceReport {
    match channel {
        Channel::Stream(stream) => stream.serve(commands, is_hung_up, context),
        Channel::Main(server) => server.serve(commands, context),
        Channel::Watch(server) => server.serve(commands, context),
        Channel::FileTask(task) => {
            task.run();
            // It has to do with a file that may be followed.
            ServiceReport { next: NextService::Never, has_changed_log: true, ..ServiceReport::default() }
        }
    }
}
