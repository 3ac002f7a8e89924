//! XML-RPC on `/RPC2`: from the bytes of a request to the bytes of its answer.
//!
//! # Theory
//!
//! A call is decoded, looked up in the table of methods and turned into a `Plan`: a ready value, or an operation that
//! passes its result to a `Completion`. Plans send requests through [`Control`] and read logs on the threads of
//! [`Blocking`]; nothing waits for either, so any number of calls are under way at once, and each is answered as soon as its
//! condition holds. A multicall is a plan that runs the plans of its calls one after the other.
//!
//! A method is a function from its parameters to a plan, without side effects. Parameters are checked here, states and names
//! by the supervisor.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod charged;
#[cfg(test)]
mod double;
mod log_text;
mod logs;
mod multicall;
mod plan;
mod records;
mod supervisor;
mod system;

use charged::Charged;
use plan::{CallResult, Completion, EncodedResult, Plan};
use supervisor_control::{Blocking, Caller, Control};
use supervisor_core::{Fault as CoreFault, Level, repr};
use supervisor_http::{Budget, ReplyTo, Request, Response, Status};
use supervisor_log::MainLog;
use supervisor_rpc::decode::{self, DecodeError};
use supervisor_rpc::method::{self, Arguments, Method, Procedure};
use supervisor_rpc::{Encoded, Fault, FaultCode, Value, compact, encode};

/// What the methods work with; clones share it.
#[derive(Clone)]
pub struct Context {
    /// Asks the supervisor.
    pub control: Control,
    /// Runs what may block on a disk.
    pub blocking: Blocking,
    /// The budget for long answers.
    pub answers: Budget,
    /// The main log.
    pub log: MainLog,
    /// The configuration has `[rpcinterface:supervisor]`; without it only `system.*` can be called.
    pub has_supervisor: bool,
}

/// How many bytes of a malformed call are logged. It may contain secrets for a process, which come later.
const LOGGED_BYTES: usize = 64;

/// Bodies up to this size are decoded at once, longer ones off the server's thread.
const MAX_INLINE_BODY: usize = 64 * 1024;

/// Answers a request to `/RPC2`.
pub fn handle(context: &Context, request: Request, reply: ReplyTo) {
    if request.method != b"POST" {
        return reply.send(Response::error(Status::BadRequest));
    }
    if request.headers.first("Content-Length").is_none() {
        return reply.send(Response::error(Status::LengthRequired));
    }
    let takes_compact = request.headers.first("Accept").is_some_and(compact::is_accepted);
    if request.body.len() <= MAX_INLINE_BODY {
        return handle_body(context, &request.body, takes_compact, reply);
    }
    let (apart, body) = (context.clone(), request.body);
    // If it is rejected, the reply is dropped with it, and the client gets status 500.
    context.blocking.run(move || handle_body(&apart, &body, takes_compact, reply));
}

fn handle_body(context: &Context, body: &[u8], takes_compact: bool, reply: ReplyTo) {
    match decode::call(body) {
        Ok(call) => {
            context.log.log(Level::Trace, format!("XML-RPC method called: {}()", call.method));
            let is_all = find(&call.method, context.has_supervisor)
                .is_some_and(|method| method.procedure == Procedure::GetAllProcessInfo);
            if takes_compact && is_all && call.params.is_empty() {
                return answer_compactly(context, call.method, reply);
            }
            let completion = http_completion(context, &call.method, reply);
            start_call(context, &call.method, call.params, completion);
        }
        Err(error) => {
            context.log.log(Level::Error, malformed_call_line(body, &error));
            reply.send(Response::error(Status::BadRequest));
        }
    }
}

/// Starts a call.
fn start_call(context: &Context, name: &str, params: Vec<Value>, completion: Completion) {
    match plan(context, name, params) {
        Ok(Plan::Ready(value)) => completion.send(CallResult::Ready(Ok(value.into()))),
        Ok(Plan::Deferred(start)) => start(context, completion),
        Err(fault) => completion.send(CallResult::Ready(Err(fault))),
    }
}

