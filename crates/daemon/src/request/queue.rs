//! The way of a request from a handler to the loop.
//!
//! The queue holds [`MAX_QUEUED`] requests; what does not fit is refused at once. `Cancel` always fits: there is
//! at most one for each request.

use super::Request;
use crate::main_loop::shared::Helm;
use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use supervisor_core::Ticket;

/// Requests that may wait for the loop's next turn.
pub(crate) const MAX_QUEUED: usize = 4096;

/// The handlers' end of the queue; clones share it.
#[derive(Clone)]
pub(crate) struct Requests {
    shared: Arc<Shared>,
}

/// The loop's end of the queue. Dropping it drops what waits and closes the queue.
pub(crate) struct Inbox {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    next_ticket: AtomicU64,
    attendant: Arc<dyn Attendant>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Request>,
    is_closed: bool,
}

/// Why a request was not accepted; it has been dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// [`MAX_QUEUED`] requests wait already.
    Full,
    /// The loop has ended.
    Closed,
}

/// Who sees to it that requests are served; called on the asking thread.
pub(crate) trait Attendant: Send + Sync {
    /// The queue has stopped being empty.
    fn wake(&self);
    /// There may be requests, and the caller holds no lock that a reply may need.
    fn attend(&self);
}

impl Attendant for Helm {
    fn wake(&self) {
        Self::wake(self);
    }

    fn attend(&self) {
        Self::attend(self);
    }
}

#[cfg(test)]
impl<F: Fn() + Send + Sync> Attendant for F {
    fn wake(&self) {
        self();
    }

    fn attend(&self) {
        self();
    }
}

thread_local! {
    /// This thread will [attend](Requests::attend) to the requests it makes, so nobody need be woken for them.
    static GATHERS: Cell<bool> = const { Cell::new(false) };
}

/// A queue.
pub(crate) fn channel(attendant: Arc<dyn Attendant>) -> (Requests, Inbox) {
    let shared =
        Arc::new(Shared { queue: Mutex::new(Queue::default()), next_ticket: AtomicU64::new(1), attendant });
    (Requests { shared: Arc::clone(&shared) }, Inbox { shared })
}

impl Requests {
    /// A ticket nobody has had before.
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.shared.next_ticket.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether so many requests wait that no new work should be taken on. The rest of the queue is for the work
    /// under way.
    pub(crate) fn is_congested(&self) -> bool {
        self.shared.lock().waiting.len() >= MAX_QUEUED / 2
    }

    /// Puts a request into the queue and wakes the loop.
    pub(crate) fn send(&self, request: Request) -> Result<(), Refused> {
        let mut queue = self.shared.lock();
        if queue.is_closed {
            return Err(Refused::Closed);
        }
        if queue.waiting.len() >= MAX_QUEUED && !matches!(request, Request::Cancel(_)) {
            return Err(Refused::Full);
        }
        let was_empty = queue.waiting.is_empty();
        queue.waiting.push_back(request);
        drop(queue);
        if was_empty && !GATHERS.get() {
            self.shared.attendant.wake();
        }
        Ok(())
    }

    /// Wakes nobody for the requests this thread makes until it [attends](Self::attend) to them, which it does soon.
    pub(crate) fn gather() {
        GATHERS.set(true);
    }

    /// Has what was gathered served. The caller holds no lock that a reply may need.
    pub(crate) fn attend(&self) {
        if GATHERS.replace(false) && !self.shared.lock().waiting.is_empty() {
            self.shared.attendant.attend();
        }
    }
}

impl Inbox {
    /// The longest waiting request.
    pub(crate) fn take(&self) -> Option<Request> {
        self.shared.lock().waiting.pop_front()
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let left = {
            let mut queue = self.shared.lock();
            queue.is_closed = true;
            std::mem::take(&mut queue.waiting)
        };
        // Outside the lock: what a dropped reply does is not ours to know.
        drop(left);
    }
}

impl Shared {
    /// No foreign code runs under the lock, so a panic elsewhere cannot leave the queue half changed.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Requests")
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbox")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Identity, Reply};
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;
    use supervisor_core::{Mood, Pid};

    fn identity(sender: mpsc::Sender<u32>, number: u32) -> Request {
        Request::Identity { reply: Reply::new(move |_| sender.send(number).unwrap()) }
    }

    fn anybody() -> Identity {
        Identity { mood: Mood::Running, identification: "test".into(), pid: Pid::new(1).unwrap() }
    }

    #[test]
    fn requests_arrive_in_order_and_only_the_first_wakes() {
        let wakes = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&wakes);
        let (requests, inbox) = channel(Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        }));
        let (sender, answers) = mpsc::channel();
        for number in 0..3 {
            requests.send(identity(sender.clone(), number)).unwrap();
        }
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
        while let Some(request) = inbox.take() {
            let Request::Identity { reply } = request else { panic!("only identities were sent") };
            reply.send(anybody());
        }
        assert_eq!(answers.try_iter().collect::<Vec<_>>(), [0, 1, 2]);
        requests.send(Request::Cancel(Ticket(1))).unwrap();
        assert_eq!(wakes.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_a_thread_gathers_wakes_nobody_until_it_attends_to_it() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&calls);
        let (requests, inbox) = channel(Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        }));
        Requests::gather();
        requests.send(Request::Cancel(Ticket(1))).unwrap();
        requests.send(Request::Cancel(Ticket(2))).unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        requests.attend();
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        while inbox.take().is_some() {}
        // It gathers no more, and there is nothing to attend to.
        requests.attend();
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        requests.send(Request::Cancel(Ticket(3))).unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_full_queue_refuses_all_but_cancels() {
        let (requests, inbox) = channel(Arc::new(|| ()));
        let (sender, answers) = mpsc::channel();
        for number in 0..MAX_QUEUED {
            requests.send(identity(sender.clone(), u32::try_from(number).unwrap())).unwrap();
        }
        assert_eq!(requests.send(identity(sender.clone(), 0)), Err(Refused::Full));
        assert_eq!(requests.send(Request::Cancel(Ticket(1))), Ok(()));
        assert!(inbox.take().is_some());
        drop((inbox, sender));
        assert_eq!(requests.send(Request::Cancel(Ticket(1))), Err(Refused::Closed));
        assert_eq!(answers.recv(), Err(mpsc::RecvError));
    }

    #[test]
    fn tickets_are_never_given_twice() {
        let (requests, _inbox) = channel(Arc::new(|| ()));
        let again = requests.clone();
        assert_ne!(requests.ticket(), again.ticket());
    }
}
