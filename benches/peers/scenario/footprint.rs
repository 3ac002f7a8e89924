//! What a manager of quiet programs takes.

use std::thread;
use std::time::Duration;

use super::Context;
use crate::figure::Aim;
use crate::fleet::{Fleet, Workload};
use crate::machine;
use crate::subject::Subject;
use support::Failure;

/// How long the manager and the programs settle after the start.
const SETTLING: Duration = Duration::from_secs(3);

/// Starts so many programs and looks at the manager.
pub(super) fn measure(context: &mut Context<'_>, count: usize, memory: Aim) -> Result<(), Failure> {
    let fleet = Fleet::start(context.programs, context.subject, &Workload::quiet(count))?;
    look(context, &fleet, memory)
}

/// Memory, and what happens while nothing happens.
pub(super) fn look(context: &mut Context<'_>, fleet: &Fleet, memory: Aim) -> Result<(), Failure> {
    let count = fleet.children.len();
    let span = context.extent.pick(Duration::from_secs(5), Duration::from_secs(15));
    thread::sleep(SETTLING);
    let managers = fleet.managers();
    context.note(&format!("memory, {count} quiet programs (PSS, MB)"), memory, machine::memory(&managers));
    let before = fleet.counters();
    thread::sleep(span);
    let idle = fleet.counters().since(before);
    let minutes = span.as_secs_f64() / 60.0;
    let aim = Aim::AtMost(0.0);
    context.note(
        &format!("wake-ups a minute, idle, {count} programs"),
        aim,
        f64::from(u32::try_from(idle.wake_ups)?) / minutes,
    );
    context.note(
        &format!("CPU ms a minute, idle, {count} programs"),
        aim,
        idle.cpu.as_secs_f64() * 1e3 / minutes,
    );
    if matches!(context.subject, Subject::Ours | Subject::Upstream) {
        // Code that only a start needs is given back; what is used again stays.
        fleet.ctl(&["status"])?;
        let used = machine::memory(&managers);
        context.note(&format!("memory, {count} programs, after a status (PSS, MB)"), Aim::None, used);
    }
    Ok(())
}