/// The plan of a call, or its fault.
fn plan(context: &Context, name: &str, params: Vec<Value>) -> Result<Plan, Fault> {
    let method = find(name, context.has_supervisor).ok_or_else(|| Fault::bare(FaultCode::UnknownMethod))?;
    let arguments = Arguments::new(method, params)?;
    match method.procedure {
        Procedure::GetApiVersion => Ok(supervisor::get_api_version()),
        Procedure::GetSupervisorVersion => Ok(supervisor::get_supervisor_version()),
        Procedure::GetIdentification => Ok(supervisor::get_identification()),
        Procedure::GetImplementation => Ok(supervisor::get_implementation()),
        Procedure::GetState => Ok(supervisor::get_state()),
        Procedure::GetPid => Ok(supervisor::get_pid()),
        Procedure::ReadLog => logs::read_log(&arguments),
        Procedure::ClearLog => Ok(supervisor::clear_log()),
        Procedure::Shutdown => Ok(supervisor::shutdown()),
        Procedure::Restart => Ok(supervisor::restart()),
        Procedure::ReloadConfig => Ok(supervisor::reload_config()),
        Procedure::AddProcessGroup => supervisor::add_process_group(&arguments),
        Procedure::RemoveProcessGroup => supervisor::remove_process_group(&arguments),
        Procedure::StartProcess => supervisor::start_process(&arguments),
        Procedure::StartProcessGroup => supervisor::start_process_group(&arguments),
        Procedure::StartAllProcesses => Ok(supervisor::start_all_processes(&arguments)),
        Procedure::StopProcess => supervisor::stop_process(&arguments),
        Procedure::StopProcessGroup => supervisor::stop_process_group(&arguments),
        Procedure::StopAllProcesses => Ok(supervisor::stop_all_processes(&arguments)),
        Procedure::SignalProcess => supervisor::signal_process(&arguments),
        Procedure::SignalProcessGroup => supervisor::signal_process_group(&arguments),
        Procedure::SignalAllProcesses => supervisor::signal_all_processes(&arguments),
        Procedure::GetAllConfigInfo => Ok(supervisor::get_all_config_info()),
        Procedure::GetProcessInfo => supervisor::get_process_info(&arguments),
        Procedure::GetAllProcessInfo => Ok(supervisor::get_all_process_info()),
        Procedure::ReadProcessStdoutLog => logs::read_process_stdout_log(&arguments),
        Procedure::ReadProcessStderrLog => logs::read_process_stderr_log(&arguments),
        Procedure::TailProcessStdoutLog => logs::tail_process_stdout_log(&arguments),
        Procedure::TailProcessStderrLog => logs::tail_process_stderr_log(&arguments),
        Procedure::ClearProcessLogs => supervisor::clear_process_logs(&arguments),
        Procedure::ClearAllProcessLogs => Ok(supervisor::clear_all_process_logs()),
        Procedure::SendProcessStdin => supervisor::send_process_stdin(&arguments),
        Procedure::SendRemoteCommEvent => supervisor::send_remote_comm_event(&arguments),
        Procedure::ListMethods => Ok(system::list_methods(context.has_supervisor)),
        Procedure::MethodHelp => system::method_help(&arguments, context.has_supervisor),
        Procedure::MethodSignature => system::method_signature(&arguments, context.has_supervisor),
        Procedure::Multicall => multicall::multicall(&arguments),
    }
}

/// The method of this name, if its namespace is configured.
fn find(name: &str, has_supervisor: bool) -> Option<&'static Method> {
    method::find(name).filter(|method| has_supervisor || method.namespace() == "system")
}

/// Sends the result of a call over HTTP, encoded on the server's thread; long texts are read as they are sent.
fn http_completion(context: &Context, name: &str, reply: ReplyTo) -> Completion {
    let caller = Caller::new(&context.control);
    let leaving = caller.clone();
    reply.client().on_disconnect(move || leaving.disconnect());
    let (log, name, blocking) = (context.log.clone(), name.to_owned(), context.blocking.clone());
    Completion::new(caller, move |outcome| match outcome {
        CallResult::Text(text) => {
            let response = text.respond(&blocking);
            log.log(Level::Trace, trace_line(&name, response.as_ref().err()));
            reply.send(response.unwrap_or_else(|fault| respond(Err(fault))));
        }
        CallResult::Ready(Ok(Charged { value, charge })) => {
            let answered = value.complete();
            log.log(Level::Trace, trace_line(&name, answered.as_ref().err()));
            reply.charged(charge).send(respond(answered));
        }
        outcome @ (CallResult::Ready(Err(_)) | CallResult::Lazy(_)) => {
            reply.send_with(move || {
                let answered = outcome.resolve().map(|charged| charged.value);
                log.log(Level::Trace, trace_line(&name, answered.as_ref().err()));
                respond(answered)
            });
        }
    })
}

/// Answers with the summaries of all processes in the [compact form](compact).
fn answer_compactly(context: &Context, name: String, reply: ReplyTo) {
    let (log, answers) = (context.log.clone(), context.answers.clone());
    context.control.inspect(move |view| {
        let all = records::summaries(view, &answers);
        log.log(Level::Trace, trace_line(&name, all.as_ref().err()));
        match all {
            Ok(all) => reply.charged(all.charge).send(xml_rpc(compact::MEDIA_TYPE, all.value)),
            Err(fault) => reply.send(respond(Err(fault))),
        }
    });
}

/// A fault as it goes over the wire.
fn wire_fault(fault: &CoreFault) -> Fault {
    Fault { code: i64::from(fault.code()), text: fault.to_string() }
}

fn trace_line(name: &str, fault: Option<&Fault>) -> String {
    match fault {
        None => format!("XML-RPC method {name}() returned successfully"),
        Some(Fault { code, text }) => format!("XML-RPC method {name}() returned fault: [{code}] {text}"),
    }
}

fn respond(answered: Result<Encoded, Fault>) -> Response {
    let body = match answered {
        Ok(value) => value.into_response(),
        Err(fault) => encode::fault(&fault),
    };
    xml_rpc("text/xml", body)
}

fn xml_rpc(media_type: &str, body: Vec<u8>) -> Response {
    Response::new(Status::Ok).header("Content-Type", media_type).body(body)
}

fn malformed_call_line(body: &[u8], error: &DecodeError) -> String {
    let shown = repr::text(&body[..body.len().min(LOGGED_BYTES)]);
    let more = if body.len() > LOGGED_BYTES { "..." } else { "" };
    format!("XML-RPC request data {shown}{more} is invalid: {}", error.log_words())
}

#[cfg(test)]
mod tests;
