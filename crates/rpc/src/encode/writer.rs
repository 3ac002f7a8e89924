//! Writes values, and the members of structs.

use super::escape::push_escaped;
use super::text::push_lossy;
use super::{ARRAY, Encode, LARGEST_GUESS, Output};

/// Writes values into a byte buffer.
#[derive(Debug)]
pub struct Writer<'a> {
    pub(super) out: &'a mut Output,
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
                    // If memory has run out, the buffer is empty.
                    let length = out.out.len().saturating_sub(begin);
                    let others = expected.saturating_sub(1);
                    out.out.reserve((length + length / 16).saturating_mul(others).min(LARGEST_GUESS));
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

    pub(super) fn raw(&mut self, text: &str) {
        self.out.extend(text.as_bytes());
    }
}

/// The text before the string or number of a member with this name, concatenated at compile time: the records of thousands
/// of processes consist of little else.
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

/// Clamps to the 32 bits of numbers on the wire.
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
