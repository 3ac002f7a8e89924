//! What handles of the pump ask of a channel, and where it waits until a worker serves the channel.

use crate::ClearError;
use crate::notice::Generation;
use crate::pipeline::OutputPipeline;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A request to one channel. Commands of one channel are executed in the order in which they were posted.
pub(crate) enum ChannelCommand {
    /// To a stream: a new generation begins.
    Attach { generation: Generation, pipe: File, pipeline: Box<OutputPipeline> },
    /// To a stream: the generation's process was reaped.
    Finish(Generation),
    /// The pump shuts down: no generation reads more than is in its pipe now, no log is watched.
    FinishAll,
    /// Reopen the log by its path.
    Reopen,
    /// Truncate the log.
    Clear(ClearReply),
    /// To a stream: the daemon has processed notices of this cost.
    Acknowledge(usize),
    /// To a stream: its log has followers, or has none any more.
    Followed(bool),
    /// To the copy of the main log on stdout: the log proper was truncated.
    MainCleared,
    /// To the file watch: watch the log of this follower.
    Watch { number: u64, path: Arc<Path> },
    /// To the file watch: this follower is gone.
    Unwatch(u64),
}

/// Receives the outcome of a [`ChannelCommand::Clear`].
pub(crate) type ClearReply = Box<dyn FnOnce(Result<(), ClearError>) + Send>;

impl fmt::Debug for ChannelCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attach { .. } => "Attach",
            Self::Finish(_) => "Finish",
            Self::FinishAll => "FinishAll",
            Self::Reopen => "Reopen",
            Self::Clear(_) => "Clear",
            Self::Acknowledge(_) => "Acknowledge",
            Self::Followed(_) => "Followed",
            Self::MainCleared => "MainCleared",
            Self::Watch { .. } => "Watch",
            Self::Unwatch(_) => "Unwatch",
        })
    }
}

/// What has reached a channel since it was served last.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) commands: Vec<ChannelCommand>,
    /// The sum of what the daemon acknowledged: one number instead of a command for each notice.
    pub(crate) acknowledged: usize,
    /// The poller reported that the other end of the pipe is closed.
    pub(crate) is_hung_up: bool,
}

impl Pending {
    /// Takes the replies of the commands that have one.
    pub(crate) fn take_clears(&mut self) -> impl Iterator<Item = ClearReply> {
        let clears = self.commands.extract_if(.., |command| matches!(command, ChannelCommand::Clear(_)));
        clears.filter_map(|command| match command {
            ChannelCommand::Clear(reply) => Some(reply),
            _ => None,
        })
    }

    /// All commands; those that were counted come last.
    pub(crate) fn into_commands(self) -> Vec<ChannelCommand> {
        let mut commands = self.commands;
        if self.acknowledged > 0 {
            commands.push(ChannelCommand::Acknowledge(self.acknowledged));
        }
        commands
    }
}
