//! What is measured: this project, upstream, two other process managers, and what the machine can do without any.

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Failure, upstream, workspace};

/// Something that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// The programs of this repository, release build.
    Ours,
    /// Supervisor 4.3.0 from `PyPI`.
    Upstream,
    /// runsvdir, runsv and svlogd.
    Runit,
    /// s6-svscan, s6-supervise and s6-log.
    S6,
    /// The least any manager has to do: a loop that starts programs, or `cat`.
    Bare,
}

impl Subject {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Upstream => "upstream",
            Self::Runit => "runit",
            Self::S6 => "s6",
            Self::Bare => "bare",
        }
    }
}

/// Where everything is.
pub(super) struct Programs {
    ours: PathBuf,
    upstream: PathBuf,
    /// What the managers run.
    pub(super) load: PathBuf,
    runit: bool,
    s6: bool,
}

impl Programs {
    /// Builds ours, installs upstream where it is missing, and says loudly which peers are not there.
    pub(super) fn prepare() -> Result<Self, Failure> {
        workspace::run(
            Command::new("cargo")
                .args(["build", "--release", "-p", "supervisor-rs", "-p", "supervisor-benches"])
                .args(["--bin", "supervisord", "--bin", "supervisorctl", "--bin", "bench-load"])
                .current_dir(workspace::root()),
        )?;
        let ours = workspace::build_directory()?.join("release");
        let load = ours.join("bench-load");
        let upstream = upstream::ensure()?.join("bin");
        let programs =
            Self { load, ours, upstream, runit: is_installed("runsvdir"), s6: is_installed("s6-svscan") };
        for (is_there, package) in [(programs.runit, "runit"), (programs.s6, "s6")] {
            if !is_there {
                println!("NOT MEASURED: {package} is not installed; `apt-get install {package}`");
            }
        }
        Ok(programs)
    }

    pub(super) fn has(&self, subject: Subject) -> bool {
        match subject {
            Subject::Ours | Subject::Upstream | Subject::Bare => true,
            Subject::Runit => self.runit,
            Subject::S6 => self.s6,
        }
    }

    /// `supervisord` or `supervisorctl` of one of the two that have them.
    pub(super) fn of(&self, subject: Subject, name: &str) -> PathBuf {
        match subject {
            Subject::Upstream => self.upstream.join(name),
            Subject::Ours | Subject::Runit | Subject::S6 | Subject::Bare => self.ours.join(name),
        }
    }
}

fn is_installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| Path::new(&directory).join(name).is_file())
}
