//! Signals sent to the whole process arrive in the queue, whatever threads there are.

use crate::support::wait_until;
use crate::{Role, Test, play};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Stdio};
use supervisor_core::{Pid, Signal};
use supervisor_sys::signal::{SignalQueue, signal_process};

pub(crate) const TESTS: &[Test] = &[
    ("signals_to_a_process_with_threads_arrive_one_by_one", arrive_one_by_one),
    ("end_of_a_child_arrives_as_a_signal", child_end_arrives),
];
pub(crate) const ROLES: &[Role] = &[("tell_signals", tell_signals), ("tell_child_end", tell_child_end)];

pub(crate) const TOLD: [Signal; 6] =
    [Signal::TERM, Signal::HUP, Signal::INT, Signal::USR1, Signal::USR2, Signal::QUIT];

/// Says `ready`, then the name of each signal that arrives; TERM ends it.
pub(crate) fn tell_signals() -> u8 {
    let mut signals = SignalQueue::new(&TOLD).unwrap();
    for _ in 0..3 {
        // Threads inherit the mask: none of them takes a signal from the queue.
        std::thread::spawn(std::thread::park);
    }
    say("ready");
    loop {
        let signal = signals.wait().unwrap();
        say(signal.name().unwrap());
        if signal == Signal::TERM {
            return 0;
        }
    }
}

fn tell_child_end() -> u8 {
    let mut signals = SignalQueue::new(&[Signal::CHLD]).unwrap();
    let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
    let signal = signals.wait().unwrap();
    child.wait().unwrap();
    assert_eq!(signals.next().unwrap(), None);
    u8::from(signal != Signal::CHLD)
}

fn say(line: &str) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}").unwrap();
    stdout.flush().unwrap();
}

/// A process of ours whose lines can be waited for.
pub(crate) struct Told {
    pub(crate) child: Child,
    lines: BufReader<ChildStdout>,
}

impl Told {
    pub(crate) fn start(command: &mut std::process::Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line; empty at the end of the output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::new(self.child.id().cast_signed()).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        signal_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        wait_until("the process has ended", || self.child.try_wait().unwrap()).code()
    }
}

fn arrive_one_by_one() {
    let mut told = Told::start(&mut play("tell_signals"));
    assert_eq!(told.line(), "ready");
    for signal in
        [Signal::USR2, Signal::HUP, Signal::HUP, Signal::INT, Signal::QUIT, Signal::USR1, Signal::TERM]
    {
        told.signal(signal);
        assert_eq!(told.line(), signal.name().unwrap());
    }
    assert_eq!(told.exit_code(), Some(0));
}

fn child_end_arrives() {
    assert!(play("tell_child_end").status().unwrap().success());
}
