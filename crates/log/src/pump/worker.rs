//! The pump thread: wait, serve what is due, wait again.

use super::poller::{Event, Gathering};
use super::service_report::{Fill, Next, Served};
use super::shared::Shared;
use super::stream::Letter;
use super::table::{Activity, Channel, CheckedOut, Phase, Table};
use super::worker_context::{Desk, Turn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use supervisor_core::Level;

/// How a thread is to wait.
enum Plan {
    /// Not at all: only look what else has happened.
    Glance,
    /// At most so long, for urgent matters.
    Gather(Duration),
    /// At most so long, for anything.
    Sleep(Option<Duration>),
}

/// Runs as the pump until another thread takes its place or the pump ends.
pub(super) fn run(shared: &Arc<Shared>, worker: u64, station: &AtomicU64) {
    let mut desk = Desk::new(&shared.waiter, &shared.watched, &shared.main_log, &*shared.notify);
    let mut gathering = Gathering::default();
    let mut happened = Vec::new();
    // Should this thread hang, they are looked at by their deadlines.
    let mut resting: Vec<usize> = Vec::new();
    while let Some(plan) = plan(shared, worker, &gathering, !resting.is_empty()) {
        wait(shared, &plan, &mut happened);
        let began = Instant::now();
        if gathering.remaining(began).is_none() {
            happened.extend(resting.drain(..).map(|slot| Event { slot, is_hang_up: false }));
        }
        note(shared, &mut happened, began);
        let Some(round) = serve_round(shared, worker, station, &mut desk, &mut resting) else { return };
        if round.has_moved {
            gathering.moved(began, round.fill, Instant::now());
        }
    }
}

fn plan(shared: &Shared, worker: u64, gathering: &Gathering, has_resting: bool) -> Option<Plan> {
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
    if let Some(pause) = gathering.remaining(now) {
        table.activity = Activity::Gathering;
        return Some(Plan::Gather(until_deadline.map_or(pause, |left| left.min(pause))));
    }
    if has_resting {
        table.activity = Activity::Serving;
        return Some(Plan::Glance);
    }
    table.activity = Activity::Sleeping;
    Some(Plan::Sleep(until_deadline))
}

fn wait(shared: &Shared, plan: &Plan, happened: &mut Vec<Event>) {
    let waiter = &shared.waiter;
    let outcome = match plan {
        Plan::Glance => waiter.wait(Some(Duration::ZERO), happened),
        Plan::Gather(pause) => waiter.wait_urgent(*pause, happened),
        Plan::Sleep(timeout) => waiter.wait(*timeout, happened),
    };
    // Polling an open poller with a valid buffer fails for want of memory at most; that passes, and must not
    // spin.
    if outcome.is_err() {
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn note(shared: &Shared, happened: &mut Vec<Event>, now: Instant) {
    let mut table = shared.table();
    table.activity = Activity::Serving;
    for event in happened.drain(..) {
        table.note(event);
    }
    table.expire(now);
}

/// What a round did.
#[derive(Default)]
struct Round {
    has_moved: bool,
    /// Of the fullest pipe.
    fill: Fill,
}

/// Serves every channel that is due now once, and then one of those that press; `None` if this thread was replaced meanwhile.
fn serve_round(
    shared: &Arc<Shared>,
    worker: u64,
    station: &AtomicU64,
    desk: &mut Desk<'_>,
    resting: &mut Vec<usize>,
) -> Option<Round> {
    let mut round = Round::default();
    let turns = shared.table().due_count();
    let is_last = |turn: usize| turn == turns;
    for turn in 0..=turns {
        let out = check_out(
            shared,
            worker,
            station,
            if is_last(turn) { Table::check_out_pressing } else { Table::check_out },
        );
        let Some(CheckedOut { slot, mut channel, mail, is_hung_up }) = out else { continue };
        desk.turn = if is_last(turn) { Turn::long() } else { Turn::Short };
        let served = serve(&mut channel, mail, is_hung_up, desk);
        round.has_moved |= served.has_moved;
        round.fill = round.fill.max(served.fill);
        if served.next == Next::Rest {
            resting.push(slot);
        }
        let replaced = shared.check_in(slot, channel, served, worker, station);
        desk.main_log.log_all(&mut desk.lines);
        if let Some(label) = replaced {
            desk.main_log.log(Level::Info, format!("the operation on the {label} has returned"));
            return None;
        }
    }
    Some(round)
}

fn check_out(
    shared: &Shared,
    worker: u64,
    station: &AtomicU64,
    next: fn(&mut Table) -> Option<CheckedOut>,
) -> Option<CheckedOut> {
    let out = {
        let mut table = shared.table();
        if table.worker == worker { next(&mut table) } else { None }
    }?;
    station.fetch_add(1, Ordering::SeqCst);
    shared.watchdog.rouse();
    Some(out)
}

fn serve(channel: &mut Channel, mail: Vec<Letter>, is_hung_up: bool, desk: &mut Desk<'_>) -> Served {
    match channel {
        Channel::Stream(stream) => stream.serve(mail, is_hung_up, desk),
        Channel::Main(server) => server.serve(mail, desk),
        Channel::Watch(server) => server.serve(mail, desk),
        Channel::Errand(errand) => {
            errand.run();
            // It has to do with a file that may be followed.
            Served { next: Next::Gone, has_changed_log: true, ..Served::default() }
        }
    }
}
