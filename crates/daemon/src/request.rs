//! What a handler may ask of the supervision loop, and how the question gets there.
//!
//! # Theory
//!
//! Handlers (XML-RPC, web pages, log streams) run on the HTTP thread and own no state of supervision. They put a
//! [`Request`] with a [`Reply`] into a bounded queue and go on; the loop is woken, or the HTTP thread stands in for it (see
//! [`Helm`]). The request is answered when the condition it waits for holds, and the reply runs there and then. A reply
//! must therefore be quick: it hands its value to whoever encodes it.
//!
//! Whether a request is allowed right now (fault 6 while stopping), what a name means, and in which order such
//! checks come is decided by the loop, which alone knows the state. The number and types of parameters are
//! checked before a request is made. A reply that is dropped unanswered tells its client so (HTTP 500).
//!
//! The queue holds [`MAX_QUEUED`] requests; what does not fit is refused at once. `Cancel` always fits: there is
//! at most one for each request.

use crate::helm::Helm;
use crate::overview::{Overview, Watcher};
use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use supervisor_core::{Answer, Channel, Mood, Pid, Signal, Ticket, Wait};
use supervisor_log::FollowKey;
use supervisor_rpc::{ConfigInfo, Fault, ProcessInfo, ReloadedGroups};

/// Requests that may wait for the loop's next turn.
pub(crate) const MAX_QUEUED: usize = 4096;

/// One question or order for the loop.
#[derive(Debug)]
pub(crate) enum Request {
    /// Who supervisord is and what it is up to. Answered in every state.
    Identity {
        /// Takes the answer.
        reply: Reply<Identity>,
    },
    /// The record of one process. Faults 6 and 10 (also for `group:*`).
    ProcessInfo {
        /// The name as the client wrote it.
        name: String,
        /// Takes the answer.
        reply: Reply<Result<ProcessInfo<'static>, Fault>>,
    },
    /// The records of all processes by group name, then process name. Fault 6.
    AllProcessInfo {
        /// Takes the answer.
        reply: Reply<Result<Vec<ProcessInfo<'static>>, Fault>>,
    },
    /// The configuration last read, by process name. Fault 6.
    AllConfigInfo {
        /// Takes the answer.
        reply: Reply<Result<Vec<ConfigInfo<'static>>, Fault>>,
    },
    /// An order to the state machine.
    Order {
        /// Names the request for `Cancel`; from [`Requests::ticket`].
        ticket: Ticket,
        /// What is wished for.
        order: Order,
        /// Takes the answer, once there is one.
        reply: Reply<Answer>,
    },
    /// The client of this order is gone: nobody waits for the answer. What has begun is not undone. Comes also
    /// for orders that have been answered meanwhile, and means nothing then.
    Cancel(Ticket),
    /// Make a group active that stands in the configuration last read. Faults 6, 10, 90.
    AddGroup {
        /// The name as the client wrote it.
        name: String,
        /// Takes the answer.
        reply: Reply<Result<(), Fault>>,
    },
    /// Remove a stopped group. Faults 6, 10, 91.
    RemoveGroup {
        /// The name as the client wrote it.
        name: String,
        /// Takes the answer.
        reply: Reply<Result<(), Fault>>,
    },
    /// Read the configuration again and compare. Faults 6, 92.
    ReloadConfig {
        /// Takes the answer.
        reply: Reply<Result<ReloadedGroups, Fault>>,
    },
    /// How the configuration on disk differs from what runs, without making it the one last read. Faults 6, 92.
    CompareConfig {
        /// Takes the answer; also on a thread of the pool.
        reply: Reply<Result<ReloadedGroups, Fault>>,
    },
    /// All there is to see. Answered in every state.
    Overview {
        /// Takes the answer.
        reply: Reply<Overview>,
    },
    /// Tell this watcher from now on that something may have changed; `None`: tell nobody.
    Watch(Option<Watcher>),
    /// Where a log is.
    Log {
        /// Which log.
        log: LogName,
        /// What for.
        purpose: LogPurpose,
        /// Takes the answer.
        reply: Reply<Result<LogLocation, Fault>>,
    },
    /// Empty the main log. Faults 6, 20 (without detail), 30.
    ClearMainLog {
        /// Takes the answer.
        reply: Reply<Result<(), Fault>>,
    },
    /// Empty the logs of one process, if it is alive. Faults 6, 10, 30.
    ClearProcessLogs {
        /// The name as the client wrote it.
        name: String,
        /// Takes the answer.
        reply: Reply<Result<(), Fault>>,
    },
    /// Empty the logs of every process, in priority order. Answered by `Outcomes`, or fault 6.
    ClearAllProcessLogs {
        /// Takes the answer.
        reply: Reply<Answer>,
    },
    /// Write to a process' standard input. Faults 6, 10, 70, 20, 30.
    SendStdin {
        /// The name as the client wrote it.
        name: String,
        /// What to write.
        bytes: Vec<u8>,
        /// Takes the answer.
        reply: Reply<Result<(), Fault>>,
    },
}

