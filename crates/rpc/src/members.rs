//! Reading a struct of the wire into a record.

use crate::Value;
use crate::decode::Malformed;

/// The members of a struct on their way into a record: each is taken once.
pub(crate) struct MembersOf {
    record: &'static str,
    members: Vec<(String, Value)>,
}

impl MembersOf {
    pub(crate) fn new(value: Value, record: &'static str) -> Result<Self, Malformed> {
        match value {
            Value::Struct(members) => Ok(Self { record, members }),
            Value::Nil
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::String(_)
            | Value::Base64(_)
            | Value::DateTime(_)
            | Value::Array(_) => Err(Malformed::new(format!("{record} is no struct"))),
        }
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        let (_, value) = self.members.iter_mut().find(|(known, _)| known == name)?;
        Some(std::mem::take(value))
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<String, Malformed> {
        match self.take(name) {
            Some(Value::String(text)) => Ok(text),
            Some(_) | None => Err(self.lacks(name, "string")),
        }
    }

    pub(crate) fn int(&mut self, name: &str) -> Result<i64, Malformed> {
        match self.take(name) {
            Some(Value::Int(number)) => Ok(number),
            Some(_) | None => Err(self.lacks(name, "int")),
        }
    }

    pub(crate) fn boolean(&mut self, name: &str) -> Result<bool, Malformed> {
        match self.take(name) {
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) | None => Err(self.lacks(name, "boolean")),
        }
    }

    pub(crate) fn text_or_empty(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    pub(crate) fn int_or_zero(&mut self, name: &str) -> i64 {
        self.int(name).unwrap_or_default()
    }

    pub(crate) fn lacks(&self, name: &str, kind: &str) -> Malformed {
        Malformed::new(format!("{} has no {kind} member '{name}'", self.record))
    }
}
