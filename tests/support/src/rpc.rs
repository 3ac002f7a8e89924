//! A blocking XML-RPC client, one connection per call.

use std::fmt;

use crate::http::{Address, Response, exchange};
use crate::xml::{Value, read_answer, write_call};

/// A numbered refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its number.
    pub code: i64,
    /// Its name, and the detail after a colon.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

/// Talks to one listener of a daemon.
#[derive(Clone, Debug)]
pub struct RpcClient {
    address: Address,
}

impl RpcClient {
    /// A client for the listener at `address`; nothing is connected yet.
    pub fn new(address: Address) -> Self {
        Self { address }
    }

    /// Calls a method such as `supervisor.getState`.
    ///
    /// # Errors
    /// The fault the daemon answers with.
    ///
    /// # Panics
    /// When there is no answer, or it is not one of XML-RPC.
    pub fn call(&self, method: &str, parameters: &[Value]) -> Result<Value, Fault> {
        let response = self.post(&write_call(method, parameters));
        let response = response.unwrap_or_else(|error| panic!("{method} at {:?}: {error}", self.address));
        let body = String::from_utf8_lossy(&response.body);
        let answer = read_answer(&body).unwrap_or_else(|| panic!("{method}: {}\n{body}", response.head));
        answer.map_err(|fault| Fault {
            code: fault["faultCode"].int(),
            text: fault["faultString"].text().to_owned(),
        })
    }

    /// The raw answer to a call, for tests about its bytes.
    ///
    /// # Errors
    /// Those of [`exchange`].
    pub fn call_raw(&self, method: &str, parameters: &[Value]) -> std::io::Result<Response> {
        self.post(&write_call(method, parameters))
    }

    /// True if the daemon answers anything at all.
    pub fn answers(&self) -> bool {
        self.call_raw("supervisor.getState", &[]).is_ok_and(|response| response.status != 0)
    }

    /// The raw answer to a request with this body, whatever it is.
    ///
    /// # Errors
    /// Those of [`exchange`].
    pub fn post(&self, body: &str) -> std::io::Result<Response> {
        let length = body.len();
        let head =
            format!("POST /RPC2 HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n");
        exchange(&self.address, (head + body).as_bytes())
    }
}
