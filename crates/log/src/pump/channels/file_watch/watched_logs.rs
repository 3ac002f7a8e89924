//! The watched logs, shared by the file watch and the workers that write logs.

use super::lookup::{Lookup, add};
use crate::pump::channels::command::ChannelCommand;
use crate::sinks::buffered_output::LogMessages;
use crate::sync::{Mutex, MutexGuard};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use supervisor_core::Level;
use supervisor_sys::errno::python_text;
use supervisor_sys::inotify::{Change, Inotify, WatchId};

/// What is watched. Only the [`FileWatchChannel`](super::FileWatchChannel) adds and removes watches.
#[derive(Debug, Default)]
pub(crate) struct WatchedLogs(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// `Some` only while a log is followed.
    inotify: Option<Arc<Inotify>>,
    logs: Vec<WatchedLog>,
    /// A report named a watch that belongs to no log, or to none yet.
    has_unmatched: bool,
    /// An error was logged; there is one message about errors only.
    has_logged_error: bool,
}

/// A log of a follower.
#[derive(Debug)]
struct WatchedLog {
    /// The follower's number.
    number: u64,
    path: Arc<Path>,
    /// The file, and the link that leads to it.
    file: Vec<WatchId>,
    /// While there is no file: directories, and the name it would have in them.
    directories: Vec<(WatchId, OsString)>,
    /// Its content changed: wake the follower.
    has_changed: bool,
    /// Its path has to be looked up: for the first time, or because it may name another file.
    needs_lookup: bool,
}

