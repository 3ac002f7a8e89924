//! Results of single processes → lines and exit statuses.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_core::Namespec;
use supervisor_rpc::client::ClientError;
use supervisor_rpc::{Fault, FaultCode, Status};

/// What a command does to processes, and the lines that report its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Start,
    Stop,
    Signal,
    Clear,
}

impl Action {
    /// The word after the name of a process for which it succeeded.
    const fn done(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Stop => "stopped",
            Self::Signal => "signalled",
            Self::Clear => "cleared",
        }
    }

    /// The words for a fault; `None` if the action cannot end with it.
    const fn complaint(self, code: FaultCode) -> Option<&'static str> {
        match (self, code) {
            (_, FaultCode::BadName) => Some("no such process"),
            (Self::Start, FaultCode::NoFile) => Some("no such file"),
            (Self::Start, FaultCode::NotExecutable) => Some("file is not executable"),
            (Self::Start, FaultCode::AlreadyStarted) => Some("already started"),
            (Self::Start, FaultCode::SpawnError) => Some("spawn error"),
            (Self::Start, FaultCode::AbnormalTermination) => Some("abnormal termination"),
            (Self::Stop | Self::Signal, FaultCode::BadSignal) => Some("bad signal name"),
            (Self::Stop | Self::Signal, FaultCode::NotRunning) => Some("not running"),
            (Self::Clear, FaultCode::Failed) => Some("failed"),
            (Self::Start | Self::Stop | Self::Signal | Self::Clear, _) => None,
        }
    }

    /// The fault of an action that was not needed, which is no failure.
    const fn already(self) -> Option<FaultCode> {
        match self {
            Self::Start => Some(FaultCode::AlreadyStarted),
            Self::Stop => Some(FaultCode::NotRunning),
            Self::Signal | Self::Clear => None,
        }
    }

    fn exit(self, code: FaultCode) -> Option<Exit> {
        match code {
            FaultCode::Success => None,
            _ if Some(code) == self.already() => None,
            FaultCode::SpawnError | FaultCode::AbnormalTermination | FaultCode::NotRunning => {
                Some(Exit::NotRunning)
            }
            FaultCode::UnknownMethod
            | FaultCode::IncorrectParameters
            | FaultCode::BadArguments
            | FaultCode::SignatureUnsupported
            | FaultCode::ShutdownState
            | FaultCode::BadName
            | FaultCode::BadSignal
            | FaultCode::NoFile
            | FaultCode::NotExecutable
            | FaultCode::Failed
            | FaultCode::AlreadyStarted
            | FaultCode::AlreadyAdded
            | FaultCode::StillRunning
            | FaultCode::CantReread => Some(Exit::Generic),
        }
    }

    /// The line for one process. `None` for a number that this action cannot end with.
    fn line(self, name: &str, code: Option<FaultCode>, text: &str) -> Option<String> {
        match code? {
            FaultCode::Success => Some(format!("{name}: {}", self.done())),
            FaultCode::Failed if matches!(self, Self::Stop | Self::Signal) => Some(text.to_owned()),
            code => self.complaint(code).map(|complaint| format!("{name}: ERROR ({complaint})")),
        }
    }
}

impl Session {
    /// Reports the result for one process.
    pub(crate) fn report_one(
        &mut self,
        action: Action,
        spec: Namespec<'_>,
        code: i64,
        text: &str,
    ) -> Result<(), Failure> {
        let known = FaultCode::from_number(code);
        let Some(line) = action.line(&spec.to_string(), known, text) else {
            return Err(Failure::UnknownResult { code, name: spec.to_string() });
        };
        self.print(line)?;
        if let Some(exit) = known.and_then(|code| action.exit(code)) {
            self.fail(exit);
        }
        Ok(())
    }

    /// Reports the results for several processes, in the order of the answer.
    pub(crate) fn report_all(&mut self, action: Action, statuses: &[Status<'_>]) -> Result<(), Failure> {
        for status in statuses {
            let spec = Namespec { group: &status.group, process: Some(&status.name) };
            self.report_one(action, spec, status.status, &status.description)?;
        }
        Ok(())
    }

    /// Reports the result of a request for one process; errors other than faults are returned.
    pub(crate) fn report_result(
        &mut self,
        action: Action,
        spec: Namespec<'_>,
        result: Result<(), ClientError>,
    ) -> Result<(), Failure> {
        match result {
            Ok(()) => self.report_one(action, spec, FaultCode::Success.number(), ""),
            Err(ClientError::Fault(Fault { code, text })) => self.report_one(action, spec, code, &text),
            Err(error) => Err(error.into()),
        }
    }

    /// Reports the results of a request for a group; `exit` is for a group that does not exist.
    pub(crate) fn report_group(
        &mut self,
        action: Action,
        group: &str,
        exit: Exit,
        result: Result<Vec<Status<'static>>, ClientError>,
    ) -> Result<(), Failure> {
        match result {
            Ok(statuses) => self.report_all(action, &statuses),
            Err(ClientError::Fault(fault)) if fault.known() == Some(FaultCode::BadName) => {
                Ok(self.print_failure(exit, format!("{group}: ERROR (no such group)"))?)
            }
            Err(error) => Err(error.into()),
        }
    }
}
