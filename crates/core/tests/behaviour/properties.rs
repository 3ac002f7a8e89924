//! Invariants under any sequence of inputs.
//!
//! A made-up kernel beside the world knows which children live. Random steps drive both; after each one the invariants of the
//! supervisor are checked, and in the end a shutdown is ordered, and must end.

use crate::world::{World, policy};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use supervisor_core::{
    Autorestart, Channel, Command, Ending, EventKind, ExitStatus, Input, KillCause, KillError, KillTarget,
    NotYet, Pid, Policy, ProcessId, ProcessState, Selection, Signal, StartCause, Supervisor, SupervisorState,
    Target, Ticket, Wait, Wanted,
};

/// One thing that happens. Numbers choose among what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    Start(usize, bool),
    StartMany(bool),
    Stop(usize, bool),
    StopMany(bool),
    Signal(usize),
    SignalMany,
    RemoteEvent,
    Cancel(usize),
    Spawn,
    FailSpawn,
    ReapBeforeSpawned,
    Exit(usize, u8),
    /// A child ends and leaves members of its group behind.
    ExitOfLeader(usize),
    Orphan(i32),
    Refuse,
    Vanish,
    Pass(u64),
    ListenerSays(usize, usize),
    ListenerWritten(usize),
    ListenerDeaf(usize),
    Output(usize),
    AddGroup,
    RemoveGroup(usize),
    SaveAndRestore,
    Shutdown(usize),
}

/// What listeners may say; parts of the protocol and nonsense.
const WORDS: [&str; 8] =
    ["READY\n", "REA", "DY\n", "RESULT 2\nOK", "RESULT 4\nFAIL", "RESULT ", "2\nOKREADY\n", "nonsense\n"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pick = || 0..32_usize;
    let step = prop_oneof![
        4 => (pick(), any::<bool>()).prop_map(|(process, wait)| Step::Start(process, wait)),
        1 => any::<bool>().prop_map(Step::StartMany),
        4 => (pick(), any::<bool>()).prop_map(|(process, wait)| Step::Stop(process, wait)),
        1 => any::<bool>().prop_map(Step::StopMany),
        2 => pick().prop_map(Step::Signal),
        1 => Just(Step::SignalMany),
        2 => Just(Step::RemoteEvent),
        1 => pick().prop_map(Step::Cancel),
        12 => Just(Step::Spawn),
        3 => Just(Step::FailSpawn),
        1 => Just(Step::ReapBeforeSpawned),
        8 => (pick(), 0..3_u8).prop_map(|(child, code)| Step::Exit(child, code)),
        4 => pick().prop_map(Step::ExitOfLeader),
        1 => (1..50_i32).prop_map(Step::Orphan),
        1 => Just(Step::Refuse),
        1 => Just(Step::Vanish),
        8 => (0..4000_u64).prop_map(Step::Pass),
        6 => (pick(), pick()).prop_map(|(child, word)| Step::ListenerSays(child, word)),
        3 => pick().prop_map(Step::ListenerWritten),
        1 => pick().prop_map(Step::ListenerDeaf),
        1 => pick().prop_map(Step::Output),
        1 => Just(Step::AddGroup),
        1 => pick().prop_map(Step::RemoveGroup),
        1 => Just(Step::SaveAndRestore),
    ];
    let end = (0..3_usize).prop_map(Step::Shutdown);
    (prop::collection::vec(step.clone(), 0..120), end, prop::collection::vec(step, 0..30)).prop_map(
        |(mut before, end, after)| {
            before.push(end);
            before.extend(after);
            before
        },
    )
}

