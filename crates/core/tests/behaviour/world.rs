//! A made-up world around the supervisor: carries out its effects, keeps what it said, and lets time pass.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use supervisor_core::{
    Answer, Command, CommandCheck, Effect, Effects, Ending, EventKind, EventLength, EventSet, ExitStatus,
    Fault, GroupKind, GroupSpec, Input, KillError, KillOrder, Level, Moment, Namespec, Pid, Policy,
    ProcessId, ProcessSpec, ProcessState, Request, RestartCheck, Signal, Supervisor, SupervisorState, Target,
    Ticket, Wait, Wall,
};

/// When the made-up world begins, on the wall clock.
pub(crate) const EPOCH: i64 = 1_795_233_943;

/// The supervisor and what it has to do with.
pub(crate) struct World {
    pub(crate) supervisor: Supervisor,
    pub(crate) clock: Duration,
    /// Added to the wall clock, as if it had been set.
    pub(crate) wall_shift: i64,
    /// Every log line not taken yet, as `LEVEL text`.
    pub(crate) lines: Vec<String>,
    /// The least grave level that is kept.
    pub(crate) loglevel: Level,
    /// Spawns not answered yet.
    pub(crate) spawns: VecDeque<ProcessId>,
    /// Spawns that the property test has not counted yet.
    pub(crate) fresh_spawns: Vec<ProcessId>,
    /// Every signal sent and not taken yet.
    pub(crate) kills: Vec<KillOrder>,
    /// What the system says to the next signals; nothing means that they are sent.
    pub(crate) refusals: VecDeque<KillError>,
    /// Processes whose command file cannot be executed.
    pub(crate) bad_commands: BTreeMap<ProcessId, Fault>,
    /// Whether checks of command files take time: then they wait in `command_checks`.
    pub(crate) checks_are_slow: bool,
    pub(crate) command_checks: VecDeque<(Ticket, Vec<ProcessId>)>,
    /// The results of the next checks before a restart; usable if there is none.
    pub(crate) restart_checks: VecDeque<RestartCheck>,
    pub(crate) answers: BTreeMap<Ticket, Answer>,
    /// Every event written and not taken yet: the listener and the text.
    pub(crate) written: Vec<(String, String)>,
    pub(crate) log_reopenings: usize,
    pub(crate) ending: Option<Ending>,
    names: BTreeMap<ProcessId, String>,
    next_ticket: u64,
    next_pid: i32,
}

/// A program's options: the manual's defaults, but for what `change` changes.
pub(crate) fn policy(change: impl FnOnce(&mut Policy)) -> Policy {
    let mut policy = Policy::default();
    change(&mut policy);
    policy
}

/// Options of a program that starts on request only.
pub(crate) fn manual(change: impl FnOnce(&mut Policy)) -> Policy {
    policy(|policy| {
        policy.autostart = false;
        change(policy);
    })
}

pub(crate) const fn code(code: u8) -> ExitStatus {
    ExitStatus::Code(code)
}

pub(crate) const fn killed_by(signal: Signal) -> ExitStatus {
    ExitStatus::Signal { signal, core_dumped: false }
}

impl World {
    /// A world without groups whose main loop has not begun.
    pub(crate) fn empty() -> Self {
        Self {
            supervisor: Supervisor::new("sidX"),
            clock: Duration::from_secs(1000),
            wall_shift: 0,
            lines: Vec::new(),
            loglevel: Level::Debug,
            spawns: VecDeque::new(),
            fresh_spawns: Vec::new(),
            kills: Vec::new(),
            refusals: VecDeque::new(),
            bad_commands: BTreeMap::new(),
            checks_are_slow: false,
            command_checks: VecDeque::new(),
            restart_checks: VecDeque::new(),
            answers: BTreeMap::new(),
            written: Vec::new(),
            log_reopenings: 0,
            ending: None,
            names: BTreeMap::new(),
            next_ticket: 1,
            next_pid: 100,
        }
    }

