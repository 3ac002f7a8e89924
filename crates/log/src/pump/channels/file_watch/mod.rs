//! What others do to a followed log, as the kernel tells it.
//!
//! The file at the path is watched, and the link if the path is one. While there is none (it was moved away, and who writes
//! it has yet to make a new one), the directories are watched in which it would come into being, for its name only; so is
//! the former file, which is read on until then. Whatever cannot be watched is followed by what the pump itself writes.
//!
//! What the pump writes is told as well. So before it wakes the followers of a log it has written it takes what was told
//! meanwhile (see [`WatchedLogs::take`]): that is one call for any number of writes, after which there is nothing for the
//! poller to tell.

use crate::pump::channels::report::{Descriptors, NextService, OpenDescriptors, ServiceReport};
use crate::pump::channels::stream::ChannelCommand;
use crate::pump::poll::MAX_PAUSE;
use crate::pump::poll::registration::{PipeRegistration, UNREGISTERED_RETRY};
use crate::pump::worker::context::WorkerContext;
use crate::sinks::buffered_output::LogMessages;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use supervisor_core::Level;
use supervisor_sys::errno::python_text;
use supervisor_sys::inotify::{Change, Inotify, WatchId};

/// So many links in a row are watched for what they lead to.
const MOST_LINKS: usize = 8;

/// What is watched, for all who write logs; only the [`FileWatchChannel`] adds and removes.
#[derive(Debug, Default)]
pub(in crate::pump) struct WatchedLogs(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// `Some` only while a log is followed.
    inotify: Option<Arc<Inotify>>,
    logs: Vec<WatchedLog>,
    /// Something was told of a watch that no log has, or none has yet.
    has_unmatched: bool,
    /// That something cannot be watched was said, and is said once.
    has_reported: bool,
}

/// A log somebody follows.
#[derive(Debug)]
struct WatchedLog {
    /// The follower's number.
    number: u64,
    path: Arc<Path>,
    /// The file, and the link that leads to it.
    file: Vec<WatchId>,
    /// While there is none: directories, and the name it would have.
    places: Vec<(WatchId, OsString)>,
    /// The follower is to be woken.
    has_changed: bool,
    /// It is to be watched, or there may be another file.
    is_due: bool,
}

