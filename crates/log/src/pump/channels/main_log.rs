//! One output of the main log (the log proper, or its copy on stdout) as a channel of the pump.

use super::command::ChannelCommand;
use super::report::{Descriptors, NextService, OpenDescriptors, ServiceReport};
use crate::main_log::MainLogOutput;
use crate::pump::poll::registration::SinkRegistration;
use crate::pump::worker::context::WorkerContext;
use std::os::fd::AsRawFd;

/// The output, and its registration with the poller.
#[derive(Debug)]
pub(crate) struct MainLogChannel {
    output: MainLogOutput,
    slot: usize,
    sink_registration: SinkRegistration,
}

impl MainLogChannel {
    pub(crate) fn new(output: MainLogOutput, slot: usize) -> Self {
        Self { output, slot, sink_registration: SinkRegistration::default() }
    }

    pub(crate) fn into_output(self) -> MainLogOutput {
        self.output
    }

    /// Whether all records are written.
    pub(crate) fn is_settled(&self) -> bool {
        self.output.is_settled()
    }

    /// Executes `commands`, then writes what can be written now.
    pub(crate) fn serve(
        &mut self,
        commands: Vec<ChannelCommand>,
        context: &mut WorkerContext<'_>,
    ) -> ServiceReport {
        let mut report = ServiceReport { has_changed_log: !commands.is_empty(), ..ServiceReport::default() };
        for command in commands {
            self.execute(command, &mut report, context);
        }
        let drained = self.output.drain(&mut context.messages);
        report.has_changed_log |= drained.has_written;
        report.next = if drained.has_more { NextService::AtOnce } else { NextService::OnEvent };
        report.deadline =
            self.sink_registration.settle(self.slot, drained.flow, self.output.fd(), context.poller);
        let sink = self.output.fd().map(|fd| fd.as_raw_fd());
        report.descriptors =
            Descriptors { front: OpenDescriptors { pipe: None, sink }, ..Descriptors::default() };
        report
    }

    fn execute(
        &mut self,
        command: ChannelCommand,
        report: &mut ServiceReport,
        context: &mut WorkerContext<'_>,
    ) {
        match command {
            ChannelCommand::Reopen => {
                self.drain(context);
                self.sink_registration.clear(context.poller);
                self.output.reopen(&mut context.messages);
            }
            ChannelCommand::Clear(reply) => {
                self.drain(context);
                let outcome = self.output.clear();
                report.replies.push(Box::new(|| reply(outcome)));
            }
            ChannelCommand::MainCleared => self.output.note_cleared(),
            // For other kinds of channels.
            ChannelCommand::Attach { .. }
            | ChannelCommand::Finish(_)
            | ChannelCommand::FinishAll
            | ChannelCommand::Acknowledge(_)
            | ChannelCommand::Followed(_)
            | ChannelCommand::Watch { .. }
            | ChannelCommand::Unwatch(_) => {}
        }
    }

    /// Before a file is closed or truncated: what was logged until now belongs into it.
    fn drain(&mut self, context: &mut WorkerContext<'_>) {
        while self.output.drain(&mut context.messages).has_more {}
    }
}
