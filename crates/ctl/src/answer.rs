//! Results of single processes → lines and exit statuses.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_core::Namespec;
use supervisor_rpc::client::ClientError;
use supervisor_rpc::{Fault, FaultCode, Status};

/// What a command did to processes: how its results are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Start,
    Stop,
    Signal,
    Clear,
}

impl Deed {
    /// The word after the name of a process to which it was done.
    const fn done(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Stop => "stopped",
            Self::Signal => "signalled",
            Self::Clear => "cleared",
        }
    }

    /// What was wrong, in the words of this deed; `None` if it cannot end so.
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

    /// The fault that means it had been done before, which is no failure.
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

    /// The line for one process. `None` for a number that this deed cannot end with.
    fn line(self, name: &str, code: Option<FaultCode>, text: &str) -> Option<String> {
        match code? {
            FaultCode::Success => Some(format!("{name}: {}", self.done())),
            FaultCode::Failed if matches!(self, Self::Stop | Self::Signal) => Some(text.to_owned()),
            code => self.complaint(code).map(|complaint| format!("{name}: ERROR ({complaint})")),
        }
    }
}

impl Session {
    /// Tells how one process fared.
    pub(crate) fn tell(
        &mut self,
        deed: Deed,
        spec: Namespec<'_>,
        code: i64,
        text: &str,
    ) -> Result<(), Failure> {
        let known = FaultCode::from_number(code);
        let Some(line) = deed.line(&spec.to_string(), known, text) else {
            return Err(Failure::UnknownResult { code, name: spec.to_string() });
        };
        self.say(line)?;
        if let Some(exit) = known.and_then(|code| deed.exit(code)) {
            self.fail(exit);
        }
        Ok(())
    }

    /// Tells how many processes fared, in the order of the answer.
    pub(crate) fn tell_all(&mut self, deed: Deed, statuses: &[Status<'_>]) -> Result<(), Failure> {
        for status in statuses {
            let spec = Namespec { group: &status.group, process: Some(&status.name) };
            self.tell(deed, spec, status.status, &status.description)?;
        }
        Ok(())
    }

    /// Tells how one request for one process went; other errors than faults are the caller's.
    pub(crate) fn tell_result(
        &mut self,
        deed: Deed,
        spec: Namespec<'_>,
        result: Result<(), ClientError>,
    ) -> Result<(), Failure> {
        match result {
            Ok(()) => self.tell(deed, spec, FaultCode::Success.number(), ""),
            Err(ClientError::Fault(Fault { code, text })) => self.tell(deed, spec, code, &text),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells how one request for a group went; `exit` is for a group that does not exist.
    pub(crate) fn tell_group(
        &mut self,
        deed: Deed,
        group: &str,
        exit: Exit,
        result: Result<Vec<Status<'static>>, ClientError>,
    ) -> Result<(), Failure> {
        match result {
            Ok(statuses) => self.tell_all(deed, &statuses),
            Err(ClientError::Fault(fault)) if fault.known() == Some(FaultCode::BadName) => {
                Ok(self.say_failure(exit, format!("{group}: ERROR (no such group)"))?)
            }
            Err(error) => Err(error.into()),
        }
    }
}