impl WatchedLogs {
    /// Takes what was told; returns whether the server has something to do. Never waits.
    ///
    /// The followers of these numbers are woken by the caller after this, for changes of the content.
    pub(in crate::pump) fn take(&self, woken: &[u64]) -> bool {
        let mut state = self.lock();
        let Some(inotify) = state.inotify.clone() else { return false };
        // It fails only if the descriptor itself is broken; then nothing is told.
        let _ = inotify.take(|change| state.note(change, woken));
        state.logs.iter().any(|log| log.has_changed || log.is_due)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(&self, command: ChannelCommand) {
        let mut state = self.lock();
        let former: Vec<WatchedLog> = match command {
            ChannelCommand::Watch { number, path } => return state.logs.push(WatchedLog::new(number, path)),
            ChannelCommand::Unwatch(number) => {
                state.logs.extract_if(.., |log| log.number == number).collect()
            }
            ChannelCommand::FinishAll => std::mem::take(&mut state.logs),
            // Nothing to a watch.
            ChannelCommand::Attach { .. }
            | ChannelCommand::Finish(_)
            | ChannelCommand::Reopen
            | ChannelCommand::Clear(_)
            | ChannelCommand::Acknowledge(_)
            | ChannelCommand::Followed(_)
            | ChannelCommand::MainCleared => return,
        };
        for id in former.iter().flat_map(WatchedLog::ids) {
            state.release(id);
        }
    }

    fn is_empty(&self) -> bool {
        self.lock().logs.is_empty()
    }

    fn close(&self) {
        let former = self.lock().inotify.take();
        // Not under the lock: it may take some milliseconds.
        drop(former);
    }

    /// The descriptor, which is made for the first log; `None` if there is none to be had.
    fn inotify(&self, messages: &mut LogMessages) -> Option<Arc<Inotify>> {
        let mut state = self.lock();
        if state.inotify.is_none() {
            match Inotify::open() {
                Ok(inotify) => state.inotify = Some(Arc::new(inotify)),
                Err(error) => state.report_once("followed logs", &error, messages),
            }
        }
        state.inotify.clone()
    }

    /// Watches what is to be watched anew; returns whether some is to be again. Looks paths up, which may hang: without
    /// the lock.
    fn arrange(&self, inotify: &Inotify, messages: &mut LogMessages) -> bool {
        for (number, path) in self.take_due() {
            let found = Found::look(inotify, &path);
            self.lock().settle(number, found, messages);
        }
        self.lock().logs.iter().any(|log| log.is_due)
    }

    fn take_due(&self) -> Vec<(u64, Arc<Path>)> {
        let mut state = self.lock();
        state.has_unmatched = false;
        let due = state
            .logs
            .iter_mut()
            .filter_map(|log| std::mem::take(&mut log.is_due).then(|| (log.number, Arc::clone(&log.path))));
        due.collect()
    }

    /// The followers to be woken.
    fn take_changed(&self) -> Vec<u64> {
        let mut state = self.lock();
        let told = state
            .logs
            .iter_mut()
            .filter_map(|log| std::mem::take(&mut log.has_changed).then_some(log.number));
        told.collect()
    }
}

impl State {
    fn note(&mut self, change: Change<'_>, woken: &[u64]) {
        let mut is_known = false;
        for log in &mut self.logs {
            let is_concerned = match change {
                Change::Content(id) => log.file.contains(&id),
                Change::Place(id) => log.ids().any(|own| own == id),
                Change::Entry(id, name) => log.places.iter().any(|place| place.0 == id && place.1 == name),
                Change::Lost => true,
            };
            if is_concerned {
                is_known = true;
                match change {
                    Change::Content(_) => log.has_changed |= !woken.contains(&log.number),
                    Change::Place(_) | Change::Entry(..) | Change::Lost => log.is_due = true,
                }
            }
        }
        self.has_unmatched |= !is_known;
    }

    /// Notes what was found for a log, and watches no more what nobody needs.
    fn settle(&mut self, number: u64, found: Found, messages: &mut LogMessages) {
        let Some(log) = self.logs.iter_mut().find(|log| log.number == number) else { return };
        let Found { mut file, mut places, is_there, error } = found;
        let former: Vec<WatchId> = log.ids().chain(file.iter().copied()).chain(ids(&places)).collect();
        if is_there {
            places.clear();
        } else {
            for id in &log.file {
                add(&mut file, *id);
            }
        }
        (log.file, log.places) = (file, places);
        log.has_changed = true;
        // Another thread was told of it before it was known here.
        log.is_due = self.has_unmatched;
        let subject = format!("the log '{}'", log.path.display());
        for id in former {
            self.release(id);
        }
        if let Some(error) = error {
            self.report_once(&subject, &error, messages);
        }
    }

    fn release(&self, id: WatchId) {
        if let Some(inotify) = &self.inotify
            && !self.logs.iter().any(|log| log.ids().any(|own| own == id))
        {
            inotify.forget(id);
        }
    }

    fn report_once(&mut self, subject: &str, error: &io::Error, messages: &mut LogMessages) {
        if std::mem::replace(&mut self.has_reported, true) {
            return;
        }
        let hint = match error.raw_os_error() {
            Some(libc::ENOSPC | libc::EMFILE) => " (see /proc/sys/fs/inotify for the limits)",
            Some(_) | None => "",
        };
        let line = format!(
            "could not watch {subject}: {}{hint}; \
             what others do to the file is shown with the program's next line only",
            python_text(error)
        );
        messages.push((Level::Warn, line));
    }
}

impl WatchedLog {
    fn new(number: u64, path: Arc<Path>) -> Self {
        Self { number, path, file: Vec::new(), places: Vec::new(), has_changed: false, is_due: true }
    }

