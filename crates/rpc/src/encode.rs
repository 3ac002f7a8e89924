//! Calls, answers and faults → bytes, in the layout of Python's `xmlrpc.client`.
//!
//! One element per line, single-quoted XML declaration without an encoding, only `&`, `<` and `>` escaped.
//! It differs from upstream in two cases: characters that XML 1.0 forbids become U+FFFD (upstream sends
//! them and every client fails to read the answer), and numbers beyond 32 bit are clamped (upstream answers
//! HTTP 500).

mod encoded;
mod escape;
mod output;
mod text;
mod writer;

use crate::{Fault, Value};
pub use encoded::{Encoded, Results};
pub(crate) use escape::contains_none_of;
use escape::push_escaped;
pub use output::Output;
pub use text::{TextFrame, TextPieces, close_answer, open_answer};
pub use writer::{Members, Writer};
pub(crate) use writer::{clamp, opening};

/// Room for a list is reserved up to here before it is known to be needed.
pub(crate) const LARGEST_GUESS: usize = 8 << 20;

/// A type with a form on the wire.
pub trait Encode {
    /// Writes exactly one value.
    fn encode(&self, writer: &mut Writer<'_>);
}

/// The text before and after the value of an answer.
const ANSWER: (&[u8], &[u8]) = (
    b"<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n",
    b"</param>\n</params>\n</methodResponse>\n",
);

/// The text before and after the items of an array.
const ARRAY: (&str, &str) = ("<value><array><data>\n", "</data></array></value>\n");

/// A whole answer with one value.
pub fn response(value: &(impl Encode + ?Sized)) -> Vec<u8> {
    Encoded::new(value).into_response()
}

/// A whole answer with a fault.
pub fn fault(fault: &Fault) -> Vec<u8> {
    let mut out = Output::default();
    out.reserve(384);
    out.extend(b"<?xml version='1.0'?>\n<methodResponse>\n<fault>\n");
    fault.encode(&mut Writer::new(&mut out));
    out.extend(b"</fault>\n</methodResponse>\n");
    out.into_bytes().unwrap_or_default()
}

/// A whole call.
pub fn call(method: &str, params: &[Value]) -> Vec<u8> {
    let mut out = Output::default();
    out.reserve(256);
    out.extend(b"<?xml version='1.0'?>\n<methodCall>\n<methodName>");
    push_escaped(&mut out, method);
    out.extend(b"</methodName>\n<params>\n");
    for param in params {
        out.extend(b"<param>\n");
        param.encode(&mut Writer::new(&mut out));
        out.extend(b"</param>\n");
    }
    out.extend(b"</params>\n</methodCall>\n");
    out.into_bytes().unwrap_or_default()
}

impl Encode for Value {
    fn encode(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Nil => writer.raw("<value><nil/></value>\n"),
            Self::Bool(flag) => writer.boolean(*flag),
            Self::Int(number) => writer.int(*number),
            Self::Double(number) => {
                writer.raw("<value><double>");
                writer.raw(&format!("{number:?}"));
                writer.raw("</double></value>\n");
            }
            Self::String(text) => writer.text(text),
            Self::Base64(bytes) => encode_base64(bytes, writer),
            Self::DateTime(text) => {
                writer.raw("<value><dateTime.iso8601>");
                push_escaped(writer.out, text);
                writer.raw("</dateTime.iso8601></value>\n");
            }
            Self::Array(items) => items.encode(writer),
            Self::Struct(members) => writer.structure(|out| {
                for (name, value) in members {
                    out.member(name, value);
                }
            }),
        }
    }
}

/// Base64 in lines of 76 characters, each ended, as Python writes it.
fn encode_base64(bytes: &[u8], writer: &mut Writer<'_>) {
    use base64::Engine;
    writer.raw("<value><base64>\n");
    for line in bytes.chunks(57) {
        writer.raw(&base64::engine::general_purpose::STANDARD.encode(line));
        writer.raw("\n");
    }
    writer.raw("</base64></value>\n");
}

impl Encode for str {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.text(self);
    }
}

impl Encode for String {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.text(self);
    }
}

impl Encode for bool {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.boolean(*self);
    }
}

impl Encode for i64 {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.int(*self);
    }
}

impl<T: Encode> Encode for [T] {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.list(self.len(), self);
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, writer: &mut Writer<'_>) {
        self.as_slice().encode(writer);
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encode(&self, writer: &mut Writer<'_>) {
        (**self).encode(writer);
    }
}

#[cfg(test)]
mod tests;
