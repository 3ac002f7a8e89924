//! Shows logs as they grow: `tail -f`, `maintail -f` and the output side of `fg`.

use crate::failure::{Failure, Fatal, describe};
use crate::interrupt::UntilInterrupted;
use crate::session::Session;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use supervisor_rpc::client::ClientError;
use supervisor_rpc::client::follow::{LogStream, Progress};

/// Said before anything is followed.
pub(crate) const BANNER: &str = "==> Press Ctrl-C to exit <==";

/// What one look at a log brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamState {
    /// It goes on.
    Open,
    /// The server ended it, as it does when it ends itself.
    Ended,
    /// It cannot be followed, which has been said.
    Refused,
}

/// A log that is followed, and how complaints name it.
pub(crate) struct Followed {
    pub(crate) stream: LogStream,
    shown_url: String,
}

impl Session {
    /// Follows one log until the server ends it or the user presses Ctrl-C. That it cannot be followed is said
    /// on standard error and is, as upstream has it, no failure.
    pub(crate) fn follow(&mut self, path: &str, shown_path: &str) -> Result<(), Failure> {
        self.print(BANNER)?;
        match self.follow_to_the_end(path, shown_path) {
            Err(Failure::Fatal(Fatal::Interrupted)) => Ok(self.print("")?),
            other => other,
        }
    }

    fn follow_to_the_end(&mut self, path: &str, shown_path: &str) -> Result<(), Failure> {
        let Some(mut followed) = self.open_log(path, shown_path)? else { return Ok(()) };
        loop {
            self.console.flush().map_err(Fatal::Output)?;
            self.interrupts.wait(&[followed.stream.as_fd()]).map_err(wait_failure)?;
            if self.show_more(&mut followed)? != StreamState::Open {
                return Ok(());
            }
        }
    }

    /// Opens a log; `None` if that failed, which has then been said.
    pub(crate) fn open_log(&mut self, path: &str, shown_path: &str) -> Result<Option<Followed>, Failure> {
        self.console.flush().map_err(Fatal::Output)?;
        let shown_url = format!("{}{shown_path}", self.target.url);
        let waiter = UntilInterrupted(Rc::clone(&self.interrupts));
        let credentials = self.target.credentials.as_ref();
        let opened = self
            .target
            .endpoint()
            .and_then(|endpoint| LogStream::open(&endpoint, credentials, path, Some(&waiter)));
        match opened {
            Ok(stream) => Ok(Some(Followed { stream, shown_url })),
            Err(error) => {
                self.complain_about_log(&shown_url, error)?;
                Ok(None)
            }
        }
    }

    /// Reads once from a log that can be read and shows what came, byte by byte as the program wrote it.
    pub(crate) fn show_more(&mut self, followed: &mut Followed) -> Result<StreamState, Failure> {
        let mut log = Vec::new();
        let progress = followed.stream.read(&mut log);
        self.console.log(&log)?;
        match progress {
            Ok(Progress::Open) => Ok(StreamState::Open),
            Ok(Progress::Ended) | Err(ClientError::Closed) => Ok(StreamState::Ended),
            Err(error) => {
                let shown_url = followed.shown_url.clone();
                self.complain_about_log(&shown_url, error)?;
                Ok(StreamState::Refused)
            }
        }
    }

    fn complain_about_log(&mut self, shown_url: &str, error: ClientError) -> Result<(), Failure> {
        let reason = match Failure::from(error) {
            Failure::Client(ClientError::Http { status, .. }) => format!("Cannot read, status code {status}"),
            Failure::Client(error) => {
                let (kind, message) = describe(&error);
                format!("Cannot connect, error: <class '{kind}'> ({message})")
            }
            other @ (Failure::UnknownResult { .. } | Failure::EndOfInput | Failure::Fatal(_)) => {
                return Err(other);
            }
        };
        Ok(self.console.complain(&format!("{shown_url} {reason}"))?)
    }
}

/// A wait that failed: Ctrl-C, or a system that cannot wait.
pub(crate) fn wait_failure(error: io::Error) -> Failure {
    ClientError::Io(error).into()
}
