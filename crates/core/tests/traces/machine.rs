//! The supervisor with a made-up kernel under it, and the trace of both.

use crate::clients::{Check, Clients};
use crate::random::Random;
use crate::text;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;
use supervisor_core::{
    Effect, Effects, Ending, EventKind, ExitStatus, GroupId, GroupSpec, Input, KillError, KillOrder, Moment,
    Pid, ProcessId, Signal, Supervisor, Wall,
};

const EPOCH_MICROS: i64 = 1_795_233_943_250_000;

pub(crate) struct Machine {
    pub(crate) supervisor: Supervisor,
    pub(crate) random: Random,
    pub(crate) clock: Duration,
    /// Added to the wall clock by those who set it.
    pub(crate) wall_shift: i64,
    pub(crate) trace: String,
    pub(crate) clients: Clients,
    /// Spawns not answered yet.
    pub(crate) spawns: VecDeque<ProcessId>,
    pub(crate) children: BTreeMap<Pid, ProcessId>,
    /// What each child is about as an event listener.
    pub(crate) listeners: BTreeMap<Pid, Listener>,
    /// Signals whose outcome arrives late.
    pub(crate) late_kills: VecDeque<(KillOrder, Result<(), KillError>)>,
    pub(crate) ending: Option<Ending>,
    pub(crate) processes: BTreeMap<ProcessId, String>,
    reaped: Vec<Pid>,
    next_pid: i32,
    shown: Shown,
}

/// Where a listener is in its own view.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listener {
    New,
    Waiting,
    /// An event is being written to it.
    Receiving,
    Busy,
}

/// What the trace showed last.
#[derive(Default)]
struct Shown {
    processes: BTreeMap<ProcessId, String>,
    pools: BTreeMap<GroupId, String>,
    state: String,
    deadline: Option<Duration>,
}

