//! Calls, answers and faults → bytes, in the layout of Python's `xmlrpc.client`.
//!
//! One element per line, single-quoted XML declaration without an encoding, only `&`, `<` and `>` escaped.
//! Two things upstream cannot do are done here: characters that XML 1.0 forbids become U+FFFD (upstream sends
//! them and every client fails to read the answer), and numbers beyond 32 bit are clamped (upstream answers
//! HTTP 500).

mod output;
mod text;

use crate::{Fault, FaultCode, Value};
pub use output::Output;
use text::push_lossy;
pub use text::{TextFrame, TextPieces, close_answer, open_answer};

/// Room for a list is reserved up to here before it is known to be needed.
pub(crate) const LARGEST_GUESS: usize = 8 << 20;

/// Something that can stand as a value on the wire.
pub trait Encode {
    /// Writes exactly one value.
    fn encode(&self, writer: &mut Writer<'_>);
}

/// What stands before the value of an answer, and behind it.
const ANSWER: (&[u8], &[u8]) = (
    b"<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n",
    b"</param>\n</params>\n</methodResponse>\n",
);

/// What stands before the items of an array, and behind them.
const ARRAY: (&str, &str) = ("<value><array><data>\n", "</data></array></value>\n");

/// A whole answer with one value.
pub fn response(value: &(impl Encode + ?Sized)) -> Vec<u8> {
    Encoded::new(value).into_response()
}

/// A whole answer with a fault.
pub fn fault(fault: &Fault) -> Vec<u8> {
    let mut out = Output::default();
    out.expect(384);
    out.extend(b"<?xml version='1.0'?>\n<methodResponse>\n<fault>\n");
    fault.encode(&mut Writer::new(&mut out));
    out.extend(b"</fault>\n</methodResponse>\n");
    out.into_bytes().unwrap_or_default()
}

/// A whole call.
pub fn call(method: &str, params: &[Value]) -> Vec<u8> {
    let mut out = Output::default();
    out.expect(256);
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

/// A value that has been encoded.
///
/// It has the beginning of an answer before it, so that a long one becomes an answer without being copied. One for which there
/// was no memory becomes a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded(Output);

impl Encoded {
    /// Encodes one value now.
    pub fn new(value: &(impl Encode + ?Sized)) -> Self {
        Self::with(|out| value.encode(&mut Writer::new(out)))
    }

    /// Encodes a list now; `expected` is about how many items it has.
    pub fn list<T: Encode>(expected: usize, items: impl IntoIterator<Item = T>) -> Self {
        Self::with(|out| Writer::new(out).list(expected, items))
    }

    /// Encodes the value that `write` writes.
    pub fn with(write: impl FnOnce(&mut Output)) -> Self {
        let mut out = Output::default();
        out.expect(512);
        out.extend(ANSWER.0);
        write(&mut out);
        Self(out)
    }

    /// This value, if there was memory for it.
    pub fn complete(self) -> Result<Self, Fault> {
        if self.0.is_given_up() { Err(out_of_memory()) } else { Ok(self) }
    }

    /// A whole answer with this value.
    pub fn into_response(self) -> Vec<u8> {
        let mut out = self.0;
        out.extend(ANSWER.1);
        out.into_bytes().unwrap_or_else(|| fault(&out_of_memory()))
    }

    fn value(&self) -> &[u8] {
        self.0.as_bytes().get(ANSWER.0.len()..).unwrap_or_default()
    }

    /// Bytes of the value.
    #[expect(clippy::len_without_is_empty, reason = "an encoded value is never empty")]
    pub fn len(&self) -> usize {
        self.value().len()
    }
}

/// The fault of an answer that there was no memory for.
fn out_of_memory() -> Fault {
    Fault::with_detail(FaultCode::Failed, "there is not enough memory for this answer")
}

/// The results of a multicall, written as they come.
#[derive(Debug)]
pub struct Results {
    out: Output,
    count: usize,
}

impl Results {
    /// One more, that has been encoded before.
    pub fn push(&mut self, result: &Encoded) {
        result.encode(&mut Writer::new(&mut self.out));
        self.count += 1;
    }

    /// One more that `write` writes, which must be one value. If it fails, nothing is added.
    pub fn push_with<E>(&mut self, write: impl FnOnce(&mut Output) -> Result<(), E>) -> Result<(), E> {
        let before = self.out.len();
        write(&mut self.out).inspect(|()| self.count += 1).inspect_err(|_| self.out.truncate(before))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.out.len()
    }

    /// All of them as one value.
    pub fn finish(mut self) -> Encoded {
        self.out.extend(ARRAY.1.as_bytes());
        Encoded(self.out)
    }
}

/// Writes values into a byte buffer.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Output,
}

impl<'a> Writer<'a> {
    /// A writer that appends to `out`.
    pub fn new(out: &'a mut Output) -> Self {
        Self { out }
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.raw("<value><string>");
        push_escaped(self.out, text);
        self.raw("</string></value>\n");
    }

