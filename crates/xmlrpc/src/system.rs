//! `system.*`, apart from multicall: introspection.

use super::supervisor::Planned;
use super::{Plan, find};
use supervisor_rpc::method::{self, Arguments, Method};
use supervisor_rpc::{Fault, FaultCode};

pub(super) fn list_methods(has_supervisor: bool) -> Plan {
    let names: Vec<&str> = method::list(has_supervisor).collect();
    Plan::ready(&names)
}

pub(super) fn method_help(arguments: &Arguments, has_supervisor: bool) -> Planned {
    Ok(Plan::ready(&described(arguments, has_supervisor)?.help_text()))
}

pub(super) fn method_signature(arguments: &Arguments, has_supervisor: bool) -> Planned {
    Ok(Plan::ready(&described(arguments, has_supervisor)?.signature()))
}

/// The method to describe. A value that is no string names no method.
fn described(arguments: &Arguments, has_supervisor: bool) -> Result<&'static Method, Fault> {
    let known = arguments.value(0)?.as_str().and_then(|name| find(name, has_supervisor));
    known.ok_or_else(|| Fault::bare(FaultCode::SignatureUnsupported))
}
