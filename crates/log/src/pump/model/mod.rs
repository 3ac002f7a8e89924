//! Model check of what the pump's threads share: loom runs each model under every interleaving of its threads, up to a number
//! of preemptions that shows the known mistakes.
//!
//! `.ci/run` has the command.
//!
//! Everything but time, files and pipes is the real code: table, workers, watchdog, main log. A [`ModelChannel`] stands for a
//! stream: what a child writes is in its input, what its log gets in its output. Threads lose no time in a model, so the
//! watchdog's timer is left out: its decision, that a worker is stuck, may come at any moment.

mod commands;
mod main_log;
pub(crate) mod poller;
mod takeover;

use super::channels::command::ChannelCommand;
use super::channels::report::{NextService, ServiceReport};
use crate::sync::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

/// A stream without pipe and file.
#[derive(Debug)]
pub(crate) struct ModelChannel(pub(super) Arc<ModelStream>);

/// What the model's threads see of it.
#[derive(Debug, Default)]
pub(super) struct ModelStream {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    input: VecDeque<u8>,
    output: Vec<u8>,
    is_served: bool,
}

impl ModelChannel {
    /// Executes `commands`, then moves one byte. Between its reading and its writing other threads run, as while a write hangs.
    pub(crate) fn serve(&mut self, commands: Vec<ChannelCommand>) -> ServiceReport {
        let mut report = ServiceReport::default();
        for command in commands {
            if let ChannelCommand::Clear(reply) = command {
                report.replies.push(Box::new(|| reply(Ok(()))));
            }
        }
        let byte = {
            let mut state = self.0.lock();
            assert!(!std::mem::replace(&mut state.is_served, true), "two workers serve one channel");
            state.input.pop_front()
        };
        let mut state = self.0.lock();
        state.output.extend(byte);
        state.is_served = false;
        if !state.input.is_empty() {
            report.next = NextService::AtOnce;
        }
        drop(state);
        self.0.changed.notify_all();
        report
    }

    pub(crate) fn is_settled(&self) -> bool {
        true
    }
}

impl ModelStream {
    /// The child writes a byte.
    pub(super) fn write(&self, byte: u8) {
        self.lock().input.push_back(byte);
    }

    pub(super) fn output(&self) -> Vec<u8> {
        self.lock().output.clone()
    }

    /// Blocks until so many bytes have arrived in the log.
    pub(super) fn wait_for_output(&self, count: usize) {
        let mut state = self.lock();
        while state.output.len() < count {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

mod rig {
    use super::super::Pump;
    use super::super::poll::{Event, Poller};
    use super::super::shared::Shared;
    use super::super::table::Table;
    use super::super::worker::watchdog;
    use super::*;
    use crate::{MainLog, StreamId};

    pub(super) const STREAM: StreamId = StreamId(1);

    /// Runs `model` under every interleaving with at most `preemptions` of them unforced.
    pub(super) fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(preemptions);
        builder.check(model);
    }

    /// A pump without threads, whose only stream is a model.
    pub(super) fn pump(main_log: &MainLog) -> (Pump, Arc<ModelStream>) {
        let poller = Poller::new().unwrap();
        let shared = Shared::new(Table::new(), poller, main_log.clone(), Box::new(|_| ()));
        let stream: Arc<ModelStream> = Arc::default();
        shared.table().add_model(STREAM, ModelChannel(Arc::clone(&stream)));
        (Pump { shared: Arc::new(shared) }, stream)
    }

    /// Starts the first worker.
    pub(super) fn start(pump: &Pump) {
        watchdog::start_worker(&pump.shared, &mut pump.shared.table()).unwrap();
    }

    /// The child writes a byte, and the poller reports its pipe.
    pub(super) fn write(pump: &Pump, stream: &ModelStream, byte: u8) {
        stream.write(byte);
        pump.shared.poller.report(Event { slot: 0, is_hang_up: false });
    }

    /// Replies that have come, in their order.
    #[derive(Debug, Default)]
    pub(super) struct Replies {
        received: Mutex<Vec<u8>>,
        changed: Condvar,
    }

    impl Replies {
        pub(super) fn receive(self: &Arc<Self>, number: u8) -> impl FnOnce() + Send + 'static {
            let own = Arc::clone(self);
            move || {
                own.received.lock().unwrap().push(number);
                own.changed.notify_all();
            }
        }

        pub(super) fn clear(self: &Arc<Self>, pump: &Pump, number: u8) {
            let receive = self.receive(number);
            pump.clear(STREAM, None, move |_| receive());
        }

        pub(super) fn wait_for(&self, count: usize) {
            let mut received = self.received.lock().unwrap();
            while received.len() < count {
                received = self.changed.wait(received).unwrap();
            }
        }

        pub(super) fn received(&self) -> Vec<u8> {
            self.received.lock().unwrap().clone()
        }
    }
}
