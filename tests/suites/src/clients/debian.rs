//! The supervisorctl of Debian's package `supervisor`, unpacked and not installed, so that no service starts.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Subject, expect, output};
use support::{Failure, workspace};

/// Where Debian puts Python packages.
const MODULES: &str = "usr/lib/python3/dist-packages";

/// Command lines, and what each prints with which exit code; `PID` is that of `web`.
const LINES: &[(&str, &str, i32)] = &[
    ("version", "4.3.0\n", 0),
    ("status idle", "idle                             STOPPED   Not started\n", 3),
    ("start idle", "idle: started\n", 0),
    ("start idle", "idle: ERROR (already started)\n", 0),
    ("start broken", "broken: ERROR (no such file)\n", 1),
    ("start nope", "nope: ERROR (no such process)\n", 1),
    ("restart idle", "idle: stopped\nidle: started\n", 0),
    ("signal CONT web", "web: signalled\n", 0),
    ("tail web", "hello\n\n", 0),
    ("clear web", "web: cleared\n", 0),
    ("stop idle", "idle: stopped\n", 0),
    ("pid idle", "0\n", 7),
    ("reread", "No config updates to processes\n", 0),
    ("update", "", 0),
    ("remove idle", "idle: removed process group\n", 0),
    ("add idle", "idle: added process group\n", 0),
    ("shutdown", "Shut down\n", 0),
];

pub(super) fn run(place: &Path) -> Result<(), Failure> {
    unpack(place)?;
    let mut subject = Subject::start();
    for (line, printed, code) in LINES {
        let mut command = subject.daemon.sandbox().command("/usr/bin/python3");
        command
            .arg(place.join("usr/bin/supervisorctl"))
            .arg("-c")
            .arg(subject.config())
            .args(line.split(' '));
        command.env("PYTHONPATH", place.join(MODULES)).env("PYTHONWARNINGS", "ignore");
        let (found, status) = output(command)?;
        let expected = format!("{printed}exit {code}");
        expect(line, &format!("{found}exit {}", status.unwrap_or(-1)), &expected)?;
    }
    expect("the end of the daemon", &subject.daemon.wait_for_exit().to_string(), "0")
}

/// Fetches the package with what it needs besides Python, and takes it apart.
fn unpack(place: &Path) -> Result<(), Failure> {
    if place.join("usr/bin/supervisorctl").exists() {
        return Ok(());
    }
    println!("  fetching Debian's package supervisor");
    let mut fetch = Command::new("apt-get");
    fetch.args(["download", "-q", "supervisor", "python3-pkg-resources"]).current_dir(place);
    workspace::download(&mut fetch)?;
    for entry in fs::read_dir(place)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            workspace::run(Command::new("dpkg-deb").arg("-x").arg(&path).arg(place))?;
        }
    }
    Ok(())
}
