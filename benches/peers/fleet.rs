//! A manager with the programs it runs, from start to end.

use std::cell::Cell;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use support::{Failure, Sandbox, workspace};

use super::machine::{self, Counters};
use super::subject::{Programs, Subject};

/// No step of a measurement takes longer, not even upstream's.
const PATIENCE: Duration = Duration::from_secs(240);

/// Where child output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logs {
    /// A file for each output, which is not rotated.
    Files,
    /// The same with 50 MB and 10 backups.
    Rotated,
    /// The same with 1 MB and no backup.
    Brief,
    /// Both outputs into one file.
    Joined,
    /// Nowhere, through one pipe: three descriptors for a program, which even a low limit leaves room for.
    None,
}

/// What a manager is to run.
#[derive(Clone, Debug)]
pub(super) struct Workload<'a> {
    pub(super) count: usize,
    /// The role of `bench-load` and its arguments; `{report}` and `{go}` stand for the pipes.
    pub(super) role: &'a str,
    pub(super) logs: Logs,
    /// Further configuration, for those that are supervisord.
    pub(super) config: &'a str,
}

impl<'a> Workload<'a> {
    /// Programs that do nothing.
    pub(super) fn quiet(count: usize) -> Self {
        Self { count, role: "quiet {report}", logs: Logs::Files, config: "" }
    }

    /// Programs in this role.
    pub(super) fn of(count: usize, role: &'a str, logs: Logs) -> Self {
        Self { count, role, logs, config: "" }
    }
}

/// A running manager. Ended when dropped.
pub(super) struct Fleet {
    pub(super) subject: Subject,
    sandbox: Sandbox,
    manager: Child,
    reports: Receiver<(Instant, u32)>,
    control: PathBuf,
    /// Keeps the pipe open that releases the programs.
    started: Cell<Option<File>>,
    /// From the exec of the manager until the last program reported.
    pub(super) start: Duration,
    /// The programs in the order of their reports.
    pub(super) children: Vec<u32>,
}

impl Fleet {
    /// Starts a manager and waits until all its programs run.
    pub(super) fn start(
        programs: &Programs,
        subject: Subject,
        workload: &Workload<'_>,
    ) -> Result<Self, Failure> {
        let sandbox = Sandbox::new();
        for name in ["report", "go"] {
            workspace::run(Command::new("mkfifo").arg(sandbox.path(name)))?;
        }
        let role = workload.role.replace("{report}", &shown(&sandbox, "report"));
        let role = role.replace("{go}", &shown(&sandbox, "go"));
        let command = format!("{} {role}", programs.load.display());
        let mut manager = match subject {
            Subject::Ours | Subject::Upstream => supervisord(programs, subject, &sandbox, workload, &command),
            Subject::Runit => runit(&sandbox, workload, &command)?,
            Subject::S6 => s6(&sandbox, workload, &command)?,
            Subject::Bare => bare(programs, &sandbox, workload, &role),
        };
        let reports = listen(&sandbox.path("report"))?;
        let log = |name| OpenOptions::new().create(true).append(true).open(sandbox.path(name));
        manager.stdin(Stdio::null()).stdout(log("stdout")?).stderr(log("stderr")?);
        let began = Instant::now();
        let manager = manager.spawn()?;
        let control = programs.of(subject, "supervisorctl");
        let children = Vec::with_capacity(workload.count);
        let (started, start) = (Cell::new(None), Duration::ZERO);
        let mut fleet = Self { subject, sandbox, manager, reports, control, started, start, children };
        for _ in 0..workload.count {
            let (at, pid) = fleet.next_report()?;
            fleet.start = at.saturating_duration_since(began);
            fleet.children.push(pid);
        }
        Ok(fleet)
    }

    /// The next report, and when it came.
    pub(super) fn next_report(&self) -> Result<(Instant, u32), Failure> {
        self.reports.recv_timeout(PATIENCE).map_err(|error| {
            let words = self.sandbox.text("stderr") + &self.sandbox.text("stdout");
            let end: Vec<&str> = words.lines().rev().take(5).collect();
            format!("{}: a program did not report: {error}; {end:?}", self.subject.name()).into()
        })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path(name)
    }

