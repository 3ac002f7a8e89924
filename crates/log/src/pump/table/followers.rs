//! The followers of logs: what to call when a log changes.

use super::super::FollowKey;
use std::collections::HashMap;
use std::sync::Arc;

/// Called after a change.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// All followers, by what they follow.
#[derive(Default)]
pub(crate) struct Followers {
    by_key: HashMap<FollowKey, Vec<(u64, Wake)>>,
    last: u64,
}

impl Followers {
    /// Adds one; returns its number, and whether it is the first of its key.
    pub(crate) fn add(&mut self, key: FollowKey, wake: Wake) -> (u64, bool) {
        self.last += 1;
        let wakes = self.by_key.entry(key).or_default();
        wakes.push((self.last, wake));
        (self.last, wakes.len() == 1)
    }

    /// Removes one; returns whether it was the last of its key.
    pub(crate) fn remove(&mut self, key: FollowKey, number: u64) -> bool {
        let Some(wakes) = self.by_key.get_mut(&key) else { return false };
        wakes.retain(|(other, _)| *other != number);
        let is_last = wakes.is_empty();
        if is_last {
            self.by_key.remove(&key);
        }
        is_last
    }

    pub(crate) fn any(&self, key: FollowKey) -> bool {
        self.by_key.contains_key(&key)
    }

    /// The followers of a key, with their numbers.
    pub(crate) fn of(&self, key: FollowKey) -> Vec<(u64, Wake)> {
        self.by_key.get(&key).cloned().unwrap_or_default()
    }

    /// The followers of these numbers that still exist.
    pub(crate) fn numbered(&self, numbers: &[u64]) -> Vec<(u64, Wake)> {
        let all = self.by_key.values().flatten();
        all.filter(|(number, _)| numbers.contains(number)).cloned().collect()
    }
}

impl std::fmt::Debug for Followers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.by_key.keys()).finish()
    }
}
