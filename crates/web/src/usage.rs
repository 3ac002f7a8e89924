//! CPU and memory of processes, from `/proc`; unknown on systems without it.
//!
//! Many programs are a parent with workers, so the figures of a process are sums over it and its descendants. One pass reads
//! `/proc/PID/stat` of all processes, which holds the parent as well as the figures.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;
use supervisor_core::Pid;
use supervisor_sys::memory;

/// Ticks of the CPU clock in `/proc` per second: a constant of the interface, whatever the kernel counts in.
const TICKS_PER_SECOND: u64 = 100;

/// How many ancestors of a process are followed up to one of ours. Processes come and go during a pass, so the parents it has
/// read may even form a cycle.
const MAX_DEPTH: usize = 64;

/// What a process and its descendants have used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sample {
    /// Of all their threads, and of children that were reaped.
    pub(super) cpu: Duration,
    /// Resident memory in KiB. Shared pages count for each.
    pub(super) memory: u64,
}

impl Sample {
    /// Tenths of a percent of one CPU used since an `earlier` sample, `elapsed` ago.
    pub(super) fn load_since(&self, earlier: &Self, elapsed: Duration) -> u32 {
        let used = self.cpu.saturating_sub(earlier.cpu).as_micros().saturating_mul(1000);
        u32::try_from(used / elapsed.as_micros().max(1)).unwrap_or(u32::MAX)
    }

    fn add(&mut self, other: &Self) {
        self.cpu = self.cpu.saturating_add(other.cpu);
        self.memory = self.memory.saturating_add(other.memory);
    }
}

/// Samples of the processes `roots`, each with its descendants. A root below another root counts by itself.
pub(super) fn sample(roots: impl IntoIterator<Item = Pid>) -> HashMap<Pid, Sample> {
    let mut samples: HashMap<Pid, Sample> = roots.into_iter().map(|root| (root, Sample::default())).collect();
    if samples.is_empty() {
        return samples;
    }
    let stats = read_proc(memory::page_size() as u64);
    for (&pid, stat) in &stats {
        let mut ancestors = std::iter::successors(Some(pid), |pid| stats.get(pid)?.parent).take(MAX_DEPTH);
        if let Some(root) = ancestors.find(|ancestor| samples.contains_key(ancestor))
            && let Some(sample) = samples.get_mut(&root)
        {
            sample.add(&stat.used);
        }
    }
    samples.retain(|root, _| stats.contains_key(root));
    samples
}

/// One process as the kernel shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent: Option<Pid>,
    used: Sample,
}

/// All processes there are.
fn read_proc(page: u64) -> HashMap<Pid, Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    let pids = entries.filter_map(|entry| Pid::new(entry.ok()?.file_name().to_str()?.parse().ok()?));
    pids.filter_map(|pid| {
        // It may have ended since.
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, Stat::parse(&stat, page)?))
    })
    .collect()
}

impl Stat {
    /// `proc_pid_stat`(5): the name may hold anything, so fields are counted from the last parenthesis.
    fn parse(stat: &[u8], page: u64) -> Option<Self> {
        let end = stat.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        let ticks = (14..=17).filter_map(number).fold(0, u64::saturating_add);
        let cpu = Duration::from_millis(ticks.saturating_mul(1000 / TICKS_PER_SECOND));
        let memory = number(24)?.saturating_mul(page) / 1024;
        let parent = Pid::new(i32::try_from(number(4)?).ok()?);
        Some(Self { parent, used: Sample { cpu, memory } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_parsed_after_the_last_parenthesis() {
        let stat = b"17 (a) b (c)) S 5 17 17 0 -1 4194560 100 0 0 0 250 50 3 4 20 0 1 0 100 1000000 300 18446744073709551615";
        let used = Sample { cpu: Duration::from_millis(3070), memory: 1200 };
        assert_eq!(Stat::parse(stat, 4096), Some(Stat { parent: Pid::new(5), used }));
        assert_eq!(Stat::parse(b"17 (x) S 1", 4096), None);
    }

    #[test]
    fn load_is_in_tenths_of_a_percent() {
        let sample = |millis| Sample { cpu: Duration::from_millis(millis), memory: 0 };
        assert_eq!(sample(500).load_since(&sample(0), Duration::from_secs(1)), 500);
        assert_eq!(sample(0).load_since(&sample(10), Duration::ZERO), 0, "a new process has the pid");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn usage_includes_descendants() {
        use std::io::{BufRead, BufReader};
        use std::os::unix::process::CommandExt;
        use std::process::{Command, Stdio};
        use std::time::Instant;
        use supervisor_core::Signal;
        use supervisor_sys::signal::signal_group;
        let pid = |number: u32| Pid::new(number.try_into().unwrap()).unwrap();
        // A shell with a child that has one of its own; it says when all are there.
        let script = "sh -c 'sleep 100 & echo ready; wait' & wait";
        let mut shell =
            Command::new("sh").args(["-c", script]).process_group(0).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let root = pid(shell.id());
        let page = memory::page_size() as u64;
        let deadline = Instant::now() + Duration::from_secs(120);
        let (own, total) = loop {
            let own = Stat::parse(&fs::read(format!("/proc/{root}/stat")).unwrap(), page).unwrap();
            let total = sample([root])[&root];
            // On a busy machine a child that was just forked has hardly any memory yet.
            if total.memory >= 2 * own.used.memory || Instant::now() > deadline {
                break (own.used, total);
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        signal_group(root, Signal::KILL).unwrap();
        shell.wait().unwrap();
        assert!(own.memory > 0 && total.memory >= 2 * own.memory, "{own:?} {total:?}");
        assert!(sample([root]).is_empty(), "nothing is known of what has ended");
    }
}
