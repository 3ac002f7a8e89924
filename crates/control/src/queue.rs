//! The queue from the interfaces to the thread that owns the state of supervision.
//!
//! The queue holds [`MAX_QUEUED`] requests; further ones are refused at once. `Cancel` is never refused: there is at most one
//! for each request.
//!
//! Passing a request to another thread and the answer back takes two wake-ups, which cost more than a short request itself. So
//! an interface that handles several requests in one round [begins a batch](Control::begin_batch): its requests wake nothing,
//! and when the batch is [submitted](Control::submit_batch) the [`Runner`] may serve it on the same thread.

use crate::{Command, Inspection, Reply, Request, Subscription, View};
use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use supervisor_core::{Answer, Ticket};

/// Requests that may wait for the next turn.
pub const MAX_QUEUED: usize = 4096;

/// An interface's handle on the supervisor; clones share it.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

/// The supervisor's end of the queue. Dropping it closes the queue and drops the requests in it.
pub struct Requests {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    next_ticket: AtomicU64,
    runner: Arc<dyn Runner>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Request>,
    is_closed: bool,
}

/// Why a request was refused; it has been dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// [`MAX_QUEUED`] requests wait already.
    Full,
    /// The supervisor has ended.
    Closed,
}

/// Serves the queue; called on the thread of the interface.
pub trait Runner: Send + Sync {
    /// Wakes the thread that serves, because the queue is no longer empty.
    fn wake(&self);

    /// Serves the queue on this thread if that is possible without waiting, else wakes the thread that serves. The caller holds
    /// no lock that a reply may need.
    fn try_run_inline(&self);
}

thread_local! {
    /// This thread will [submit](Control::submit_batch) its requests, so they need not wake the thread that serves.
    static IN_BATCH: Cell<bool> = const { Cell::new(false) };
}

/// A queue.
pub fn channel(runner: Arc<dyn Runner>) -> (Control, Requests) {
    let queue = Mutex::new(Queue::default());
    let shared = Arc::new(Shared { queue, next_ticket: AtomicU64::new(1), runner });
    (Control { shared: Arc::clone(&shared) }, Requests { shared })
}

