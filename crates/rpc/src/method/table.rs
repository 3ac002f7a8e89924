//! The entries of the table, sorted by name.

use super::Kind::{Array, Boolean, Int, String, Struct};
use super::{Kind, Method, Parameter, Procedure};

const NAME: Parameter = required("name", String, "the process, as name or group:name");
const NAME_OR_GROUP: Parameter =
    required("name", String, "the process as name or group:name, or a whole group as group:*");
const GROUP: Parameter = required("name", String, "the group");
const WAIT: Parameter = optional("wait", Boolean, "answer only when it is done");
const SIGNAL: Parameter =
    required("signal", String, "the name of the signal, with or without SIG, or its number");
const OFFSET: Parameter =
    required("offset", Int, "where to begin, in bytes; negative: that many from the end");
const LENGTH: Parameter = required("length", Int, "how many bytes; 0: to the end");
const WINDOW_OFFSET: Parameter = required("offset", Int, "where the window begins, in bytes");
const WINDOW_LENGTH: Parameter = required("length", Int, "how many bytes the window has");
const ALWAYS_TRUE: Returns = Returns(Boolean, "always true; a failure is a fault");
const STATUSES: Returns = Returns(Array, "one record of name, group, status and description per process");

/// The type of a result and what it means.
#[derive(Clone, Copy)]
struct Returns(Kind, &'static str);

const fn required(name: &'static str, kind: Kind, help: &'static str) -> Parameter {
    Parameter { name, kind, optional: false, help }
}

const fn optional(name: &'static str, kind: Kind, help: &'static str) -> Parameter {
    Parameter { name, kind, optional: true, help }
}

const fn method(
    name: &'static str,
    procedure: Procedure,
    parameters: &'static [Parameter],
    returns: Returns,
    help: &'static str,
) -> Method {
    Method {
        name,
        alias_of: None,
        procedure,
        parameters,
        returns: returns.0,
        result: returns.1,
        help,
        during_shutdown: false,
        extension: false,
    }
}

impl Method {
    const fn alias_of(self, target: &'static str) -> Self {
        Self { alias_of: Some(target), ..self }
    }

    const fn during_shutdown(self) -> Self {
        Self { during_shutdown: true, ..self }
    }

    const fn extension(self) -> Self {
        Self { extension: true, ..self }
    }
}

/// Every method, sorted by name.
pub const METHODS: &[Method] = &[
    method("supervisor.addProcessGroup", Procedure::AddProcessGroup, &[GROUP], ALWAYS_TRUE, "Makes a group active that stands in the configuration last read, and starts its processes that have autostart."),
    method("supervisor.clearAllProcessLogs", Procedure::ClearAllProcessLogs, &[], STATUSES, "Empties the logs of all processes."),
    method("supervisor.clearLog", Procedure::ClearLog, &[], ALWAYS_TRUE, "Empties the log of supervisord."),
    method("supervisor.clearProcessLog", Procedure::ClearProcessLogs, &[NAME], ALWAYS_TRUE, "Empties the logs of a process, whether it runs or not.").alias_of("supervisor.clearProcessLogs"),
    method("supervisor.clearProcessLogs", Procedure::ClearProcessLogs, &[NAME], ALWAYS_TRUE, "Empties the logs of a process, whether it runs or not."),
    method("supervisor.getAPIVersion", Procedure::GetApiVersion, &[], Returns(String, "the version"), "Tells the version of this interface. Clients compare it before they rely on the rest."),
    method("supervisor.getAllConfigInfo", Procedure::GetAllConfigInfo, &[], Returns(Array, "one record per process"), "Tells the configuration last read, process by process, whether active or not."),
    method("supervisor.getAllProcessInfo", Procedure::GetAllProcessInfo, &[], Returns(Array, "one record per process"), "Tells the state of all processes, sorted by group and name."),
    method("supervisor.getIdentification", Procedure::GetIdentification, &[], Returns(String, "the identifier"), "Tells the identifier this supervisord was given in its configuration."),
    method("supervisor.getImplementation", Procedure::GetImplementation, &[], Returns(Struct, "the members name and version"), "Tells which program answers and in which version of its own. Other servers do not know this method.").during_shutdown().extension(),
    method("supervisor.getPID", Procedure::GetPid, &[], Returns(Int, "the process id"), "Tells the process id of supervisord."),
    method("supervisor.getProcessInfo", Procedure::GetProcessInfo, &[NAME], Returns(Struct, "the record of the process"), "Tells the state of a process: its times, its process id, its logs and a line of description."),
    method("supervisor.getState", Procedure::GetState, &[], Returns(Struct, "the members statecode and statename"), "Tells the state of supervisord itself."),
    method("supervisor.getSupervisorVersion", Procedure::GetSupervisorVersion, &[], Returns(String, "the version"), "Tells the version of Supervisor whose behaviour this server has."),
    method("supervisor.getVersion", Procedure::GetApiVersion, &[], Returns(String, "the version"), "Tells the version of this interface. Clients compare it before they rely on the rest.").alias_of("supervisor.getAPIVersion"),
    method("supervisor.readLog", Procedure::ReadLog, &[OFFSET, LENGTH], Returns(String, "the part of the log"), "Reads a part of the log of supervisord."),
    method("supervisor.readMainLog", Procedure::ReadLog, &[OFFSET, LENGTH], Returns(String, "the part of the log"), "Reads a part of the log of supervisord.").alias_of("supervisor.readLog"),
    method("supervisor.readProcessLog", Procedure::ReadProcessStdoutLog, &[NAME, OFFSET, LENGTH], Returns(String, "the part of the log"), "Reads a part of the log of the standard output of a process.").alias_of("supervisor.readProcessStdoutLog"),
    method("supervisor.readProcessStderrLog", Procedure::ReadProcessStderrLog, &[NAME, OFFSET, LENGTH], Returns(String, "the part of the log"), "Reads a part of the log of the standard error of a process."),
    method("supervisor.readProcessStdoutLog", Procedure::ReadProcessStdoutLog, &[NAME, OFFSET, LENGTH], Returns(String, "the part of the log"), "Reads a part of the log of the standard output of a process."),
    method("supervisor.reloadConfig", Procedure::ReloadConfig, &[], Returns(Array, "one array of three arrays of group names: added, changed, removed"), "Reads the configuration and tells what differs from the active groups. It changes no group: that is done with addProcessGroup and removeProcessGroup."),
    method("supervisor.removeProcessGroup", Procedure::RemoveProcessGroup, &[GROUP], ALWAYS_TRUE, "Takes a stopped group out of the active configuration."),
    method("supervisor.restart", Procedure::Restart, &[], ALWAYS_TRUE, "Asks supervisord to stop its processes, to read its configuration and to start again. The answer comes before that."),
    method("supervisor.sendProcessStdin", Procedure::SendProcessStdin, &[NAME, required("chars", String, "the text, sent as UTF-8 with nothing added")], ALWAYS_TRUE, "Writes text to the standard input of a process."),
    method("supervisor.sendRemoteCommEvent", Procedure::SendRemoteCommEvent, &[required("type", String, "the kind of message"), required("data", String, "the message")], ALWAYS_TRUE, "Sends a message to the event listeners that subscribe to REMOTE_COMMUNICATION.").during_shutdown(),
    method("supervisor.shutdown", Procedure::Shutdown, &[], ALWAYS_TRUE, "Asks supervisord to stop its processes and to end. The answer comes before that."),
    method("supervisor.signalAllProcesses", Procedure::SignalAllProcesses, &[SIGNAL], STATUSES, "Sends a signal to all live processes."),
    method("supervisor.signalProcess", Procedure::SignalProcess, &[NAME_OR_GROUP, SIGNAL], ALWAYS_TRUE, "Sends a signal to a process, or to all of a group."),
    method("supervisor.signalProcessGroup", Procedure::SignalProcessGroup, &[GROUP, SIGNAL], STATUSES, "Sends a signal to all live processes of a group."),
    method("supervisor.startAllProcesses", Procedure::StartAllProcesses, &[WAIT], STATUSES, "Starts all processes in the order of their priority."),
    method("supervisor.startProcess", Procedure::StartProcess, &[NAME_OR_GROUP, WAIT], ALWAYS_TRUE, "Starts a process, or all of a group."),
    method("supervisor.startProcessGroup", Procedure::StartProcessGroup, &[GROUP, WAIT], STATUSES, "Starts all processes of a group in the order of their priority."),
    method("supervisor.stopAllProcesses", Procedure::StopAllProcesses, &[WAIT], STATUSES, "Stops all processes in the order of their priority."),
    method("supervisor.stopProcess", Procedure::StopProcess, &[NAME_OR_GROUP, WAIT], ALWAYS_TRUE, "Stops a process, or all of a group."),
    method("supervisor.stopProcessGroup", Procedure::StopProcessGroup, &[GROUP, WAIT], STATUSES, "Stops all processes of a group in the order of their priority."),
    method("supervisor.tailProcessLog", Procedure::TailProcessStdoutLog, &[NAME, WINDOW_OFFSET, WINDOW_LENGTH], Returns(Array, "the text, the size of the log, and whether text was skipped"), "Reads a window of the log of the standard output of a process. If the log has grown beyond the window, its end is read instead and skipped text is reported. Ask again with the size that was answered to follow the log.").alias_of("supervisor.tailProcessStdoutLog"),
    method("supervisor.tailProcessStderrLog", Procedure::TailProcessStderrLog, &[NAME, WINDOW_OFFSET, WINDOW_LENGTH], Returns(Array, "the text, the size of the log, and whether text was skipped"), "Reads a window of the log of the standard error of a process. If the log has grown beyond the window, its end is read instead and skipped text is reported. Ask again with the size that was answered to follow the log."),
    method("supervisor.tailProcessStdoutLog", Procedure::TailProcessStdoutLog, &[NAME, WINDOW_OFFSET, WINDOW_LENGTH], Returns(Array, "the text, the size of the log, and whether text was skipped"), "Reads a window of the log of the standard output of a process. If the log has grown beyond the window, its end is read instead and skipped text is reported. Ask again with the size that was answered to follow the log."),
    method("system.listMethods", Procedure::ListMethods, &[], Returns(Array, "the names, sorted"), "Tells the names of all methods.").during_shutdown(),
    method("system.methodHelp", Procedure::MethodHelp, &[required("name", String, "the full name of the method")], Returns(String, "the text"), "Explains a method.").during_shutdown(),
    method("system.methodSignature", Procedure::MethodSignature, &[required("name", String, "the full name of the method")], Returns(Array, "the type of the result, then those of the parameters"), "Tells the types a method takes and returns.").during_shutdown(),
    method("system.multicall", Procedure::Multicall, &[required("calls", Array, "structs with methodName and params")], Returns(Array, "one result per call: its bare value, or a struct with faultCode and faultString"), "Makes several calls in one, one after the other. A call that waits holds up those after it.").during_shutdown(),
];
