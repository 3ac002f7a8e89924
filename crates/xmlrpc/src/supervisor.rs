//! `supervisor.*`, apart from reading logs: one function per method.

use super::{Plan, records, wire_fault};
use supervisor_control::{Command, Diff, EMULATED_VERSION, Identity, Request, Target};
use supervisor_core::{Signal, Wait};
use supervisor_rpc::method::Arguments;
use supervisor_rpc::{Encoded, Fault, FaultCode, Implementation, ReloadedGroups, SupervisorState, Value};

/// The version of the XML-RPC interface; clients compare it with what they know.
const API_VERSION: &str = "3.0";

/// A plan, or the fault of the parameters.
pub(super) type Planned = Result<Plan, Fault>;

pub(super) fn get_api_version() -> Plan {
    identity(|_| Encoded::new(API_VERSION))
}

pub(super) fn get_supervisor_version() -> Plan {
    identity(|_| Encoded::new(EMULATED_VERSION))
}

pub(super) fn get_identification() -> Plan {
    identity(|identity| Encoded::new(&identity.identifier))
}

pub(super) fn get_pid() -> Plan {
    identity(|identity| Encoded::new(&i64::from(identity.pid.raw())))
}

/// Always RUNNING, as every other state is a fault.
pub(super) fn get_state() -> Plan {
    identity(|_| Encoded::new(&SupervisorState { statecode: 1, statename: "RUNNING".into() }))
}

/// The implementation and its version; answered in every state.
pub(super) fn get_implementation() -> Plan {
    Plan::ready(&Implementation { name: "supervisor-rs".into(), version: env!("CARGO_PKG_VERSION").into() })
}

pub(super) fn shutdown() -> Plan {
    Plan::command(Command::Shutdown)
}

pub(super) fn restart() -> Plan {
    Plan::command(Command::Restart)
}

pub(super) fn reload_config() -> Plan {
    Plan::request(
        |reply| Request::ReloadConfig { reply },
        |diff| {
            let Diff { added, changed, removed } = diff;
            Encoded::new(&ReloadedGroups { added, changed, removed })
        },
    )
}

pub(super) fn add_process_group(arguments: &Arguments) -> Planned {
    on_group(arguments, Lookup::ByComparison, |name| {
        Plan::request(|reply| Request::AddGroup { name, reply }, true_value)
    })
}

pub(super) fn remove_process_group(arguments: &Arguments) -> Planned {
    on_group(arguments, Lookup::ByKey, |name| {
        Plan::request(|reply| Request::RemoveGroup { name, reply }, true_value)
    })
}

pub(super) fn start_process(arguments: &Arguments) -> Planned {
    let target = Target::Named(name(arguments)?);
    Ok(Plan::command(Command::Start { target, wait: wait(arguments, 1) }))
}

pub(super) fn start_process_group(arguments: &Arguments) -> Planned {
    let wait = wait(arguments, 1);
    on_group(arguments, Lookup::ByKey, |name| {
        Plan::command(Command::Start { target: Target::Group(name), wait })
    })
}

pub(super) fn start_all_processes(arguments: &Arguments) -> Plan {
    Plan::command(Command::Start { target: Target::All, wait: wait(arguments, 0) })
}

pub(super) fn stop_process(arguments: &Arguments) -> Planned {
    let target = Target::Named(name(arguments)?);
    Ok(Plan::command(Command::Stop { target, wait: wait(arguments, 1) }))
}

pub(super) fn stop_process_group(arguments: &Arguments) -> Planned {
    let wait = wait(arguments, 1);
    on_group(arguments, Lookup::ByKey, |name| {
        Plan::command(Command::Stop { target: Target::Group(name), wait })
    })
}

pub(super) fn stop_all_processes(arguments: &Arguments) -> Plan {
    Plan::command(Command::Stop { target: Target::All, wait: wait(arguments, 0) })
}

pub(super) fn signal_process(arguments: &Arguments) -> Planned {
    let target = Target::Named(name(arguments)?);
    Ok(Plan::command(Command::Signal { target, signal: signal(arguments, 1)? }))
}

pub(super) fn signal_process_group(arguments: &Arguments) -> Planned {
    let signal = signal(arguments, 1)?;
    on_group(arguments, Lookup::ByKey, |name| {
        Plan::command(Command::Signal { target: Target::Group(name), signal })
    })
}

