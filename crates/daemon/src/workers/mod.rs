//! The workers: threads for what may block. The loop submits work here and gets a [`Message`] back for each piece of it.
//!
//! One [`Pool`] runs jobs in their order: it prepares starts, opens and reads files, looks names up. Starts that come in a row
//! are launched by the [`pipeline`] beside it. See both for the theory.

pub(crate) mod command;
mod pipeline;
pub(crate) mod pool;
pub(crate) mod spawn;

use crate::main_loop::mailbox::Mailbox;
use crate::main_loop::message::Message;
use crate::panics::{self, Panic};
use pipeline::SpawnPipeline;
use pool::{Job, Pool, Refused};
use spawn::{SpawnFailure, StartOrder};
use supervisor_core::Level;
use supervisor_log::MainLog;
use supervisor_sys::errno::code_text;

/// A handle on the workers; clones share them.
#[derive(Clone)]
pub(crate) struct Workers {
    pool: Pool,
    pipeline: SpawnPipeline,
    mailbox: Mailbox<Message>,
    log: MainLog,
}

impl Workers {
    /// Workers that report to `mailbox`. No thread is started before there is work.
    pub(crate) fn new(mailbox: Mailbox<Message>, log: MainLog) -> Self {
        Self { pool: Pool::new("blocking"), pipeline: SpawnPipeline::new("spawn"), mailbox, log }
    }

    /// Whether descriptors are too short to prepare more than one start.
    pub(crate) fn set_short(&self, is_short: bool) {
        self.pipeline.set_short(is_short);
    }

    /// Runs `job` and posts the message it makes. Exactly one message is posted: if the job is refused or panics, the one that
    /// `failed` makes of the reason.
    pub(crate) fn submit(
        &self,
        job: impl FnOnce() -> Message + Send + 'static,
        failed: impl FnOnce(String) -> Message + Clone + Send + 'static,
    ) {
        let (mailbox, log, panicked) = (self.mailbox.clone(), self.log.clone(), failed.clone());
        let work = move || {
            mailbox.post(panics::catch(job).unwrap_or_else(|panic| {
                log_panic(&log, &panic);
                panicked("internal error".to_owned())
            }));
        };
        if let Err(refused) = self.pool.submit(Box::new(work)) {
            self.log_refusal(&refused);
            self.mailbox.post(failed(refused.to_string()));
        }
    }

    /// Runs a job that answers by itself. If it is refused or panics, the replies it holds are dropped, which answers.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) {
        let log = self.log.clone();
        let work = move || {
            if let Err(panic) = panics::catch(job) {
                log_panic(&log, &panic);
            }
        };
        if let Err(refused) = self.pool.submit(Box::new(work)) {
            self.log_refusal(&refused);
        }
    }

    fn log_refusal(&self, refused: &Refused) {
        self.log.log(Level::Error, format!("a request was refused: {refused}"));
    }

    /// Starts a child; [`Message::Spawned`] reports it.
    pub(crate) fn spawn(&self, order: StartOrder) {
        let name = order.config.name.clone();
        let (process, generation, reopens) = (order.process, order.generation, order.reopens);
        let (mailbox, pipeline, pool) = (self.mailbox.clone(), self.pipeline.clone(), self.pool.clone());
        let job = move || {
            let report = move |result| mailbox.post(Message::Spawned(result));
            spawn::start(order, &pipeline, || pool.has_more(), report);
        };
        let message = match self.pool.submit(Box::new(job)) {
            Ok(()) => return,
            Err(Refused::Full) => format!("too many spawns are waiting to spawn '{name}'"),
            Err(Refused::NoThread(error)) => {
                format!("unknown error during fork for '{name}': {}", code_text(&error))
            }
        };
        let outcome = Err(SpawnFailure::from(message));
        self.mailbox.post(Message::Spawned(spawn::SpawnResult { process, generation, reopens, outcome }));
    }

    /// Runs a job once, when there has been no work for a second.
    pub(crate) fn when_idle(&self, job: Job) {
        self.pool.when_idle(job);
    }
}

fn log_panic(log: &MainLog, panic: &Panic) {
    log.log(Level::Critical, format!("internal error in a job, {panic}"));
}