impl Machine {
    pub(crate) fn new(random: Random) -> Self {
        Self {
            supervisor: Supervisor::new("trace"),
            random,
            clock: Duration::from_secs(1000),
            wall_shift: 0,
            trace: String::new(),
            clients: Clients::default(),
            spawns: VecDeque::new(),
            children: BTreeMap::new(),
            listeners: BTreeMap::new(),
            late_kills: VecDeque::new(),
            ending: None,
            processes: BTreeMap::new(),
            reaped: Vec::new(),
            next_pid: 100,
            shown: Shown::default(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        let passed = i64::try_from(self.clock.as_micros()).unwrap() - 1_000_000_000;
        Moment { monotonic: self.clock, wall: Wall { micros: EPOCH_MICROS + self.wall_shift + passed } }
    }

    /// Writes a line about what happens.
    pub(crate) fn step(&mut self, text: impl AsRef<str>) {
        writeln!(self.trace, "{} {}", text::time(self.clock), text.as_ref().trim_end()).unwrap();
    }

    /// Writes a line about what follows from it.
    pub(crate) fn result(&mut self, text: impl AsRef<str>) {
        writeln!(self.trace, "  {}", text.as_ref().trim_end()).unwrap();
    }

    pub(crate) fn name(&self, process: ProcessId) -> String {
        self.processes.get(&process).cloned().unwrap_or_else(|| format!("#{process}"))
    }

    pub(crate) fn feed(&mut self, input: Input) {
        let (now, mut effects) = (self.now(), Effects::new());
        self.supervisor.handle(input, now, &mut effects);
        self.perform(&mut effects);
    }

    pub(crate) fn add(&mut self, spec: GroupSpec) {
        let (name, now, mut effects) = (spec.name.clone(), self.now(), Effects::new());
        let members: Vec<_> = spec.processes.iter().map(|process| process.name.clone()).collect();
        match self.supervisor.add_group(spec, now, &mut effects) {
            Ok(ids) => {
                let numbers: Vec<_> = ids.processes.iter().map(ToString::to_string).collect();
                self.result(format!("added {name} as {}: {}", ids.group.raw(), numbers.join(" ")));
                for (id, member) in ids.processes.into_iter().zip(members) {
                    self.processes.insert(id, member.to_string());
                }
            }
            Err(fault) => self.result(format!("refused {}", text::fault(&fault))),
        }
        self.perform(&mut effects);
    }

    pub(crate) fn remove(&mut self, name: &str) {
        let (now, mut effects) = (self.now(), Effects::new());
        match self.supervisor.remove_group(name, now, &mut effects) {
            Ok(ids) => {
                let numbers: Vec<_> = ids.processes.iter().map(ToString::to_string).collect();
                self.result(format!("removed {}: {}", ids.group.raw(), numbers.join(" ")));
            }
            Err(fault) => self.result(format!("refused {}", text::fault(&fault))),
        }
        self.perform(&mut effects);
    }

    /// Lets time pass, waking the supervisor when it wants to be woken.
    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.clock + Duration::from_millis(millis);
        while let Some(next) = self.supervisor.next_deadline().filter(|next| *next <= end) {
            self.clock = self.clock.max(next);
            self.wake();
            if self.ending.is_some() {
                return;
            }
        }
        self.clock = end;
    }

    pub(crate) fn wake(&mut self) {
        self.step("deadline");
        self.feed(Input::Deadline);
        self.show_changes();
    }

    /// The pid of the next child: a new one, or seldom one that is free again.
    pub(crate) fn draw_pid(&mut self) -> Pid {
        if self.random.one_in(12)
            && let Some(place) = self.random.index(self.reaped.len())
        {
            return self.reaped.swap_remove(place);
        }
        self.next_pid += 1;
        Pid::new(self.next_pid).unwrap()
    }

    /// Answers the oldest spawn with this child.
    pub(crate) fn spawned(&mut self, process: ProcessId, pid: Pid) {
        self.children.insert(pid, process);
        self.listeners.insert(pid, Listener::New);
        self.feed(Input::Spawned { process, pid });
    }

    pub(crate) fn reap(&mut self, pid: Pid) {
        let status = match self.random.below(12) {
            0..5 => ExitStatus::Code(0),
            5..7 => ExitStatus::Code(1),
            7 => ExitStatus::Code(2),
            8 => ExitStatus::Signal { signal: Signal::TERM, core_dumped: false },
            9 => ExitStatus::Signal { signal: Signal::KILL, core_dumped: false },
            10 => ExitStatus::Signal { signal: Signal(11), core_dumped: true },
            _ => ExitStatus::Unknown(0x137f),
        };
        self.result(format!("ends with {}", text::status(status)));
        self.children.remove(&pid);
        self.listeners.remove(&pid);
        if !self.reaped.contains(&pid) {
            self.reaped.push(pid);
        }
        self.feed(Input::Reaped { pid, status });
    }

    /// What the system says to a signal.
    fn draw_outcome(&mut self) -> Result<(), KillError> {
        match self.random.below(30) {
            0 => Err(KillError::Refused("[Errno 1] Operation not permitted".to_owned())),
            1 => Err(KillError::NoSuchProcess),
            _ => Ok(()),
        }
    }

    fn perform(&mut self, effects: &mut Effects) {
        let mut facts = Vec::new();
        for effect in effects.drain() {
            match effect {
                Effect::Spawn { process } => {
                    self.result(format!("spawn {}", self.name(process)));
                    self.spawns.push_back(process);
                }
                Effect::Kill(order) => {
                    let outcome = self.draw_outcome();
                    self.result(format!("kill {} {}", self.name(order.process), text::kill(&order)));
                    if self.random.one_in(25) {
                        self.late_kills.push_back((order, outcome));
                    } else {
                        facts.push((order, outcome));
                    }
                }
                Effect::Log { level, text } => {
                    self.result(format!("log {} {}", level.word(), text::line(&text)));
                }
                Effect::Reply { ticket, answer } => self.reply(ticket, &answer),
                Effect::CheckCommands { ticket, processes } => {
                    self.order_check(Check::Commands { ticket, processes });
                }
                Effect::CheckRestart { ticket } => self.order_check(Check::Restart(ticket)),
                Effect::WriteListener { process, pid, bytes } => {
                    let text = text::line(&String::from_utf8(bytes).unwrap());
                    self.result(format!("write {} pid {pid} {text}", self.name(process)));
                    self.listeners.insert(pid, Listener::Receiving);
                }
                Effect::ReopenLogs => self.result("reopen logs"),
                Effect::Terminate(ending) => {
                    let word = match ending {
                        Ending::Shutdown => "shutdown",
                        Ending::Restart => "restart",
                    };
                    self.result(format!("terminate for {word}"));
                    self.ending = Some(ending);
                }
            }
        }
        for (order, outcome) in facts {
            self.killed(order, outcome);
        }
    }

    /// Reports what came of a signal.
    pub(crate) fn killed(&mut self, order: KillOrder, outcome: Result<(), KillError>) {
        let shown = match &outcome {
            Ok(()) => "ok",
            Err(KillError::NoSuchProcess) => "no such process",
            Err(KillError::Refused(why)) => why,
        };
        self.result(format!("killed {} pid {}: {shown}", self.name(order.process), order.pid));
        self.feed(Input::Killed { order, outcome });
    }

    /// Begins anew after a restart: the groups are added to the supervisor that follows.
    pub(crate) fn begin(&mut self, groups: &[GroupSpec]) {
        if self.ending.take().is_some() {
            self.supervisor = self.supervisor.restarted("again");
            self.clients = Clients::default();
            self.spawns.clear();
            self.late_kills.clear();
        }
        self.step("begin");
        for group in groups {
            self.add(group.clone());
        }
        self.feed(Input::Started);
        self.show_changes();
    }

    pub(crate) fn save_and_restore(&mut self) {
        let restored = Supervisor::decode(&self.supervisor.encode()).unwrap();
        assert_eq!(restored, self.supervisor);
        self.supervisor = restored;
    }

    /// Writes down all that looks otherwise than before.
    pub(crate) fn show_changes(&mut self) {
        let mut lines = Vec::new();
        let now = self.now();
        let mut processes = BTreeMap::new();
        for info in self.supervisor.all_process_info(now) {
            let group_end = if self.supervisor.awaits_group_end(info.id) { " group" } else { "" };
            let text = format!("{}:{} {}{group_end}", info.group, info.name, text::info(&info));
            if self.shown.processes.get(&info.id) != Some(&text) {
                lines.push(text.clone());
            }
            processes.insert(info.id, text);
        }
        let mut pools = BTreeMap::new();
        for group in self.supervisor.groups() {
            let counters = self.supervisor.pool_counters(group.id);
            let counters = counters.map_or(String::new(), |counters| format!(" {counters}"));
            let text = format!("group {} priority {}{counters}", group.name, group.priority);
            if self.shown.pools.get(&group.id) != Some(&text) {
                lines.push(text.clone());
            }
            pools.insert(group.id, text);
        }
        let wanted: Vec<_> =
            EventKind::all().filter(|kind| self.supervisor.wants(*kind)).map(EventKind::name).collect();
        let state = format!("{} wants {}", self.state(), wanted.join(" "));
        if self.shown.state != state {
            lines.push(format!("state {state}"));
        }
        let deadline = self.supervisor.next_deadline();
        if self.shown.deadline != deadline {
            lines.push(format!("wakes at {}", deadline.map_or("-".to_owned(), text::time)));
        }
        self.shown = Shown { processes, pools, state, deadline };
        for line in lines {
            self.result(line);
        }
    }

    /// Remembers a check the daemon is to make for the supervisor.
    pub(crate) fn order_check(&mut self, check: Check) {
        self.result(format!("check {}", self.describe_check(&check)));
        self.clients.checks.push(check);
    }
}