    /// The processes of the manager itself.
    pub(super) fn managers(&self) -> Vec<u32> {
        machine::tree(self.manager.id(), "bench-load")
    }

    pub(super) fn counters(&self) -> Counters {
        Counters::of(&self.managers())
    }

    /// Starts the load of the programs that wait for it.
    pub(super) fn go(&self) -> Result<(), Failure> {
        // A program that opens its end later finds a writer too, as this one stays open.
        let pipe = OpenOptions::new().read(true).write(true).open(self.path("go"))?;
        self.started.set(Some(pipe));
        Ok(())
    }

    /// The files of a program's log, the oldest first.
    pub(super) fn generations(&self, program: usize) -> Result<Vec<PathBuf>, Failure> {
        let names = match self.subject {
            Subject::Ours | Subject::Upstream | Subject::Bare => (1..=10)
                .rev()
                .map(|number| format!("p{program}.out.{number}"))
                .chain([format!("p{program}.out")])
                .collect(),
            Subject::Runit | Subject::S6 => self.generations_of_peer(program)?,
        };
        Ok(names.into_iter().map(|name| self.path(&name)).filter(|path| path.exists()).collect())
    }

    /// Finished files of svlogd and s6-log begin with `@` and their time; the one being written is `current`.
    fn generations_of_peer(&self, program: usize) -> Result<Vec<String>, Failure> {
        let directory = format!("sv/p{program}/log/main");
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path(&directory))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with('@') || name == "current" {
                names.push(format!("{directory}/{name}"));
            }
        }
        names.sort();
        Ok(names)
    }

    /// Waits until a program's log has so many bytes over all its generations.
    pub(super) fn wait_for_log(&self, program: usize, bytes: u64) -> Result<(), Failure> {
        let began = Instant::now();
        // Twice, as a file may be counted under its old and its new name while it is rotated.
        while self.log_size(program)? < bytes || self.log_size(program)? < bytes {
            if began.elapsed() > PATIENCE {
                return Err(format!("{}: log {program} does not grow to {bytes}", self.subject.name()).into());
            }
            machine::look_again(began);
        }
        Ok(())
    }

    fn log_size(&self, program: usize) -> Result<u64, Failure> {
        let files = self.generations(program)?;
        Ok(files.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum())
    }

    /// Runs its `supervisorctl`; returns how long it took.
    pub(super) fn ctl(&self, arguments: &[&str]) -> io::Result<Duration> {
        let began = Instant::now();
        let mut command = Command::new(&self.control);
        command.arg("-c").arg(self.path("supervisord.conf")).args(arguments);
        let output = command.stdin(Stdio::null()).output()?;
        let took = began.elapsed();
        if output.stdout.is_empty() {
            return Err(io::Error::other(format!("{command:?} says nothing")));
        }
        Ok(took)
    }

    /// Asks the manager to end; returns how long it took until all was gone.
    pub(super) fn shut_down(&mut self) -> Result<Duration, Failure> {
        let began = Instant::now();
        let signal = if self.subject == Subject::Runit { "HUP" } else { "TERM" };
        support::processes::signal(self.manager.id(), signal);
        let deadline = began + PATIENCE;
        while self.manager.try_wait()?.is_none() || self.children.iter().any(|pid| machine::is_alive(*pid)) {
            if Instant::now() > deadline {
                return Err(format!("{} does not end", self.subject.name()).into());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(began.elapsed())
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        // Ends the thread that reads the reports.
        let _unread = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path("report"))
            .and_then(|mut pipe| pipe.write_all(b"end\n"));
        // The programs must not come back while the sandbox kills them.
        let _gone_already = self.manager.kill();
        let _no_zombie = self.manager.wait();
    }
}

fn shown(sandbox: &Sandbox, name: &str) -> String {
    sandbox.path(name).display().to_string()
}

