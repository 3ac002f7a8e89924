//! What the kernel says of processes: processor time, wake-ups, memory. Counters first, as wall time is shared with
//! whatever else the machine does.

use std::collections::HashMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use supervisor_core::{Pid, Signal};

use support::Failure;

/// Counters of a set of processes since each began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    /// User and system time, without that of children.
    pub(super) cpu: Duration,
    /// How often a thread slept and was woken.
    pub(super) wake_ups: u64,
}

impl Counters {
    /// Of these processes now; those that are gone count nothing.
    pub(super) fn of(pids: &[u32]) -> Self {
        pids.iter().fold(Self::default(), |sum, &pid| Self {
            cpu: sum.cpu + cpu(pid).unwrap_or_default(),
            wake_ups: sum.wake_ups + wake_ups(pid).unwrap_or_default(),
        })
    }

    /// What has come since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            wake_ups: self.wake_ups.saturating_sub(earlier.wake_ups),
        }
    }
}

/// Sleeps before another look at something that is waited for since `began`: a millisecond, or less than what a tenth of the
/// wait is, so that looking neither takes much time nor adds much.
pub(super) fn look_again(began: Instant) {
    thread::sleep((began.elapsed() / 10).clamp(Duration::from_micros(20), Duration::from_millis(1)));
}

/// The kernel counts in hundredths of a second here.
const TICK: Duration = Duration::from_millis(10);

fn cpu(pid: u32) -> Option<Duration> {
    let fields = stat(&format!("/proc/{pid}/stat"))?;
    ticks(&fields, 11, 12)
}

/// Processor time of the children this program has waited for.
pub(super) fn cpu_of_finished_children() -> Duration {
    stat("/proc/self/stat").and_then(|fields| ticks(&fields, 13, 14)).unwrap_or_default()
}

/// Processor time of one process that has a single thread, exactly.
pub(super) fn exact_cpu(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|field| field.parse().ok()).unwrap_or_default())
}

/// The fields behind the name, which may hold anything.
fn stat(path: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
}

fn ticks(fields: &[String], user: usize, system: usize) -> Option<Duration> {
    let count: u32 = fields.get(user)?.parse::<u32>().ok()? + fields.get(system)?.parse::<u32>().ok()?;
    Some(TICK * count)
}

fn wake_ups(pid: u32) -> Option<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let text = fs::read_to_string(task.ok()?.path().join("status")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        sum += line.and_then(|count| count.trim().parse::<u64>().ok()).unwrap_or_default();
    }
    Some(sum)
}

/// Proportional memory of these processes in megabytes: pages they share count by share.
pub(super) fn memory(pids: &[u32]) -> f64 {
    let kilobytes: u32 = pids.iter().filter_map(|&pid| pss(pid)).sum();
    f64::from(kilobytes) / 1024.0
}

fn pss(pid: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// Whether a process is there and no zombie.
pub(super) fn is_alive(pid: u32) -> bool {
    stat(&format!("/proc/{pid}/stat")).is_some_and(|fields| fields.first().is_some_and(|state| state != "Z"))
}

/// A process and everything below it whose program is not called `except`.
pub(super) fn tree(root: u32, except: &str) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<(u32, String)>> = HashMap::new();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let Some((front, rest)) = text.rsplit_once(") ") else { continue };
        let name = front.split_once('(').map(|(_, name)| name.to_owned()).unwrap_or_default();
        let parent = rest.split(' ').nth(1).and_then(|field| field.parse().ok()).unwrap_or_default();
        children.entry(parent).or_default().push((pid, name));
    }
    let (mut found, mut next) = (vec![root], 0);
    while let Some(&pid) = found.get(next) {
        next += 1;
        let below = children.remove(&pid).unwrap_or_default();
        found.extend(below.into_iter().filter(|(_, name)| name != except).map(|(pid, _)| pid));
    }
    found
}

/// Sends SIGKILL, without a helper that would take its time to be executed.
pub(super) fn kill(pid: u32) -> Result<(), Failure> {
    let pid = i32::try_from(pid).ok().and_then(Pid::new).ok_or("no process id")?;
    Ok(supervisor_sys::signal::signal_process(pid, Signal::KILL)?)
}
