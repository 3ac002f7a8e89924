//! A bound on the memory of long requests and answers.
//!
//! A request is charged from its first byte until it is answered, an answer from its creation until its last byte has been
//! sent. What exceeds the budget is refused, so the memory of the server is bounded however many clients there are.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of bytes that charges are taken from; clones share them.
#[derive(Clone)]
pub struct Budget {
    size: usize,
    free: Arc<AtomicUsize>,
}

impl Budget {
    /// A budget of `size` bytes.
    pub fn new(size: usize) -> Self {
        Self { size, free: Arc::new(AtomicUsize::new(size)) }
    }

    /// Charges `bytes`; `None` if fewer are free.
    pub fn charge(&self, bytes: usize) -> Option<Charge> {
        let mut charge = Charge { budget: self.clone(), bytes: 0 };
        charge.resize(bytes).then_some(charge)
    }

    /// Bytes that are free.
    pub fn free(&self) -> usize {
        self.free.load(Ordering::Relaxed)
    }
}

impl PartialEq for Budget {
    /// Whether both are of one size.
    fn eq(&self, other: &Self) -> bool {
        self.size == other.size
    }
}

impl Eq for Budget {}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.free(), self.size)
    }
}

/// Bytes of a [`Budget`], freed on drop.
#[derive(Debug)]
pub struct Charge {
    budget: Budget,
    bytes: usize,
}

impl Charge {
    /// Changes the charge to `bytes`; false, and no change, if the budget has not that many. Shrinking always succeeds.
    pub fn resize(&mut self, bytes: usize) -> bool {
        let free = &self.budget.free;
        if bytes > self.bytes {
            let more = bytes - self.bytes;
            let take = |free: usize| free.checked_sub(more);
            if free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
                return false;
            }
        } else {
            free.fetch_add(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
        true
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.resize(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_never_exceed_the_budget_and_are_freed_on_drop() {
        let budget = Budget::new(100);
        let mut first = budget.charge(60).unwrap();
        assert!(budget.charge(41).is_none());
        let second = budget.charge(40).unwrap();
        assert!(!first.resize(61));
        assert_eq!(budget.free(), 0);
        assert!(first.resize(10));
        assert_eq!(budget.clone().free(), 50);
        drop((first, second));
        assert_eq!(budget.free(), 100);
    }
}