    /// A string from bytes; what is not UTF-8 becomes U+FFFD.
    pub fn text_lossy(&mut self, bytes: &[u8]) {
        self.raw("<value><string>");
        push_lossy(self.out, bytes);
        self.raw("</string></value>\n");
    }

    /// An integer, clamped to 32 bit.
    pub fn int(&mut self, number: i64) {
        self.raw("<value><int>");
        push_decimal(self.out, clamp(number));
        self.raw("</int></value>\n");
    }

    /// A boolean.
    pub fn boolean(&mut self, flag: bool) {
        self.raw(if flag {
            "<value><boolean>1</boolean></value>\n"
        } else {
            "<value><boolean>0</boolean></value>\n"
        });
    }

    /// An array; `write_items` writes its items one after the other.
    pub fn array(&mut self, write_items: impl FnOnce(&mut Writer<'_>)) {
        self.raw(ARRAY.0);
        write_items(self);
        self.raw(ARRAY.1);
    }

    /// An array of values that are about equally long, and about `expected` in number.
    pub fn list<T: Encode>(&mut self, expected: usize, items: impl IntoIterator<Item = T>) {
        self.array(|out| {
            let begin = out.out.len();
            for (index, item) in items.into_iter().enumerate() {
                item.encode(out);
                if index == 0 {
                    // Growing to the whole step by step would copy a long list several times.
                    // Nothing is left of it where there was no memory.
                    let length = out.out.len().saturating_sub(begin);
                    let others = expected.saturating_sub(1);
                    out.out.expect((length + length / 16).saturating_mul(others).min(LARGEST_GUESS));
                }
            }
        });
    }

    /// A struct; `write_members` writes its members one after the other.
    pub fn structure(&mut self, write_members: impl FnOnce(&mut Members<'_, '_>)) {
        self.raw("<value><struct>\n");
        write_members(&mut Members { writer: self });
        self.raw("</struct></value>\n");
    }

    fn raw(&mut self, text: &str) {
        self.out.extend(text.as_bytes());
    }
}

/// What stands before the text or number of a member with this name, put together by the compiler: the records of thousands
/// of processes have little else in them.
macro_rules! opening {
    ($name:literal, $kind:ident) => {
        concat!("<member>\n<name>", $name, "</name>\n<value><", stringify!($kind), ">")
    };
}
pub(crate) use opening;

/// Writes the members of a struct.
#[derive(Debug)]
pub struct Members<'w, 'a> {
    writer: &'w mut Writer<'a>,
}

impl Members<'_, '_> {
    /// A member with any value.
    pub fn member(&mut self, name: &str, value: &(impl Encode + ?Sized)) {
        self.open(name);
        value.encode(self.writer);
        self.close();
    }

    /// A string member.
    pub fn text(&mut self, name: &str, text: &str) {
        self.open(name);
        self.writer.text(text);
        self.close();
    }

    /// An integer member, clamped to 32 bit.
    pub fn int(&mut self, name: &str, number: i64) {
        self.open(name);
        self.writer.int(number);
        self.close();
    }

