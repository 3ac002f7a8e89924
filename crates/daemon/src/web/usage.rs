//! What processes use of the machine, from `/proc`; where there is none, nothing is known.

use std::fs;
use std::time::Duration;
use supervisor_core::Pid;

/// Ticks of the CPU clock in `/proc`, a second: a constant of the interface, whatever the kernel counts in.
const TICKS: u64 = 100;

/// What a process has used up to a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Of all its threads.
    pub(super) cpu: Duration,
    /// Resident memory in KiB.
    pub(super) memory: u64,
}

impl Sample {
    /// Looks at a process; `None` if it is gone, or there is no `/proc`.
    pub(super) fn of(pid: Pid) -> Option<Self> {
        Self::parse(&fs::read(format!("/proc/{pid}/stat")).ok()?, page_size()?)
    }

    /// `proc_pid_stat`(5): the name may hold anything, so fields are counted from the last parenthesis.
    fn parse(stat: &[u8], page: u64) -> Option<Self> {
        let end = stat.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        let ticks = number(14)?.saturating_add(number(15)?);
        let cpu = Duration::from_millis(ticks.saturating_mul(1000 / TICKS));
        Some(Self { cpu, memory: number(24)?.saturating_mul(page) / 1024 })
    }

    /// Tenths of a percent of one CPU used since an `earlier` sample, `elapsed` ago.
    pub(super) fn load_since(&self, earlier: &Self, elapsed: Duration) -> u32 {
        let used = self.cpu.saturating_sub(earlier.cpu).as_micros().saturating_mul(1000);
        u32::try_from(used / elapsed.as_micros().max(1)).unwrap_or(u32::MAX)
    }
}

/// Bytes of a page, as the kernel told this process.
fn page_size() -> Option<u64> {
    use std::sync::OnceLock;
    static SIZE: OnceLock<Option<u64>> = OnceLock::new();
    *SIZE.get_or_init(|| page_size_in(&fs::read("/proc/self/auxv").ok()?))
}

/// getauxval(3): pairs of machine words; 6 is `AT_PAGESZ`.
fn page_size_in(vector: &[u8]) -> Option<u64> {
    const WORD: usize = size_of::<usize>();
    let word = |bytes: &[u8]| Some(usize::from_ne_bytes(bytes.try_into().ok()?));
    let mut pairs = vector.chunks_exact(2 * WORD);
    let pair = pairs.find(|pair| word(&pair[..WORD]) == Some(6))?;
    u64::try_from(word(&pair[WORD..])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_blanks_confuses_nothing() {
        let stat = b"17 (a) b (c)) S 1 17 17 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 100 1000000 300 18446744073709551615";
        let sample = Sample::parse(stat, 4096).unwrap();
        assert_eq!(sample, Sample { cpu: Duration::from_secs(3), memory: 1200 });
        assert_eq!(Sample::parse(b"17 (x) S 1", 4096), None);
    }

    #[test]
    fn load_is_in_tenths_of_a_percent() {
        let sample = |millis| Sample { cpu: Duration::from_millis(millis), memory: 0 };
        assert_eq!(sample(500).load_since(&sample(0), Duration::from_secs(1)), 500);
        assert_eq!(sample(0).load_since(&sample(10), Duration::ZERO), 0, "a new process has the pid");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_uses_memory() {
        let own = Pid::new(std::process::id().try_into().unwrap()).unwrap();
        assert!(Sample::of(own).unwrap().memory > 100);
    }
}
