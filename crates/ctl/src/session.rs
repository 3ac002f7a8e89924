//! One server, one user: what commands work with, and what happens around each of them.

use crate::command::{self, Flow};
use crate::console::{Console, Screen};
use crate::exit::Exit;
use crate::failure::{self, Failure, Fatal};
use crate::input::Input;
use crate::interrupt::{Interrupts, UntilInterrupted};
use crate::{Password, Streams};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;
use supervisor_config::ClientOptions;
use supervisor_rpc::FaultCode;
use supervisor_rpc::client::{Client, ClientError, Credentials, Endpoint, EndpointError};

/// The version of the interface we speak.
const API_VERSION: &str = "3.0";

/// How often a user may try to give the right password for one command.
const LOGIN_ATTEMPTS: u32 = 3;

const PASSWORD_PROMPT: &str = "Password:";

/// Where requests go and with which credentials.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// As the user wrote it; messages show it.
    pub(crate) url: String,
    endpoint: Result<Endpoint, EndpointError>,
    pub(crate) credentials: Option<Credentials>,
}

impl Target {
    pub(crate) fn new(url: &[u8], credentials: Option<Credentials>) -> Self {
        let endpoint = Endpoint::parse_bytes(url);
        Self { url: String::from_utf8_lossy(url).into_owned(), endpoint, credentials }
    }

    pub(crate) fn endpoint(&self) -> Result<Endpoint, ClientError> {
        Ok(self.endpoint.clone()?)
    }
}

/// What commands work with.
pub(crate) struct Session {
    pub(crate) console: Console,
    pub(crate) input: Input,
    pub(crate) interrupts: Rc<Interrupts>,
    pub(crate) target: Target,
    pub(crate) prompt: String,
    /// Questions may be asked.
    pub(crate) is_interactive: bool,
    password: Password,
    line: Option<String>,
    client: Option<Client>,
    exit: u8,
}

impl Session {
    pub(crate) fn new(
        options: ClientOptions,
        streams: Streams,
        screen: Screen,
        interrupts: Rc<Interrupts>,
    ) -> Self {
        // Half a pair of credentials is none, as upstream has it.
        let credentials = options
            .username
            .zip(options.password)
            .map(|(username, password)| Credentials { username, password });
        let words: Vec<_> =
            options.args.iter().map(|word| String::from_utf8_lossy(word.as_bytes())).collect();
        Self {
            console: Console::new(streams.output, streams.errors, screen),
            input: Input::new(streams.input),
            password: streams.password,
            interrupts,
            target: Target::new(&options.serverurl, credentials),
            prompt: format!("{}> ", String::from_utf8_lossy(&options.prompt)),
            is_interactive: options.interactive || words.is_empty(),
            line: (!words.is_empty()).then(|| words.join(" ")),
            client: None,
            exit: 0,
        }
    }

    /// The command of the command line; `None` opens the shell.
    pub(crate) fn command_line(&self) -> Option<String> {
        self.line.clone()
    }

    /// The status of the last failure, or 0.
    pub(crate) fn exit_status(&self) -> u8 {
        self.exit
    }

    /// Puts back a status noted before.
    pub(crate) fn restore_exit_status(&mut self, status: u8) {
        self.exit = status;
    }

    /// Notes a failure. A later one replaces it; nothing takes it back.
    pub(crate) fn fail(&mut self, exit: Exit) {
        self.exit = exit.code();
    }

    /// Prints a line.
    pub(crate) fn print(&mut self, line: impl AsRef<str>) -> Result<(), Fatal> {
        self.console.line(line.as_ref())
    }

    /// Prints the server's text, line by line, and notes a failure.
    pub(crate) fn print_failure_lines(&mut self, exit: Exit, text: impl AsRef<str>) -> Result<(), Fatal> {
        self.fail(exit);
        self.console.lines(text.as_ref())
    }

    /// Prints a line and notes a failure.
    pub(crate) fn print_failure(&mut self, exit: Exit, line: impl AsRef<str>) -> Result<(), Fatal> {
        self.fail(exit);
        self.print(line)
    }

    /// The client, connected to nothing else than the present target.
    pub(crate) fn client(&mut self) -> Result<&mut Client, Failure> {
        self.console.flush().map_err(Fatal::Output)?;
        let client = match self.client.take() {
            Some(client) => client,
            None => Client::new(self.target.endpoint()?)
                .with_credentials(self.target.credentials.clone())
                .with_waiter(Box::new(UntilInterrupted(Rc::clone(&self.interrupts)))),
        };
        Ok(self.client.insert(client))
    }

    /// Directs all further requests elsewhere.
    pub(crate) fn set_target(&mut self, target: Target) {
        self.target = target;
        self.client = None;
    }

