//! Rotation of child logs and of the main log.

use support::{Daemon, Sandbox, processes, wait_until};

/// Writes a line of 41 bytes, numbered from 1, for each SIGUSR1.
const TALKER: &str = "\
    n=0\n\
    trap 'n=$((n + 1)); printf \"%040d\\n\" $n' USR1\n\
    : > talker-ready\n\
    while :; do sleep 1000 & wait; done\n";

struct Talker {
    daemon: Daemon,
    pid: u32,
    /// From which size on its log is rotated, 0 for never.
    max_bytes: u64,
}

impl Talker {
    /// Starts the program with its output in `x.log`.
    fn start(max_bytes: u64, backups: u32) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("talker.sh", TALKER);
        let daemon = Daemon::start_in(
            sandbox,
            &format!(
                "[program:x]\ncommand=/bin/sh %(here)s/talker.sh\ndirectory=%(here)s\n\
                 stdout_logfile=%(here)s/x.log\nstartsecs=0\nstdout_logfile_maxbytes={max_bytes}\n\
                 stdout_logfile_backups={backups}\n"
            ),
        );
        wait_until("the talker to be ready", || daemon.sandbox().path("talker-ready").exists());
        let pid = daemon.pid_of("x");
        Self { daemon, pid, max_bytes }
    }

    /// Has it write lines, each after the one before has reached the log and what is full has been rotated: a rotation
    /// follows each write, not each line.
    fn say(&self, lines: u32) {
        for _ in 0..lines {
            let before = self.logs();
            processes::signal(self.pid, "USR1");
            wait_until("the line to arrive", || self.logs() != before);
            wait_until("the log to have room", || self.has_room());
        }
    }

    fn has_room(&self) -> bool {
        let log = self.daemon.sandbox().path("x.log").metadata();
        self.max_bytes == 0 || log.is_ok_and(|log| log.len() < self.max_bytes)
    }

    /// The log and its backups, as they are.
    fn logs(&self) -> Vec<String> {
        let sandbox = self.daemon.sandbox();
        let names = ["x.log", "x.log.1", "x.log.2", "x.log.3"];
        names.into_iter().filter(|name| sandbox.path(name).exists()).map(|name| sandbox.text(name)).collect()
    }

    fn wait_for_logs(&self, expected: &[String]) {
        wait_until(&format!("the logs to be {expected:?}, not {:?}", self.logs()), || {
            self.logs() == expected
        });
    }
}

fn lines(numbers: std::ops::RangeInclusive<u32>) -> String {
    let lines: Vec<_> = numbers.map(|number| format!("{number:040}\n")).collect();
    lines.concat()
}

/// PROC-49
#[test]
fn full_log_becomes_the_first_backup_and_the_oldest_goes() {
    let talker = Talker::start(100, 2);
    talker.say(3);
    talker.wait_for_logs(&[String::new(), lines(1..=3)]);
    talker.say(4);
    talker.wait_for_logs(&[lines(7..=7), lines(4..=6), lines(1..=3)]);
    talker.say(2);
    talker.wait_for_logs(&[String::new(), lines(7..=9), lines(4..=6)]);
}

/// To keep every backup, users write a large number; upstream tries every name below it at each rotation.
#[test]
fn any_number_of_backups_may_be_allowed_unlike_upstream() {
    let talker = Talker::start(41, 4_000_000_000);
    talker.say(3);
    talker.wait_for_logs(&[String::new(), lines(3..=3), lines(2..=2), lines(1..=1)]);
}

/// PROC-50
#[test]
fn without_backups_a_full_log_is_truncated() {
    let talker = Talker::start(100, 0);
    talker.say(3);
    talker.wait_for_logs(&[String::new()]);
    talker.say(1);
    talker.wait_for_logs(&[lines(4..=4)]);
}

/// PROC-50
#[test]
fn without_a_limit_a_log_grows() {
    let talker = Talker::start(0, 2);
    talker.say(8);
    talker.wait_for_logs(&[lines(1..=8)]);
}

/// PROC-71
#[test]
fn main_log_rotates() {
    let mut daemon = Daemon::start(
        "[supervisord]\nlogfile_maxbytes=300\nlogfile_backups=2\n\
         [program:x]\ncommand=sleep 1000\nautostart=false\nstartsecs=0\n",
    );
    for _ in 0..6 {
        daemon.ask("startProcess", &["x".into()]);
        daemon.ask("stopProcess", &["x".into()]);
    }
    wait_until("the second backup", || daemon.sandbox().path("main.log.2").exists());
    // Nothing is written any more after that.
    assert_eq!(daemon.terminate(), 0);
    assert!(!daemon.sandbox().path("main.log.3").exists());
    for backup in ["main.log.1", "main.log.2"] {
        let text = daemon.sandbox().text(backup);
        assert!(text.len() >= 300 && text.ends_with('\n'), "{backup}: {text}");
    }
    // Everything that was logged is also on standard output: the files hold its end without a gap.
    let kept = ["main.log.2", "main.log.1", "main.log"].map(|name| daemon.sandbox().text(name)).concat();
    let all = daemon.sandbox().text("stdout");
    assert!(all.ends_with(&kept), "{all}\n---\n{kept}");
}
