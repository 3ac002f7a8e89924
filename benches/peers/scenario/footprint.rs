//! What a manager of quiet programs takes.

use std::thread;
use std::time::Duration;

use super::Stage;
use crate::figure::Aim;
use crate::fleet::{Fleet, Order};
use crate::machine;
use crate::subject::Subject;
use support::Failure;

/// How long everybody gets to calm down after the start.
const SETTLING: Duration = Duration::from_secs(3);

/// Starts so many programs and looks at the manager.
pub(super) fn measure(stage: &mut Stage<'_>, count: usize, memory: Aim) -> Result<(), Failure> {
    let fleet = Fleet::start(stage.programs, stage.subject, &Order::quiet(count))?;
    look(stage, &fleet, memory)
}

/// Memory, and what happens while nothing happens.
pub(super) fn look(stage: &mut Stage<'_>, fleet: &Fleet, memory: Aim) -> Result<(), Failure> {
    let count = fleet.children.len();
    let span = stage.extent.pick(Duration::from_secs(5), Duration::from_secs(15));
    thread::sleep(SETTLING);
    let managers = fleet.managers();
    stage.note(&format!("memory, {count} quiet programs (PSS, MB)"), memory, machine::memory(&managers));
    let before = fleet.counters();
    thread::sleep(span);
    let idle = fleet.counters().since(before);
    let minutes = span.as_secs_f64() / 60.0;
    let aim = Aim::AtMost(0.0);
    stage.note(
        &format!("wake-ups a minute, idle, {count} programs"),
        aim,
        f64::from(u32::try_from(idle.wake_ups)?) / minutes,
    );
    stage.note(
        &format!("CPU ms a minute, idle, {count} programs"),
        aim,
        idle.cpu.as_secs_f64() * 1e3 / minutes,
    );
    if matches!(stage.subject, Subject::Ours | Subject::Upstream) {
        // Code that only a start needs is given back; what is used again stays.
        fleet.ctl(&["status"])?;
        let used = machine::memory(&managers);
        stage.note(&format!("memory, {count} programs, after a status (PSS, MB)"), Aim::None, used);
    }
    Ok(())
}
