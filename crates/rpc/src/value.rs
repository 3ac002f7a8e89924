//! Values of the wire.

use crate::python;

/// One XML-RPC value.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Value {
    /// `<nil/>`; upstream never sends it, but accepts it.
    #[default]
    Nil,
    /// `<boolean>`.
    Bool(bool),
    /// `<int>`; read with any number of digits (clamped to 64 bit), written clamped to 32 bit.
    Int(i64),
    /// `<double>`.
    Double(f64),
    /// `<string>`.
    String(String),
    /// `<base64>`; only in answers, since a call's base64 counts as text.
    Base64(Vec<u8>),
    /// `<dateTime.iso8601>`, as written.
    DateTime(String),
    /// `<array>`.
    Array(Vec<Value>),
    /// `<struct>`, in the order of the wire, each name once.
    Struct(Vec<(String, Value)>),
}

impl Value {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Double(_)
            | Self::Base64(_)
            | Self::DateTime(_)
            | Self::Array(_)
            | Self::Struct(_) => None,
        }
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The value of a struct's member; `None` if there is no such member or this is no struct.
    pub fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Double(_)
            | Self::String(_)
            | Self::Base64(_)
            | Self::DateTime(_)
            | Self::Array(_) => None,
        }
    }

    /// The number a method with an integer parameter sees: booleans count as 0 and 1, doubles lose their
    /// fraction, text is read as decimal. `None` for anything else.
    pub fn to_int(&self) -> Option<i64> {
        match self {
            Self::Bool(flag) => Some(i64::from(*flag)),
            Self::Int(number) => Some(*number),
            Self::Double(number) => python::truncate(*number),
            Self::String(text) => python::parse_int(text),
            Self::Nil | Self::Base64(_) | Self::DateTime(_) | Self::Array(_) | Self::Struct(_) => None,
        }
    }

    /// Whether a method with a boolean parameter sees true: everything but nil, false, zero and the empty
    /// string, array and struct. The string `0` is therefore true, as it is upstream.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(flag) => *flag,
            Self::Int(number) => *number != 0,
            Self::Double(number) => *number != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::Base64(bytes) => !bytes.is_empty(),
            Self::DateTime(_) => true,
            Self::Array(items) => !items.is_empty(),
            Self::Struct(members) => !members.is_empty(),
        }
    }

    /// The text upstream shows for a value inside a message: `5`, `True`, `[1, 'x']`; a string stands for
    /// itself without quotes.
    pub fn to_display_text(&self) -> String {
        python::shown(self)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RPC-50: what an integer parameter accepts.
    #[test]
    fn integer_parameters_accept_what_upstream_converts() {
        assert_eq!(Value::Int(-7).to_int(), Some(-7));
        assert_eq!(Value::Bool(true).to_int(), Some(1));
        assert_eq!(Value::Double(1.9).to_int(), Some(1));
        assert_eq!(Value::from(" 12 ").to_int(), Some(12));
        assert_eq!(Value::from("x").to_int(), None);
        assert_eq!(Value::Double(f64::NAN).to_int(), None);
        assert_eq!(Value::Nil.to_int(), None);
    }

    #[test]
    fn the_string_zero_is_true_and_the_empty_one_false() {
        assert!(Value::from("0").is_truthy());
        assert!(!Value::from("").is_truthy());
        assert!(!Value::Int(0).is_truthy());
        assert!(!Value::Nil.is_truthy());
    }

    /// RPC-38: the fault of sendProcessStdin shows the value.
    #[test]
    fn values_inside_messages_look_as_upstream_prints_them() {
        assert_eq!(Value::Int(5).to_display_text(), "5");
        assert_eq!(Value::Bool(true).to_display_text(), "True");
        assert_eq!(Value::Array(vec![Value::Int(1)]).to_display_text(), "[1]");
        assert_eq!(
            Value::Struct(vec![("a".into(), Value::from("it's")), ("b".into(), Value::Nil)])
                .to_display_text(),
            r#"{'a': "it's", 'b': None}"#
        );
    }
}