/// Who supervisord is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// What it is up to.
    pub(crate) mood: Mood,
    /// `identifier`.
    pub(crate) identification: String,
    /// Its process id.
    pub(crate) pid: Pid,
}

/// What the state machine can be told to do. `spelled` names are as the client wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Start processes.
    Start {
        /// Which.
        target: Target,
        /// When to answer.
        wait: Wait,
    },
    /// Stop processes.
    Stop {
        /// Which.
        target: Target,
        /// When to answer.
        wait: Wait,
    },
    /// Signal processes.
    Signal {
        /// Which.
        target: Target,
        /// The signal, or what the client wrote where no signal was meant.
        signal: Result<Signal, String>,
    },
    /// Emit a `REMOTE_COMMUNICATION` event; also while stopping.
    RemoteEvent {
        /// The type.
        kind: String,
        /// The data.
        data: String,
    },
    /// Stop everything, then end.
    Shutdown,
    /// Stop everything, then begin anew.
    Restart,
}

/// The processes an order is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `name` or `group:name` for one process, answered by `Done` or `Fault`; `group:*` or `group:` for all of
    /// a group, answered by `Outcomes`.
    Named(String),
    /// The bare name of a group; answered by `Outcomes`.
    Group(String),
    /// Every process; answered by `Outcomes`.
    All,
}

/// A log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogName {
    /// supervisord's own.
    Main,
    /// That of a process' output.
    Process {
        /// The name as the client wrote it.
        name: String,
        /// Which of its outputs.
        channel: Channel,
    },
}

/// What a log is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogPurpose {
    /// To read a part of it: refused with fault 6 while stopping, before the name is looked at.
    Read,
    /// To follow it: allowed in every state.
    Follow,
}

/// Where a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogLocation {
    /// The file; `None` if the output goes to none (also stderr with `redirect_stderr`).
    pub(crate) path: Option<PathBuf>,
    /// What the pump calls it.
    pub(crate) key: FollowKey,
}

/// Takes the answer to a request; runs on the thread that is at the [helm](crate::helm).
pub(crate) struct Reply<T>(Box<dyn FnOnce(T) + Send>);

impl<T> Reply<T> {
    /// A reply that hands the answer to `take`, which must be quick and must not block.
    pub(crate) fn new(take: impl FnOnce(T) + Send + 'static) -> Self {
        Self(Box::new(take))
    }

    /// Answers.
    pub(crate) fn send(self, answer: T) {
        (self.0)(answer);
    }

    /// A reply that takes what `convert` makes this one's answer from.
    pub(crate) fn of<U>(self, convert: impl FnOnce(U) -> T + Send + 'static) -> Reply<U>
    where
        T: 'static,
    {
        Reply::new(move |answer| self.send(convert(answer)))
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

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
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

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
