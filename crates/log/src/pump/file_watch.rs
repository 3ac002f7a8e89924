//! What others do to a followed log, as the kernel tells it.
//!
//! The file at the path is watched, and the link if the path is one. While there is none (it was moved away, and who writes
//! it has yet to make a new one), the directories are watched in which it would come into being, for its name only; so is
//! the former file, which is read on until then. Whatever cannot be watched is followed by what the pump itself writes.
//!
//! What the pump writes is told as well. So before it wakes the followers of a log it has written it takes what was told
//! meanwhile (see [`WatchedLogs::take`]): that is one call for any number of writes, after which there is nothing for the
//! poller to tell.

use super::poll_registration::{PipeWatch, UNWATCHED_RETRY};
use super::poller::PAUSE;
use super::service_report::{Descriptors, Held, Next, Served};
use super::stream::Letter;
use super::worker_context::Desk;
use crate::sinks::buffered_output::Lines;
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

/// What is watched, for all who write logs; only the [`WatchServer`] adds and removes.
#[derive(Debug, Default)]
pub(super) struct WatchedLogs(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// `Some` only while a log is followed.
    inotify: Option<Arc<Inotify>>,
    logs: Vec<WatchedLog>,
    /// Something was told of a watch that no log has, or none has yet.
    has_missed: bool,
    /// That something cannot be watched was said, and is said once.
    has_complained: bool,
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
    is_told: bool,
    /// It is to be watched, or there may be another file.
    is_due: bool,
}

impl WatchedLogs {
    /// Takes what was told; returns whether the server has something to do. Never waits.
    ///
    /// The followers of these numbers are woken by the caller after this, for changes of the content.
    pub(super) fn take(&self, woken: &[u64]) -> bool {
        let mut state = self.lock();
        let Some(inotify) = state.inotify.clone() else { return false };
        // It fails only if the descriptor itself is broken; then nothing is told.
        let _ = inotify.take(|change| state.note(change, woken));
        state.logs.iter().any(|log| log.is_told || log.is_due)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(&self, letter: Letter) {
        let mut state = self.lock();
        let former: Vec<WatchedLog> = match letter {
            Letter::Watch { number, path } => return state.logs.push(WatchedLog::new(number, path)),
            Letter::Unwatch(number) => state.logs.extract_if(.., |log| log.number == number).collect(),
            Letter::FinishAll => std::mem::take(&mut state.logs),
            // Nothing to a watch.
            Letter::Attach { .. }
            | Letter::Finish(_)
            | Letter::Reopen
            | Letter::Clear(_)
            | Letter::Acknowledge(_)
            | Letter::Followed(_)
            | Letter::MainCleared => return,
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
    fn inotify(&self, lines: &mut Lines) -> Option<Arc<Inotify>> {
        let mut state = self.lock();
        if state.inotify.is_none() {
            match Inotify::open() {
                Ok(inotify) => state.inotify = Some(Arc::new(inotify)),
                Err(error) => state.complain("followed logs", &error, lines),
            }
        }
        state.inotify.clone()
    }

    /// Watches what is to be watched anew; returns whether some is to be again. Looks paths up, which may hang: without
    /// the lock.
    fn arrange(&self, inotify: &Inotify, lines: &mut Lines) -> bool {
        for (number, path) in self.take_due() {
            let found = Found::look(inotify, &path);
            self.lock().settle(number, found, lines);
        }
        self.lock().logs.iter().any(|log| log.is_due)
    }

    fn take_due(&self) -> Vec<(u64, Arc<Path>)> {
        let mut state = self.lock();
        state.has_missed = false;
        let due = state
            .logs
            .iter_mut()
            .filter_map(|log| std::mem::take(&mut log.is_due).then(|| (log.number, Arc::clone(&log.path))));
        due.collect()
    }

    /// The followers to be woken.
    fn take_told(&self) -> Vec<u64> {
        let mut state = self.lock();
        let told =
            state.logs.iter_mut().filter_map(|log| std::mem::take(&mut log.is_told).then_some(log.number));
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
                    Change::Content(_) => log.is_told |= !woken.contains(&log.number),
                    Change::Place(_) | Change::Entry(..) | Change::Lost => log.is_due = true,
                }
            }
        }
        self.has_missed |= !is_known;
    }

    /// Notes what was found for a log, and watches no more what nobody needs.
    fn settle(&mut self, number: u64, found: Found, lines: &mut Lines) {
        let Some(log) = self.logs.iter_mut().find(|log| log.number == number) else { return };
        let Found { mut file, mut places, is_there, trouble } = found;
        let former: Vec<WatchId> = log.ids().chain(file.iter().copied()).chain(ids(&places)).collect();
        if is_there {
            places.clear();
        } else {
            for id in &log.file {
                add(&mut file, *id);
            }
        }
        (log.file, log.places) = (file, places);
        log.is_told = true;
        // Another thread was told of it before it was known here.
        log.is_due = self.has_missed;
        let subject = format!("the log '{}'", log.path.display());
        for id in former {
            self.release(id);
        }
        if let Some(error) = trouble {
            self.complain(&subject, &error, lines);
        }
    }

    fn release(&self, id: WatchId) {
        if let Some(inotify) = &self.inotify
            && !self.logs.iter().any(|log| log.ids().any(|own| own == id))
        {
            inotify.forget(id);
        }
    }

    fn complain(&mut self, subject: &str, error: &io::Error, lines: &mut Lines) {
        if std::mem::replace(&mut self.has_complained, true) {
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
        lines.push((Level::Warn, line));
    }
}

impl WatchedLog {
    fn new(number: u64, path: Arc<Path>) -> Self {
        Self { number, path, file: Vec::new(), places: Vec::new(), is_told: false, is_due: true }
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
    trouble: Option<io::Error>,
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
        found.trouble = outcome.err().filter(|error| error.kind() != io::ErrorKind::NotFound);
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
pub(super) struct WatchServer {
    slot: usize,
    poller: PipeWatch,
    last_told: Option<Instant>,
}

impl WatchServer {
    pub(super) fn new(slot: usize) -> Self {
        Self { slot, poller: PipeWatch::default(), last_told: None }
    }

    /// Passes on what was told.
    pub(super) fn serve(&mut self, mail: Vec<Letter>, desk: &mut Desk<'_>) -> Served {
        let mut served = Served::default();
        let watched = desk.watched;
        for letter in mail {
            watched.accept(letter);
        }
        if watched.is_empty() {
            self.poller.clear(desk.waiter);
            watched.close();
            served.next = Next::Gone;
            return served;
        }
        let Some(inotify) = watched.inotify(&mut desk.lines) else { return served };
        let is_told = watched.take(&[]);
        if watched.arrange(&inotify, &mut desk.lines) {
            served.next = Next::More;
        }
        served.told = watched.take_told();
        let now = Instant::now();
        let is_busy = self.last_told.is_some_and(|last| now.saturating_duration_since(last) < PAUSE);
        if is_told {
            self.last_told = Some(now);
        }
        if is_told && is_busy {
            // Somebody writes and writes: equal changes become one while nobody takes them.
            self.poller.clear(desk.waiter);
            served.deadline = Some(now + PAUSE);
        } else {
            self.poller.set(self.slot, Some(&*inotify), true, desk.waiter);
            served.deadline = (!self.poller.is_set()).then(|| now + UNWATCHED_RETRY);
        }
        let front = Held { pipe: None, target: Some(inotify.as_raw_fd()) };
        served.descriptors = Descriptors { front, ..Descriptors::default() };
        served
    }
}
