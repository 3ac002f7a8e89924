//! A supervisord in a sandbox, and what one asks of it.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use crate::{
    Account, Address, Connection, Fault, Flavour, LogLine, RpcClient, Sandbox, Value, processes, wait_for,
    wait_until,
};

/// The beginning of every configuration made by [`Launch::configure`]. A test overrides an option by naming it again
/// in a second section of the same name: the later value wins.
const PREAMBLE: &str = "\
[supervisord]
nodaemon=true
logfile=%(here)s/main.log
pidfile=%(here)s/supervisord.pid
childlogdir=%(here)s

[unix_http_server]
file=%(here)s/s

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://%(here)s/s

";

/// The last step of a start, whether or not the pid file could be written.
const STARTED: [&str; 2] = ["supervisord started with pid", "could not write pidfile"];

const CONFIG: &str = "supervisord.conf";

/// What a program that ended left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code, or the negative number of the signal that ended it.
    pub code: i32,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// How a supervisord is to be started.
#[derive(Clone, Debug)]
pub struct Launch {
    flavour: Flavour,
    names_config: bool,
    launcher: Vec<OsString>,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    account: Option<Account>,
}

impl Launch {
    /// The flavour under test, with `-c` and the sandbox's `supervisord.conf`.
    pub fn new() -> Self {
        Self::of(Flavour::under_test())
    }

    /// The same for a certain flavour.
    pub fn of(flavour: Flavour) -> Self {
        Self {
            flavour,
            names_config: true,
            launcher: vec![],
            arguments: vec![],
            environment: vec![],
            account: None,
        }
    }

    /// Leaves out `-c FILE`.
    #[must_use]
    pub fn without_config(mut self) -> Self {
        self.names_config = false;
        self
    }

    /// Adds arguments after `-c FILE`.
    #[must_use]
    pub fn arguments<T: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn environment(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Starts it through `/bin/sh -c script`, where `"$@"` stands for the daemon's command line.
    #[must_use]
    pub fn through_shell(mut self, script: &str) -> Self {
        self.launcher = ["/bin/sh", "-c", script, "sh"].map(OsString::from).to_vec();
        self
    }

    /// Starts it as another user, which takes root.
    #[must_use]
    pub fn as_account(mut self, account: Account) -> Self {
        self.account = Some(account);
        self
    }

    /// Writes the sandbox's `supervisord.conf`: what every daemon here needs, then `config`.
    #[must_use]
    pub fn configure(self, sandbox: &Sandbox, config: &str) -> Self {
        sandbox.write(CONFIG, format!("{PREAMBLE}{config}"));
        self
    }

    /// Starts the daemon and waits until it has opened its sockets and says so.
    pub fn start(self, sandbox: Sandbox) -> Daemon {
        let flavour = self.flavour;
        let launched = self.spawn(&sandbox);
        let mut daemon = Daemon { sandbox, flavour, launched };
        daemon.wait_until_started();
        daemon
    }

    /// Runs it until it exits.
    pub fn run(self, sandbox: &Sandbox) -> Outcome {
        let mut launched = self.spawn(sandbox);
        let status = wait_for("supervisord to exit", || launched.try_wait().unwrap());
        Outcome { code: exit_code(status), stdout: sandbox.text("stdout"), stderr: sandbox.text("stderr") }
    }

    /// Runs it with a configuration or arguments it has to refuse, and returns what it says on standard error, with
    /// `DIR` for the sandbox's path.
    ///
    /// # Panics
    /// When it does not refuse as every refusal does: nothing on standard output, a first line that begins with
    /// `Error: `, a last one that points to the help, exit code 2.
    pub fn refusal(self, sandbox: &Sandbox) -> String {
        let program = self.flavour.program("supervisord");
        let outcome = self.run(sandbox);
        let stderr = &outcome.stderr;
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{stderr}");
        let hint = format!("For help, use {} -h\n", program.display());
        assert!(stderr.starts_with("Error: ") && stderr.ends_with(&hint), "{stderr}");
        stderr.replace(&sandbox.root().display().to_string(), "DIR")
    }

    fn spawn(self, sandbox: &Sandbox) -> Child {
        let mut words = self.launcher.clone();
        words.push(self.program(sandbox).into());
        if self.names_config {
            words.extend(["-c".into(), sandbox.path(CONFIG).into()]);
        }
        words.extend(self.arguments.clone());
        let mut command = sandbox.command(&words[0]);
        command.args(&words[1..]);
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        if let Some(account) = &self.account {
            command.uid(account.uid).gid(account.gid);
            give_away(sandbox.root(), account);
        }
        let output = |name| File::options().create(true).append(true).open(sandbox.path(name)).unwrap();
        command.stdout(output("stdout")).stderr(output("stderr"));
        spawn_when_not_busy(&mut command)
    }

    /// The program's path. Another user may be unable to reach the build directory and gets a copy.
    fn program(&self, sandbox: &Sandbox) -> PathBuf {
        let program = self.flavour.program("supervisord");
        if self.account.is_none() || self.flavour == Flavour::Upstream {
            return program;
        }
        let copy = sandbox.path("supervisord");
        fs::copy(&program, &copy).unwrap();
        fs::set_permissions(&copy, PermissionsExt::from_mode(0o755)).unwrap();
        copy
    }
}

impl Default for Launch {
    fn default() -> Self {
        Self::new()
    }
}

/// A copied program is "busy" as long as a child that another test forked meanwhile still holds the copy open.
fn spawn_when_not_busy(command: &mut Command) -> Child {
    wait_for("the program to be startable", || match command.spawn() {
        Ok(child) => Some(child),
        Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => None,
        Err(error) => panic!("{command:?}: {error}"),
    })
}

fn give_away(path: &Path, account: &Account) {
    chown(path, Some(account.uid), Some(account.gid)).unwrap();
    for entry in fs::read_dir(path).unwrap() {
        chown(entry.unwrap().path(), Some(account.uid), Some(account.gid)).unwrap();
    }
}

fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| -status.signal().unwrap_or(0))
}

/// A supervisord that has started. Dropping it ends it and everything it started.
#[derive(Debug)]
pub struct Daemon {
    sandbox: Sandbox,
    flavour: Flavour,
    launched: Child,
}

impl Daemon {
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

    /// Writes a new configuration in place of the old one; the daemon is not told.
    pub fn reconfigure(&self, config: &str) {
        self.sandbox.write(CONFIG, format!("{PREAMBLE}{config}"));
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

    /// The id of a process, 0 if it does not run.
    pub fn pid_of(&self, name: &str) -> u32 {
        u32::try_from(self.info(name)["pid"].int()).expect("a process id is not negative")
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

    /// Everything worth reading after a failure.
    fn account_of_itself(&self) -> String {
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

impl Drop for Daemon {
    #[expect(clippy::print_stderr, reason = "the test runner shows it beneath the failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.account_of_itself());
        }
        // The sandbox kills the rest; this one is our own child and would stay a zombie.
        let _ = self.launched.kill();
        let _ = self.launched.wait();
    }
}