/// The world, and the truth about its children.
struct Truth {
    world: World,
    /// The children that live, and whose they are.
    living: BTreeMap<Pid, ProcessId>,
    reaped: BTreeSet<Pid>,
    /// The children that have ended while a member of their group lives; they are among `living` until their exit is fed.
    lingering: BTreeSet<Pid>,
    /// The children that were sent the stop signal, and those that were sent SIGKILL.
    stop_signalled: BTreeSet<Pid>,
    killed: BTreeSet<Pid>,
    /// Attempts to start each process since it last ran or was started by hand.
    attempts: BTreeMap<ProcessId, i64>,
    policies: BTreeMap<ProcessId, Policy>,
    /// The processes that were at rest after the last step: nothing but a command may start them.
    at_rest: BTreeSet<ProcessId>,
    /// Whether the step in hand may start processes at rest.
    starts_at_rest: bool,
    asked: Vec<Ticket>,
    cancelled: BTreeSet<Ticket>,
    groups_added: usize,
}

impl Truth {
    fn new() -> Self {
        let mut world = World::empty();
        world.loglevel = supervisor_core::Level::Critical;
        world.add_pool("pool", &[EventKind::Event], 3, &["l", "m"]);
        let programs = [
            ("a", policy(|policy| policy.startretries = 2)),
            ("b", policy(|policy| (policy.startsecs, policy.autorestart) = (0, Autorestart::Always))),
            ("c", policy(|policy| (policy.stopwaitsecs, policy.startretries) = (0, 0))),
            ("d", policy(|policy| (policy.priority, policy.autostart) = (1, false))),
            ("e", policy(|policy| (policy.stopasgroup, policy.killasgroup) = (true, true))),
            ("f", policy(|policy| (policy.killasgroup, policy.stopwaitsecs) = (true, 1))),
        ];
        world.add("g", 5, &programs);
        world.add("h", 1, &[("h", policy(|policy| policy.startsecs = 3))]);
        let mut truth = Self {
            world,
            living: BTreeMap::new(),
            reaped: BTreeSet::new(),
            lingering: BTreeSet::new(),
            stop_signalled: BTreeSet::new(),
            killed: BTreeSet::new(),
            attempts: BTreeMap::new(),
            policies: BTreeMap::new(),
            at_rest: BTreeSet::new(),
            starts_at_rest: true,
            asked: Vec::new(),
            cancelled: BTreeSet::new(),
            groups_added: 0,
        };
        for (name, policy) in programs {
            truth.policies.insert(truth.world.id(name), policy);
        }
        truth.policies.insert(truth.world.id("h"), policy(|policy| policy.startsecs = 3));
        truth.world.feed(Input::Started);
        truth.check();
        truth
    }

    fn processes(&self) -> Vec<ProcessId> {
        self.world.supervisor.processes(Selection::All)
    }

    fn process(&self, choice: usize) -> Option<ProcessId> {
        let all = self.processes();
        (!all.is_empty()).then(|| all[choice % all.len()])
    }

    fn child(&self, choice: usize) -> Option<(Pid, ProcessId)> {
        let choice = choice.checked_rem(self.living.len())?;
        self.living.iter().nth(choice).map(|(pid, process)| (*pid, *process))
    }

    fn ask(&mut self, command: Command) {
        let ticket = self.world.request(command);
        self.asked.push(ticket);
    }

    fn start(&mut self, target: Target, is_waiting: bool) {
        let processes = match &target {
            Target::Named(name) => self
                .world
                .supervisor
                .resolve(name)
                .map(|found| self.world.supervisor.processes(found))
                .unwrap(),
            Target::Group(_) | Target::All => self.processes(),
        };
        for process in processes {
            if !self.state(process).is_some_and(ProcessState::is_running) {
                self.attempts.insert(process, 0);
            }
        }
        self.ask(Command::Start { target, wait: wait(is_waiting) });
    }

    fn target(&self, choice: usize) -> Option<Target> {
        self.process(choice).map(|process| Target::Named(self.world.spelled(process)))
    }

    fn state(&self, process: ProcessId) -> Option<ProcessState> {
        self.world.supervisor.process_info(process, self.world.now()).map(|info| info.state)
    }

