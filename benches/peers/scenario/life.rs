//! Starting, replacing what was killed, and ending.

use std::time::Instant;

use super::{Context, Extent, footprint};
use crate::figure::{Aim, percentile};
use crate::fleet::{Fleet, Logs, Workload};
use crate::machine;
use crate::subject::Subject;
use support::Failure;

/// Starts so many programs and ends them; quick enough to be done many times.
pub(super) fn measure_start(context: &mut Context<'_>, count: usize) -> Result<(), Failure> {
    start_and_end(context, &Workload::quiet(count))
}

fn start_and_end(context: &mut Context<'_>, workload: &Workload<'_>) -> Result<(), Failure> {
    let mut fleet = Fleet::start(context.programs, context.subject, workload)?;
    note_start(context, &fleet);
    if context.subject == Subject::Bare { Ok(()) } else { fleet.shut_down().map(drop) }
}

/// Starts so many programs, looks at the idle manager, and ends it.
pub(super) fn measure(context: &mut Context<'_>, count: usize, memory: Aim) -> Result<(), Failure> {
    let mut fleet = Fleet::start(context.programs, context.subject, &Workload::quiet(count))?;
    note_start(context, &fleet);
    if context.subject == Subject::Bare {
        return Ok(());
    }
    footprint::look(context, &fleet, memory)?;
    let took = fleet.shut_down()?;
    context.note(&format!("shutdown of {count} (s)"), Aim::None, took.as_secs_f64());
    Ok(())
}

fn note_start(context: &mut Context<'_>, fleet: &Fleet) {
    let count = fleet.children.len();
    context.note(
        &format!("start, exec until all {count} run (s)"),
        Aim::TimesBare(1.3),
        fleet.start.as_secs_f64(),
    );
    let manager = fleet.counters().cpu.as_secs_f64();
    let children: f64 = fleet.children.iter().map(|&pid| machine::exact_cpu(pid).as_secs_f64()).sum();
    let (own, theirs) =
        if count == 1000 { (Aim::AtMost(0.2), Aim::TimesBare(1.1)) } else { (Aim::None, Aim::None) };
    context.note(&format!("CPU of the manager, start of {count} (s)"), own, manager);
    context.note(&format!("CPU of the programs until they report, {count} (s)"), theirs, children);
}

/// 2000 programs, and 5000.
fn thousands() -> [Workload<'static>; 2] {
    [(2000, Logs::Files), (5000, Logs::None)].map(|(count, logs)| Workload { logs, ..Workload::quiet(count) })
}

/// Starts and ends them.
pub(super) fn measure_starts_of_thousands(context: &mut Context<'_>) -> Result<(), Failure> {
    thousands().iter().try_for_each(|workload| start_and_end(context, workload))
}

/// Starts them, looks at the idle manager, asks for their status, and ends them.
pub(super) fn measure_thousands(context: &mut Context<'_>) -> Result<(), Failure> {
    for workload in thousands() {
        let count = workload.count;
        let mut fleet = Fleet::start(context.programs, context.subject, &workload)?;
        note_start(context, &fleet);
        footprint::look(context, &fleet, Aim::None)?;
        let mut samples = Vec::new();
        for _ in 0..10 {
            samples.push(fleet.ctl(&["status"])?.as_secs_f64() * 1e3);
        }
        let status = percentile(&samples, 50).unwrap_or_default();
        context.note(&format!("supervisorctl status, {count} programs (ms)"), Aim::AtMost(10.0), status);
        let took = fleet.shut_down()?;
        context.note(&format!("shutdown of {count} (s)"), Aim::None, took.as_secs_f64());
    }
    Ok(())
}

/// Kills one program after the other and waits for its replacement.
pub(super) fn measure_restarts(context: &mut Context<'_>) -> Result<(), Failure> {
    let rounds = match (context.extent, context.subject) {
        (Extent::Quick, Subject::Ours) => 100,
        (Extent::Full, Subject::Ours) => 400,
        (Extent::Quick, _) => 10,
        (Extent::Full, _) => 40,
    };
    let mut fleet = Fleet::start(context.programs, context.subject, &Workload::quiet(40))?;
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
        context.note(
            &format!("SIGKILL until the replacement runs (ms, p{per_cent})"),
            Aim::AtMost(aim),
            value,
        );
    }
    Ok(())
}
