//! What a closed element means.

use super::Malformed;
use crate::{Value, python};
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use std::collections::HashMap;
use supervisor_core::repr;

/// Which side reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The server: base64 is text.
    Call,
    /// The client: base64 is bytes, and wide integers are integers.
    Response,
}

/// The tags that mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Array,
    Base64,
    Boolean,
    Data,
    DateTime,
    Double,
    Fault,
    Int,
    MethodName,
    Param,
    Params,
    String,
    Struct,
    Value,
    WideInt,
    Other,
}

impl Tag {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "array" => Self::Array,
            "base64" => Self::Base64,
            "boolean" => Self::Boolean,
            "data" => Self::Data,
            "dateTime.iso8601" => Self::DateTime,
            "double" => Self::Double,
            "fault" => Self::Fault,
            "int" | "i4" => Self::Int,
            "i1" | "i2" | "i8" | "biginteger" => Self::WideInt,
            "methodName" => Self::MethodName,
            "param" => Self::Param,
            "params" => Self::Params,
            "string" => Self::String,
            "struct" => Self::Struct,
            "value" => Self::Value,
            _ => Self::Other,
        }
    }

    /// Whether the text directly inside can matter; where it cannot it is not even kept.
    pub(super) fn has_text(self) -> bool {
        match self {
            Self::Array | Self::Data | Self::Fault | Self::Param | Self::Params | Self::Struct => false,
            Self::Base64
            | Self::Boolean
            | Self::DateTime
            | Self::Double
            | Self::Int
            | Self::MethodName
            | Self::String
            | Self::Value
            | Self::WideInt
            | Self::Other => true,
        }
    }
}

/// A closed element: what it means, and its children if they still matter (those of a `<member>`).
#[derive(Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) children: Vec<Node>,
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self { value, children: Vec::new() }
    }
}

/// Turns an element into its value. `text` is what stood before its first child.
pub(super) fn close(
    tag: Tag,
    text: String,
    children: Vec<Node>,
    dialect: Dialect,
) -> Result<Node, Malformed> {
    let value = match tag {
        Tag::Int => integer(&text)?,
        Tag::WideInt if dialect == Dialect::Response => integer(&text)?,
        Tag::WideInt | Tag::Other | Tag::MethodName => {
            return Ok(Node { value: text_or_nil(text), children });
        }
        Tag::Boolean => Value::Bool(text == "1"),
        Tag::String => Value::String(text),
        Tag::Double => Value::Double(python::parse_float(&text).ok_or_else(|| malformed("double", &text))?),
        Tag::DateTime if dialect == Dialect::Call && python::DateTime::parse(&text).is_none() => {
            return Err(malformed("time", &text));
        }
        Tag::DateTime => Value::DateTime(text),
        Tag::Base64 => base64_value(&text, dialect)?,
        Tag::Value => match children.into_iter().next() {
            Some(child) => child.value,
            None => Value::String(text),
        },
        Tag::Array | Tag::Param | Tag::Fault => {
            let first = children.into_iter().next();
            first.ok_or_else(|| Malformed::new("an array, param or fault is empty"))?.value
        }
        Tag::Data | Tag::Params => Value::Array(children.into_iter().map(|child| child.value).collect()),
        Tag::Struct => structure(children)?,
    };
    Ok(value.into())
}

fn integer(text: &str) -> Result<Value, Malformed> {
    python::parse_int(text).map(Value::Int).ok_or_else(|| malformed("int", text))
}

/// An unknown element stands for its text; an empty one, such as `<nil/>`, for nothing.
fn text_or_nil(text: String) -> Value {
    if text.is_empty() { Value::Nil } else { Value::String(text) }
}

/// Every child must hold exactly a name and a value; of two with the same name the later one counts, in the
/// place of the earlier.
fn structure(children: Vec<Node>) -> Result<Value, Malformed> {
    let mut members: Vec<(String, Value)> = Vec::with_capacity(children.len());
    for member in children {
        let Ok([name, value]) = <[Node; 2]>::try_from(member.children) else {
            return Err(Malformed::new("a struct's member is not one name and one value"));
        };
        let name = match name.value {
            Value::String(name) => name,
            Value::Nil => String::new(),
            other @ (Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Base64(_)
            | Value::DateTime(_)
            | Value::Array(_)
            | Value::Struct(_)) => other.to_display_text(),
        };
        members.push((name, value.value));
    }
    Ok(Value::Struct(last_of_each(members)))
}

/// Small structs are compared member by member; for large ones that would be quadratic.
fn last_of_each(members: Vec<(String, Value)>) -> Vec<(String, Value)> {
    const SMALL: usize = 32;
    let is_small = members.len() <= SMALL;
    let mut places = HashMap::new();
    let mut unique: Vec<(String, Value)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        let place = if is_small {
            unique.iter().position(|(known, _)| *known == name)
        } else {
            places.get(&name).copied()
        };
        if let Some(place) = place {
            unique[place].1 = value;
            continue;
        }
        if !is_small {
            places.insert(name.clone(), unique.len());
        }
        unique.push((name, value));
    }
    unique
}

fn base64_value(text: &str, dialect: Dialect) -> Result<Value, Malformed> {
    /// Python's decoder skips what is not of the alphabet and ignores leftover bits.
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let kept: Vec<u8> = text.bytes().filter(alphabet).collect();
    let bytes = LENIENT.decode(kept).map_err(|_| malformed("base64", text))?;
    match dialect {
        Dialect::Response => Ok(Value::Base64(bytes)),
        Dialect::Call => {
            let text = String::from_utf8(bytes);
            text.map(Value::String).map_err(|_| Malformed::new("base64 does not hold UTF-8 text"))
        }
    }
}

fn malformed(kind: &str, text: &str) -> Malformed {
    const SHOWN: usize = 40;
    let start: String = text.chars().take(SHOWN).collect();
    Malformed::new(format!("{} is no {kind}", repr::text(&start)))
}