    fn reap(&mut self, pid: Pid, status: ExitStatus) {
        if let Some(process) = self.living.remove(&pid) {
            let now = self.world.now();
            let info = self.world.supervisor.process_info(process, now);
            let is_unknown = info.as_ref().is_some_and(|info| info.state == ProcessState::Unknown);
            let lifetime = info.and_then(|info| info.start).map_or(0, |start| now.wall.micros - start.micros);
            let needed = self.policies.get(&process).map_or(1, |policy| policy.startsecs);
            if is_unknown || lifetime >= needed * 1_000_000 {
                self.attempts.insert(process, 0);
            }
        }
        self.lingering.remove(&pid);
        self.reaped.insert(pid);
        self.world.feed(Input::Reaped { pid, status });
    }

    fn take(&mut self, step: &Step) {
        self.starts_at_rest = matches!(step, Step::Start(..) | Step::StartMany(_) | Step::AddGroup);
        match *step {
            Step::Start(process, is_waiting) => {
                if let Some(target) = self.target(process) {
                    self.start(target, is_waiting);
                }
            }
            Step::StartMany(is_waiting) => self.start(Target::All, is_waiting),
            Step::Stop(process, is_waiting) => {
                if let Some(target) = self.target(process) {
                    self.ask(Command::Stop { target, wait: wait(is_waiting) });
                }
            }
            Step::StopMany(is_waiting) => {
                self.ask(Command::Stop { target: Target::All, wait: wait(is_waiting) });
            }
            Step::Signal(process) => {
                if let Some(target) = self.target(process) {
                    self.ask(Command::Signal { target, signal: Ok(Signal::HUP) });
                }
            }
            Step::SignalMany => self.ask(Command::Signal { target: Target::All, signal: Ok(Signal::HUP) }),
            Step::RemoteEvent => {
                self.ask(Command::RemoteEvent { kind: "x".to_owned(), data: "x".to_owned() });
            }
            Step::Cancel(choice) => {
                if let Some(choice) = choice.checked_rem(self.asked.len()) {
                    self.cancelled.insert(self.asked[choice]);
                    self.world.feed(Input::Cancel(self.asked[choice]));
                }
            }
            Step::Spawn => self.spawn(),
            Step::FailSpawn => {
                if !self.world.spawns.is_empty() {
                    self.world.fail_spawn("no luck");
                }
            }
            Step::ReapBeforeSpawned => {
                if let Some(&process) = self.world.spawns.front() {
                    let pid = self.world.next_child();
                    self.living.insert(pid, process);
                    self.reap(pid, ExitStatus::Code(1));
                    self.world.spawn_next();
                }
            }
            Step::Exit(choice, code) => {
                if let Some((pid, _)) = self.child(choice) {
                    self.reap(pid, ExitStatus::Code(code));
                }
            }
            Step::ExitOfLeader(choice) => {
                if let Some((pid, process)) = self.child(choice) {
                    if self.world.supervisor.awaits_group_end(process) {
                        self.lingering.insert(pid);
                    } else {
                        self.reap(pid, ExitStatus::Code(0));
                    }
                }
            }
            Step::Orphan(pid) => {
                let status = ExitStatus::Code(0);
                self.world.feed(Input::Reaped { pid: Pid::new(pid).unwrap(), status });
            }
            Step::Refuse => self.world.refusals.push_back(KillError::Refused("no".to_owned())),
            Step::Vanish => self.world.refusals.push_back(KillError::NoSuchProcess),
            Step::Pass(millis) => self.world.pass_millis(millis),
            Step::ListenerSays(choice, word) => {
                if let Some((pid, process)) = self.child(choice) {
                    let bytes = WORDS[word % WORDS.len()].as_bytes().to_vec();
                    self.world.feed(Input::ListenerOutput { process, pid, bytes });
                }
            }
            Step::ListenerWritten(choice) => {
                if let Some((pid, process)) = self.child(choice) {
                    self.world.feed(Input::ListenerWritten { process, pid });
                }
            }
            Step::ListenerDeaf(choice) => {
                if let Some((pid, process)) = self.child(choice) {
                    self.world.feed(Input::ListenerWriteFailed { process, pid });
                }
            }
            Step::Output(choice) => {
                if let Some((pid, process)) = self.child(choice) {
                    let (channel, bytes) = (Channel::Stderr, b"\xff".to_vec());
                    self.world.feed(Input::Output { process, pid, channel, bytes: bytes.clone() });
                    self.world.feed(Input::Communication { process, pid, channel, bytes });
                }
            }
            Step::AddGroup => {
                let name = format!("new{}", self.groups_added);
                self.groups_added += 1;
                let programs = [(&*name, policy(|_| ()))];
                let added = self.world.add_spec(&name, 3, supervisor_core::GroupKind::Programs, &programs);
                assert_eq!(added.is_ok(), self.world.supervisor.state() == SupervisorState::Running);
                if added.is_ok() {
                    self.policies.insert(self.world.id(&name), policy(|_| ()));
                }
            }
            Step::RemoveGroup(choice) => {
                let names: Vec<_> =
                    self.world.supervisor.groups().map(|group| group.name.to_owned()).collect();
                if let Some(choice) = choice.checked_rem(names.len()) {
                    drop(self.world.remove(&names[choice]));
                }
            }
            Step::SaveAndRestore => {
                let restored = Supervisor::decode(&self.world.supervisor.encode()).unwrap();
                assert_eq!(restored, self.world.supervisor);
                self.world.supervisor = restored;
            }
            Step::Shutdown(0) => self.world.feed(Input::Signal(Signal::TERM)),
            Step::Shutdown(1) => self.world.feed(Input::Signal(Signal::HUP)),
            Step::Shutdown(_) => self.ask(Command::Shutdown),
        }
    }

