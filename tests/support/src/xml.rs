//! The values of XML-RPC, written and read by hand.
//!
//! Only what the daemon's answers need; it is the tests' own reading of the wire, independent of the product's.

use std::ops::Index;

/// A value of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `<int>`.
    Int(i64),
    /// `<boolean>`.
    Bool(bool),
    /// `<string>`.
    Text(String),
    /// `<array>`.
    Array(Vec<Value>),
    /// `<struct>`, members in the order of the wire.
    Struct(Vec<(String, Value)>),
}

impl Value {
    /// The number.
    pub fn int(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            other => panic!("not an int: {other:?}"),
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("not a string: {other:?}"),
        }
    }

    /// The elements.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            other => panic!("not an array: {other:?}"),
        }
    }

    /// The value as it stands on the wire.
    fn to_xml(&self) -> String {
        let inner = match self {
            Self::Int(number) => format!("<int>{number}</int>"),
            Self::Bool(flag) => format!("<boolean>{}</boolean>", u8::from(*flag)),
            Self::Text(text) => format!("<string>{}</string>", escape(text)),
            Self::Array(items) => {
                let items: Vec<_> = items.iter().map(Self::to_xml).collect();
                format!("<array><data>{}</data></array>", items.concat())
            }
            Self::Struct(members) => {
                let member = |(name, value): &(String, Self)| {
                    format!("<member><name>{}</name>{}</member>", escape(name), value.to_xml())
                };
                let members: Vec<_> = members.iter().map(member).collect();
                format!("<struct>{}</struct>", members.concat())
            }
        };
        format!("<value>{inner}</value>")
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
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

impl Index<&str> for Value {
    type Output = Self;

    /// A member of a struct.
    fn index(&self, name: &str) -> &Self {
        match self {
            Self::Struct(members) => {
                &members.iter().find(|(member, _)| member == name).unwrap_or_else(|| panic!("no {name}")).1
            }
            other => panic!("not a struct: {other:?}"),
        }
    }
}

impl Index<usize> for Value {
    type Output = Self;

    /// An element of an array.
    fn index(&self, position: usize) -> &Self {
        &self.items()[position]
    }
}

/// The body of a call.
pub(crate) fn write_call(method: &str, parameters: &[Value]) -> String {
    let parameters: Vec<_> =
        parameters.iter().map(|value| format!("<param>{}</param>\n", value.to_xml())).collect();
    let parameters = parameters.concat();
    format!(
        "<?xml version='1.0'?>\n<methodCall>\n<methodName>{method}</methodName>\n<params>\n{parameters}</params>\n</methodCall>\n"
    )
}

/// What an answer holds: its value, or the struct of its fault.
pub(crate) fn read_answer(body: &str) -> Option<Result<Value, Value>> {
    let mut reader = Reader { rest: body };
    reader.skip_past("<methodResponse>")?;
    let is_fault = reader.at("<fault>");
    if !is_fault {
        reader.skip_past("<param>")?;
    }
    let value = reader.value()?;
    Some(if is_fault { Err(value) } else { Ok(value) })
}

/// Walks through an answer; every step answers `None` where the text is not what the protocol prescribes.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Consumes `tag` if it comes next.
    fn at(&mut self, tag: &str) -> bool {
        let trimmed = self.rest.trim_start();
        let found = trimmed.strip_prefix(tag);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn skip_past(&mut self, tag: &str) -> Option<()> {
        self.rest = self.rest.split_once(tag)?.1;
        Some(())
    }

    /// The text up to `tag`, which is consumed.
    fn until(&mut self, tag: &str) -> Option<&'a str> {
        let (before, after) = self.rest.split_once(tag)?;
        self.rest = after;
        Some(before)
    }

    fn value(&mut self) -> Option<Value> {
        if !self.at("<value>") {
            return None;
        }
        let value = if self.at("<int>") {
            Value::Int(self.until("</int>")?.trim().parse().ok()?)
        } else if self.at("<boolean>") {
            Value::Bool(self.until("</boolean>")? == "1")
        } else if self.at("<string>") {
            Value::Text(unescape(self.until("</string>")?))
        } else if self.at("<array><data>") {
            let mut items = Vec::new();
            while !self.at("</data></array>") {
                items.push(self.value()?);
            }
            Value::Array(items)
        } else if self.at("<struct>") {
            let mut members = Vec::new();
            while !self.at("</struct>") {
                self.skip_past("<name>")?;
                let name = unescape(self.until("</name>")?);
                members.push((name, self.value()?));
                self.skip_past("</member>")?;
            }
            Value::Struct(members)
        } else {
            return None;
        };
        self.at("</value>").then_some(value)
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let value = Value::Array(vec![
            Value::Struct(vec![("a".into(), 1.into()), ("b <&>".into(), "x &amp; y".into())]),
            Value::Array(vec![]),
            true.into(),
            "".into(),
        ]);
        let mut text = String::from("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n");
        text.push_str(&value.to_xml());
        text.push_str("\n</param>\n</params>\n</methodResponse>\n");
        assert_eq!(read_answer(&text), Some(Ok(value)));
    }

    #[test]
    fn a_fault_is_told_from_a_value() {
        let mut text = String::from("<?xml version='1.0'?>\n<methodResponse>\n<fault>\n");
        text.push_str(&Value::Struct(vec![("faultCode".into(), 10.into())]).to_xml());
        text.push_str("\n</fault>\n</methodResponse>\n");
        assert_eq!(read_answer(&text), Some(Err(Value::Struct(vec![("faultCode".into(), 10.into())]))));
        assert_eq!(read_answer("<html>"), None);
    }
}
