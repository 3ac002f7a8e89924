//! A supervisord in a sandbox, its logs and requests to it.

use std::fmt::Write as _;
use std::process::Child;

use crate::launch::{self, CONFIG, exit_code};
use crate::{
    Address, Connection, Fault, Flavour, Launch, LogLine, Outcome, RpcClient, Sandbox, Value, processes,
    wait_for, wait_until,
};

/// The last step of a start, whether or not the pid file could be written.
const STARTED: [&str; 2] = ["supervisord started with pid", "could not write pidfile"];

/// A supervisord that has started. Dropping it ends it and everything it started.
#[derive(Debug)]
pub struct Daemon {
    sandbox: Sandbox,
    flavour: Flavour,
    launched: Child,
}

impl Daemon {
    /// What was launched, once it says that it runs.
    pub(crate) fn started(sandbox: Sandbox, flavour: Flavour, launched: Child) -> Self {
        let mut daemon = Self { sandbox, flavour, launched };
        daemon.wait_until_started();
        daemon
    }

    /// Starts the flavour under test in a sandbox of its own, in the foreground, with `config` added to what every
    /// daemon here needs.
    pub fn start(config: &str) -> Self {
        Self::start_in(Sandbox::new(), config)
    }

    /// The same in a sandbox that already holds what the configuration names.
    pub fn start_in(sandbox: Sandbox, config: &str) -> Self {
        Launch::new().configure(&sandbox, config).start(sandbox)
    }

    fn wait_until_started(&mut self) {
        wait_until("supervisord to start", || {
            let says_so = |name| STARTED.iter().any(|line| self.sandbox.text(name).contains(line));
            if says_so("main.log") || says_so("stdout") {
                return true;
            }
            if let Some(status) = self.launched.try_wait().unwrap() {
                assert!(status.success(), "supervisord ended with {status} instead of starting");
            }
            false
        });
    }

    /// Its directory.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Writes a new configuration in place of the old one; without a signal or request to the daemon.
    pub fn reconfigure(&self, config: &str) {
        self.sandbox.write(CONFIG, launch::configuration(config));
    }

    /// Its process id, from the pid file.
    pub fn pid(&self) -> u32 {
        wait_for("the pid file", || self.sandbox.text("supervisord.pid").trim().parse().ok())
    }

    /// Sends the daemon a signal, named without `SIG`.
    pub fn signal(&self, name: &str) {
        processes::signal(self.pid(), name);
    }

    /// Waits until the program that was launched has exited, and returns its code. For a daemon that detached this
    /// is the launcher.
    pub fn wait_for_exit(&mut self) -> i32 {
        exit_code(wait_for("supervisord to exit", || self.launched.try_wait().unwrap()))
    }

    /// True while the launched program runs.
    pub fn is_running(&mut self) -> bool {
        self.launched.try_wait().unwrap().is_none()
    }

    /// Sends SIGTERM and waits for the exit.
    pub fn terminate(&mut self) -> i32 {
        self.signal("TERM");
        self.wait_for_exit()
    }

    /// The text of the main log.
    pub fn log(&self) -> String {
        self.sandbox.text("main.log")
    }

    /// The lines of the main log that are of its usual form.
    pub fn log_lines(&self) -> Vec<LogLine> {
        self.log().lines().filter_map(LogLine::parse).collect()
    }

    /// The lines of the main log as `LEVL text`, with `<pid>` for process ids.
    pub fn messages(&self) -> Vec<String> {
        self.log_lines().iter().map(ToString::to_string).collect()
    }

    /// The messages that contain `part`.
    pub fn messages_with(&self, part: &str) -> Vec<String> {
        self.messages().into_iter().filter(|message| message.contains(part)).collect()
    }

    /// Waits until a message contains `part`, and returns the first that does.
    pub fn wait_for_message(&self, part: &str) -> String {
        self.wait_for_messages(part, 1).remove(0)
    }

    /// Waits until at least `count` messages contain `part`, and returns all that do.
    pub fn wait_for_messages(&self, part: &str, count: usize) -> Vec<String> {
        wait_for(&format!("{count} log messages with {part:?}"), || {
            let found = self.messages_with(part);
            (found.len() >= count).then_some(found)
        })
    }

    /// Asserts that the messages containing `part` are these. Waits until there are as many, because a request may be
    /// answered before what it caused is in the log.
    #[track_caller]
    pub fn assert_messages<T: AsRef<str>>(&self, part: &str, expected: &[T]) {
        let expected: Vec<_> = expected.iter().map(AsRef::as_ref).collect();
        assert_eq!(self.wait_for_messages(part, expected.len()), expected);
    }

    /// Waits for a line of the main log whose text contains `part`, and returns the first.
    pub fn line_with(&self, part: &str) -> LogLine {
        wait_for(&format!("a log line with {part:?}"), || {
            self.log_lines().into_iter().find(|line| line.text.contains(part))
        })
    }

