//! Event listeners for the tests: one that records what it gets, and one that answers as the test commands.

use std::fs::File;
use std::io::Write;
use std::process::Command;
use support::{Daemon, Sandbox, wait_for};

/// Answers `OK` to every event and appends it to the file named by its argument, with a line end behind it.
const RECORDER: &str = "\
while printf 'READY\\n' && IFS= read -r header; do
  { printf '%s\\n' \"$header\"; head -c \"${header##*len:}\"; printf '\\n'; } >>\"$1\"
  printf 'RESULT 2\\nOK'
done
";

/// Appends its input to `NAME.heard`, and prints what is written into the FIFO `NAME.say`.
const PUPPET: &str = "\
exec 3<&0
cat <&3 >>\"$1.heard\" 3<&- &
exec cat \"$1.say\" 3<&-
";

/// The section of a pool `name` whose listener records into `name.events`.
pub(super) fn recorder(name: &str, options: &str) -> String {
    format!(
        "[eventlistener:{name}]\ncommand=/bin/sh %(here)s/recorder.sh %(here)s/{name}.events\n\
         stdout_logfile=NONE\nstderr_logfile=%(here)s/{name}.err\nstartsecs=0\n{options}\n"
    )
}

/// The section of a pool `name` whose listener is a [`Puppet`].
pub(super) fn puppet(name: &str, options: &str) -> String {
    format!(
        "[eventlistener:{name}]\ncommand=/bin/sh %(here)s/puppet.sh %(here)s/{name}\n\
         stdout_logfile=NONE\nstderr_logfile=%(here)s/{name}.err\nstartsecs=0\n{options}\n"
    )
}

/// A sandbox that holds the scripts of both.
pub(super) fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("recorder.sh", RECORDER);
    sandbox.write("puppet.sh", PUPPET);
    sandbox
}

/// Starts a daemon in such a sandbox.
pub(super) fn start(config: &str) -> Daemon {
    Daemon::start_in(sandbox(), config)
}

/// Makes a `PROCESS_LOG`-free event whose payload is `type:test` and `data`.
pub(super) fn emit(daemon: &Daemon, data: &str) {
    assert_eq!(daemon.ask("sendRemoteCommEvent", &["test".into(), data.into()]), true.into());
}

/// An event as a listener gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) header: String,
    pub(super) payload: Vec<u8>,
}

impl Event {
    /// A token of the header.
    pub(super) fn field(&self, name: &str) -> &str {
        let prefix = format!("{name}:");
        let found = self.header.split(' ').find_map(|token| token.strip_prefix(&*prefix));
        found.unwrap_or_else(|| panic!("no {name} in {:?}", self.header))
    }

    pub(super) fn serial(&self) -> u64 {
        self.field("serial").parse().unwrap()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }

    /// Name and payload, pids replaced.
    pub(super) fn summary(&self) -> String {
        let text = self.text();
        let words = text.split(' ').map(|word| if word.starts_with("pid:") { "pid:N" } else { word });
        format!("{} {}", self.field("eventname"), words.collect::<Vec<_>>().join(" "))
    }

    /// Takes the first event off `bytes`, if it is there in full.
    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let header = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length: usize = header.rsplit_once("len:").expect("a header ends in a length").1.parse().unwrap();
        let rest = &bytes[end + 1..];
        let (payload, rest) = rest.split_at_checked(length)?;
        *bytes = rest;
        Some(Self { header, payload: payload.to_vec() })
    }
}

/// The events a recorder has written down in full.
pub(super) fn recorded(daemon: &Daemon, name: &str) -> Vec<Event> {
    let bytes = daemon.sandbox().bytes(&format!("{name}.events"));
    let mut rest = &bytes[..];
    let mut events = Vec::new();
    while let Some(event) = Event::take(&mut rest) {
        events.push(event);
        // The line end that the recorder adds may still be to come.
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    events
}

/// Waits until a recorder has written down an event that `is_last`; returns all up to it.
pub(super) fn recorded_until(daemon: &Daemon, name: &str, is_last: impl Fn(&Event) -> bool) -> Vec<Event> {
    wait_for(&format!("the last event for {name}"), || {
        let mut events = recorded(daemon, name);
        let last = events.iter().position(&is_last)?;
        events.truncate(last + 1);
        Some(events)
    })
}

/// The test's end of a listener under its command.
pub(super) struct Puppet {
    name: String,
    say: File,
}

impl Puppet {
    /// Makes the FIFO; to be done before the daemon starts. Both ends of it stay open here, so that the listener
    /// sees no end.
    pub(super) fn new(sandbox: &Sandbox, name: &str) -> Self {
        let fifo = sandbox.path(&format!("{name}.say"));
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let say = File::options().read(true).write(true).open(fifo).unwrap();
        Self { name: name.to_owned(), say }
    }

    /// Has the listener write something to its standard output.
    pub(super) fn say(&mut self, text: impl AsRef<[u8]>) {
        self.say.write_all(text.as_ref()).unwrap();
    }

    /// The file with all it was sent so far.
    pub(super) fn heard_file(&self) -> String {
        format!("{}.heard", self.name)
    }

    /// The events it was sent so far.
    pub(super) fn heard(&self, daemon: &Daemon) -> Vec<Event> {
        let bytes = daemon.sandbox().bytes(&self.heard_file());
        let mut rest = &bytes[..];
        std::iter::from_fn(|| Event::take(&mut rest)).collect()
    }

    /// Waits until it was sent as many events; returns the payloads of all.
    pub(super) fn wait_for_events(&self, daemon: &Daemon, count: usize) -> Vec<Event> {
        wait_for(&format!("{count} events for {}", self.name), || {
            let heard = self.heard(daemon);
            (heard.len() >= count).then_some(heard)
        })
    }

    /// Says `READY` and waits for the event it is sent.
    pub(super) fn take_event(&mut self, daemon: &Daemon) -> Event {
        let before = self.heard(daemon).len();
        self.say("READY\n");
        self.wait_for_events(daemon, before + 1).remove(before)
    }

    /// Has dealt with its event and asks for the next.
    pub(super) fn finish(&mut self) {
        self.say("RESULT 2\nOK");
    }
}
