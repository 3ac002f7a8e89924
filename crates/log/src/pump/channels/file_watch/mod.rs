//! What other programs do to a followed log, as the kernel reports it.
//!
//! While a log is followed, its file is watched, and the link if the path is one. While there is no file (it was moved away, and
//! its writer has yet to create a new one), the directories in which it would appear are watched for its name only; so is the
//! former file, which is read on until then. A log that cannot be watched is followed by what the pump itself writes.
//!
//! The kernel reports what the pump writes as well. So before a worker wakes the followers of a log it has written, it takes
//! the reports that have come (see [`WatchedLogs::take_reports`]): one call for any number of writes, after which the poller
//! has nothing to report.

mod lookup;
mod watched_logs;

pub(crate) use watched_logs::WatchedLogs;

use super::command::ChannelCommand;
use super::report::{Descriptors, NextService, OpenDescriptors, ServiceReport};
use crate::pump::poll::registration::{PipeRegistration, UNREGISTERED_RETRY};
use crate::pump::worker::coalescing::MAX_PAUSE;
use crate::pump::worker::context::WorkerContext;
use std::os::fd::AsRawFd;
use std::time::Instant;

/// The watch as a channel of the pump; it exists only while a log is followed.
#[derive(Debug)]
pub(crate) struct FileWatchChannel {
    slot: usize,
    registration: PipeRegistration,
    last_change: Option<Instant>,
}

impl FileWatchChannel {
    pub(crate) fn new(slot: usize) -> Self {
        Self { slot, registration: PipeRegistration::default(), last_change: None }
    }

    /// Executes `commands`, renews watches, and names the followers whose logs changed.
    pub(crate) fn serve(
        &mut self,
        commands: Vec<ChannelCommand>,
        context: &mut WorkerContext<'_>,
    ) -> ServiceReport {
        let mut report = ServiceReport::default();
        let watched = context.watched;
        for command in commands {
            watched.execute(command);
        }
        if watched.is_empty() {
            self.registration.clear(context.poller);
            watched.close();
            report.next = NextService::Never;
            return report;
        }
        let Some(inotify) = watched.inotify(&mut context.messages) else { return report };
        let has_changed = watched.take_reports(&[]);
        if watched.look_up(&inotify, &mut context.messages) {
            report.next = NextService::AtOnce;
        }
        report.changed_logs = watched.take_changed();
        let now = Instant::now();
        let is_busy = self.last_change.is_some_and(|last| now.saturating_duration_since(last) < MAX_PAUSE);
        if has_changed {
            self.last_change = Some(now);
        }
        if has_changed && is_busy {
            // A program writes on and on: the kernel merges equal reports while they are not taken.
            self.registration.clear(context.poller);
            report.deadline = Some(now + MAX_PAUSE);
        } else {
            self.registration.set(self.slot, Some(&*inotify), true, context.poller);
            report.deadline = (!self.registration.is_set()).then(|| now + UNREGISTERED_RETRY);
        }
        let front = OpenDescriptors { pipe: None, sink: Some(inotify.as_raw_fd()) };
        report.descriptors = Descriptors { front, ..Descriptors::default() };
        report
    }
}
