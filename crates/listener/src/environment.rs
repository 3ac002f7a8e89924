//! The way back: from a child to the supervisord that started it.

use std::env::VarError;
use std::os::unix::ffi::OsStrExt;
use std::{env, fmt};
use supervisor_rpc::client::{Client, Credentials, Endpoint, EndpointError};

const SERVER_URL: &str = "SUPERVISOR_SERVER_URL";
const USERNAME: &str = "SUPERVISOR_USERNAME";
const PASSWORD: &str = "SUPERVISOR_PASSWORD";

/// Why the environment leads to no supervisord.
#[derive(Debug, PartialEq, Eq)]
pub enum EnvironmentError {
    /// Not a child of supervisord, or of one without a server to ask.
    NoServerUrl,
    /// The URL is none that can be used.
    BadServerUrl(EndpointError),
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServerUrl => write!(
                f,
                "{SERVER_URL} is not set: run this as a program of a supervisord that has a [unix_http_server] or \
                 [inet_http_server] section"
            ),
            Self::BadServerUrl(error) => write!(f, "{SERVER_URL}: {error}"),
        }
    }
}

impl std::error::Error for EnvironmentError {}

/// A client of the supervisord that started this process, found by `SUPERVISOR_SERVER_URL`, which every child has. A name
/// and a password are taken from `SUPERVISOR_USERNAME` and `SUPERVISOR_PASSWORD`, which the program's `environment` may
/// set. Connects at the first call.
pub fn supervisord() -> Result<Client, EnvironmentError> {
    let url = env::var_os(SERVER_URL).ok_or(EnvironmentError::NoServerUrl)?;
    let endpoint = Endpoint::parse_bytes(url.as_bytes()).map_err(EnvironmentError::BadServerUrl)?;
    Ok(Client::new(endpoint).with_credentials(credentials()))
}

/// As in Python: without a name there are no credentials, and a missing password is an empty one.
fn credentials() -> Option<Credentials> {
    let bytes = |name| match env::var(name) {
        Ok(text) => text.into_bytes(),
        Err(VarError::NotUnicode(raw)) => raw.as_bytes().to_vec(),
        Err(VarError::NotPresent) => Vec::new(),
    };
    let username = bytes(USERNAME);
    (!username.is_empty()).then(|| Credentials { username, password: bytes(PASSWORD) })
}
