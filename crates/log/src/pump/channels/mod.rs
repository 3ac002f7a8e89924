//! What the pump serves: streams, the outputs of the main log, the watch over followed logs, single file operations.
//!
//! A channel knows nothing of threads. A worker checks it out of the table, serves it with no lock held, and checks it in with
//! a [`report::ServiceReport`] that says what leads to its next service.

pub(crate) mod command;
pub(crate) mod file_task;
pub(crate) mod file_watch;
mod generation;
pub(crate) mod main_log;
mod pipe_load;
pub(crate) mod report;
pub(crate) mod stream;

use super::worker::context::WorkerContext;
use command::ChannelCommand;
use file_task::FileTask;
use file_watch::FileWatchChannel;
use main_log::MainLogChannel;
use report::{NextService, ServiceReport};
use stream::StreamChannel;

/// One thing the pump serves.
#[derive(Debug)]
pub(crate) enum Channel {
    Stream(Box<StreamChannel>),
    MainLog(Box<MainLogChannel>),
    FileWatch(Box<FileWatchChannel>),
    FileTask(Box<FileTask>),
    /// What a model check serves instead of files.
    #[cfg(all(test, loom))]
    Model(Box<super::model::ModelChannel>),
}

impl Channel {
    /// Executes `commands` and does the channel's work as far as that is possible now. May hang in the file system.
    pub(crate) fn serve(
        &mut self,
        commands: Vec<ChannelCommand>,
        is_hung_up: bool,
        context: &mut WorkerContext<'_>,
    ) -> ServiceReport {
        match self {
            Self::Stream(stream) => stream.serve(commands, is_hung_up, context),
            Self::MainLog(main_log) => main_log.serve(commands, context),
            Self::FileWatch(watch) => watch.serve(commands, context),
            Self::FileTask(task) => {
                task.run();
                // Its file may be followed.
                ServiceReport { next: NextService::Never, has_changed_log: true, ..ServiceReport::default() }
            }
            #[cfg(all(test, loom))]
            Self::Model(model) => model.serve(commands),
        }
    }
}