    fn spawn(&mut self) {
        if let Some(&process) = self.world.spawns.front() {
            let pid = self.world.next_child();
            self.living.insert(pid, process);
            assert_eq!(self.world.spawn_next(), pid);
        }
    }

    /// Checks every invariant.
    fn check(&mut self) {
        let fresh = std::mem::take(&mut self.world.fresh_spawns);
        for process in fresh {
            let attempts = self.attempts.entry(process).or_default();
            *attempts += 1;
            let allowed = self.policies.get(&process).map_or(4, |policy| policy.startretries + 1);
            assert!(*attempts <= allowed, "{attempts} attempts of {process}");
            assert!(self.starts_at_rest || !self.at_rest.contains(&process), "{process} is started unasked");
        }
        let mut spawning = BTreeSet::new();
        for process in &self.world.spawns {
            assert!(spawning.insert(*process), "{process} is spawned twice at a time");
            assert!(
                !self.living.values().any(|owner| owner == process),
                "{process} is spawned while it lives"
            );
        }
        for order in std::mem::take(&mut self.world.kills) {
            assert_ne!(order.cause, KillCause::Stray);
            assert!(!self.reaped.contains(&order.pid), "a signal to the reaped pid {}", order.pid);
            assert_eq!(self.living.get(&order.pid), Some(&order.process));
            let is_sigkill = order.cause == KillCause::Stop && order.signal == Signal::KILL;
            if is_sigkill && self.lingering.contains(&order.pid) {
                assert_eq!(order.target, KillTarget::Group, "nobody but the leader would be hit");
            }
            if order.cause == KillCause::Stop {
                self.stop_signalled.insert(order.pid);
                if order.signal == Signal::KILL {
                    self.killed.insert(order.pid);
                }
            }
        }
        self.at_rest.clear();
        for process in self.processes() {
            self.check_reconciled(process);
            let now = self.world.now();
            let info = self.world.supervisor.process_info(process, now).unwrap();
            let child = self.living.iter().find(|(_, owner)| **owner == process).map(|(pid, _)| *pid);
            assert_eq!(info.pid, child, "the pid of {process} in {}", info.state);
            if info.state == ProcessState::Running {
                self.attempts.insert(process, 0);
            }
            let stops_group = self.policies.get(&process).is_some_and(|policy| policy.killasgroup);
            assert_eq!(
                self.world.supervisor.awaits_group_end(process),
                stops_group && info.state == ProcessState::Stopping
            );
            if child.is_some_and(|child| self.lingering.contains(&child)) {
                let is_kept = [ProcessState::Stopping, ProcessState::Unknown].contains(&info.state);
                assert!(is_kept, "{process} is {} while its group lives", info.state);
            }
        }
        for pid in self.living.keys() {
            assert!(self.processes().contains(&self.living[pid]), "an orphan");
        }
    }

