//! Starting, replacing what was killed, and ending.

use std::time::Instant;

use super::{Extent, Stage, footprint};
use crate::figure::{Aim, percentile};
use crate::fleet::{Fleet, Logs, Order};
use crate::machine;
use crate::subject::Subject;
use support::Failure;

/// Starts so many programs and ends them; quick enough to be done many times.
pub(super) fn measure_start(stage: &mut Stage<'_>, count: usize) -> Result<(), Failure> {
    start_and_end(stage, &Order::quiet(count))
}

fn start_and_end(stage: &mut Stage<'_>, order: &Order<'_>) -> Result<(), Failure> {
    let mut fleet = Fleet::start(stage.programs, stage.subject, order)?;
    note_start(stage, &fleet);
    if stage.subject == Subject::Bare { Ok(()) } else { fleet.shut_down().map(drop) }
}

/// Starts so many programs, looks at the idle manager, and ends it.
pub(super) fn measure(stage: &mut Stage<'_>, count: usize, memory: Aim) -> Result<(), Failure> {
    let mut fleet = Fleet::start(stage.programs, stage.subject, &Order::quiet(count))?;
    note_start(stage, &fleet);
    if stage.subject == Subject::Bare {
        return Ok(());
    }
    footprint::look(stage, &fleet, memory)?;
    let took = fleet.shut_down()?;
    stage.note(&format!("shutdown of {count} (s)"), Aim::None, took.as_secs_f64());
    Ok(())
}

fn note_start(stage: &mut Stage<'_>, fleet: &Fleet) {
    let count = fleet.children.len();
    stage.note(
        &format!("start, exec until all {count} run (s)"),
        Aim::TimesBare(1.3),
        fleet.start.as_secs_f64(),
    );
    let manager = fleet.counters().cpu.as_secs_f64();
    let children: f64 = fleet.children.iter().map(|&pid| machine::exact_cpu(pid).as_secs_f64()).sum();
    let (own, theirs) =
        if count == 1000 { (Aim::AtMost(0.2), Aim::TimesBare(1.1)) } else { (Aim::None, Aim::None) };
    stage.note(&format!("CPU of the manager, start of {count} (s)"), own, manager);
    stage.note(&format!("CPU of the programs until they report, {count} (s)"), theirs, children);
}

/// 2000 programs, and 5000.
fn thousands() -> [Order<'static>; 2] {
    [(2000, Logs::Files), (5000, Logs::None)].map(|(count, logs)| Order { logs, ..Order::quiet(count) })
}

/// Starts and ends them.
pub(super) fn measure_starts_of_thousands(stage: &mut Stage<'_>) -> Result<(), Failure> {
    thousands().iter().try_for_each(|order| start_and_end(stage, order))
}

/// Starts them, looks at the idle manager, asks for their status, and ends them.
pub(super) fn measure_thousands(stage: &mut Stage<'_>) -> Result<(), Failure> {
    for order in thousands() {
        let count = order.count;
        let mut fleet = Fleet::start(stage.programs, stage.subject, &order)?;
        note_start(stage, &fleet);
        footprint::look(stage, &fleet, Aim::None)?;
        let mut samples = Vec::new();
        for _ in 0..10 {
            samples.push(fleet.ctl(&["status"])?.as_secs_f64() * 1e3);
        }
        let status = percentile(&samples, 50).unwrap_or_default();
        stage.note(&format!("supervisorctl status, {count} programs (ms)"), Aim::AtMost(10.0), status);
        let took = fleet.shut_down()?;
        stage.note(&format!("shutdown of {count} (s)"), Aim::None, took.as_secs_f64());
    }
    Ok(())
}

/// Kills one program after the other and waits for its replacement.
pub(super) fn measure_restarts(stage: &mut Stage<'_>) -> Result<(), Failure> {
    let rounds = match (stage.extent, stage.subject) {
        (Extent::Quick, Subject::Ours) => 100,
        (Extent::Full, Subject::Ours) => 400,
        (Extent::Quick, _) => 10,
        (Extent::Full, _) => 40,
    };
    let mut fleet = Fleet::start(stage.programs, stage.subject, &Order::quiet(40))?;
    // Runit and s6 give every program a second before they start it again, and upstream looks once a second.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let mut samples = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let place = round % fleet.children.len();
        let Some(victim) = fleet.children.get(place).copied() else { break };
        let killed = Instant::now();
        machine::kill(victim)?;
        let (at, replacement) = fleet.next_report()?;
        samples.push(at.saturating_duration_since(killed).as_secs_f64() * 1e3);
        if let Some(child) = fleet.children.get_mut(place) {
            *child = replacement;
        }
    }
    for (per_cent, aim) in [(50, 2.0), (99, 10.0)] {
        let value = percentile(&samples, per_cent).unwrap_or_default();
        stage.note(&format!("SIGKILL until the replacement runs (ms, p{per_cent})"), Aim::AtMost(aim), value);
    }
    Ok(())
}
