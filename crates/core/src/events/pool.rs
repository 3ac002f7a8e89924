//! A pool of event listeners: its buffer of events, and the members that are ready for one.
//!
//! Events are kept from the moment the pool exists, whether or not a member runs. A full buffer loses its
//! oldest event. An event a listener did not take goes back to the head, so that order is kept; after a
//! rejection it is retried after a delay that doubles each time, and is dropped after [`ATTEMPTS`] attempts, so
//! that one unwanted event neither keeps the CPU busy nor blocks those behind it for ever.

use crate::events::Event;
use crate::snapshot::codec::codec_struct;
use crate::{EventLength, EventSet, GroupId, PoolCounters, ProcessId};
use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// How many times an event is sent before it is dropped.
const ATTEMPTS: u32 = 10;

/// Capacity kept when the buffer is empty; what a burst took beyond that is released.
const SPARE_CAPACITY: usize = 64;

/// The longest delay before a rejected event is sent again.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(60);

/// The events for one group of listeners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pool {
    pub(crate) group: GroupId,
    pub(crate) name: Arc<str>,
    pub(crate) events: EventSet,
    pub(crate) buffer_size: usize,
    pub(crate) length: EventLength,
    pub(crate) next_serial: u64,
    pub(crate) waiting: VecDeque<QueuedEvent>,
    /// When the event at the head, which was rejected, may be sent again.
    pub(crate) retry_at: Option<Duration>,
    /// The members that can take an event. Numbers are given in the order of the configuration, so the
    /// first is the one upstream would choose.
    pub(crate) free: BTreeSet<ProcessId>,
    pub(crate) counters: PoolCounters,
}

codec_struct!(Pool { group, events, buffer_size, length, next_serial, waiting, retry_at, counters }
    derived { name, free });

/// An event on its way to one pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueuedEvent {
    pub(crate) event: Event,
    /// Its number within the pool; kept when it is sent again.
    pub(crate) pool_serial: u64,
    /// How many times it was sent and not processed.
    pub(crate) failures: u32,
}

codec_struct!(QueuedEvent { event, pool_serial, failures });

/// Why an event returns to the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReturnReason {
    /// It never reached the listener.
    Undelivered,
    /// The listener broke the protocol or died.
    Lost,
    /// The listener rejected it.
    Rejected,
}

/// What becomes of an event that returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Requeued {
    /// It is buffered; the serial of the event dropped for it, if the buffer was full.
    Waiting { discarded: Option<u64> },
    /// It is not sent again, after this many attempts.
    Abandoned { attempts: u32 },
}

impl Pool {
    pub(crate) fn new(
        group: GroupId,
        name: Arc<str>,
        events: EventSet,
        buffer_size: usize,
        length: EventLength,
    ) -> Self {
        Self {
            group,
            name,
            events,
            buffer_size: buffer_size.max(1),
            length,
            next_serial: 0,
            waiting: VecDeque::new(),
            retry_at: None,
            free: BTreeSet::new(),
            counters: PoolCounters::default(),
        }
    }

    /// Buffers a new event; returns the serial of the one dropped for it.
    pub(crate) fn accept(&mut self, event: Event) -> Option<u64> {
        let pool_serial = self.next_serial;
        self.next_serial = next_serial(pool_serial);
        let discarded = self.make_room();
        self.waiting.push_back(QueuedEvent { event, pool_serial, failures: 0 });
        discarded
    }

    /// Returns an event that was sent to the head of the buffer.
    pub(crate) fn requeue(&mut self, mut queued: QueuedEvent, why: ReturnReason, now: Duration) -> Requeued {
        match why {
            ReturnReason::Undelivered => {}
            ReturnReason::Lost | ReturnReason::Rejected => {
                queued.failures += 1;
                if queued.failures >= ATTEMPTS {
                    self.counters.abandoned += 1;
                    return Requeued::Abandoned { attempts: queued.failures };
                }
                self.counters.resent += 1;
            }
        }
        if why == ReturnReason::Rejected {
            self.retry_at = Some(now.saturating_add(retry_delay(queued.failures)));
        }
        let discarded = self.make_room();
        self.waiting.push_front(queued);
        Requeued::Waiting { discarded }
    }

    /// Whether there is an event that may go, and a member to take it.
    pub(crate) fn can_deliver(&self) -> bool {
        self.retry_at.is_none() && !self.free.is_empty() && !self.waiting.is_empty()
    }

    /// The next event and the member to give it to, if there are both; the event is then out of the buffer.
    pub(crate) fn next_delivery(&mut self) -> Option<(ProcessId, QueuedEvent)> {
        if !self.can_deliver() {
            return None;
        }
        let member = *self.free.first()?;
        let queued = self.waiting.pop_front()?;
        if self.waiting.is_empty() {
            self.waiting.shrink_to(SPARE_CAPACITY);
        }
        self.free.remove(&member);
        self.counters.sent += 1;
        Some((member, queued))
    }

    /// What is written to a listener for an event: header line and payload, without a line end after it.
    pub(crate) fn envelope(&self, identifier: &str, queued: &QueuedEvent) -> Vec<u8> {
        let Event { serial, kind, payload } = &queued.event;
        let mut text = String::with_capacity(96 + identifier.len() + self.name.len() + payload.len());
        write!(
            text,
            "ver:3.0 server:{identifier} serial:{serial} pool:{} poolserial:{} eventname:{} len:{}\n{payload}",
            self.name,
            queued.pool_serial,
            kind.name(),
            self.length.of(payload),
        )
        .expect("writing to a string cannot fail");
        text.into_bytes()
    }