    /// A world with one program in a group of its name, the main loop begun.
    pub(crate) fn with(name: &str, policy: Policy) -> Self {
        let mut world = Self::empty();
        world.add(name, 999, &[(name, policy)]);
        world.feed(Input::Started);
        world
    }

    /// The same, with the program up and running and what led to it forgotten.
    pub(crate) fn running(name: &str, change: impl FnOnce(&mut Policy)) -> Self {
        let mut world = Self::with(name, policy(change));
        world.spawn_all();
        world.pass(2);
        assert_eq!(world.state(name), ProcessState::Running);
        world.lines.clear();
        world
    }

    /// The moment the world is at.
    pub(crate) fn now(&self) -> Moment {
        let passed = i64::try_from(self.clock.as_micros()).unwrap();
        let micros = (EPOCH + self.wall_shift - 1000) * 1_000_000 + passed;
        Moment { monotonic: self.clock, wall: Wall { micros } }
    }

    pub(crate) fn feed(&mut self, input: Input) {
        let now = self.now();
        let mut effects = Effects::new();
        self.supervisor.handle(input, now, &mut effects);
        self.perform(effects);
    }

    pub(crate) fn add(&mut self, name: &str, priority: i64, programs: &[(&str, Policy)]) {
        self.add_spec(name, priority, GroupKind::Programs, programs).unwrap();
    }

    pub(crate) fn add_pool(&mut self, name: &str, kinds: &[EventKind], buffer_size: usize, members: &[&str]) {
        let events: EventSet = kinds.iter().copied().collect();
        let members: Vec<_> = members.iter().map(|name| (*name, manual(|_| ()))).collect();
        let kind = GroupKind::EventListeners { buffer_size, events, length: EventLength::Characters };
        self.add_spec(name, -1, kind, &members).unwrap();
    }

    pub(crate) fn add_spec(
        &mut self,
        name: &str,
        priority: i64,
        kind: GroupKind,
        programs: &[(&str, Policy)],
    ) -> Result<(), Fault> {
        let processes = programs
            .iter()
            .map(|(name, policy)| ProcessSpec { name: (*name).into(), policy: policy.clone().into() })
            .collect();
        let spec = GroupSpec { name: name.into(), priority, kind, processes };
        let (now, mut effects) = (self.now(), Effects::new());
        let ids = self.supervisor.add_group(spec, now, &mut effects)?;
        for (id, (name, _)) in ids.processes.iter().zip(programs) {
            self.names.insert(*id, (*name).to_owned());
        }
        self.perform(effects);
        Ok(())
    }

    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Fault> {
        let (now, mut effects) = (self.now(), Effects::new());
        self.supervisor.remove_group(name, now, &mut effects)?;
        self.perform(effects);
        Ok(())
    }