/// Reads reports, each with the time it came, until one is no number.
fn listen(path: &Path) -> Result<Receiver<(Instant, u32)>, Failure> {
    // Open for writing as well, so that there is always a writer and no end.
    let pipe: File = OpenOptions::new().read(true).write(true).open(path)?;
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let Ok(pid) = line.unwrap_or_default().parse() else { return };
            if sender.send((Instant::now(), pid)).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

fn supervisord(
    programs: &Programs,
    subject: Subject,
    sandbox: &Sandbox,
    workload: &Workload<'_>,
    command: &str,
) -> Command {
    let mut config = format!(
        "[supervisord]\nnodaemon=true\nlogfile=%(here)s/main.log\npidfile=%(here)s/pid\nchildlogdir=%(here)s\n\
         silent=true\n[unix_http_server]\nfile=%(here)s/s\n[rpcinterface:supervisor]\n\
         supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://%(here)s/s\n{}\n",
        workload.config
    );
    if subject == Subject::Upstream && workload.count > 150 {
        // Ours sees to it by itself.
        let _ = writeln!(config, "[supervisord]\nminfds={}", 100 + 6 * workload.count);
    }
    for index in 0..workload.count {
        let logs = match workload.logs {
            Logs::Files => format!(
                "stdout_logfile=%(here)s/p{index}.out\nstderr_logfile=%(here)s/p{index}.err\n\
                 stdout_logfile_maxbytes=0\nstderr_logfile_maxbytes=0\n"
            ),
            Logs::Rotated => format!(
                "stdout_logfile=%(here)s/p{index}.out\nstdout_logfile_maxbytes=50MB\nstdout_logfile_backups=10\n"
            ),
            Logs::Brief => format!(
                "stdout_logfile=%(here)s/p{index}.out\nstdout_logfile_maxbytes=1MB\nstdout_logfile_backups=0\n"
            ),
            Logs::Joined => format!(
                "stdout_logfile=%(here)s/p{index}.out\nstdout_logfile_maxbytes=0\nredirect_stderr=true\n"
            ),
            Logs::None => "stdout_logfile=NONE\nredirect_stderr=true\n".to_owned(),
        };
        let _ =
            write!(config, "[program:p{index}]\ncommand={command}\nautorestart=true\nstartsecs=0\n{logs}");
    }
    // As at every start but the first. A file system that has just deleted as many files, as between two rounds, takes
    // long to create new ones (ext4: five times what all the rest of a start takes).
    for index in 0..workload.count {
        sandbox.write(&format!("p{index}.out"), "");
        sandbox.write(&format!("p{index}.err"), "");
    }
    let file = sandbox.write("supervisord.conf", config);
    let mut manager = sandbox.command(programs.of(subject, "supervisord"));
    manager.arg("-c").arg(file);
    manager
}

fn script(sandbox: &Sandbox, path: &str, text: &str) -> Result<(), Failure> {
    let file = sandbox.write(path, format!("#!/bin/sh\n{text}\n"));
    Ok(fs::set_permissions(file, fs::Permissions::from_mode(0o755))?)
}

fn runit(sandbox: &Sandbox, workload: &Workload<'_>, command: &str) -> Result<Command, Failure> {
    for index in 0..workload.count {
        script(sandbox, &format!("sv/p{index}/run"), &format!("exec {command}"))?;
        sandbox.write(&format!("sv/p{index}/log/main/config"), "s50000000\nn1000\n");
        script(sandbox, &format!("sv/p{index}/log/run"), "exec svlogd ./main")?;
    }
    let mut manager = sandbox.command("runsvdir");
    manager.arg("-P").arg(sandbox.path("sv"));
    Ok(manager)
}

fn s6(sandbox: &Sandbox, workload: &Workload<'_>, command: &str) -> Result<Command, Failure> {
    for index in 0..workload.count {
        script(sandbox, &format!("sv/p{index}/run"), &format!("exec {command}"))?;
        let log = sandbox.directory(&format!("sv/p{index}/log/main"));
        script(
            sandbox,
            &format!("sv/p{index}/log/run"),
            &format!("exec s6-log n1000 s50000000 {}", log.display()),
        )?;
    }
    let mut manager = sandbox.command("s6-svscan");
    manager.args(["-c", "6000"]).arg(sandbox.path("sv"));
    Ok(manager)
}

fn bare(programs: &Programs, sandbox: &Sandbox, workload: &Workload<'_>, role: &str) -> Command {
    let mut manager = sandbox.command(&programs.load);
    manager.arg("bare").arg(workload.count.to_string()).arg(&programs.load).args(role.split(' '));
    manager
}