    fn ids(&self) -> impl Iterator<Item = WatchId> {
        self.file.iter().copied().chain(ids(&self.places))
    }
}

fn ids(places: &[(WatchId, OsString)]) -> impl Iterator<Item = WatchId> {
    places.iter().map(|(id, _)| *id)
}

fn add(file: &mut Vec<WatchId>, id: WatchId) {
    if !file.contains(&id) {
        file.push(id);
    }
}

/// What there is to watch at a path.
#[derive(Default)]
struct Found {
    file: Vec<WatchId>,
    places: Vec<(WatchId, OsString)>,
    is_there: bool,
    error: Option<io::Error>,
}

impl Found {
    fn look(inotify: &Inotify, path: &Path) -> Self {
        let mut found = Self::default();
        let outcome = found.watch_file(inotify, path).or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            found.watch_places(inotify, path)?;
            // It may have come into being before they were watched.
            found.watch_file(inotify, path)
        });
        found.is_there = outcome.is_ok();
        found.error = outcome.err().filter(|error| error.kind() != io::ErrorKind::NotFound);
        found
    }

    /// First the link: if another one takes its place before the file is found, that is told.
    fn watch_file(&mut self, inotify: &Inotify, path: &Path) -> io::Result<()> {
        add(&mut self.file, inotify.watch_link(path)?);
        add(&mut self.file, inotify.watch_file(path)?);
        Ok(())
    }

    fn watch_places(&mut self, inotify: &Inotify, path: &Path) -> io::Result<()> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let Some(name) = path.file_name() else { break };
            let directory = match path.parent() {
                Some(parent) if parent != Path::new("") => parent.to_owned(),
                Some(_) | None => PathBuf::from("."),
            };
            self.places.push((inotify.watch_directory(&directory)?, name.to_owned()));
            let Ok(target) = std::fs::read_link(&path) else { break };
            path = directory.join(target);
        }
        Ok(())
    }
}

/// The watch in the pump's table; there is one only while a log is followed.
#[derive(Debug)]
pub(in crate::pump) struct FileWatchChannel {
    slot: usize,
    poller: PipeRegistration,
    last_change: Option<Instant>,
}

impl FileWatchChannel {
    pub(in crate::pump) fn new(slot: usize) -> Self {
        Self { slot, poller: PipeRegistration::default(), last_change: None }
    }

    /// Passes on what was told.
    pub(in crate::pump) fn serve(
        &mut self,
        commands: Vec<ChannelCommand>,
        context: &mut WorkerContext<'_>,
    ) -> ServiceReport {
        let mut report = ServiceReport::default();
        let watched = context.watched;
        for command in commands {
            watched.accept(command);
        }
        if watched.is_empty() {
            self.poller.clear(context.poller);
            watched.close();
            report.next = NextService::Never;
            return report;
        }
        let Some(inotify) = watched.inotify(&mut context.messages) else { return report };
        let has_changed = watched.take(&[]);
        if watched.arrange(&inotify, &mut context.messages) {
            report.next = NextService::AtOnce;
        }
        report.changed_logs = watched.take_changed();
        let now = Instant::now();
        let is_busy = self.last_change.is_some_and(|last| now.saturating_duration_since(last) < MAX_PAUSE);
        if has_changed {
            self.last_change = Some(now);
        }
        if has_changed && is_busy {
            // Somebody writes and writes: equal changes become one while nobody takes them.
            self.poller.clear(context.poller);
            report.deadline = Some(now + MAX_PAUSE);
        } else {
            self.poller.set(self.slot, Some(&*inotify), true, context.poller);
            report.deadline = (!self.poller.is_set()).then(|| now + UNREGISTERED_RETRY);
        }
        let front = OpenDescriptors { pipe: None, sink: Some(inotify.as_raw_fd()) };
        report.descriptors = Descriptors { front, ..Descriptors::default() };
        report
    }
}
