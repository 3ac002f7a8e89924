//! The event bus: numbers events and puts each into the buffer of every pool that subscribes to it.

use crate::events::Event;
use crate::events::payload;
use crate::events::pool::{self, Pool};
use crate::events::tick::{Period, Ticks};
use crate::snapshot::codec::codec_struct;
use crate::timers::{Timer, TimerQueue};
use crate::turn::Turn;
use crate::{EventKind, EventSet, GroupId, Moment};
use std::collections::BTreeMap;

/// Every pool, and what is common to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bus {
    pub(crate) pools: BTreeMap<GroupId, Pool>,
    /// The number the next event gets; events nobody subscribes to get none.
    pub(crate) next_serial: u64,
    pub(crate) ticks: Ticks,
    /// The kinds some pool subscribes to, descendants included.
    pub(crate) covered: EventSet,
}

codec_struct!(Bus { pools, next_serial, ticks } derived { covered });

impl Bus {
    /// Whether any pool subscribes to events of this kind.
    pub(crate) fn wants(&self, kind: EventKind) -> bool {
        self.covered.contains(kind)
    }

    pub(crate) fn add_pool(&mut self, pool: Pool, timers: &mut TimerQueue, now: Moment) {
        self.pools.insert(pool.group, pool);
        self.subscriptions_changed(timers, now);
    }

    pub(crate) fn remove_pool(&mut self, group: GroupId, timers: &mut TimerQueue, now: Moment) {
        if self.pools.remove(&group).is_some() {
            timers.set(Timer::Redelivery(group), None);
            self.subscriptions_changed(timers, now);
        }
    }

    /// Emits an event. Without a subscriber the payload is not even built.
    pub(crate) fn emit(&mut self, kind: EventKind, payload: impl FnOnce() -> String, turn: &mut Turn<'_>) {
        if !self.wants(kind) {
            return;
        }
        let event = Event { serial: self.next_serial, kind, payload: payload().into() };
        self.next_serial = pool::next_serial(self.next_serial);
        for pool in self.pools.values_mut().filter(|pool| pool.events.covers(kind)) {
            if let Some(serial) = pool.accept(event.clone()) {
                log_overflow(pool, serial, turn);
            }
        }
    }

    /// Emits a tick if its period has begun.
    pub(crate) fn tick(&mut self, period: Period, timers: &mut TimerQueue, turn: &mut Turn<'_>) {
        let (begun, next) = self.ticks.look(period, turn.now);
        timers.set(Timer::Tick(period), next);
        if let Some(when) = begun {
            self.emit(period.kind(), || payload::of_tick(when), turn);
        }
    }

    /// Updates which kinds are subscribed to.
    pub(crate) fn update_subscriptions(&mut self) {
        let covers = |kind: &EventKind| self.pools.values().any(|pool| pool.events.covers(*kind));
        self.covered = EventKind::all().filter(covers).collect();
    }

    /// Runs timers for those ticks alone that a pool subscribes to.
    fn subscriptions_changed(&mut self, timers: &mut TimerQueue, now: Moment) {
        self.update_subscriptions();
        for period in Period::ALL {
            let next = self.ticks.subscribe(period, self.wants(period.kind()), now);
            timers.set(Timer::Tick(period), next);
        }
    }
}

/// Upstream's line about an event that had to go because a pool's buffer was full.
pub(crate) fn log_overflow(pool: &Pool, serial: u64, turn: &mut Turn<'_>) {
    turn.error(format!("pool {} event buffer overflowed, discarding event {serial}", pool.name));
}
