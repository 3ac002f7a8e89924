//! The supervision loop: waits, turns what happened into inputs, lets the core decide, and carries out its effects.
//!
//! Its state is a [`Loop`]: the core, and parts that own what the daemon keeps beside it. The loop's own thread runs it
//! ([`run`]), and the HTTP thread may [in between](shared). One turn drains its sources in a fixed order: signals, children that
//! ended and pipes with room, messages of other threads, deadlines, requests. Everything that is known is acted on before the
//! loop sleeps again, and it sleeps until a descriptor, a message or the next deadline: there is no other timeout.

pub(crate) mod descriptors;
mod execute;
pub(crate) mod mailbox;
pub(crate) mod message;
#[cfg(test)]
pub(crate) mod panic_injection;
mod reload;
mod requests;
pub(crate) mod shared;
mod sources;
mod timers;

pub(crate) use sources::{Sources, WAKER};
use timers::Timers;

use crate::children::{ChildToken, Children};
use crate::clients::Clients;
use crate::configuration::Configuration;
use crate::workers::Workers;
use crate::workers::spawn::SpawnResult;
use message::Message;
use mio::{Events, Poll};
use shared::{RunInline, SharedLoop};
use sources::{CLOCK, SIGNALS};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;
use supervisor_core::{Effects, Ending, Input, Level, Signal, Supervisor};
use supervisor_log::{MainLog, Pump};
use supervisor_sys::clock;
use supervisor_sys::errno::words;

/// The supervision loop with all its state.
pub(crate) struct Loop {
    /// The state machine. Only [`Self::settle`] feeds it.
    core: Supervisor,
    /// What the core wants done.
    effects: Effects,
    /// The inputs for the core, in order.
    inputs: VecDeque<Input>,
    /// The processes and their children.
    children: Children,
    /// Requests and those who made them.
    clients: Clients,
    /// What is configured.
    configuration: Configuration,
    /// Threads for what may block.
    workers: Workers,
    /// When to wake.
    timers: Timers,
    /// Signals, the clock, messages.
    sources: Sources,
    /// Moves the output of children.
    pump: Pump,
    /// The main log.
    log: MainLog,
    /// Set once the core says that all is over.
    ending: Option<Ending>,
}

/// What a loop is made of.
pub(crate) struct Parts {
    pub(crate) core: Supervisor,
    pub(crate) children: Children,
    pub(crate) clients: Clients,
    pub(crate) configuration: Configuration,
    pub(crate) workers: Workers,
    pub(crate) sources: Sources,
    pub(crate) pump: Pump,
    pub(crate) log: MainLog,
}

/// What comes after a turn.
pub(crate) enum Next {
    /// Sleep until something happens, at most so long.
    Sleep(Option<Duration>),
    /// All is over.
    End(Ending),
}

/// Runs the loop on this thread until everything has stopped; `None` if a panic has broken its state.
pub(crate) fn run(
    shared: &SharedLoop<Box<Loop>>,
    state: Box<Loop>,
    mut poll: Poll,
) -> io::Result<Option<Ending>> {
    let mut events = Events::with_capacity(1024);
    let mut next = shared.begin(state, |state| state.begin());
    loop {
        match next {
            Some(Next::Sleep(timeout)) => sleep(&mut poll, &mut events, timeout)?,
            Some(Next::End(ending)) => return Ok(Some(ending)),
            None => return Ok(None),
        }
        next = shared.run(|state| state.turn(&events));
    }
}

/// Sleeps until something happens or the time has passed.
fn sleep(poll: &mut Poll, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
    match poll.poll(events, timeout) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            events.clear();
            Ok(())
        }
        outcome => outcome,
    }
}

