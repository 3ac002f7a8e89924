//! The parameters of one call, checked against the table and read by position.

use super::Method;
use crate::{Fault, FaultCode, Value};

/// The parameters of one call.
///
/// The number is checked when it is made; each type when it is read, since upstream converts generously: an
/// integer parameter takes `"5"`, a boolean one takes anything. A type that cannot be converted is fault 2
/// (upstream answers HTTP 500 for some of them).
#[derive(Clone, Debug, PartialEq)]
pub struct Arguments {
    values: Vec<Value>,
}

impl Arguments {
    /// Takes the parameters of a call to `method`; fault 2 if there are too few or too many.
    pub fn new(method: &Method, values: Vec<Value>) -> Result<Self, Fault> {
        if method.arity().contains(&values.len()) { Ok(Self { values }) } else { Err(incorrect()) }
    }

    /// The text at `index`.
    pub fn text(&self, index: usize) -> Result<&str, Fault> {
        self.values.get(index).and_then(Value::as_str).ok_or_else(incorrect)
    }

    /// The text at `index`, where a number or boolean stands for its digits or name (signals, event types).
    pub fn text_of_scalar(&self, index: usize) -> Result<String, Fault> {
        match self.values.get(index) {
            Some(Value::Base64(_) | Value::DateTime(_) | Value::Array(_) | Value::Struct(_) | Value::Nil)
            | None => Err(incorrect()),
            Some(scalar @ (Value::String(_) | Value::Int(_) | Value::Bool(_) | Value::Double(_))) => {
                Ok(scalar.to_display_text())
            }
        }
    }

    /// The number at `index`.
    pub fn int(&self, index: usize) -> Result<i64, Fault> {
        self.values.get(index).and_then(Value::to_int).ok_or_else(incorrect)
    }

    /// The truth value at `index`, or `default` if it was left out.
    pub fn flag_or(&self, index: usize, default: bool) -> bool {
        self.values.get(index).map_or(default, Value::is_truthy)
    }

    /// The value at `index` as it came.
    pub fn value(&self, index: usize) -> Result<&Value, Fault> {
        self.values.get(index).ok_or_else(incorrect)
    }
}

fn incorrect() -> Fault {
    Fault::bare(FaultCode::IncorrectParameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::find;

    /// RPC-14
    #[test]
    fn a_wrong_number_of_parameters_is_fault_two_without_suffix() {
        let method = find("supervisor.getProcessInfo").unwrap();
        for values in [vec![], vec![Value::from("a"), Value::from("b")]] {
            let fault = Arguments::new(method, values).unwrap_err();
            assert_eq!((fault.code, fault.text.as_str()), (2, "INCORRECT_PARAMETERS"));
        }
    }

    #[test]
    fn optional_parameters_have_a_default() {
        let method = find("supervisor.startProcess").unwrap();
        let short = Arguments::new(method, vec![Value::from("a")]).unwrap();
        assert_eq!(short.text(0).unwrap(), "a");
        assert!(short.flag_or(1, true));
        let full = Arguments::new(method, vec![Value::from("a"), Value::Int(0)]).unwrap();
        assert!(!full.flag_or(1, true));
    }

    /// RPC-30, RPC-50
    #[test]
    fn types_are_converted_as_upstream_converts_them() {
        let method = find("supervisor.signalProcess").unwrap();
        let arguments = Arguments::new(method, vec![Value::Int(7), Value::Int(18)]).unwrap();
        assert_eq!(arguments.text(0).unwrap_err().code, 2);
        assert_eq!(arguments.text_of_scalar(1).unwrap(), "18");
        let method = find("supervisor.readLog").unwrap();
        let arguments = Arguments::new(method, vec![Value::from("5"), Value::Double(1.9)]).unwrap();
        assert_eq!((arguments.int(0).unwrap(), arguments.int(1).unwrap()), (5, 1));
        assert_eq!(arguments.int(2).unwrap_err().code, 2);
    }
}
