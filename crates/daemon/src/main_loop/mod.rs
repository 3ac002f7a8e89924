//! The supervision loop: wait, turn what happened into inputs, let the core decide, carry out what it orders.
//!
//! Mostly the loop's own thread [runs it](shared). One turn drains its sources in a fixed order: signals,
//! children that ended and pipes with room, results and notices from other threads, deadlines, requests. Everything that is
//! known is acted on before the loop sleeps again, and it sleeps until a descriptor, a message or the next deadline: there
//! is no other timeout.

mod execute;
pub(crate) mod mailbox;
pub(crate) mod shared;

use crate::children::group_end::Groups;
use crate::children::process::Processes;
use crate::children::{self, DRAIN_PATIENCE, Watched};
use crate::configuration::prepare::Surroundings;
use crate::descriptors::Descriptor;
use crate::main_loop::mailbox::{Mailbox, Message};
use crate::workers::pipeline::Births;
use crate::workers::pool::Pool;
use mio::{Events, Registry, Token};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use supervisor_config::{CommandLine, Config, Group};
use supervisor_control::{Feed, Reply, Requests, What};
use supervisor_core::{Answer, Effects, Ending, Input, Level, Mood, Pid, Signal, Supervisor, Ticket};
use supervisor_host::SystemHost;
use supervisor_log::{Generation, MainLog, Pump};
use supervisor_sys::clock_set::ClockSet;
use supervisor_sys::errno::words;
use supervisor_sys::signal::SignalQueue;
use supervisor_sys::{clock, memory};

/// Readable when a signal waits.
pub(crate) const SIGNALS: Token = Token(0);
/// Woken by other threads.
pub(crate) const WAKER: Token = Token(1);
/// Readable when the wall clock was set. No child has this token: they count from below.
pub(crate) const CLOCK: Token = Token(usize::MAX);

/// The supervision loop with all its state.
pub(crate) struct Loop {
    /// The state machine.
    pub(crate) core: Supervisor,
    /// What the core wants done.
    pub(crate) effects: Effects,
    /// What is to be told to the core, in order.
    pub(crate) inputs: VecDeque<Input>,
    /// What the daemon keeps of each process.
    pub(crate) processes: Processes,
    /// The configuration this life began with, without its groups: see `active`.
    pub(crate) begun_with: Arc<Config>,
    /// The configuration last read.
    pub(crate) config: Config,
    /// The groups that are active, as they were configured when they were added.
    pub(crate) active: Vec<Arc<Group>>,
    /// Groups of `config` whose AUTO logs have their names: those added since it was read.
    pub(crate) materialised: HashSet<Arc<str>>,
    /// What the configuration is read with.
    pub(crate) source: Arc<Source>,
    /// Clients that wait for the core's answer.
    pub(crate) replies: HashMap<Ticket, Reply<Answer>>,
    /// What of the configuration at start shapes groups added later.
    pub(crate) surroundings: Surroundings,
    /// The configuration to restart with, should the file turn bad until then.
    pub(crate) successor: Option<Config>,
    /// Set once the core says that all is over.
    pub(crate) ending: Option<Ending>,
    /// Work that may hang.
    pub(crate) pool: Pool,
    /// The last step of starts.
    pub(crate) births: Births,
    /// Reports of other threads.
    pub(crate) mailbox: Mailbox,
    /// Room for them, kept between turns.
    pub(crate) reports: Vec<Message>,
    /// Requests of clients.
    pub(crate) requests: Requests,
    /// What changes, for those who subscribe.
    pub(crate) feed: Feed,
    /// The state of the supervisor that the feed knows.
    pub(crate) fed_state: Mood,
    /// Moves the output of children.
    pub(crate) pump: Pump,
    /// The main log.
    pub(crate) log: MainLog,
    /// How often logs were reopened.
    pub(crate) reopens: u64,
    /// The sockets of the HTTP servers, which their own thread owns.
    pub(crate) listening: Vec<Descriptor>,
    /// What the loop's thread sleeps on.
    pub(crate) registry: Registry,
    /// The deadline the loop's thread sleeps until, if it does.
    pub(crate) sleeps_until: Option<Duration>,
    pub(crate) signals: SignalQueue,
    /// Tells when the wall clock is set, where the system does.
    pub(crate) clock_set: Option<ClockSet>,
    /// Children that ended and are not reaped, by the moment their output is given up on.
    pub(crate) dying: BTreeSet<(Duration, u64)>,
    /// Children that were reaped before all their output was read, by process and life: their pid, and how many of their
    /// outputs are still to be drained. What comes of these is theirs.
    pub(crate) departed: HashMap<(u64, Generation), (Pid, usize)>,
    /// Process groups whose end is awaited.
    pub(crate) groups: Groups,
    /// Children whose end only SIGCHLD tells: those without a pidfd, or whose pidfd cannot be watched.
    pub(crate) unwatched: BTreeSet<u64>,
    /// Whether children can turn up that we did not spawn.
    pub(crate) may_adopt: bool,
}

/// What a configuration is read from.
#[derive(Debug)]
pub(crate) struct Source {
    /// The command line, which outranks the file.
    pub(crate) command_line: CommandLine,
    /// The machine.
    pub(crate) host: SystemHost,
}

/// What comes after a turn.
pub(crate) enum Rest {
    /// Sleep until something happens, at most so long.
    Until(Option<Duration>),
    /// All is over.
    Over(Ending),
}

impl Loop {
    /// The first turn: starts what is to be started.
    pub(crate) fn begin(&mut self) -> Rest {
        // Reading a large configuration leaves holes that nothing later fills.
        memory::return_free_memory();
        self.inputs.push_back(Input::Started);
        // No signal tells of one that ended before the signals were ours.
        self.reap_strangers();
        self.settle();
        self.tidy_when_calm();
        self.rest()
    }

