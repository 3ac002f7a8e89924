//! Draining listener pools during a shutdown.
//!
//! When a pool's turn to stop comes, the events about everything that stopped before it may still be in its buffer, or in
//! processing. So the pool is stopped only once its listeners have processed what they can. All pools together have
//! [`DRAIN_LIMIT`], so that many stuck ones delay the end no longer than one. Upstream stops them at once, and they miss the last
//! events.

use crate::events::listener::ListenerState;
use crate::process::state::State;
use crate::timers::Timer;
use crate::turn::Turn;
use crate::{GroupId, ProcessId, Supervisor};
use std::time::Duration;

/// How long the shutdown waits for pools to drain, all together.
pub(crate) const DRAIN_LIMIT: Duration = Duration::from_secs(2);

impl Supervisor {
    /// Whether the stop of this group, whose turn it is, has to wait until it has drained.
    pub(crate) fn is_draining(&mut self, group: GroupId, turn: &mut Turn<'_>) -> bool {
        let has_deliverable_events = self.has_deliverable_events(group);
        let Some(shutdown) = &mut self.shutdown else { return false };
        let now = turn.clock();
        let until = shutdown.drain_until.unwrap_or_else(|| now.saturating_add(shutdown.drain_budget));
        if has_deliverable_events && now < until {
            shutdown.drain_until = Some(until);
            self.timers.set(Timer::DrainLimit, Some(until));
            return true;
        }
        // The time this group did not use is left for the next.
        shutdown.drain_budget = until.saturating_sub(now);
        shutdown.drain_until = None;
        self.timers.set(Timer::DrainLimit, None);
        self.log_discarded(group, turn);
        false
    }

    /// Logs how many buffered events a pool discards when it ends, and its counters.
    pub(crate) fn log_discarded(&self, group: GroupId, turn: &mut Turn<'_>) {
        let Some(pool) = self.bus.pools.get(&group) else { return };
        if !pool.waiting.is_empty() {
            turn.info(format!("pool {} ends, discarding {} buffered events", pool.name, pool.waiting.len()));
        }
        self.log_counters(group, turn);
    }

    /// Logs the counters of each pool that lost an event or sent one again; SIGUSR2 asks for it.
    pub(crate) fn log_all_counters(&self, turn: &mut Turn<'_>) {
        for group in self.bus.pools.keys() {
            self.log_counters(*group, turn);
        }
    }

    fn log_counters(&self, group: GroupId, turn: &mut Turn<'_>) {
        let (Some(pool), Some(counters)) = (self.bus.pools.get(&group), self.pool_counters(group)) else {
            return;
        };
        if counters.has_losses() {
            turn.info(format!("pool {}: {counters}", pool.name));
        }
    }

    /// Whether a listener of the group processes an event, or can be expected to take a buffered one.
    fn has_deliverable_events(&self, group: GroupId) -> bool {
        let Some(pool) = self.bus.pools.get(&group) else { return false };
        let some_may_go = !pool.waiting.is_empty() && pool.retry_at.is_none();
        let members = self.groups.all.get(&group).map_or(&[][..], |group| group.processes());
        members.iter().any(|member| self.listener_will_act(*member, some_may_go))
    }

    fn listener_will_act(&self, id: ProcessId, some_may_go: bool) -> bool {
        let Some(process) = self.processes.get(id) else { return false };
        let State::Running { .. } = process.state else { return false };
        process.listener.as_ref().is_some_and(|listener| match listener.state {
            ListenerState::Busy { .. } => true,
            ListenerState::Acknowledged { .. } | ListenerState::Ready => {
                some_may_go && !listener.has_closed_stdin
            }
            ListenerState::Unknown => false,
        })
    }
}