impl WatchedLogs {
    /// Takes the kernel's reports; returns whether the file watch has to be served. Never blocks.
    ///
    /// The caller then wakes the followers `woken`; changes of the content of their logs are not kept.
    pub(crate) fn take_reports(&self, woken: &[u64]) -> bool {
        let mut state = self.lock();
        let Some(inotify) = state.inotify.clone() else { return false };
        // It fails only if the descriptor itself is broken; then the kernel reports nothing.
        let _ = inotify.take(|change| state.record(change, woken));
        state.logs.iter().any(|log| log.has_changed || log.needs_lookup)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn execute(&self, command: ChannelCommand) {
        let mut state = self.lock();
        let removed: Vec<WatchedLog> = match command {
            ChannelCommand::Watch { number, path } => return state.logs.push(WatchedLog::new(number, path)),
            ChannelCommand::Unwatch(number) => {
                state.logs.extract_if(.., |log| log.number == number).collect()
            }
            ChannelCommand::FinishAll => std::mem::take(&mut state.logs),
            // For other kinds of channels.
            ChannelCommand::Attach { .. }
            | ChannelCommand::Finish(_)
            | ChannelCommand::Reopen
            | ChannelCommand::Clear(_)
            | ChannelCommand::Acknowledge(_)
            | ChannelCommand::Followed(_)
            | ChannelCommand::MainCleared => return,
        };
        for id in removed.iter().flat_map(WatchedLog::ids) {
            state.release(id);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().logs.is_empty()
    }

    pub(super) fn close(&self) {
        let inotify = self.lock().inotify.take();
        // Closing may take some milliseconds: not under the lock.
        drop(inotify);
    }

    /// The descriptor, opened for the first log; `None` if it cannot be opened.
    pub(super) fn inotify(&self, messages: &mut LogMessages) -> Option<Arc<Inotify>> {
        let mut state = self.lock();
        if state.inotify.is_none() {
            match Inotify::open() {
                Ok(inotify) => state.inotify = Some(Arc::new(inotify)),
                Err(error) => state.log_error("followed logs", &error, messages),
            }
        }
        state.inotify.clone()
    }

    /// Looks up all paths that need it, which may hang: not under the lock. Returns whether some need it again.
    pub(super) fn look_up(&self, inotify: &Inotify, messages: &mut LogMessages) -> bool {
        for (number, path) in self.take_lookups() {
            let lookup = Lookup::of(inotify, &path);
            self.lock().apply(number, lookup, messages);
        }
        self.lock().logs.iter().any(|log| log.needs_lookup)
    }

    fn take_lookups(&self) -> Vec<(u64, Arc<Path>)> {
        let mut state = self.lock();
        state.has_unmatched = false;
        let logs = state.logs.iter_mut();
        logs.filter_map(|log| {
            std::mem::take(&mut log.needs_lookup).then(|| (log.number, Arc::clone(&log.path)))
        })
        .collect()
    }

    /// The followers to wake.
    pub(super) fn take_changed(&self) -> Vec<u64> {
        let mut state = self.lock();
        let logs = state.logs.iter_mut();
        logs.filter_map(|log| std::mem::take(&mut log.has_changed).then_some(log.number)).collect()
    }
}

impl State {
    fn record(&mut self, change: Change<'_>, woken: &[u64]) {
        let mut is_matched = false;
        for log in &mut self.logs {
            let is_concerned = match change {
                Change::Content(id) => log.file.contains(&id),
                Change::Place(id) => log.ids().any(|own| own == id),
                Change::Entry(id, name) => {
                    log.directories.iter().any(|directory| directory.0 == id && directory.1 == name)
                }
                Change::Lost => true,
            };
            if is_concerned {
                is_matched = true;
                match change {
                    Change::Content(_) => log.has_changed |= !woken.contains(&log.number),
                    Change::Place(_) | Change::Entry(..) | Change::Lost => log.needs_lookup = true,
                }
            }
        }
        self.has_unmatched |= !is_matched;
    }

    /// Notes what a lookup found, and removes the watches that no log needs any more.
    fn apply(&mut self, number: u64, lookup: Lookup, messages: &mut LogMessages) {
        let Some(log) = self.logs.iter_mut().find(|log| log.number == number) else { return };
        let Lookup { mut file, mut directories, is_there, error } = lookup;
        let former: Vec<WatchId> = log.ids().chain(file.iter().copied()).chain(ids(&directories)).collect();
        if is_there {
            directories.clear();
        } else {
            for id in &log.file {
                add(&mut file, *id);
            }
        }
        (log.file, log.directories) = (file, directories);
        log.has_changed = true;
        // Another thread may have taken a report about it before its watch was known here.
        log.needs_lookup = self.has_unmatched;
        let subject = format!("the log '{}'", log.path.display());
        for id in former {
            self.release(id);
        }
        if let Some(error) = error {
            self.log_error(&subject, &error, messages);
        }
    }

    fn release(&self, id: WatchId) {
        if let Some(inotify) = &self.inotify
            && !self.logs.iter().any(|log| log.ids().any(|own| own == id))
        {
            inotify.forget(id);
        }
    }

    fn log_error(&mut self, subject: &str, error: &io::Error, messages: &mut LogMessages) {
        if std::mem::replace(&mut self.has_logged_error, true) {
            return;
        }
        let hint = match error.raw_os_error() {
            Some(libc::ENOSPC | libc::EMFILE) => " (see /proc/sys/fs/inotify for the limits)",
            Some(_) | None => "",
        };
        let message = format!(
            "could not watch {subject}: {}{hint}; \
             what others do to the file is shown with the program's next line only",
            python_text(error)
        );
        messages.push((Level::Warn, message));
    }
}

impl WatchedLog {
    fn new(number: u64, path: Arc<Path>) -> Self {
        Self {
            number,
            path,
            file: Vec::new(),
            directories: Vec::new(),
            has_changed: false,
            needs_lookup: true,
        }
    }

    fn ids(&self) -> impl Iterator<Item = WatchId> {
        self.file.iter().copied().chain(ids(&self.directories))
    }
}

fn ids(directories: &[(WatchId, OsString)]) -> impl Iterator<Item = WatchId> {
    directories.iter().map(|(id, _)| *id)
}