    /// Gives back, once all is calm, what was needed to start or to read the configuration and will not be for a while.
    pub(crate) fn tidy_when_calm(&self) {
        self.pool.when_calm(Box::new(|| {
            memory::return_free_memory();
            memory::return_unused_code();
        }));
    }

    /// A turn of the loop's own thread, which the poll has woken with these events.
    pub(crate) fn turn(&mut self, events: &Events) -> Rest {
        if events.iter().any(|event| event.token() == SIGNALS) && self.read_signals() {
            self.reap_without_pidfd();
            self.reap_strangers();
        }
        self.look_at_descriptors(events);
        self.read_reports();
        self.meet_deadlines();
        self.serve_requests();
        self.feed.notify();
        self.rest()
    }

    /// A turn of another thread while the loop's own sleeps; `false` if that one has to be woken, be it to serve the requests
    /// or because it would sleep for too long.
    pub(crate) fn serve_between_turns(&mut self) -> bool {
        if self.read_signals() {
            self.reap_without_pidfd();
            self.reap_strangers();
            return false;
        }
        self.read_reports();
        self.serve_requests();
        self.feed.notify();
        let sleeps_too_long = match (self.wakes_at(), self.sleeps_until) {
            (Some(due), Some(until)) => due < until,
            (Some(_), None) => true,
            (None, _) => false,
        };
        self.ending.is_none() && !sleeps_too_long
    }

    fn rest(&mut self) -> Rest {
        if let Some(ending) = self.ending {
            return Rest::Over(ending);
        }
        self.sleeps_until = self.wakes_at();
        Rest::Until(self.sleeps_until.map(|at| at.saturating_sub(clock::now().monotonic)))
    }

    /// The next deadline.
    fn wakes_at(&self) -> Option<Duration> {
        let give_up = self.dying.first().map(|(at, _)| *at);
        [self.core_is_due_at(), give_up, self.groups.next_deadline()].into_iter().flatten().min()
    }

    /// When the core is to be told that time has passed. While a child is known to have ended but not yet reaped, its deadline
    /// waits a little, so that no process is said to have stayed up that has not.
    fn core_is_due_at(&self) -> Option<Duration> {
        let grace = if self.dying.is_empty() { Duration::ZERO } else { DRAIN_PATIENCE };
        self.core.next_deadline().map(|at| at.saturating_add(grace))
    }

    /// Whether a child may have ended.
    fn read_signals(&mut self) -> bool {
        let mut child_ended = false;
        loop {
            match self.signals.next() {
                Ok(Some(signal)) => {
                    child_ended |= signal == Signal::CHLD;
                    self.tell(Input::Signal(signal));
                }
                Ok(None) => break,
                Err(error) => {
                    self.log.log(Level::Critical, format!("cannot read signals: {}", words(&error)));
                    break;
                }
            }
        }
        child_ended
    }

    fn look_at_descriptors(&mut self, events: &Events) {
        for event in events {
            if event.token() == CLOCK {
                self.look_at_clock();
            } else if let Some((raw, watched)) = children::owner(event.token()) {
                match watched {
                    Watched::End => self.child_ended(raw),
                    Watched::Stdin => self.stdin_has_room(raw),
                }
            }
        }
    }

    fn look_at_clock(&mut self) {
        if self.clock_set.as_ref().is_some_and(ClockSet::take) {
            self.tell(Input::ClockSet);
        }
    }

    fn read_reports(&mut self) {
        let mut reports = self.mailbox.take(std::mem::take(&mut self.reports));
        for report in reports.drain(..) {
            match report {
                Message::Spawned(result) => self.spawned(result),
                Message::MembersFound(found) => self.members_found(found),
                Message::CommandsChecked(ticket, checks) => {
                    self.tell(Input::CommandsChecked { ticket, outcome: Ok(checks) });
                }
                Message::Prepared(group, reply) => self.group_prepared(*group, reply),
                Message::Reread(outcome, reply) => self.config_reread(*outcome, reply),
                Message::RestartChecked(outcome, client) => self.restart_checked(*outcome, client),
                Message::PumpSettled => self.log_descriptors(),
                Message::Notice(notice) => self.notice(notice),
            }
        }
        self.reports = reports;
    }

    fn meet_deadlines(&mut self) {
        let now = clock::now().monotonic;
        self.reap_overdue(now);
        self.give_up_on_groups(now);
        if self.core_is_due_at().is_some_and(|at| at <= now) {
            self.tell(Input::Deadline);
        }
    }

    fn serve_requests(&mut self) {
        while let Some(request) = self.requests.take() {
            self.serve(request);
        }
    }

    /// Tells the core something and carries out all that follows from it.
    pub(crate) fn tell(&mut self, input: Input) {
        self.inputs.push_back(input);
        self.settle();
    }

    /// Feeds the core until nothing is left to tell it and nothing to be done.
    pub(crate) fn settle(&mut self) {
        self.record_changes();
        self.perform();
        while let Some(input) = self.inputs.pop_front() {
            self.core.handle(input, clock::now(), &mut self.effects);
            self.record_changes();
            self.perform();
        }
    }

    /// Feeds what the core has just changed to those who subscribe.
    fn record_changes(&mut self) {
        for process in self.effects.drain_changed() {
            self.feed.record(What::Process(process));
        }
        let state = self.core.mood();
        if state != self.fed_state {
            self.fed_state = state;
            self.feed.record(What::Supervisor(state));
        }
    }
}
