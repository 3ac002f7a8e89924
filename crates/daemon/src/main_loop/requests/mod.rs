//! Answers the requests of clients.
//!
//! While everything stops, every request is answered with fault 6, before its other parameters are checked. Exceptions are
//! remote events, which the core allows, and inspections, which check the state themselves.

mod clear;
mod view;

use crate::children::{STDIN_LIMIT, StdinError};
use crate::main_loop::Loop;
use crate::panics;
use clear::Clearing;
use supervisor_control::{Inspection, Reply, Request};
use supervisor_core::{
    Answer, Fault, Input, ProcessId, ProcessState, Request as CoreRequest, Selection, SupervisorState,
};
use supervisor_log::ClearError;
use supervisor_sys::clock;
use view::LoopView;

impl Loop {
    /// Answers a request, or starts what will answer it.
    pub(super) fn handle_request(&mut self, request: Request) {
        match request {
            Request::Command { ticket, command, reply } => {
                self.clients.defer(ticket, reply);
                self.feed_input(Input::Request(CoreRequest { ticket, command }));
            }
            Request::Inspect(inspection) => self.inspect(inspection),
            Request::Cancel(ticket) => {
                if self.clients.cancel(ticket) {
                    self.feed_input(Input::Cancel(ticket));
                }
            }
            Request::AddGroup { name, reply } => self.add_group(&name, reply),
            Request::RemoveGroup { name, reply } => reply.send(self.remove_group(&name)),
            Request::ReloadConfig { reply } => self.reread(reply),
            Request::CompareConfig { reply } => self.compare_config(reply),
            Request::Subscribe(wake) => self.clients.subscribe(wake),
            Request::ClearMainLog { reply } => self.clear_main_log(reply),
            Request::ClearProcessLogs { name, reply } => self.clear_process_logs(&name, reply),
            Request::ClearAllProcessLogs { reply } => self.clear_all_process_logs(reply),
            Request::SendStdin { name, bytes, reply } => reply.send(self.send_stdin(&name, &bytes)),
        }
    }

    /// Fault 6 unless the supervisor is running.
    pub(super) fn check_running(&self) -> Result<(), Fault> {
        match self.core.state() {
            SupervisorState::Running => Ok(()),
            SupervisorState::Shutdown | SupervisorState::Restarting => Err(Fault::ShutdownState),
        }
    }

    /// The process that a client calls `name`; `group:*` is no process.
    fn process_named(&self, name: &str) -> Result<ProcessId, Fault> {
        self.check_running()?;
        match self.core.resolve(name) {
            Ok(Selection::Process(id)) => Ok(id),
            Ok(Selection::Group(_) | Selection::All) | Err(_) => Err(Fault::BadName(name.to_owned())),
        }
    }

    /// Runs an inspection. A panic in it costs this inspection alone, as it cannot change the state.
    fn inspect(&self, inspection: Inspection) {
        let view = LoopView::of(self);
        let _panic = panics::catch(|| inspection.run(&view));
    }

    // Logs.

    fn clear_main_log(&self, reply: Reply<Result<(), Fault>>) {
        if let Err(fault) = self.check_running() {
            return reply.send(Err(fault));
        }
        if self.log.path().is_none() {
            return reply.send(Err(Fault::NoLogFile));
        }
        self.pump.clear_main(move |outcome| {
            reply.send(outcome.map_err(|error| match error {
                ClearError::Io(error) if error.kind() == std::io::ErrorKind::NotFound => Fault::NoLogFile,
                ClearError::NotRegular | ClearError::PumpEnded | ClearError::Io(_) => {
                    Fault::Failed(error.to_string())
                }
            }));
        });
    }

    fn clear_process_logs(&self, name: &str, reply: Reply<Result<(), Fault>>) {
        match self.process_named(name) {
            Err(fault) => reply.send(Err(fault)),
            Ok(id) => {
                let failed = Fault::Failed(name.to_owned());
                Clearing::of(self, &[id], move |outcomes| {
                    let all_well = outcomes.iter().all(|outcome| outcome.result.is_ok());
                    reply.send(if all_well { Ok(()) } else { Err(failed) });
                });
            }
        }
    }

    fn clear_all_process_logs(&self, reply: Reply<Answer>) {
        if self.core.state() != SupervisorState::Running {
            return reply.send(Answer::Fault(Fault::ShutdownState));
        }
        let processes = self.core.processes(Selection::All);
        Clearing::of(self, &processes, move |outcomes| reply.send(Answer::Outcomes(outcomes)));
    }

    // Standard input.

    fn send_stdin(&mut self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let id = self.process_named(name)?;
        let not_running = || Fault::NotRunning(name.to_owned());
        let state = self.core.process_info(id, clock::now()).map(|info| info.state);
        if !matches!(state, Some(ProcessState::Starting | ProcessState::Running)) {
            return Err(not_running());
        }
        match self.children.write_stdin(id, bytes) {
            Ok(input) => {
                if let Some(input) = input {
                    self.feed_input(input);
                }
                Ok(())
            }
            Err(StdinError::NotRunning) => Err(not_running()),
            Err(StdinError::Closed) => Err(Fault::NoFile(name.to_owned())),
            Err(StdinError::Full) => Err(Fault::Failed(format!(
                "{name} does not read its standard input and {STDIN_LIMIT} bytes wait for it already"
            ))),
        }
    }
}
