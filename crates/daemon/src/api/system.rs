//! `system.*`, apart from multicall: what methods there are.

use super::supervisor::Planned;
use super::{Plan, find};
use supervisor_rpc::method::{self, Arguments, Method};
use supervisor_rpc::{Fault, FaultCode};

pub(super) fn list_methods(has_supervisor: bool) -> Plan {
    let names: Vec<&str> = method::list(has_supervisor).collect();
    Plan::now(&names)
}

pub(super) fn method_help(arguments: &Arguments, has_supervisor: bool) -> Planned {
    Ok(Plan::now(&explained(arguments, has_supervisor)?.help_text()))
}

pub(super) fn method_signature(arguments: &Arguments, has_supervisor: bool) -> Planned {
    Ok(Plan::now(&explained(arguments, has_supervisor)?.signature()))
}

fn explained(arguments: &Arguments, has_supervisor: bool) -> Result<&'static Method, Fault> {
    find(arguments.text(0)?, has_supervisor).ok_or_else(|| Fault::bare(FaultCode::SignatureUnsupported))
}
