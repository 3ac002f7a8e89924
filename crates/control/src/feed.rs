//! What changes, with serial numbers.
//!
//! # Theory
//!
//! Every change gets the next [`Serial`]. While there is a [`Subscription`] the last [`RING`] changes are kept, and its
//! wake-up is called at most once per turn. The subscriber then [inspects](crate::Control::inspect) the supervisor: it reads
//! the [changes after](Feed::changes_after) the serial it knows together with as much of the state as it needs, which are of one
//! moment, and takes the [serial](Feed::serial) of that moment for the next time. If it fell behind the ring it has to
//! [resync](Resync), that is to read the whole state.
//!
//! Without a subscriber a change costs an addition, and nothing is kept.

use crate::Request;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use supervisor_core::{ProcessId, SupervisorState};

/// How many changes are kept while there are subscribers.
const RING: usize = 1024;

/// The number of a change. Grows by one with each; a new supervisor begins again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(pub u64);

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub serial: Serial,
    /// What has changed.
    pub kind: ChangeKind,
}

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The state of this process, and with it perhaps its child and its history.
    Process(ProcessId),
    /// A group was added.
    GroupAdded(Arc<str>),
    /// A group was removed.
    GroupRemoved(Arc<str>),
    /// The state of the supervisor.
    Supervisor(SupervisorState),
    /// The configuration was read again.
    Configuration,
}

/// The changes after the known serial are no longer in the ring: the subscriber has to read the whole state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resync;

type Wake = dyn Fn() + Send + Sync;

/// The supervisor's end of the feed.
pub struct Feed {
    last: Serial,
    /// The newest last, without a gap up to `last`; empty while there is no subscriber.
    ring: VecDeque<Change>,
    subscribers: Vec<Weak<Wake>>,
    /// The last change that the subscribers were woken for.
    notified: Serial,
}

impl Feed {
    /// An empty feed. Its serial is 1, so that 0 stands for a subscriber that knows nothing yet.
    pub const fn new() -> Self {
        let last = Serial(1);
        Self { last, ring: VecDeque::new(), subscribers: Vec::new(), notified: last }
    }

    /// The number of the last change.
    pub const fn serial(&self) -> Serial {
        self.last
    }

    /// The changes after a serial number, in order.
    pub fn changes_after(&self, known: Serial) -> Result<impl Iterator<Item = &Change>, Resync> {
        let missed = self.last.0.checked_sub(known.0).ok_or(Resync)?;
        let skipped = usize::try_from(missed).ok().and_then(|missed| self.ring.len().checked_sub(missed));
        Ok(self.ring.iter().skip(skipped.ok_or(Resync)?))
    }

    /// Records a change.
    pub fn record(&mut self, kind: ChangeKind) {
        self.last.0 += 1;
        if self.subscribers.is_empty() {
            return;
        }
        if self.ring.len() == RING {
            self.ring.pop_front();
        }
        self.ring.push_back(Change { serial: self.last, kind });
    }

    /// Adds a subscriber, from [`Request::Subscribe`].
    pub fn subscribe(&mut self, wake: Weak<Wake>) {
        // Without a change nothing else removes those that are gone.
        self.subscribers.retain(|subscriber| subscriber.strong_count() > 0);
        self.subscribers.push(wake);
    }

    /// Wakes the subscribers if anything has changed since the last call. To be called at the end of each turn.
    pub fn notify(&mut self) {
        if self.notified == self.last {
            return;
        }
        self.notified = self.last;
        self.subscribers.retain(|subscriber| match subscriber.upgrade() {
            // A panic in it costs this subscription alone: the state of supervision is not within its reach.
            Some(wake) => catch_unwind(AssertUnwindSafe(|| wake())).is_ok(),
            None => false,
        });
        if self.subscribers.is_empty() {
            self.ring = VecDeque::new();
        }
    }
}

impl Default for Feed {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("last", &self.last).field("ring", &self.ring).finish_non_exhaustive()
    }
}

/// Keeps a subscriber's wake-ups coming; from [`Control::subscribe`](crate::Control::subscribe).
#[must_use = "the wake-ups end when this is dropped"]
pub struct Subscription {
    _wake: Arc<Wake>,
}

