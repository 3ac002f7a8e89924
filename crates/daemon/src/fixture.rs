//! What the unit tests of this crate share.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use supervisor_config::{Environment, LogFile, Process, StreamLog};
use supervisor_core::Policy;

/// A program with this command and otherwise the defaults, without logs.
pub(crate) fn process(name: &str, command: &str) -> Process {
    let stream = StreamLog {
        logfile: LogFile::None,
        maxbytes: 0,
        backups: 0,
        syslog: false,
        capture_maxbytes: 0,
        events_enabled: false,
    };
    Process {
        name: name.into(),
        group: name.into(),
        policy: Policy::default().into(),
        uid: None,
        command: command.as_bytes().to_vec(),
        directory: None,
        umask: None,
        stdout: stream.clone(),
        stderr: stream,
        redirect_stderr: false,
        environment: Environment::new(),
        serverurl: None,
        socket: None,
    }
}

/// A directory of a test's own, removed with all it holds when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A new, empty directory.
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("daemon-{name}-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file in it and returns its path.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}
