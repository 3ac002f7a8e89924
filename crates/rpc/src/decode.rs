//! Bytes → calls and answers.
//!
//! # Theory
//!
//! A document is evaluated from the leaves up while it is read, without recursion: a stack holds the open
//! elements, and an element that closes becomes a value and a child of the one around it. What an element
//! means depends on its tag alone, not on where it stands. That is what makes upstream's server so liberal
//! (any root element will do, `<params>` may be missing, an unknown scalar tag is text), and it is kept.
//!
//! Characters that XML 1.0 does not allow, ESC above all, are refused wherever they stand and however they are written, as
//! the parser of upstream's server and client refuses them.
//!
//! Stricter than upstream are three things: a document type definition is refused, so that no entity is ever
//! expanded; nesting and the number of elements are bounded; and a body that is not UTF-8 is an error that
//! gets an answer.

mod element;
mod reader;

use crate::{Fault, Value};
use element::Dialect;
use std::fmt;

/// Elements that may be open at once.
pub const MAX_DEPTH: usize = 100;

/// Elements a call may have. Answers are bounded by their size alone.
pub const MAX_CALL_ELEMENTS: usize = 200_000;

/// A decoded call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The name as it came; never empty.
    pub method: String,
    /// The parameters; none if the call had no `<params>`.
    pub params: Vec<Value>,
}

/// Why bytes could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// A well-formed document without a `<methodName>`, or with an empty one.
    NoMethodName,
    /// Anything else that is wrong with a document.
    Unmarshallable(Malformed),
}

impl DecodeError {
    /// The words of upstream's log line for a refused request.
    pub fn log_words(&self) -> &'static str {
        match self {
            Self::NoMethodName => "no method name",
            Self::Unmarshallable(_) => "unmarshallable",
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMethodName => f.write_str("the call has no method name"),
            Self::Unmarshallable(malformed) => malformed.fmt(f),
        }
    }
}

impl std::error::Error for DecodeError {}

impl From<Malformed> for DecodeError {
    fn from(malformed: Malformed) -> Self {
        Self::Unmarshallable(malformed)
    }
}

/// What is wrong with a document, or with a record in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    what: String,
    is_ill_formed: bool,
}

impl Malformed {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), is_ill_formed: false }
    }

    /// A document that is no XML.
    fn ill_formed(what: impl Into<String>) -> Self {
        Self { what: what.into(), is_ill_formed: true }
    }

    /// Whether the document is no XML at all, as against XML that says nothing we understand.
    pub fn is_ill_formed(&self) -> bool {
        self.is_ill_formed
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Malformed {}

/// Decodes a call as upstream's server does. The caller bounds the size of `body`.
pub fn call(body: &[u8]) -> Result<Call, DecodeError> {
    let document = reader::read(body, Dialect::Call)?;
    match document.method {
        Some(method) if !method.is_empty() => {
            Ok(Call { method, params: document.params.unwrap_or_default() })
        }
        Some(_) | None => Err(DecodeError::NoMethodName),
    }
}

/// Decodes an answer: the value, or the fault the server raised.
pub fn response(body: &[u8]) -> Result<Result<Value, Fault>, Malformed> {
    let document = reader::read(body, Dialect::Response)?;
    if let Some(fault) = document.fault {
        return fault_of(&fault).map(Err);
    }
    let first = document.params.and_then(|params| params.into_iter().next());
    first.map(Ok).ok_or_else(|| Malformed::new("the answer has neither a value nor a fault"))
}

fn fault_of(value: &Value) -> Result<Fault, Malformed> {
    let code = value.member("faultCode").and_then(Value::to_int);
    let text = value.member("faultString").and_then(Value::as_str);
    match (code, text) {
        (Some(code), Some(text)) => Ok(Fault { code, text: text.to_owned() }),
        (None, _) | (_, None) => Err(Malformed::new("the fault has no faultCode or no faultString")),
    }
}

#[cfg(test)]
mod tests;