pub(super) fn signal_all_processes(arguments: &Arguments) -> Planned {
    Ok(Plan::command(Command::Signal { target: Target::All, signal: signal(arguments, 0)? }))
}

pub(super) fn get_process_info(arguments: &Arguments) -> Planned {
    let name = name(arguments)?;
    Ok(Plan::inspect(move |view| records::process(view, &name)))
}

pub(super) fn get_all_process_info() -> Plan {
    Plan::inspect_charged(records::all_processes)
}

pub(super) fn get_all_config_info() -> Plan {
    Plan::inspect_charged(records::configuration)
}

pub(super) fn clear_log() -> Plan {
    Plan::request(|reply| Request::ClearMainLog { reply }, true_value)
}

pub(super) fn clear_process_logs(arguments: &Arguments) -> Planned {
    let name = name(arguments)?;
    Ok(Plan::request(|reply| Request::ClearProcessLogs { name, reply }, true_value))
}

pub(super) fn clear_all_process_logs() -> Plan {
    Plan::request_outcomes(|reply| Request::ClearAllProcessLogs { reply })
}

/// The only method whose fault names the wrong parameter; it checks that before the name.
pub(super) fn send_process_stdin(arguments: &Arguments) -> Planned {
    let bytes = match arguments.value(1)? {
        Value::String(text) => text.clone().into_bytes(),
        Value::Nil => return Err(incorrect()),
        other => return Err(Fault::with_detail(FaultCode::IncorrectParameters, other.to_display_text())),
    };
    let name = name(arguments)?;
    Ok(Plan::request(|reply| Request::SendStdin { name, bytes, reply }, true_value))
}

/// Takes values of every type; an event carries text.
pub(super) fn send_remote_comm_event(arguments: &Arguments) -> Planned {
    let kind = arguments.value(0)?.to_display_text();
    let data = arguments.value(1)?.to_display_text();
    Ok(Plan::command(Command::RemoteEvent { kind, data }))
}

/// A method about supervisord itself, refused while it stops.
fn identity(encode: impl FnOnce(Identity<'_>) -> Encoded + Send + 'static) -> Plan {
    Plan::inspect(|view| match view.check_running() {
        Ok(()) => Ok(encode(view.identity()).into()),
        Err(fault) => Err(wire_fault(&fault)),
    })
}

fn true_value((): ()) -> Encoded {
    Encoded::new(&true)
}

fn name(arguments: &Arguments) -> Result<String, Fault> {
    arguments.text(0).map(str::to_owned)
}

fn wait(arguments: &Arguments, index: usize) -> Wait {
    if arguments.flag_or(index, true) { Wait::Yes } else { Wait::No }
}

/// How upstream looks a group up, which decides which types a name may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lookup {
    /// In a dictionary, whose keys cannot be arrays and structs.
    ByKey,
    /// By comparison with each name, which works for any type.
    ByComparison,
}

/// A method on a group. A value that is no string names no group.
fn on_group(arguments: &Arguments, lookup: Lookup, plan: impl FnOnce(String) -> Plan) -> Planned {
    match arguments.value(0)? {
        Value::String(name) => Ok(plan(name.clone())),
        Value::Array(_) | Value::Struct(_) if lookup == Lookup::ByKey => Err(incorrect()),
        Value::Nil => Ok(no_such_group(Fault::bare(FaultCode::BadName))),
        other @ (Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Base64(_)
        | Value::DateTime(_)
        | Value::Array(_)
        | Value::Struct(_)) => {
            Ok(no_such_group(Fault::with_detail(FaultCode::BadName, other.to_display_text())))
        }
    }
}

fn no_such_group(fault: Fault) -> Plan {
    Plan::inspect(move |view| Err(view.check_running().err().map_or(fault, |fault| wire_fault(&fault))))
}

fn incorrect() -> Fault {
    Fault::bare(FaultCode::IncorrectParameters)
}

/// A signal by name or number, without blanks around it; the client's text if it is none.
fn signal(arguments: &Arguments, index: usize) -> Result<Result<Signal, String>, Fault> {
    let spelled = arguments.text_of_scalar(index)?;
    let known = match arguments.int(index) {
        Ok(number) => Signal::from_number(number),
        Err(_) => Signal::from_name(spelled.trim()),
    };
    Ok(known.ok_or(spelled))
}