impl Loop {
    /// A loop in which nothing has happened yet.
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { core, children, clients, configuration, workers, sources, pump, log } = parts;
        Self {
            core,
            effects: Effects::new(),
            inputs: VecDeque::new(),
            children,
            clients,
            configuration,
            workers,
            timers: Timers::default(),
            sources,
            pump,
            log,
            ending: None,
        }
    }

    /// Takes the loop apart after its end.
    pub(crate) fn into_parts(self) -> Parts {
        let Self { core, children, clients, configuration, workers, sources, pump, log, .. } = self;
        Parts { core, children, clients, configuration, workers, sources, pump, log }
    }

    /// The first turn: starts what is to be started.
    fn begin(&mut self) -> Next {
        // Reading a large configuration leaves holes that nothing later fills.
        supervisor_sys::memory::trim_heap();
        self.inputs.push_back(Input::Started);
        // No signal tells of an orphan that ended before the signals were ours.
        self.reap_orphans();
        self.settle();
        self.return_memory_when_idle();
        self.next()
    }

    /// A turn of the loop's own thread, which the poll has woken with these events.
    fn turn(&mut self, events: &Events) -> Next {
        if events.iter().any(|event| event.token() == SIGNALS) {
            self.read_signals();
        }
        self.read_descriptors(events);
        self.read_messages();
        self.meet_deadlines();
        self.serve_requests();
        self.clients.notify();
        self.next()
    }

    fn next(&mut self) -> Next {
        if let Some(ending) = self.ending {
            return Next::End(ending);
        }
        let deadline = Timers::next(&self.core, &self.children);
        self.timers.sleep_until(deadline);
        Next::Sleep(deadline.map(|at| at.saturating_sub(clock::now().monotonic)))
    }

    /// Takes all signals that are pending; whether a child may have ended.
    fn read_signals(&mut self) -> bool {
        let mut child_ended = false;
        loop {
            match self.sources.next_signal() {
                Ok(Some(signal)) => {
                    child_ended |= signal == Signal::CHLD;
                    self.feed_input(Input::Signal(signal));
                }
                Ok(None) => break,
                Err(error) => {
                    self.log.log(Level::Critical, format!("cannot read signals: {}", words(&error)));
                    break;
                }
            }
        }
        if child_ended {
            self.children.reap_unwatched();
            self.reap_orphans();
        }
        child_ended
    }

    fn read_descriptors(&mut self, events: &Events) {
        for event in events {
            let input = match ChildToken::of(event.token()) {
                _ if event.token() == CLOCK => self.sources.clock_was_set().then_some(Input::ClockSet),
                Some(ChildToken::End(raw)) => {
                    self.children.ended(raw, &self.core);
                    None
                }
                Some(ChildToken::Stdin(raw)) => self.children.stdin_has_room(raw),
                None => continue,
            };
            self.inputs.extend(input);
            self.settle();
        }
    }

    fn read_messages(&mut self) {
        let mut messages = self.sources.messages();
        for message in messages.drain(..) {
            match message {
                Message::Spawned(result) => self.spawned(result),
                Message::MembersFound(found) => {
                    self.children.members_found(found);
                    // A leader may have been reaped that hid an orphan.
                    self.reap_orphans();
                }
                Message::Input(input) => self.inputs.push_back(input),
                Message::Prepared(group, reply) => self.group_prepared(*group, reply),
                Message::Reread(outcome, reply) => self.config_reread(*outcome, reply),
                Message::RestartChecked(outcome, client) => self.restart_checked(*outcome, client),
                Message::PumpSettled => self.log_descriptors(),
                Message::Notice(notice) => self.inputs.extend(self.children.notice(notice)),
            }
            self.settle();
        }
        self.sources.reuse(messages);
    }

    fn spawned(&mut self, result: SpawnResult) {
        let outcome = self.children.begin(result);
        self.feed_input(outcome.input);
        if let Some(outputs) = outcome.outputs {
            self.children.attach(outputs);
            // A spawn that had not returned may have hidden an orphan.
            self.reap_orphans();
        }
    }

    fn meet_deadlines(&mut self) {
        let now = clock::now().monotonic;
        self.children.give_up_overdue(now);
        self.settle();
        if Timers::core_deadline(&self.core, &self.children).is_some_and(|at| at <= now) {
            self.feed_input(Input::Deadline);
        }
    }

    fn serve_requests(&mut self) {
        while let Some(request) = self.clients.next_request() {
            self.handle_request(request);
        }
    }

    fn reap_orphans(&mut self) {
        while let Some(orphan) = self.children.next_orphan() {
            self.inputs.push_back(orphan);
            self.feed();
        }
    }

    /// Feeds one input to the core and carries out all that follows from it.
    fn feed_input(&mut self, input: Input) {
        self.inputs.push_back(input);
        self.settle();
    }

    /// Feeds the core until no input is left, no effect to carry out and no child to reap.
    fn settle(&mut self) {
        self.feed();
        while let Some(reaped) = self.children.reap_next(&self.core) {
            self.inputs.push_back(reaped.input());
            self.feed();
            drop(reaped);
            // A zombie of ours may have hidden an orphan.
            self.reap_orphans();
        }
    }

    fn feed(&mut self) {
        self.carry_out_effects();
        while let Some(input) = self.inputs.pop_front() {
            #[cfg(test)]
            panic_injection::check(&input);
            self.core.handle(input, clock::now(), &mut self.effects);
            self.carry_out_effects();
        }
    }
}

impl RunInline for Box<Loop> {
    /// A turn for requests. It leaves children that ended to the loop's thread, and wakes it if that would sleep too long.
    fn run_inline(&mut self) -> bool {
        if self.read_signals() {
            return false;
        }
        self.read_messages();
        self.serve_requests();
        self.clients.notify();
        let deadline = Timers::next(&self.core, &self.children);
        self.ending.is_none() && !self.timers.would_miss(deadline)
    }
}