impl Subscription {
    /// A subscription, and the request that registers it.
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> (Self, Request) {
        let wake: Arc<Wake> = Arc::new(wake);
        let request = Request::Subscribe(Arc::downgrade(&wake));
        (Self { _wake: wake }, request)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn subscribe(feed: &mut Feed) -> (Subscription, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let (subscription, request) = Subscription::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let Request::Subscribe(wake) = request else { panic!("another request") };
        feed.subscribe(wake);
        (subscription, count)
    }

    fn serials(feed: &Feed, known: u64) -> Result<Vec<u64>, Resync> {
        Ok(feed.changes_after(Serial(known))?.map(|change| change.serial.0).collect())
    }

    #[test]
    fn a_subscriber_is_woken_once_for_each_turn_in_which_something_changed() {
        let mut feed = Feed::new();
        feed.record(ChangeKind::Configuration);
        feed.notify();
        let (_subscription, count) = subscribe(&mut feed);
        feed.notify();
        assert_eq!(count.load(Ordering::Relaxed), 0, "earlier changes do not wake it");
        feed.record(ChangeKind::Configuration);
        feed.record(ChangeKind::GroupAdded("web".into()));
        feed.notify();
        feed.notify();
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_change_after_an_inspection_in_the_same_turn_has_a_greater_serial() {
        let mut feed = Feed::new();
        feed.record(ChangeKind::Configuration);
        let inspected = feed.serial();
        feed.record(ChangeKind::Configuration);
        feed.notify();
        assert!(feed.serial() > inspected);
        let quiet = feed.serial();
        feed.notify();
        assert_eq!(feed.serial(), quiet, "nothing has happened");
    }

    #[test]
    fn changes_are_read_in_order_and_none_twice() {
        let mut feed = Feed::new();
        let (_subscription, _) = subscribe(&mut feed);
        assert_eq!(serials(&feed, 1), Ok(vec![]));
        for _ in 0..3 {
            feed.record(ChangeKind::Configuration);
        }
        assert_eq!(serials(&feed, 1), Ok(vec![2, 3, 4]));
        assert_eq!(serials(&feed, 3), Ok(vec![4]));
        assert_eq!(serials(&feed, 4), Ok(vec![]));
        assert_eq!(serials(&feed, 5), Err(Resync), "of another supervisor");
    }

    #[test]
    fn a_subscriber_that_falls_behind_the_ring_has_to_resync() {
        let mut feed = Feed::new();
        let (_subscription, _) = subscribe(&mut feed);
        for _ in 0..RING + 10 {
            feed.record(ChangeKind::Configuration);
        }
        assert_eq!(serials(&feed, 10), Err(Resync));
        assert_eq!(serials(&feed, 11).map(|serials| serials.len()), Ok(RING));
    }

    #[test]
    fn subscribers_that_are_gone_do_not_pile_up_while_nothing_changes() {
        let mut feed = Feed::new();
        for _ in 0..100 {
            let (_dropped, _) = subscribe(&mut feed);
        }
        let (_subscription, _) = subscribe(&mut feed);
        assert_eq!(feed.subscribers.len(), 1);
    }

    #[test]
    fn a_panic_in_a_wake_up_ends_that_subscription_alone() {
        let mut feed = Feed::new();
        let (_faulty, request) = Subscription::new(|| panic!("expected in this test"));
        let Request::Subscribe(wake) = request else { panic!("another request") };
        feed.subscribe(wake);
        let (_subscription, count) = subscribe(&mut feed);
        for expected in 1..3 {
            feed.record(ChangeKind::Configuration);
            feed.notify();
            assert_eq!((count.load(Ordering::Relaxed), feed.subscribers.len()), (expected, 1));
        }
    }

    #[test]
    fn without_a_subscriber_nothing_is_kept() {
        let mut feed = Feed::new();
        feed.record(ChangeKind::Configuration);
        assert_eq!(serials(&feed, 1), Err(Resync));
        assert_eq!(serials(&feed, 2), Ok(vec![]));
        let (subscription, count) = subscribe(&mut feed);
        feed.record(ChangeKind::Configuration);
        drop(subscription);
        feed.notify();
        assert_eq!((count.load(Ordering::Relaxed), feed.ring.capacity()), (0, 0));
    }
}