    /// A boolean member.
    pub fn boolean(&mut self, name: &str, flag: bool) {
        self.open(name);
        self.writer.boolean(flag);
        self.close();
    }

    /// A string member whose beginning, up to the text, [`opening!`] has put together.
    pub(crate) fn opened_text(&mut self, opening: &'static str, text: &str) {
        self.writer.raw(opening);
        push_escaped(self.writer.out, text);
        self.writer.raw("</string></value>\n</member>\n");
    }

    /// An integer member whose beginning, up to the number, [`opening!`] has put together.
    pub(crate) fn opened_int(&mut self, opening: &'static str, number: i64) {
        self.writer.raw(opening);
        push_decimal(self.writer.out, clamp(number));
        self.writer.raw("</int></value>\n</member>\n");
    }

    fn open(&mut self, name: &str) {
        self.writer.raw("<member>\n<name>");
        push_escaped(self.writer.out, name);
        self.writer.raw("</name>\n");
    }

    fn close(&mut self) {
        self.writer.raw("</member>\n");
    }
}

/// Numbers on the wire have 32 bit.
pub(crate) fn clamp(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

/// Appends a number without going through the formatting machinery.
fn push_decimal(out: &mut Output, number: i32) {
    let mut digits = [0_u8; 10];
    let mut start = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.extend(b"-");
    }
    out.extend(&digits[start..]);
}

/// Appends text with `&`, `<`, `>` escaped and characters that XML 1.0 forbids replaced.
fn push_escaped(out: &mut Output, text: &str) {
    let bytes = text.as_bytes();
    if are_clean(bytes, [b'&', b'<', b'>', 0xef]) {
        out.extend(bytes);
        return;
    }
    let mut clean_from = 0;
    let mut at = 0;
    while at < bytes.len() {
        let Some((replacement, length)) = replacement_at(bytes, at) else {
            at += 1;
            continue;
        };
        out.extend(&bytes[clean_from..at]);
        out.extend(replacement.as_bytes());
        at += length;
        clean_from = at;
    }
    out.extend(&bytes[clean_from..]);
}

/// Whether there is neither a control character nor one of these bytes in a text, eight bytes at a time.
pub(crate) fn are_clean<const N: usize>(bytes: &[u8], others: [u8; N]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    // Sets the high bit of the lowest byte that is less than `limit`, which is at most 128; above it a borrow may set others.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let found = |word: u64| {
        others
            .iter()
            .fold(below(word, b' '), |found, other| found | below(word ^ (ONES * u64::from(*other)), 1))
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let of_words = words.iter().fold(0, |all, word| all | found(u64::from_ne_bytes(*word)));
    let mut last = [b'x'; 8];
    last[..rest.len()].copy_from_slice(rest);
    (of_words | found(u64::from_ne_bytes(last))) & HIGHS == 0
}

/// What to write instead of the character at `at`, and how many bytes it stands for.
fn replacement_at(bytes: &[u8], at: usize) -> Option<(&'static str, usize)> {
    const REPLACEMENT: &str = "\u{fffd}";
    match bytes[at] {
        b'&' => Some(("&amp;", 1)),
        b'<' => Some(("&lt;", 1)),
        b'>' => Some(("&gt;", 1)),
        b'\t' | b'\n' | b'\r' => None,
        0..0x20 => Some((REPLACEMENT, 1)),
        // U+FFFE and U+FFFF are the only forbidden characters of more than one byte.
        0xef if matches!(bytes.get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf])) => Some((REPLACEMENT, 3)),
        0x20..=0xff => None,
    }
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

impl Default for Results {
    /// None so far.
    fn default() -> Self {
        let mut out = Output::default();
        out.extend(ANSWER.0);
        out.extend(ARRAY.0.as_bytes());
        Self { out, count: 0 }
    }
}

impl Encode for Encoded {
    fn encode(&self, writer: &mut Writer<'_>) {
        if self.0.is_given_up() {
            writer.out.give_up();
        }
        writer.out.extend(self.value());
    }
}

#[cfg(test)]
mod tests;
