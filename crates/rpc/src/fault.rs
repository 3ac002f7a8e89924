//! Numbered faults and their texts.

use crate::encode::{Encode, Writer};
use std::fmt;
use supervisor_core::repr;

/// The faults Supervisor knows. Code 5 is unused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultCode {
    /// No such method, or none that may be called.
    UnknownMethod = 1,
    /// The number or the types of the parameters do not fit.
    IncorrectParameters = 2,
    /// Offset and length of a log read contradict each other.
    BadArguments = 3,
    /// `methodHelp` or `methodSignature` of an unknown method.
    SignatureUnsupported = 4,
    /// supervisord is shutting down or restarting.
    ShutdownState = 6,
    /// No such process or group.
    BadName = 10,
    /// No such signal.
    BadSignal = 11,
    /// A file is missing: a log, a command, a closed stdin.
    NoFile = 20,
    /// The command cannot be executed.
    NotExecutable = 21,
    /// The operating system refused.
    Failed = 30,
    /// The process ended before it counted as running.
    AbnormalTermination = 40,
    /// The process could not be spawned.
    SpawnError = 50,
    /// The process runs already.
    AlreadyStarted = 60,
    /// The process does not run.
    NotRunning = 70,
    /// No fault; stands only in a [`Status`](crate::Status).
    Success = 80,
    /// The group is active already.
    AlreadyAdded = 90,
    /// The group has live members.
    StillRunning = 91,
    /// The configuration cannot be read.
    CantReread = 92,
}

impl FaultCode {
    /// Every fault, by number.
    pub const ALL: [Self; 18] = [
        Self::UnknownMethod,
        Self::IncorrectParameters,
        Self::BadArguments,
        Self::SignatureUnsupported,
        Self::ShutdownState,
        Self::BadName,
        Self::BadSignal,
        Self::NoFile,
        Self::NotExecutable,
        Self::Failed,
        Self::AbnormalTermination,
        Self::SpawnError,
        Self::AlreadyStarted,
        Self::NotRunning,
        Self::Success,
        Self::AlreadyAdded,
        Self::StillRunning,
        Self::CantReread,
    ];

    /// The number on the wire.
    pub const fn number(self) -> i64 {
        self as i64
    }

    /// The fault of this number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// The name on the wire, such as `BAD_NAME`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownMethod => "UNKNOWN_METHOD",
            Self::IncorrectParameters => "INCORRECT_PARAMETERS",
            Self::BadArguments => "BAD_ARGUMENTS",
            Self::SignatureUnsupported => "SIGNATURE_UNSUPPORTED",
            Self::ShutdownState => "SHUTDOWN_STATE",
            Self::BadName => "BAD_NAME",
            Self::BadSignal => "BAD_SIGNAL",
            Self::NoFile => "NO_FILE",
            Self::NotExecutable => "NOT_EXECUTABLE",
            Self::Failed => "FAILED",
            Self::AbnormalTermination => "ABNORMAL_TERMINATION",
            Self::SpawnError => "SPAWN_ERROR",
            Self::AlreadyStarted => "ALREADY_STARTED",
            Self::NotRunning => "NOT_RUNNING",
            Self::Success => "SUCCESS",
            Self::AlreadyAdded => "ALREADY_ADDED",
            Self::StillRunning => "STILL_RUNNING",
            Self::CantReread => "CANT_REREAD",
        }
    }
}

/// An error answer: a number and a text.
///
/// Made by [`Fault::bare`] or [`Fault::with_detail`] on the server. A client may receive numbers outside
/// [`FaultCode`], since servers with plugins define their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The number.
    pub code: i64,
    /// The name, or `NAME: detail`.
    pub text: String,
}

impl Fault {
    /// A fault whose text is its name.
    pub fn bare(code: FaultCode) -> Self {
        Self { code: code.number(), text: code.name().to_owned() }
    }

    /// A fault whose text is `NAME: detail`; an empty detail leaves the colon and the blank, as upstream does.
    pub fn with_detail(code: FaultCode, detail: impl fmt::Display) -> Self {
        Self { code: code.number(), text: format!("{}: {detail}", code.name()) }
    }

    /// What follows the name; the whole text if it does not begin with the name.
    pub fn detail(&self) -> &str {
        self.known()
            .and_then(|code| self.text.strip_prefix(code.name())?.strip_prefix(": "))
            .unwrap_or(&self.text)
    }

    /// The known fault of this number.
    pub fn known(&self) -> Option<FaultCode> {
        FaultCode::from_number(self.code)
    }
}

impl Encode for Fault {
    /// The struct that stands for a fault inside a multicall's result and inside a fault response.
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.structure(|members| {
            members.int("faultCode", self.code);
            members.text("faultString", &self.text);
        });
    }
}

impl fmt::Display for Fault {
    /// `<Fault 10: 'BAD_NAME: x'>`, as upstream's client shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Fault {}: {}>", self.code, repr::text(&self.text))
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_its_number() {
        for code in FaultCode::ALL {
            assert_eq!(FaultCode::from_number(code.number()), Some(code));
        }
        assert_eq!(FaultCode::from_number(5), None);
    }

    #[test]
    fn texts_are_the_name_with_or_without_detail() {
        assert_eq!(Fault::bare(FaultCode::NoFile).text, "NO_FILE");
        assert_eq!(Fault::with_detail(FaultCode::BadName, "").text, "BAD_NAME: ");
        assert_eq!(
            Fault::with_detail(FaultCode::CantReread, "it's").to_string(),
            r#"<Fault 92: "CANT_REREAD: it's">"#
        );
    }

    #[test]
    fn a_detail_is_told_without_the_name() {
        let detail = |code, text: &str| Fault { code, text: text.to_owned() }.detail().to_owned();
        assert_eq!(detail(30, "FAILED: disk: full"), "disk: full");
        assert_eq!(detail(30, "FAILED: "), "");
        assert_eq!(detail(30, "FAILED"), "FAILED");
        assert_eq!(detail(30, "OTHER: x"), "OTHER: x");
        assert_eq!(detail(600, "PLUGIN: x"), "PLUGIN: x");
    }
}