    /// Whether the server is there and speaks our version; prints why not.
    pub(crate) fn is_up(&mut self) -> Result<bool, Failure> {
        let (exit, line) = match self.client().and_then(|client| Ok(client.api_version()?)) {
            Ok(version) if version == API_VERSION => return Ok(true),
            Ok(version) => (Exit::WrongVersion, wrong_version(&version)),
            Err(Failure::Client(error)) => match unreachable(&error) {
                Some(Unreachable::Refused) => {
                    (Exit::Refused, format!("{} refused connection", self.target.url))
                }
                Some(Unreachable::NoSocket) => {
                    (Exit::NotRunning, format!("{} no such file", self.target.url))
                }
                Some(Unreachable::NoInterface) => (Exit::NoInterface, NO_INTERFACE.to_owned()),
                None => return Err(error.into()),
            },
            Err(other @ (Failure::UnknownResult { .. } | Failure::EndOfInput | Failure::Fatal(_))) => {
                return Err(other);
            }
        };
        self.print_failure(exit, line)?;
        Ok(false)
    }

    /// Asks a question that is answered with a line.
    pub(crate) fn ask(&mut self, question: &str) -> Result<String, Failure> {
        self.console.text(question)?;
        self.console.flush().map_err(Fatal::Output)?;
        self.answer()
    }

    /// The line that answers a question.
    fn answer(&mut self) -> Result<String, Failure> {
        match self.input.line(&self.interrupts) {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(Failure::EndOfInput),
            Err(error) => Err(read_failure(error)),
        }
    }

    /// Runs one line and prints what went wrong.
    pub(crate) fn execute(&mut self, line: &str) -> Result<Flow, Fatal> {
        let mut attempts = 0;
        loop {
            let failure = match command::run(self, line) {
                Ok(flow) => return Ok(flow),
                Err(failure) => failure,
            };
            if let Failure::Client(ClientError::Http { status: 401, .. }) = &failure {
                self.print("Server requires authentication")?;
                attempts += 1;
                if self.is_interactive && attempts <= LOGIN_ATTEMPTS {
                    match self.log_in() {
                        Ok(()) => continue,
                        Err(failure) => return self.report(failure),
                    }
                }
            }
            return self.report(failure);
        }
    }

    /// Asks for credentials; every further request carries them.
    fn log_in(&mut self) -> Result<(), Failure> {
        let username = self.ask("Username:")?.into_bytes();
        let asked = (self.password)(PASSWORD_PROMPT).map_err(read_failure)?;
        let password = if let Some(password) = asked {
            password
        } else {
            // Without a terminal it stands in the input, of which we may have read more than the name.
            self.console.prompt_on_stderr(PASSWORD_PROMPT)?;
            self.answer()?.into_bytes()
        };
        self.print("")?;
        let credentials = Some(Credentials { username, password });
        self.set_target(Target { credentials, ..self.target.clone() });
        Ok(())
    }

    fn report(&mut self, failure: Failure) -> Result<Flow, Fatal> {
        let line = match failure {
            Failure::Fatal(fatal) => return Err(fatal),
            Failure::Client(error) => self.client_error_line(&error),
            Failure::UnknownResult { code, name } => {
                failure::error_line("ValueError", &format!("Unknown result code {code} for {name}"))
            }
            Failure::EndOfInput => failure::error_line("EOFError", "EOF when reading a line"),
        };
        self.print_failure(Exit::Generic, line)?;
        Ok(Flow::Continue)
    }

    /// Reports an absent server in the words of [`Session::is_up`], for commands that do not ask first, too.
    fn client_error_line(&self, error: &ClientError) -> String {
        match unreachable(error) {
            Some(Unreachable::Refused) => format!("{} refused connection", self.target.url),
            Some(Unreachable::NoSocket) => format!("{} no such file", self.target.url),
            Some(Unreachable::NoInterface) => NO_INTERFACE.to_owned(),
            None => {
                let (kind, message) = failure::describe(error);
                failure::error_line(kind, &message)
            }
        }
    }
}

/// The ways a server can be unreachable that users meet every day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// No process listens.
    Refused,
    /// There is no socket file.
    NoSocket,
    /// The server has no `supervisor` methods.
    NoInterface,
}

/// Which of these an error means.
pub(crate) fn unreachable(error: &ClientError) -> Option<Unreachable> {
    match error {
        ClientError::Connect(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Some(Unreachable::Refused)
        }
        ClientError::Connect(error) if error.kind() == io::ErrorKind::NotFound => Some(Unreachable::NoSocket),
        ClientError::Fault(fault) if fault.known() == Some(FaultCode::UnknownMethod) => {
            Some(Unreachable::NoInterface)
        }
        ClientError::Fault(_)
        | ClientError::Http { .. }
        | ClientError::Endpoint(_)
        | ClientError::Resolve { .. }
        | ClientError::Connect(_)
        | ClientError::Io(_)
        | ClientError::Closed
        | ClientError::Malformed(_)
        | ClientError::TooLarge { .. } => None,
    }
}

fn read_failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::Interrupted => Fatal::Interrupted.into(),
        io::ErrorKind::UnexpectedEof => Failure::EndOfInput,
        _ => Failure::Client(ClientError::Io(error)),
    }
}

const NO_INTERFACE: &str = "Sorry, supervisord responded but did not recognize the supervisor namespace commands \
    that supervisorctl uses to control it.  Please check that the [rpcinterface:supervisor] section is enabled in \
    the configuration file (see sample.conf).";

fn wrong_version(version: &str) -> String {
    format!(
        "Sorry, this version of supervisorctl expects to talk to a server with API version {API_VERSION}, but the \
        remote version is {version}."
    )
}
