//! Which channel a worker serves next: ready ones first, then one of the backlogged, in turn.

use super::super::channels::Channel;
use super::super::channels::command::{ChannelCommand, Pending};
use super::super::channels::report::{NextService, ServiceReport};
use super::super::poll::Event;
use super::super::worker::WorkerId;
use super::barriers::Visit;
use super::{Reply, Table};
use crate::label::Label;
use std::time::Instant;

/// A channel on its way to a worker.
pub(crate) struct CheckedOut {
    pub(crate) slot: usize,
    pub(crate) channel: Channel,
    pub(crate) commands: Vec<ChannelCommand>,
    pub(crate) is_hung_up: bool,
}

impl Table {
    /// Puts a channel into the ready queue; one that is checked out enters it when it is checked in.
    pub(crate) fn make_ready(&mut self, index: usize) {
        let slot = self.slot_mut(index);
        slot.is_backlogged = false;
        if !std::mem::replace(&mut slot.is_ready, true) && slot.channel.is_some() {
            self.ready.push_back(index);
        }
    }

    /// Records what the poller reported. The slot may be gone, or another channel's by now, which then is served in vain.
    pub(crate) fn note(&mut self, event: Event) {
        let Some(Some(slot)) = self.slots.get_mut(event.slot) else { return };
        if event.is_hang_up {
            slot.pending().is_hung_up = true;
        }
        // That there is more in its pipe is why it is backlogged.
        if !slot.is_backlogged {
            self.make_ready(event.slot);
        }
    }

    /// Makes the channels ready whose deadlines have passed.
    pub(crate) fn expire(&mut self, now: Instant) {
        while let Some(&(at, slot)) = self.deadlines.first() {
            if at > now {
                return;
            }
            self.set_deadline(slot, None);
            self.make_ready(slot);
        }
    }

    /// The earliest deadline.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Whether a channel is ready or backlogged.
    pub(crate) fn has_work(&self) -> bool {
        !self.ready.is_empty() || !self.backlogged.is_empty()
    }

    /// How many channels are served before the next backlogged one.
    pub(crate) fn ready_count(&self) -> usize {
        self.ready.len()
    }

    /// Checks out the next ready channel.
    pub(crate) fn check_out_ready(&mut self) -> Option<CheckedOut> {
        while let Some(index) = self.ready.pop_front() {
            // One that is checked out already stays ready, and enters the queue again when it is checked in.
            if let Some(out) = self.check_out(index) {
                return Some(out);
            }
        }
        None
    }

    /// Checks out the next backlogged channel.
    pub(crate) fn check_out_backlogged(&mut self) -> Option<CheckedOut> {
        while let Some(index) = self.backlogged.pop_front() {
            let Some(slot) = &mut self.slots[index] else {
                self.free.push(index);
                continue;
            };
            slot.is_in_backlogged_queue = false;
            if slot.is_backlogged
                && let Some(out) = self.check_out(index)
            {
                return Some(out);
            }
        }
        None
    }

    fn check_out(&mut self, index: usize) -> Option<CheckedOut> {
        let worker = self.workers.current;
        let slot = self.slot_mut(index);
        let channel = slot.channel.take()?;
        slot.is_ready = false;
        slot.is_backlogged = false;
        slot.holder = worker;
        let pending = slot.pending.take().map_or_else(Pending::default, |pending| *pending);
        let is_hung_up = pending.is_hung_up;
        Some(CheckedOut { slot: index, channel, commands: pending.into_commands(), is_hung_up })
    }

    /// Puts a channel back into its slot, and into a queue if it has to be served again.
    pub(crate) fn check_in(&mut self, index: usize, channel: Channel, report: &mut ServiceReport) {
        self.set_deadline(index, report.deadline);
        let slot = self.slot_mut(index);
        slot.descriptors = std::mem::take(&mut report.descriptors);
        if report.next == NextService::Never && !slot.has_commands() {
            self.remove(index);
            return;
        }
        let has_more = report.next == NextService::AtOnce;
        let is_backlogged = has_more && matches!(channel, Channel::Stream(_));
        slot.channel = Some(channel);
        slot.awaits_credit = report.awaits_credit;
        let may_read_on = slot.awaits_credit && slot.has_credit();
        if slot.is_ready || may_read_on || has_more && !is_backlogged {
            slot.is_ready = true;
            self.ready.push_back(index);
        } else if is_backlogged {
            slot.is_backlogged = true;
            if !std::mem::replace(&mut slot.is_in_backlogged_queue, true) {
                self.backlogged.push_back(index);
            }
        }
    }

    /// The slot that `worker` has checked out.
    pub(crate) fn held_by(&self, worker: WorkerId) -> Option<(usize, &Label)> {
        self.slots.iter().enumerate().find_map(|(index, slot)| {
            let slot = slot.as_ref()?;
            (slot.channel.is_none() && slot.holder == worker).then_some((index, &slot.label))
        })
    }

    /// Calls `reply` (see [`pass_barriers`](Self::pass_barriers)) once everything present now is written.
    pub(crate) fn add_barrier(&mut self, reply: Reply) {
        let is_other = |index: &usize| self.is_reachable(*index) && !self.main.contains(index);
        let others: Vec<usize> = (0..self.slots.len()).filter(is_other).collect();
        let slots = &self.slots;
        let is_out = |index: usize| slots[index].as_ref().is_some_and(|slot| slot.channel.is_none());
        self.barriers.add(others.iter().map(|&index| (index, is_out(index))), reply);
        // The main log is served even if there is no stream, so that a worker passes the barrier.
        for slot in others {
            self.make_ready(slot);
        }
        self.make_main_ready();
    }

    /// Records that `slot` was served; returns the replies of the barriers that nothing holds up any more, to be called after
    /// the lock is released.
    pub(crate) fn pass_barriers(&mut self, slot: usize, visit: Visit) -> Vec<Reply> {
        if self.barriers.is_empty() {
            return Vec::new();
        }
        let is_gone = self.slot(slot).is_none();
        self.barriers.pass(slot, if is_gone { Visit::Abandoned } else { visit });
        let main: Vec<usize> = self.main.iter().copied().filter(|slot| self.is_reachable(*slot)).collect();
        let passed = self.barriers.advance(&main);
        passed.ready.into_iter().for_each(|slot| self.make_ready(slot));
        passed.replies
    }

    /// Whether a slot is served once it is ready: there is one, and no stuck worker holds its channel.
    fn is_reachable(&self, index: usize) -> bool {
        self.slot(index).is_some_and(|slot| slot.channel.is_some() || slot.holder == self.workers.current)
    }

    pub(super) fn set_deadline(&mut self, index: usize, deadline: Option<Instant>) {
        let slot = self.slot_mut(index);
        let old = std::mem::replace(&mut slot.deadline, deadline);
        if let Some(old) = old {
            self.deadlines.remove(&(old, index));
        }
        if let Some(new) = deadline {
            self.deadlines.insert((new, index));
        }
    }
}
