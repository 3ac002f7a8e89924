//! Ansible's module `community.general.supervisorctl`, which runs our `supervisorctl` and reads what it prints.

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Failure, Flavour, workspace};

use super::{Subject, expect, output};

/// The engine, and the distribution that holds the collection; only the collection is taken out of it.
const ENGINE: &str = "ansible-core==2.15.13";
const DISTRIBUTION: &str = "ansible==8.7.0";
const MODULE: &str = "ansible_collections/community/general/plugins/modules/supervisorctl.py";

/// The arguments of a task and what Ansible reports.
const TASKS: &[(&str, &str)] = &[
    ("name=idle state=started", "CHANGED"),
    ("name=idle state=started", "SUCCESS"),
    ("name=idle state=restarted", "CHANGED"),
    ("name=idle state=stopped", "CHANGED"),
    ("name=idle state=stopped", "SUCCESS"),
    ("name=idle state=absent", "CHANGED"),
    ("name=idle state=present", "CHANGED"),
    ("name=idle state=present", "SUCCESS"),
    ("name=web state=signalled signal=CONT", "CHANGED"),
    ("name=broken state=started", "FAILED!"),
    ("name=nope state=started", "FAILED!"),
];

pub(super) fn run(place: &Path) -> Result<(), Failure> {
    install(place)?;
    let subject = Subject::start();
    for (task, expected) in TASKS {
        let (printed, _) = output(ansible(place, &subject, task))?;
        // `localhost | CHANGED => {`
        let verdict = printed.split(" | ").nth(1).and_then(|rest| rest.split_whitespace().next());
        expect(task, verdict.unwrap_or(&printed), expected)?;
    }
    Ok(())
}

fn ansible(place: &Path, subject: &Subject, task: &str) -> Command {
    let mut command = subject.daemon.sandbox().command(place.join("bin/ansible"));
    let program = Flavour::under_test().program("supervisorctl");
    let arguments =
        format!("{task} config={} supervisorctl_path={}", subject.config().display(), program.display());
    command.args(["localhost", "-m", "community.general.supervisorctl", "-a", &arguments]);
    command.env("ANSIBLE_COLLECTIONS_PATH", place).env("ANSIBLE_LOCALHOST_WARNING", "false");
    command
        .env("ANSIBLE_PYTHON_INTERPRETER", place.join("bin/python"))
        .env("HOME", subject.daemon.sandbox().root());
    command.env("ANSIBLE_NOCOLOR", "1");
    command
}

fn install(place: &Path) -> Result<(), Failure> {
    if place.join(MODULE).exists() {
        return Ok(());
    }
    println!("  installing {ENGINE} and the collection of {DISTRIBUTION}");
    workspace::run(Command::new("python3").args(["-m", "venv"]).arg(place))?;
    let pip = place.join("bin/pip");
    workspace::download(Command::new(&pip).args(["install", "--quiet", ENGINE]))?;
    let mut download = Command::new(&pip);
    download.args(["download", "--quiet", "--no-deps", "--dest"]).arg(place.join("wheel")).arg(DISTRIBUTION);
    workspace::download(&mut download)?;
    for wheel in fs::read_dir(place.join("wheel"))? {
        let mut unpack = Command::new(place.join("bin/python"));
        workspace::run(unpack.args(["-c", UNPACK]).arg(wheel?.path()).arg(place))?;
    }
    Ok(fs::remove_dir_all(place.join("wheel"))?)
}

/// Takes the collection out of the distribution. Arguments: the wheel and the directory.
const UNPACK: &str = "\
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
names = [name for name in wheel.namelist() if name.startswith('ansible_collections/community/general/')]
wheel.extractall(sys.argv[2], names)
";