impl Control {
    /// A new ticket.
    pub fn ticket(&self) -> Ticket {
        Ticket(self.shared.next_ticket.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether so many requests wait that an interface should take on no new work. The rest of the queue is for the work
    /// under way.
    pub fn is_congested(&self) -> bool {
        self.shared.lock().waiting.len() >= MAX_QUEUED / 2
    }

    /// Puts a request into the queue. A refused request is dropped, and its reply with it; see [`Control::is_congested`].
    pub fn send(&self, request: Request) {
        let _refused = self.try_send(request);
    }

    /// Puts a request into the queue, or says why it was refused.
    pub fn try_send(&self, request: Request) -> Result<(), Refused> {
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
        if was_empty && !IN_BATCH.get() {
            self.shared.runner.wake();
        }
        Ok(())
    }

    /// Gives a command that is not cancelled when its client disconnects; see [`Caller`](crate::Caller) for one that is.
    pub fn command(&self, command: Command, take: impl FnOnce(Answer) + Send + 'static) {
        self.send(Request::Command { ticket: self.ticket(), command, reply: Reply::new(take) });
    }

    /// Makes an inspection: `read` runs on the thread that owns the state; it must be quick and must not block.
    pub fn inspect(&self, read: impl FnOnce(&dyn View) + Send + 'static) {
        self.send(Request::Inspect(Inspection::new(read)));
    }

    /// Calls `wake` at the end of every turn in which something has changed, while the subscription is alive. It runs on the
    /// thread that owns the state; it must be quick and must not block.
    pub fn subscribe(&self, wake: impl Fn() + Send + Sync + 'static) -> Subscription {
        let (subscription, request) = Subscription::new(wake);
        self.send(request);
        subscription
    }

    /// Begins a batch: the requests of this thread wake nothing until it [submits](Self::submit_batch) them, which it does soon.
    pub fn begin_batch() {
        IN_BATCH.set(true);
    }

    /// Submits the batch of this thread. The caller holds no lock that a reply may need.
    pub fn submit_batch(&self) {
        if IN_BATCH.replace(false) && !self.shared.lock().waiting.is_empty() {
            self.shared.runner.try_run_inline();
        }
    }
}

impl Requests {
    /// Takes out the request that has waited longest.
    pub fn take(&self) -> Option<Request> {
        self.shared.lock().waiting.pop_front()
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        let left = {
            let mut queue = self.shared.lock();
            queue.is_closed = true;
            std::mem::take(&mut queue.waiting)
        };
        // Outside the lock, as dropping a reply runs foreign code.
        drop(left);
    }
}

impl Shared {
    /// No foreign code runs under the lock, so a panic elsewhere cannot leave the queue half changed.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Control")
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Requests")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::double::FakeView;
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

    /// Counts how often it is called.
    #[derive(Default)]
    struct Calls(AtomicUsize);

    impl Calls {
        fn count(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    impl Runner for Calls {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn try_run_inline(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn numbered(sender: &mpsc::Sender<u32>, number: u32) -> Request {
        let sender = sender.clone();
        Request::Inspect(Inspection::new(move |_| sender.send(number).unwrap()))
    }

    #[test]
    fn requests_arrive_in_order_and_only_the_first_wakes() {
        let runner = Arc::new(Calls::default());
        let (control, requests) = channel(runner.clone());
        let (sender, answers) = mpsc::channel();
        for number in 0..3 {
            control.try_send(numbered(&sender, number)).unwrap();
        }
        assert_eq!(runner.count(), 1);
        while let Some(request) = requests.take() {
            let Request::Inspect(inspection) = request else { panic!("only queries were sent") };
            inspection.run(&FakeView::default());
        }
        assert_eq!(answers.try_iter().collect::<Vec<_>>(), [0, 1, 2]);
        control.try_send(Request::Cancel(Ticket(1))).unwrap();
        assert_eq!(runner.count(), 2);
    }

    #[test]
    fn a_batch_wakes_nothing_until_it_is_submitted() {
        let runner = Arc::new(Calls::default());
        let (control, requests) = channel(runner.clone());
        Control::begin_batch();
        control.try_send(Request::Cancel(Ticket(1))).unwrap();
        control.try_send(Request::Cancel(Ticket(2))).unwrap();
        assert_eq!(runner.count(), 0);
        control.submit_batch();
        assert_eq!(runner.count(), 1);
        while requests.take().is_some() {}
        // There is no batch any more, and nothing to submit.
        control.submit_batch();
        assert_eq!(runner.count(), 1);
        control.try_send(Request::Cancel(Ticket(3))).unwrap();
        assert_eq!(runner.count(), 2);
    }

    #[test]
    fn a_full_queue_refuses_all_but_cancels() {
        let (control, requests) = channel(Arc::new(Calls::default()));
        let (sender, answers) = mpsc::channel();
        for number in 0..MAX_QUEUED {
            control.try_send(numbered(&sender, u32::try_from(number).unwrap())).unwrap();
        }
        assert_eq!(control.try_send(numbered(&sender, 0)), Err(Refused::Full));
        assert_eq!(control.try_send(Request::Cancel(Ticket(1))), Ok(()));
        assert!(requests.take().is_some());
        drop((requests, sender));
        assert_eq!(control.try_send(Request::Cancel(Ticket(1))), Err(Refused::Closed));
        assert_eq!(answers.recv(), Err(mpsc::RecvError));
    }

    #[test]
    fn tickets_are_never_given_twice() {
        let (control, _requests) = channel(Arc::new(Calls::default()));
        let again = control.clone();
        assert_ne!(control.ticket(), again.ticket());
    }
}
