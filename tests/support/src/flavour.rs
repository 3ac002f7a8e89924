//! Whose programs a test drives.

use std::env;
use std::path::PathBuf;

/// The two implementations a test can drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// The programs built from this repository.
    Ours,
    /// Supervisor in Python, from the virtual environment named by `SUPERVISOR_UPSTREAM`.
    Upstream,
}

impl Flavour {
    /// The flavour the suite runs against: ours, unless `SUPERVISOR_TEST_FLAVOUR=upstream`.
    pub fn under_test() -> Self {
        match env::var("SUPERVISOR_TEST_FLAVOUR").as_deref() {
            Ok("upstream") => Self::Upstream,
            Ok("ours") | Err(env::VarError::NotPresent) => Self::Ours,
            other => panic!("SUPERVISOR_TEST_FLAVOUR is `ours` or `upstream`, not {other:?}"),
        }
    }

    /// The path of `supervisord`, `supervisorctl`, `echo_supervisord_conf` or `pidproxy`.
    pub fn program(self, name: &str) -> PathBuf {
        match self {
            Self::Ours => built_program(name),
            Self::Upstream => {
                let root = env::var_os("SUPERVISOR_UPSTREAM")
                    .expect("SUPERVISOR_UPSTREAM names a virtual environment that has supervisor==4.3.0");
                PathBuf::from(root).join("bin").join(name)
            }
        }
    }
}

/// A program of this repository: in `SUPERVISOR_TEST_BINARIES` when that is set, else beside or above the running
/// test, where cargo puts it before it runs one.
fn built_program(name: &str) -> PathBuf {
    if let Some(directory) = env::var_os("SUPERVISOR_TEST_BINARIES") {
        return PathBuf::from(directory).join(name);
    }
    let test = env::current_exe().expect("a running program has a path");
    test.ancestors()
        .skip(1)
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("no {name} beside or above {}; run `cargo build` first", test.display()))
}