    /// Lets seconds pass, waking the supervisor when it wants to be woken.
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.pass_millis(seconds * 1000);
    }

    pub(crate) fn pass_millis(&mut self, millis: u64) {
        let end = self.clock + Duration::from_millis(millis);
        while let Some(next) = self.supervisor.next_deadline().filter(|next| *next <= end) {
            self.clock = self.clock.max(next);
            self.feed(Input::Deadline);
            assert!(
                self.supervisor.next_deadline().is_none_or(|next| next > self.clock),
                "a deadline stays due"
            );
        }
        self.clock = end;
    }

    /// Lets time pass until the given reading of the clock.
    pub(crate) fn pass_until(&mut self, clock: Duration) {
        self.pass_millis(u64::try_from(clock.saturating_sub(self.clock).as_millis()).unwrap() + 1);
    }

    /// The pid that the next child will have.
    pub(crate) fn next_child(&self) -> Pid {
        Pid::new(self.next_pid + 1).unwrap()
    }

    /// Answers the oldest spawn not answered with a new child.
    pub(crate) fn spawn_next(&mut self) -> Pid {
        let process = self.spawns.pop_front().expect("a spawn is under way");
        let pid = self.next_child();
        self.next_pid += 1;
        self.feed(Input::Spawned { process, pid });
        pid
    }

    /// Answers every spawn; returns the names in the order in which they were ordered.
    pub(crate) fn spawn_all(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(process) = self.spawns.front() {
            names.push(self.names[process].clone());
            self.spawn_next();
        }
        names
    }

    pub(crate) fn fail_spawn(&mut self, message: &str) {
        let process = self.spawns.pop_front().expect("a spawn is under way");
        self.feed(Input::SpawnFailed { process, message: message.to_owned() });
    }

    /// Has a child end.
    pub(crate) fn exit(&mut self, name: &str, status: ExitStatus) {
        let pid = self.pid(name).expect("it runs");
        self.feed(Input::Reaped { pid, status });
    }

    pub(crate) fn request(&mut self, command: Command) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.feed(Input::Request(Request { ticket, command }));
        ticket
    }

    /// Commands as a client would give them: on one process by its name, on `group:*` or on `all`. Processes of larger groups
    /// need no group before their name.
    pub(crate) fn start(&mut self, name: &str, wait: Wait) -> Ticket {
        self.request(Command::Start { target: self.target(name), wait })
    }

    pub(crate) fn stop(&mut self, name: &str, wait: Wait) -> Ticket {
        self.request(Command::Stop { target: self.target(name), wait })
    }

    pub(crate) fn signal(&mut self, name: &str, signal: Result<Signal, String>) -> Ticket {
        self.request(Command::Signal { target: self.target(name), signal })
    }

    fn target(&self, name: &str) -> Target {
        if name == "all" {
            Target::All
        } else if self.supervisor.resolve(name).is_ok() {
            Target::Named(name.to_owned())
        } else {
            Target::Named(self.spelled(self.id(name)))
        }
    }

    /// The name of a process as a client writes it.
    pub(crate) fn spelled(&self, process: ProcessId) -> String {
        let info = self.supervisor.process_info(process, self.now()).expect("it was not removed");
        Namespec { group: info.group, process: Some(info.name) }.to_string()
    }

    /// Answers the oldest check of command files.
    pub(crate) fn check_commands(&mut self) {
        let (ticket, processes) = self.command_checks.pop_front().expect("a look is under way");
        self.feed(Input::CommandsChecked { ticket, outcome: Ok(self.checks_of(processes)) });
    }

    fn checks_of(&self, processes: Vec<ProcessId>) -> Vec<CommandCheck> {
        let result = |process: &ProcessId| self.bad_commands.get(process).cloned().map_or(Ok(()), Err);
        processes.into_iter().map(|process| CommandCheck { process, result: result(&process) }).collect()
    }

    /// The answer to a request, if there is one already.
    pub(crate) fn answer(&mut self, ticket: Ticket) -> Option<Answer> {
        self.answers.remove(&ticket)
    }

    /// The answer to a request for one process: nothing yet, `OK`, or the fault's text.
    pub(crate) fn said(&mut self, ticket: Ticket) -> Option<String> {
        self.answer(ticket).map(|answer| match answer {
            Answer::Done => "OK".to_owned(),
            Answer::Fault(fault) => fault.to_string(),
            Answer::Outcomes(outcomes) => {
                let shown =
                    outcomes.iter().map(|outcome| format!("{} {}", outcome.name, outcome.description()));
                shown.collect::<Vec<_>>().join("; ")
            }
        })
    }

    pub(crate) fn id(&self, name: &str) -> ProcessId {
        *self.names.iter().find(|(_, known)| *known == name).expect("a known name").0
    }

    pub(crate) fn state(&self, name: &str) -> ProcessState {
        self.info(name).state
    }

    pub(crate) fn pid(&self, name: &str) -> Option<Pid> {
        self.info(name).pid
    }

    pub(crate) fn info(&self, name: &str) -> supervisor_core::ProcessInfo<'_> {
        self.supervisor.process_info(self.id(name), self.now()).expect("it was not removed")
    }

    pub(crate) fn description(&self, name: &str) -> String {
        self.info(name).description.render(|wall| format!("ended at {}", wall.seconds() - EPOCH))
    }

    /// Starts a member of a pool and makes it ready for events.
    pub(crate) fn ready(&mut self, name: &str) {
        self.start(name, Wait::No);
        self.spawn_next();
        self.pass(1);
        self.say(name, "READY\n");
        assert_eq!(self.state(name), ProcessState::Running);
    }

    /// Has a listener write something.
    pub(crate) fn say(&mut self, name: &str, text: &str) {
        let (process, pid) = (self.id(name), self.pid(name).expect("it runs"));
        self.feed(Input::ListenerOutput { process, pid, bytes: text.as_bytes().to_vec() });
    }

    /// Has a listener's event written in full.
    pub(crate) fn delivered(&mut self, name: &str) {
        let (process, pid) = (self.id(name), self.pid(name).expect("it runs"));
        self.feed(Input::ListenerWritten { process, pid });
    }

    /// The events written since the last call, as `listener: header, payload`, the header without its constant parts.
    pub(crate) fn events(&mut self) -> Vec<String> {
        let written = std::mem::take(&mut self.written);
        written
            .iter()
            .map(|(listener, text)| format!("{listener}: {}", text.replace("ver:3.0 server:sidX ", "")))
            .collect()
    }

    /// Has a listener deal with all events there are for it; returns them as `NAME payload`.
    pub(crate) fn drain_events(&mut self, listener: &str) -> Vec<String> {
        let mut events = Vec::new();
        while let Some((to, text)) = self.written.pop() {
            assert!(to == listener && self.written.is_empty());
            let (header, payload) = text.split_once('\n').unwrap();
            let name = header.split(' ').find_map(|field| field.strip_prefix("eventname:")).unwrap();
            events.push(format!("{name} {payload}"));
            self.delivered(listener);
            self.say(listener, "RESULT 2\nOKREADY\n");
        }
        events
    }

    /// The log lines since the last call.
    pub(crate) fn log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// The signals since the last call, as `name signal`.
    pub(crate) fn signals(&mut self) -> Vec<String> {
        let kills = std::mem::take(&mut self.kills);
        kills.iter().map(|order| format!("{} {}", self.names[&order.process], order.signal)).collect()
    }

    fn perform(&mut self, mut effects: Effects) {
        let mut facts = Vec::new();
        for effect in effects.drain() {
            assert_eq!(self.ending, None, "{effect:?} after the end");
            match effect {
                Effect::Spawn { process } => {
                    assert_eq!(
                        self.supervisor.state(),
                        SupervisorState::Running,
                        "a spawn while everything stops"
                    );
                    self.spawns.push_back(process);
                    self.fresh_spawns.push(process);
                }
                Effect::Kill(order) => {
                    self.kills.push(order);
                    let outcome = self.refusals.pop_front().map_or(Ok(()), Err);
                    facts.push(Input::Killed { order, outcome });
                }
                Effect::Log { level, text } => {
                    if level >= self.loglevel {
                        self.lines.push(format!("{} {text}", level.word()));
                    }
                }
                Effect::Reply { ticket, answer } => {
                    assert_eq!(self.answers.insert(ticket, answer), None, "answered twice");
                }
                Effect::CheckCommands { ticket, processes } => {
                    if self.checks_are_slow {
                        self.command_checks.push_back((ticket, processes));
                    } else {
                        let outcome = Ok(self.checks_of(processes));
                        facts.push(Input::CommandsChecked { ticket, outcome });
                    }
                }
                Effect::CheckRestart { ticket } => {
                    let outcome = self.restart_checks.pop_front().unwrap_or(RestartCheck::Usable);
                    facts.push(Input::RestartChecked { ticket, outcome });
                }
                Effect::WriteListener { process, bytes, .. } => {
                    let text = String::from_utf8(bytes).unwrap();
                    self.written.push((self.names[&process].clone(), text));
                }
                Effect::ReopenLogs => self.log_reopenings += 1,
                Effect::Terminate(ending) => self.ending = Some(ending),
            }
        }
        for fact in facts {
            self.feed(fact);
        }
    }
}
