//! A destination of the main log in the pump's table.

use crate::main_log::MainLogOutput;
use crate::pump::channels::report::{Descriptors, NextService, OpenDescriptors, ServiceReport};
use crate::pump::channels::stream::ChannelCommand;
use crate::pump::poll::registration::SinkRegistration;
use crate::pump::worker::context::WorkerContext;
use std::os::fd::AsRawFd;

/// The channel and what it is registered for.
#[derive(Debug)]
pub(in crate::pump) struct MainLogChannel {
    channel: MainLogOutput,
    slot: usize,
    sink_registration: SinkRegistration,
}

impl MainLogChannel {
    pub(in crate::pump) fn new(channel: MainLogOutput, slot: usize) -> Self {
        Self { channel, slot, sink_registration: SinkRegistration::default() }
    }

    pub(in crate::pump) fn into_channel(self) -> MainLogOutput {
        self.channel
    }

    pub(in crate::pump) fn is_settled(&self) -> bool {
        self.channel.is_settled()
    }

    /// Writes what can be written now.
    pub(in crate::pump) fn serve(
        &mut self,
        commands: Vec<ChannelCommand>,
        context: &mut WorkerContext<'_>,
    ) -> ServiceReport {
        let mut report = ServiceReport { has_changed_log: !commands.is_empty(), ..ServiceReport::default() };
        for command in commands {
            self.accept(command, &mut report, context);
        }
        let outcome = self.channel.serve(&mut context.messages);
        report.has_changed_log |= outcome.has_written;
        report.next = if outcome.has_more { NextService::AtOnce } else { NextService::OnEvent };
        report.deadline =
            self.sink_registration.settle(self.slot, outcome.flow, self.channel.fd(), context.poller);
        let sink = self.channel.fd().map(|fd| fd.as_raw_fd());
        report.descriptors =
            Descriptors { front: OpenDescriptors { pipe: None, sink }, ..Descriptors::default() };
        report
    }

    fn accept(
        &mut self,
        command: ChannelCommand,
        report: &mut ServiceReport,
        context: &mut WorkerContext<'_>,
    ) {
        match command {
            ChannelCommand::Reopen => {
                self.write_out(context);
                self.sink_registration.clear(context.poller);
                self.channel.reopen(&mut context.messages);
            }
            ChannelCommand::Clear(reply) => {
                self.write_out(context);
                let outcome = self.channel.clear();
                report.replies.push(Box::new(|| reply(outcome)));
            }
            ChannelCommand::MainCleared => self.channel.note_cleared(),
            // Only streams get these.
            ChannelCommand::Attach { .. }
            | ChannelCommand::Finish(_)
            | ChannelCommand::FinishAll
            | ChannelCommand::Acknowledge(_)
            | ChannelCommand::Followed(_)
            | ChannelCommand::Watch { .. }
            | ChannelCommand::Unwatch(_) => {}
        }
    }

    /// What was logged before a file is left or emptied belongs into it.
    fn write_out(&mut self, context: &mut WorkerContext<'_>) {
        while self.channel.serve(&mut context.messages).has_more {}
    }
}
