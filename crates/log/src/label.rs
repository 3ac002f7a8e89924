//! What people read a log's name from, made on demand: a daemon has two for each of thousands of
//! processes, and hardly ever says one.

use crate::StreamSpec;
use std::fmt;
use std::sync::Arc;

/// The name of a log.
#[derive(Clone, Debug)]
pub(crate) enum Label {
    /// Whatever it says: `main log ('/var/log/x')`. Of one word, as the others are.
    Text(Arc<String>),
    /// `stdout log of 'web'`.
    Output(Arc<StreamSpec>),
    /// `stdout log of 'web' ('/var/log/web.log')`.
    File(Arc<StreamSpec>),
    /// `syslog messages for stdout of 'web'`.
    Syslog(Arc<StreamSpec>),
    /// `stdout pipe of 'web'`.
    Pipe(Arc<StreamSpec>),
}

impl Label {
    /// The pipe the log is fed from, if it is fed from one.
    pub(crate) fn of_pipe(&self) -> Self {
        match self {
            Self::Output(spec) | Self::File(spec) | Self::Syslog(spec) | Self::Pipe(spec) => {
                Self::Pipe(Arc::clone(spec))
            }
            Self::Text(text) => Self::Text(Arc::clone(text)),
        }
    }
}

impl From<String> for Label {
    fn from(text: String) -> Self {
        Self::Text(Arc::new(text))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Output(spec) => write!(f, "{} log of '{}'", spec.channel.name(), spec.process_name),
            Self::File(spec) => {
                write!(f, "{} log of '{}'", spec.channel.name(), spec.process_name)?;
                spec.file.as_ref().map_or(Ok(()), |file| write!(f, " ('{}')", file.path.display()))
            }
            Self::Syslog(spec) => {
                write!(f, "syslog messages for {} of '{}'", spec.channel.name(), spec.process_name)
            }
            Self::Pipe(spec) => write!(f, "{} pipe of '{}'", spec.channel.name(), spec.process_name),
        }
    }
}