    fn make_room(&mut self) -> Option<u64> {
        if self.waiting.len() < self.buffer_size {
            return None;
        }
        self.counters.overflowed += 1;
        self.waiting.pop_front().map(|queued| queued.event.serial)
    }
}

/// The serial after this one. Counts as far as upstream's do, then begins again at 0.
pub(crate) const fn next_serial(serial: u64) -> u64 {
    if serial >= i64::MAX.unsigned_abs() { 0 } else { serial + 1 }
}

/// 1 s after the first failure, then twice as long each time.
fn retry_delay(failures: u32) -> Duration {
    let seconds = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(MAX_RETRY_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventKind;

    fn pool(buffer_size: usize) -> Pool {
        let events = EventSet::EMPTY.with(EventKind::Tick);
        Pool::new(GroupId(1), "rec".into(), events, buffer_size, EventLength::Characters)
    }

    fn event(serial: u64) -> Event {
        Event { serial, kind: EventKind::Tick5, payload: "when:1795233950".into() }
    }

    fn serials(pool: &Pool) -> Vec<u64> {
        pool.waiting.iter().map(|queued| queued.event.serial).collect()
    }

    /// EVT-6, EVT-12: the fields and their order; the length counts characters, as Python does, or bytes.
    #[test]
    fn an_envelope_is_the_header_line_and_the_payload() {
        for (payload, characters, bytes) in
            [("é", 1, 2), ("e\u{301}", 2, 3), ("中文\n", 3, 7), ("😀", 1, 4), ("", 0, 0), ("a\r\n", 3, 3)]
        {
            for (length, expected) in [(EventLength::Characters, characters), (EventLength::Bytes, bytes)] {
                let mut pool = Pool { length, ..pool(10) };
                pool.accept(Event { payload: payload.into(), ..event(46) });
                assert_eq!(
                    String::from_utf8(pool.envelope("sidX", &pool.waiting[0])).unwrap(),
                    format!(
                        "ver:3.0 server:sidX serial:46 pool:rec poolserial:0 eventname:TICK_5 len:{expected}\n{payload}"
                    )
                );
            }
        }
    }

    /// EVT-20.
    #[test]
    fn a_full_buffer_loses_its_oldest_event() {
        let mut pool = pool(2);
        let lost: Vec<_> = (0..4).map(|serial| pool.accept(event(serial))).collect();
        assert_eq!(lost, [None, None, Some(0), Some(1)]);
        assert_eq!(serials(&pool), [2, 3]);
        assert_eq!(pool.counters.overflowed, 2);
    }

    /// EVT-21, EVT-22.
    #[test]
    fn a_rejected_event_is_retried_with_backoff_and_then_dropped() {
        let mut pool = pool(10);
        pool.accept(event(0));
        pool.accept(event(1));
        let mut now = Duration::ZERO;
        let mut delays = Vec::new();
        loop {
            pool.free.insert(ProcessId(1));
            let (_, queued) = pool.next_delivery().unwrap();
            assert_eq!((queued.event.serial, queued.pool_serial), (0, 0));
            match pool.requeue(queued, ReturnReason::Rejected, now) {
                Requeued::Waiting { discarded } => assert_eq!(discarded, None),
                Requeued::Abandoned { attempts } => {
                    assert_eq!(attempts, ATTEMPTS);
                    break;
                }
            }
            pool.free.insert(ProcessId(1));
            assert_eq!(pool.next_delivery(), None);
            let until = pool.retry_at.take().unwrap();
            delays.push(until.saturating_sub(now).as_secs());
            now = until;
        }
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(serials(&pool), [1]);
        assert_eq!((pool.counters.resent, pool.counters.abandoned), (9, 1));
    }

    #[test]
    fn an_event_that_comes_back_to_a_full_buffer_displaces_the_oldest() {
        let mut pool = pool(2);
        pool.free.insert(ProcessId(1));
        pool.accept(event(0));
        let (_, queued) = pool.next_delivery().unwrap();
        pool.accept(event(1));
        pool.accept(event(2));
        let back = pool.requeue(queued, ReturnReason::Lost, Duration::ZERO);
        assert_eq!(back, Requeued::Waiting { discarded: Some(1) });
        assert_eq!(serials(&pool), [0, 2]);
    }

    #[test]
    fn a_burst_does_not_keep_its_memory() {
        let mut pool = pool(10_000);
        (0..10_000).for_each(|serial| assert_eq!(pool.accept(event(serial)), None));
        while !pool.waiting.is_empty() {
            pool.free.insert(ProcessId(1));
            pool.next_delivery().unwrap();
        }
        assert!(pool.waiting.capacity() <= 2 * SPARE_CAPACITY, "{}", pool.waiting.capacity());
    }

    /// EVT-32.
    #[test]
    fn an_event_goes_to_the_first_free_member_only() {
        let mut pool = pool(10);
        pool.free.extend([ProcessId(4), ProcessId(3)]);
        pool.accept(event(0));
        assert_eq!(pool.next_delivery().unwrap().0, ProcessId(3));
        assert_eq!(pool.next_delivery(), None);
        assert!(pool.free.contains(&ProcessId(4)));
    }

    #[test]
    fn serials_begin_again_after_the_largest_number_upstream_counts_to() {
        assert_eq!(next_serial(0), 1);
        assert_eq!(next_serial(i64::MAX.unsigned_abs()), 0);
    }
}
