//! One history: what happens, drawn at random.

use crate::clients::{Order, Target};
use crate::machine::{Listener, Machine};
use crate::plan;
use crate::random::Random;
use supervisor_core::{Channel, Ending, GroupSpec, Input, Namespec, Pid, ProcessId, Selection, Signal};

/// The trace of the history of this number.
pub(crate) fn trace(number: u64) -> String {
    let mut random = Random::new(number);
    let groups = plan::groups(&mut random);
    let steps = 40 + random.below(100);
    let mut history = History { machine: Machine::new(random), groups, added: 0 };
    history.machine.begin(&history.groups);
    for _ in 0..steps {
        history.happen();
        history.machine.show_changes();
        if history.is_over() {
            return history.machine.trace;
        }
    }
    history.wind_down();
    history.machine.trace
}

struct History {
    machine: Machine,
    groups: Vec<GroupSpec>,
    /// Groups added beside those of the plan.
    added: u64,
}

impl History {
    /// Whether the daemon has ended; begins anew if that is wanted.
    fn is_over(&mut self) -> bool {
        match self.machine.ending {
            None => false,
            Some(Ending::Shutdown) => true,
            Some(Ending::Restart) => {
                self.machine.begin(&self.groups);
                false
            }
        }
    }

    /// Everything is ordered to stop, and mostly does.
    fn wind_down(&mut self) {
        self.machine.signal_daemon(Signal::TERM);
        self.machine.show_changes();
        for _ in 0..120 {
            if self.machine.ending.is_some() {
                return;
            }
            match self.machine.random.below(8) {
                0..2 => self.spawn(),
                2..5 => self.exit(),
                5 => self.listener_behaves(),
                6 => {
                    let millis = self.machine.random.below(3000);
                    self.machine.pass(millis);
                }
                _ => self.happen(),
            }
            self.machine.show_changes();
        }
    }

    fn happen(&mut self) {
        match self.machine.random.below(200) {
            0..34 => self.client_asks(),
            34..47 => self.check(),
            47..73 => self.spawn(),
            73..77 => self.fail_spawn(),
            77..79 => self.reap_before_spawned(),
            79..95 => self.exit(),
            95 => self.exit_late(),
            96..98 => self.crash_again_and_again(),
            98..100 => self.nonsense(),
            100..116 => self.time_passes(),
            116..118 => self.set_clock(),
            118..173 => self.listener_behaves(),
            173..176 => self.listener_misbehaves(),
            176..182 => self.child_writes(),
            182..184 => self.late_kill(),
            184..187 => self.add_group(),
            187..191 => self.remove_group(),
            191..194 => self.save_and_restore(),
            194..199 => self.daemon_signal(),
            _ => self.end(),
        }
    }

    fn client_asks(&mut self) {
        let order = match self.machine.random.below(34) {
            0..10 => Order::Start(self.target(), self.machine.random.one_in(2)),
            10..20 => Order::Stop(self.target(), self.machine.random.one_in(2)),
            20..26 => Order::Signal(self.target(), self.signal()),
            26..29 => {
                let kind = self.machine.random.pick(&["a", "b", "c\n"]);
                Order::RemoteEvent(kind.to_owned(), self.machine.random.pick(&["", "x", "é\n"]).to_owned())
            }
            _ => return self.cancel(),
        };
        self.machine.request(&order);
    }

    fn target(&mut self) -> Target {
        let process = self.process();
        let info = process.and_then(|id| self.machine.supervisor.process_info(id, self.machine.now()));
        let Some((group, name)) = info.map(|info| (info.group.to_owned(), info.name.to_owned())) else {
            return Target::All;
        };
        let spelled = || Namespec { group: &group, process: Some(&name) }.to_string();
        match self.machine.random.below(20) {
            0..13 => Target::Named(spelled()),
            13 => Target::Named(format!("{group}:*")),
            14 => Target::Named(format!("{group}:")),
            15 => Target::Named(group),
            16 => Target::Group(group),
            17 => Target::Group(name),
            18 => Target::Named("nosuch:thing".to_owned()),
            _ => Target::All,
        }
    }

    fn signal(&mut self) -> Result<Signal, String> {
        match self.machine.random.below(6) {
            0 => Err("NOPE".to_owned()),
            1 => Ok(Signal(0)),
            2 => Ok(Signal::USR1),
            _ => Ok(Signal::HUP),
        }
    }

    fn cancel(&mut self) {
        if let Some(place) = self.machine.random.index(self.machine.clients.open.len()) {
            let ticket = *self.machine.clients.open.iter().nth(place).unwrap();
            self.machine.cancel(ticket);
        }
    }

    fn check(&mut self) {
        if let Some(place) = self.machine.random.index(self.machine.clients.checks.len()) {
            self.machine.make_check(place);
        }
    }

