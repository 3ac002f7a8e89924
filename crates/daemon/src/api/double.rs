//! A stand-in for the supervision loop: tests take the requests out and answer them.

use super::Backend;
use crate::blocking::Pool;
use crate::request::{self, Identity, Inbox, Request};
use std::sync::mpsc;
use std::time::Duration;
use supervisor_core::{Mood, Pid};
use supervisor_log::{MainLog, Pump};

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The loop's end of the queue, and what handlers need to reach it.
pub(crate) struct Double {
    pub(crate) backend: Backend,
    inbox: Inbox,
    woken: mpsc::Receiver<()>,
}

impl Double {
    pub(crate) fn new() -> Self {
        let (wake, woken) = mpsc::channel();
        let (requests, inbox) = request::channel(move || {
            // Nobody waits any more once the test is over.
            let _ = wake.send(());
        });
        let log = MainLog::nowhere();
        let pump = Pump::start(&log, |_| ()).unwrap();
        let disk = Pool::new("disk");
        Self { backend: Backend { requests, disk, log, pump, has_supervisor: true }, inbox, woken }
    }

    /// The next request; waits for it.
    pub(crate) fn take(&self) -> Request {
        loop {
            if let Some(request) = self.inbox.take() {
                return request;
            }
            self.woken.recv_timeout(PATIENCE).unwrap();
        }
    }

    /// Whether nothing was asked.
    pub(crate) fn is_idle(&self) -> bool {
        self.inbox.take().is_none()
    }

    /// Answers the next request, which must be who supervisord is.
    pub(crate) fn identify(&self, mood: Mood) {
        let Request::Identity { reply } = self.take() else { panic!("not asked who it is") };
        reply.send(Identity { mood, identification: "supervisor".into(), pid: Pid::new(4242).unwrap() });
    }
}
