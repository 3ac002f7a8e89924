//! How a supervisord is started, and what its configuration begins with.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use crate::daemon::assert_no_os_error_number;
use crate::{Account, Daemon, Flavour, Sandbox, wait_for};

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

/// The name of the configuration in every sandbox.
pub(crate) const CONFIG: &str = "supervisord.conf";

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

/// What every daemon here needs, and `config`.
pub(crate) fn configuration(config: &str) -> String {
    format!("{PREAMBLE}{config}")
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
        sandbox.write(CONFIG, configuration(config));
        self
    }

    /// Starts the daemon and waits until it has opened its sockets and says so.
    pub fn start(self, sandbox: Sandbox) -> Daemon {
        let flavour = self.flavour;
        let launched = self.spawn(&sandbox);
        Daemon::started(sandbox, flavour, launched)
    }

    /// Runs it until it exits.
    pub fn run(self, sandbox: &Sandbox) -> Outcome {
        let mut launched = self.spawn(sandbox);
        let status = wait_for("supervisord to exit", || launched.try_wait().unwrap());
        let outcome = Outcome {
            code: exit_code(status),
            stdout: sandbox.text("stdout"),
            stderr: sandbox.text("stderr"),
        };
        assert_no_os_error_number(&outcome.stderr);
        outcome
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
        command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// The program's path. Another user may be unable to reach the build directory and gets a copy.
    fn program(&self, sandbox: &Sandbox) -> PathBuf {
        let program = self.flavour.program("supervisord");
        if self.account.is_none() || self.flavour == Flavour::Upstream {
            return program;
        }
        let copy = sandbox.path("supervisord");
        // By a process of its own: a child that another test forks meanwhile would hold a file we write open, and a program
        // that is open for writing cannot be started.
        let status = Command::new("install").args(["-m", "755"]).args([&program, &copy]).status().unwrap();
        assert!(status.success(), "install of {} ended with {status}", program.display());
        copy
    }
}

impl Default for Launch {
    fn default() -> Self {
        Self::new()
    }
}

fn give_away(path: &Path, account: &Account) {
    chown(path, Some(account.uid), Some(account.gid)).unwrap();
    for entry in fs::read_dir(path).unwrap() {
        chown(entry.unwrap().path(), Some(account.uid), Some(account.gid)).unwrap();
    }
}

/// The exit code, or the negative number of the signal.
pub(crate) fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| -status.signal().unwrap_or(0))
}