    fn spawn(&mut self) {
        if let Some(process) = self.machine.spawns.pop_front() {
            let pid = self.machine.draw_pid();
            self.machine.step(format!("spawned {} pid {pid}", self.machine.name(process)));
            self.machine.spawned(process, pid);
        }
    }

    fn fail_spawn(&mut self) {
        if let Some(process) = self.machine.spawns.pop_front() {
            self.machine.step(format!("spawn failed {}", self.machine.name(process)));
            self.machine.feed(Input::SpawnFailed { process, message: "no luck".to_owned() });
        }
    }

    fn reap_before_spawned(&mut self) {
        if let Some(process) = self.machine.spawns.pop_front() {
            let pid = self.machine.draw_pid();
            self.machine.step(format!("reaped {pid} before it is known"));
            self.machine.reap(pid);
            self.machine.step(format!("spawned {} pid {pid}, late", self.machine.name(process)));
            self.machine.feed(Input::Spawned { process, pid });
        }
    }

    fn exit(&mut self) {
        let Some((pid, process)) = self.child() else { return };
        let is_listener = self.machine.name(process).starts_with('l');
        if is_listener && self.machine.ending.is_none() && self.machine.random.below(3) > 0 {
            return;
        }
        // The rest of a process group lives on for a while.
        if self.machine.supervisor.awaits_group_end(process) && self.machine.random.one_in(2) {
            return;
        }
        self.machine.step(format!("reaped {} pid {pid}", self.machine.name(process)));
        self.machine.reap(pid);
    }

    /// The daemon learns of an exit and of a deadline at the same time.
    fn exit_late(&mut self) {
        let Some((pid, process)) = self.child() else { return };
        if let Some(next) = self.machine.supervisor.next_deadline() {
            let late = std::time::Duration::from_millis(self.machine.random.below(2500));
            self.machine.clock = self.machine.clock.max(next) + late;
        }
        self.machine.step(format!("reaped {} pid {pid}, late", self.machine.name(process)));
        self.machine.reap(pid);
        self.machine.show_changes();
        if self.machine.ending.is_none() {
            self.machine.wake();
        }
    }

    /// A child ends in the very moment it is spawned, and so do those that follow it.
    fn crash_again_and_again(&mut self) {
        let Some((mut pid, process)) = self.child() else { return };
        for _ in 0..14 {
            self.machine.step(format!("reaped {} pid {pid}, again", self.machine.name(process)));
            self.machine.reap(pid);
            self.machine.show_changes();
            if self.machine.spawns.back() != Some(&process) || self.machine.ending.is_some() {
                return;
            }
            self.machine.spawns.pop_back();
            pid = self.machine.draw_pid();
            self.machine.step(format!("spawned {} pid {pid}, again", self.machine.name(process)));
            self.machine.spawned(process, pid);
        }
    }

    /// Facts that fit nothing.
    fn nonsense(&mut self) {
        let ids: Vec<ProcessId> = self.machine.processes.keys().copied().collect();
        let process = self.machine.random.pick(&ids);
        let name = self.machine.name(process);
        let pid = Pid::new(5000 + i32::try_from(self.machine.random.below(3)).unwrap()).unwrap();
        match self.machine.random.below(6) {
            0 => {
                self.machine.step(format!("an unknown child {pid} is reaped"));
                self.machine.reap(pid);
            }
            1 if !self.machine.spawns.contains(&process) => {
                self.machine.step(format!("{name} is spawned unasked as {pid}"));
                self.machine.feed(Input::Spawned { process, pid });
            }
            2 if !self.machine.spawns.contains(&process) => {
                self.machine.step(format!("a spawn of {name} fails unasked"));
                self.machine.feed(Input::SpawnFailed { process, message: "gone".to_owned() });
            }
            3 => {
                self.machine.step(format!("{name} writes as {pid}"));
                self.machine.feed(Input::ListenerOutput { process, pid, bytes: b"READY\n".to_vec() });
                self.machine.feed(Input::ListenerWritten { process, pid });
                self.machine.feed(Input::ListenerWriteFailed { process, pid });
            }
            4 => {
                self.machine.step("the loop begins twice");
                self.machine.feed(Input::Started);
            }
            _ => {
                self.machine.step("a deadline too early");
                self.machine.feed(Input::Deadline);
            }
        }
    }

    fn time_passes(&mut self) {
        let most = self.machine.random.pick(&[50, 400, 1500, 4000, 20_000]);
        let millis = self.machine.random.below(most);
        self.machine.pass(millis);
    }

    fn set_clock(&mut self) {
        let shift = i64::try_from(self.machine.random.below(8_000)).unwrap() - 4000;
        self.machine.wall_shift += shift * 1_000_000;
        self.machine.step(format!("the clock is set by {shift}"));
        self.machine.feed(Input::ClockSet);
    }