    /// Waits until messages containing these parts are in the log, each after the one before.
    pub fn assert_order(&self, parts: &[&str]) {
        wait_until(&format!("messages in the order {parts:#?}"), || {
            let messages = self.messages();
            let mut rest = messages.iter();
            parts.iter().all(|part| rest.any(|message| message.contains(part)))
        });
    }

    /// A client of its Unix socket.
    pub fn rpc(&self) -> RpcClient {
        RpcClient::new(self.address())
    }

    /// Where its Unix socket is.
    pub fn address(&self) -> Address {
        Address::Unix(self.sandbox.path("s"))
    }

    /// A connection to its Unix socket.
    ///
    /// # Panics
    /// When it takes none.
    pub fn connect(&self) -> Connection {
        Connection::open(&self.address()).expect("the daemon accepts connections")
    }

    /// Calls a method of the `supervisor` namespace.
    ///
    /// # Errors
    /// The fault the daemon answers with.
    pub fn call(&self, method: &str, parameters: &[Value]) -> Result<Value, Fault> {
        self.rpc().call(&format!("supervisor.{method}"), parameters)
    }

    /// Calls a method that has to succeed.
    pub fn ask(&self, method: &str, parameters: &[Value]) -> Value {
        self.call(method, parameters).unwrap_or_else(|fault| panic!("{method} {parameters:?}: {fault}"))
    }

    /// What `getProcessInfo` says about a process.
    pub fn info(&self, name: &str) -> Value {
        self.ask("getProcessInfo", &[name.into()])
    }

    /// What `getAllConfigInfo` says about a process.
    pub fn configured(&self, name: &str) -> Value {
        let all = self.ask("getAllConfigInfo", &[]);
        let one = all.items().iter().find(|config| config["name"].text() == name);
        one.unwrap_or_else(|| panic!("no {name} in {all:?}")).clone()
    }

    /// The name of a process's state.
    pub fn state(&self, name: &str) -> String {
        self.info(name)["statename"].text().to_owned()
    }

    /// The id of a process. Waits until there is one: a program may have written something before the daemon knows its id.
    pub fn pid_of(&self, name: &str) -> u32 {
        wait_for(&format!("{name} to have a process id"), || {
            let pid = u32::try_from(self.info(name)["pid"].int()).expect("a process id is not negative");
            (pid > 0).then_some(pid)
        })
    }

    /// Waits until a process is in a state, and returns what `getProcessInfo` then says.
    pub fn wait_for_state(&self, name: &str, state: &str) -> Value {
        wait_for(&format!("{name} to be {state}"), || {
            let info = self.info(name);
            (info["statename"].text() == state).then_some(info)
        })
    }

    /// Waits until a file of the sandbox contains `part`, and returns its text.
    pub fn wait_for_file(&self, name: &str, part: &str) -> String {
        wait_for(&format!("{part:?} in {name}"), || {
            let text = self.sandbox.text(name);
            text.contains(part).then_some(text)
        })
    }

    /// Runs `supervisorctl` of the daemon's own flavour.
    pub fn ctl(&self, arguments: &[&str]) -> Outcome {
        self.ctl_of(self.flavour, arguments)
    }

    /// Runs the `supervisorctl` of one or the other flavour.
    pub fn ctl_of(&self, flavour: Flavour, arguments: &[&str]) -> Outcome {
        let mut command = self.sandbox.command(flavour.program("supervisorctl"));
        let output = command.arg("-c").arg(self.sandbox.path(CONFIG)).args(arguments).output().unwrap();
        Outcome {
            code: exit_code(output.status),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The configuration, the logs and the output, for a failed test.
    fn diagnostics(&self) -> String {
        let mut account = format!("--- {:?} in {}\n", self.flavour, self.sandbox.root().display());
        for name in [CONFIG, "main.log", "stdout", "stderr"] {
            let text = self.sandbox.text(name);
            // A flood of output would hide the rest.
            let lines: Vec<_> = text.lines().collect();
            let tail = &lines[lines.len().saturating_sub(200)..];
            let _ = writeln!(account, "--- {name}\n{}", tail.join("\n"));
        }
        account
    }
}

/// Messages show the text of `strerror`, without the number that Rust's standard library appends.
#[track_caller]
pub(crate) fn assert_no_os_error_number(text: &str) {
    assert!(!text.contains("(os error "), "{text}");
}

impl Drop for Daemon {
    #[expect(clippy::print_stderr, reason = "the test runner shows it beneath the failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.diagnostics());
        }
        // The sandbox kills the rest; this one is our own child and would stay a zombie.
        let _ = self.launched.kill();
        let _ = self.launched.wait();
        if !std::thread::panicking() {
            for name in ["main.log", "stdout", "stderr"] {
                assert_no_os_error_number(&self.sandbox.text(name));
            }
        }
    }
}