    /// Each process is where it is wanted, on its way there, or held back for a reason.
    fn check_reconciled(&mut self, process: ProcessId) {
        let now = self.world.now();
        let supervisor = &self.world.supervisor;
        let info = supervisor.process_info(process, now).unwrap();
        let held_back = supervisor.held_back(process, now.monotonic);
        let next_attempt = info.history.next_attempt;
        let shown = format!(
            "{process} is {} with next attempt {next_attempt:?}, held back {held_back:?}",
            info.state
        );
        match (supervisor.wanted(process).unwrap(), info.state) {
            // It runs or comes up; or the stop signal was sent or refused.
            (Wanted::Up(_), ProcessState::Starting | ProcessState::Running | ProcessState::Unknown)
            | (Wanted::Down, ProcessState::Stopping | ProcessState::Unknown) => {}
            (Wanted::Up(cause), ProcessState::Backoff | ProcessState::Exited) => match held_back {
                Some(NotYet::BackingOff { until }) => {
                    assert_eq!((cause, next_attempt), (StartCause::Retry, Some(until)), "{shown}");
                }
                Some(NotYet::RestartLimit { until }) => {
                    assert_eq!((cause, next_attempt), (StartCause::Restart, Some(until)), "{shown}");
                }
                Some(NotYet::ShuttingDown) => {
                    assert_ne!(supervisor.state(), SupervisorState::Running, "{shown}");
                }
                None => panic!("{shown}"),
            },
            (Wanted::Up(_), ProcessState::Stopped | ProcessState::Stopping | ProcessState::Fatal) => {
                panic!("{shown} but wanted up");
            }
            (Wanted::Down, ProcessState::Stopped | ProcessState::Exited | ProcessState::Fatal) => {
                assert_eq!(next_attempt, None, "{shown}");
                self.at_rest.insert(process);
            }
            // The stop signal waits for the pid.
            (Wanted::Down, ProcessState::Starting) => assert_eq!(info.pid, None, "{shown}"),
            (Wanted::Down, ProcessState::Running | ProcessState::Backoff) => {
                panic!("{shown} but wanted down")
            }
        }
    }

    /// Reaps every child that was sent the stop signal, the stubborn ones only after SIGKILL.
    fn wind_down(&mut self, is_stubborn: bool) {
        for _ in 0..10_000 {
            if self.world.ending.is_some() {
                return;
            }
            self.spawn();
            self.check();
            let dying = if is_stubborn { &self.killed } else { &self.stop_signalled };
            let next = self.living.keys().find(|pid| dying.contains(pid)).copied();
            match (next, self.world.spawns.is_empty(), self.world.supervisor.next_deadline()) {
                (Some(pid), ..) => self.reap(pid, ExitStatus::Code(0)),
                (None, false, _) => {}
                (None, true, Some(next)) => self.world.pass_until(next),
                (None, true, None) => panic!("nothing would ever happen again"),
            }
            self.check();
        }
        panic!("the shutdown does not end");
    }
}

fn wait(is_waiting: bool) -> Wait {
    if is_waiting { Wait::Yes } else { Wait::No }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_invariants_hold_under_any_sequence_of_inputs(steps in steps(), is_stubborn in any::<bool>()) {
        let mut truth = Truth::new();
        for step in steps {
            if truth.world.ending.is_some() {
                break;
            }
            truth.take(&step);
            truth.check();
        }
        truth.world.refusals.clear();
        truth.wind_down(is_stubborn);
        let ending = truth.world.ending.unwrap();
        prop_assert_eq!(ending == Ending::Restart, truth.world.supervisor.state() == SupervisorState::Restarting);
        for ticket in truth.asked {
            let is_cancelled = truth.cancelled.contains(&ticket);
            prop_assert!(is_cancelled || truth.world.answers.contains_key(&ticket), "{:?} has no answer", ticket);
        }
    }
}
