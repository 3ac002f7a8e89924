//! How hard a child writes into its pipe, judged by how full its reads find it.

use super::report::PipeFill;

/// A pipe with this much in it may have been full, and its child waiting: a write that does not fit into the rest of the last
/// page takes a new one, so writes of little more than half a page fill a pipe of 64 KiB with half of that.
const FULL_READ: usize = 32 * 1024;

/// A pipe found full so often, without two small reads in a row between, is hot and gets more capacity.
const HOT_AFTER: u8 = 4;

/// Less than this is a small read: a page, the least a pipe gives a writer.
const SMALL_READ: usize = 4096;

/// The capacity of a hot pipe; more gains nothing.
pub(crate) const HOT_CAPACITY: usize = 256 * 1024;

/// A hot pipe with this much in it was nearly full.
const NEARLY_FULL: usize = HOT_CAPACITY / 4 * 3;

/// The load of one pipe.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PipeLoad {
    full_reads: u8,
    last_was_small: bool,
}

impl PipeLoad {
    /// Whether its pipe has got more capacity.
    pub(crate) fn is_hot(self) -> bool {
        self.full_reads >= HOT_AFTER
    }

    /// How full the pipe was, by a read of `count` bytes and the `total` of this service so far.
    pub(crate) fn fill(self, count: usize, total: usize) -> PipeFill {
        match (count, self.is_hot()) {
            (_, true) if total >= NEARLY_FULL => PipeFill::NearlyFull,
            (FULL_READ.., true) if total < NEARLY_FULL / 2 => PipeFill::Moderate,
            (FULL_READ.., _) => PipeFill::High,
            _ => PipeFill::Low,
        }
    }

    /// Counts a read; returns true once, when the pipe becomes hot. A single small read proves nothing: right after the pipe
    /// was emptied, a child that waited for room has written no more than that. A second one proves that it does not flood.
    pub(crate) fn count_read(&mut self, count: usize) -> bool {
        let is_small = count < SMALL_READ;
        if is_small && self.last_was_small {
            self.full_reads = 0;
        }
        self.last_was_small = is_small;
        if count < FULL_READ {
            return false;
        }
        self.full_reads = self.full_reads.saturating_add(1);
        self.full_reads == HOT_AFTER
    }

    #[cfg(test)]
    pub(super) fn hot() -> Self {
        Self { full_reads: HOT_AFTER, last_was_small: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_hot_after(reads: &[usize]) -> bool {
        let mut load = PipeLoad::default();
        reads.iter().fold(false, |is_hot, &count| is_hot | load.count_read(count))
    }

    #[test]
    fn a_pipe_becomes_hot_once_after_four_full_reads() {
        assert!(is_hot_after(&[FULL_READ; 4]));
        assert!(!is_hot_after(&[FULL_READ; 3]));
        let mut load = PipeLoad::default();
        let became_hot = [FULL_READ; 600].iter().filter(|&&count| load.count_read(count)).count();
        assert_eq!(became_hot, 1);
    }

    #[test]
    fn fill_depends_on_the_capacity_of_the_pipe() {
        let (cold, hot) = (PipeLoad::default(), PipeLoad::hot());
        let fills = |load: PipeLoad| {
            [100, FULL_READ, NEARLY_FULL / 2, NEARLY_FULL].map(|count| load.fill(count, count))
        };
        assert_eq!(fills(cold), [PipeFill::Low, PipeFill::High, PipeFill::High, PipeFill::High]);
        assert_eq!(fills(hot), [PipeFill::Low, PipeFill::Moderate, PipeFill::High, PipeFill::NearlyFull]);
        assert_eq!(hot.fill(100, NEARLY_FULL + 100), PipeFill::NearlyFull, "the last read of many");
    }

    #[test]
    fn a_small_read_right_after_a_full_one_does_not_reset_the_load() {
        assert!(is_hot_after(&[FULL_READ, 100, FULL_READ, 700, FULL_READ, 100, FULL_READ]));
        assert!(is_hot_after(&[FULL_READ, SMALL_READ, SMALL_READ, FULL_READ, 100, FULL_READ, FULL_READ]));
        assert!(!is_hot_after(&[FULL_READ, FULL_READ, FULL_READ, 100, 100, FULL_READ]));
    }
}