    fn listener_behaves(&mut self) {
        let Some((pid, process)) = self.listener() else { return };
        let name = self.machine.name(process);
        let say = |text: &str| Input::ListenerOutput { process, pid, bytes: text.as_bytes().to_vec() };
        match self.machine.listeners[&pid] {
            Listener::New => {
                self.machine.step(format!("listener {name} is ready"));
                self.machine.listeners.insert(pid, Listener::Waiting);
                self.machine.feed(say("READY\n"));
            }
            Listener::Waiting => {}
            Listener::Receiving => {
                self.machine.step(format!("listener {name} has its event"));
                self.machine.listeners.insert(pid, Listener::Busy);
                self.machine.feed(Input::ListenerWritten { process, pid });
            }
            Listener::Busy => {
                let answers = ["OK", "OK", "OK", "FAIL"];
                let answer = self.machine.random.pick(&answers);
                let result = format!("RESULT {}\n{answer}", answer.len());
                self.machine.step(format!("listener {name} answers {answer}"));
                self.machine.listeners.insert(pid, Listener::Waiting);
                self.machine.feed(say(&format!("{result}READY\n")));
            }
        }
    }

    fn listener_misbehaves(&mut self) {
        let Some((pid, process)) = self.listener() else { return };
        let name = self.machine.name(process);
        if self.machine.random.one_in(3) {
            self.machine.step(format!("listener {name} has closed its input"));
            self.machine.feed(Input::ListenerWriteFailed { process, pid });
        } else {
            let words = ["REA", "DY\n", "RESULT 0\n", "RESULT ", "2\nOKREADY\n", "nonsense\n", "\u{e9}\n"];
            let word = self.machine.random.pick(&words);
            self.machine.step(format!("listener {name} says {}", word.escape_default()));
            self.machine.feed(Input::ListenerOutput { process, pid, bytes: word.as_bytes().to_vec() });
        }
    }

    fn child_writes(&mut self) {
        let Some((pid, process)) = self.child() else { return };
        self.machine.step(format!("{} writes", self.machine.name(process)));
        let channel = self.machine.random.pick(&[Channel::Stdout, Channel::Stderr]);
        let bytes = self.machine.random.pick(&[b"line\n".to_vec(), b"\xff".to_vec(), "é".into()]);
        let is_output = self.machine.random.one_in(2);
        self.machine.feed(if is_output {
            Input::Output { process, pid, channel, bytes }
        } else {
            Input::Communication { process, pid, channel, bytes }
        });
    }

    fn late_kill(&mut self) {
        if let Some((order, outcome)) = self.machine.late_kills.pop_front() {
            self.machine.step("the outcome of a signal is known late");
            self.machine.killed(order, outcome);
        }
    }

    fn add_group(&mut self) {
        let spec = if self.machine.random.one_in(2) {
            self.machine.random.pick(&self.groups)
        } else {
            self.added += 1;
            plan::single(&format!("new{}", self.added), &mut self.machine.random)
        };
        self.machine.step(format!("add group {}", spec.name));
        self.machine.add(spec);
    }

    fn remove_group(&mut self) {
        let mut names: Vec<_> = self.machine.supervisor.groups().map(|group| group.name.to_owned()).collect();
        names.push("nosuch".to_owned());
        let name = self.machine.random.pick(&names);
        self.machine.step(format!("remove group {name}"));
        self.machine.remove(&name);
    }

    fn save_and_restore(&mut self) {
        self.machine.step("saved and restored");
        self.machine.save_and_restore();
    }

    fn daemon_signal(&mut self) {
        let signals = [Signal::USR2, Signal::CHLD, Signal::USR1, Signal::HUP];
        let signal = self.machine.random.pick(&signals);
        self.machine.signal_daemon(signal);
    }

    fn end(&mut self) {
        match self.machine.random.below(4) {
            0 => self.machine.signal_daemon(Signal::INT),
            1 => self.machine.request(&Order::Shutdown),
            _ => self.machine.request(&Order::Restart),
        }
    }

    fn process(&mut self) -> Option<ProcessId> {
        let all = self.machine.supervisor.processes(Selection::All);
        self.machine.random.index(all.len()).map(|place| all[place])
    }

    fn child(&mut self) -> Option<(Pid, ProcessId)> {
        let place = self.machine.random.index(self.machine.children.len())?;
        self.machine.children.iter().nth(place).map(|(pid, process)| (*pid, *process))
    }

    fn listener(&mut self) -> Option<(Pid, ProcessId)> {
        let is_listener = |process: &ProcessId| self.machine.name(*process).starts_with('l');
        let listeners = self.machine.children.iter().filter(|(_, process)| is_listener(process));
        let listeners: Vec<_> = listeners.map(|(pid, process)| (*pid, *process)).collect();
        self.machine.random.index(listeners.len()).map(|place| listeners[place])
    }
}
