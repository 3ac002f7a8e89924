//! Supervisor's methods with their types.

use super::{Channel, Client, ClientError, XML};
use crate::decode::{self, Malformed};
use crate::{
    ConfigInfo, Implementation, LogTail, ProcessInfo, ProcessSummary, ReloadedGroups, Status,
    SupervisorState, Value, compact, encode,
};

const ALL_PROCESS_INFO: &str = "supervisor.getAllProcessInfo";

/// Whether to answer only when a start or stop is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Answer when the process runs, or has stopped, or cannot.
    ForResult,
    /// Answer when it was asked to.
    No,
}

impl From<Wait> for Value {
    fn from(wait: Wait) -> Self {
        Self::Bool(match wait {
            Wait::ForResult => true,
            Wait::No => false,
        })
    }
}

/// The outcome of every process a request was for.
pub type Statuses = Vec<Status<'static>>;

/// What a server answered about all its processes.
#[derive(Clone, Debug)]
pub struct ProcessSummaries(Form);

#[derive(Clone, Debug)]
enum Form {
    /// That of [`compact`].
    Compact(Vec<u8>),
    /// That of a server which has only XML.
    Records(Vec<ProcessInfo<'static>>),
}

impl ProcessSummaries {
    /// Reads them; their texts stay in the answer, so that thousands are read without a copy of any.
    pub fn read(&self) -> Result<Vec<ProcessSummary<'_>>, ClientError> {
        match &self.0 {
            Form::Compact(body) => Ok(compact::decode(body)?),
            Form::Records(records) => Ok(records.iter().map(ProcessInfo::summary).collect()),
        }
    }
}

impl Client {
    /// The version of the interface, `3.0`.
    pub fn api_version(&mut self) -> Result<String, ClientError> {
        // The old name is what upstream's supervisorctl asks, and what every server knows.
        self.text("supervisor.getVersion", &[])
    }

    /// The version of Supervisor the server has, or stands in for.
    pub fn supervisor_version(&mut self) -> Result<String, ClientError> {
        self.text("supervisor.getSupervisorVersion", &[])
    }

    /// The identifier of the server.
    pub fn identification(&mut self) -> Result<String, ClientError> {
        self.text("supervisor.getIdentification", &[])
    }

    /// The program that answers; fault 1 if it is upstream's.
    pub fn implementation(&mut self) -> Result<Implementation<'static>, ClientError> {
        Ok(Implementation::from_value(self.call("supervisor.getImplementation", &[])?)?)
    }

    /// The state of the server.
    pub fn state(&mut self) -> Result<SupervisorState<'static>, ClientError> {
        Ok(SupervisorState::from_value(self.call("supervisor.getState", &[])?)?)
    }

    /// The process id of the server.
    pub fn pid(&mut self) -> Result<i64, ClientError> {
        let value = self.call("supervisor.getPID", &[])?;
        Ok(value.to_int().ok_or_else(|| Malformed::new("the process id is no number"))?)
    }

    /// A part of the server's log; see the manual for negative offsets.
    pub fn read_log(&mut self, offset: i64, length: i64) -> Result<String, ClientError> {
        self.text("supervisor.readLog", &[offset.into(), length.into()])
    }

    /// Empties the server's log.
    pub fn clear_log(&mut self) -> Result<(), ClientError> {
        self.done("supervisor.clearLog", &[])
    }

    /// Asks the server to stop everything and end.
    pub fn shutdown(&mut self) -> Result<(), ClientError> {
        self.done("supervisor.shutdown", &[])
    }

    /// Asks the server to stop everything and start again.
    pub fn restart(&mut self) -> Result<(), ClientError> {
        self.done("supervisor.restart", &[])
    }

    /// Has the configuration read again.
    pub fn reload_config(&mut self) -> Result<ReloadedGroups, ClientError> {
        Ok(ReloadedGroups::from_value(&self.call("supervisor.reloadConfig", &[])?)?)
    }

    /// Makes a group active.
    pub fn add_process_group(&mut self, group: &str) -> Result<(), ClientError> {
        self.done("supervisor.addProcessGroup", &[group.into()])
    }

    /// Takes a stopped group out.
    pub fn remove_process_group(&mut self, group: &str) -> Result<(), ClientError> {
        self.done("supervisor.removeProcessGroup", &[group.into()])
    }

    /// What is configured.
    pub fn all_config_info(&mut self) -> Result<Vec<ConfigInfo<'static>>, ClientError> {
        self.records("supervisor.getAllConfigInfo", &[], ConfigInfo::from_value)
    }

    /// The state of one process.
    pub fn process_info(&mut self, name: &str) -> Result<ProcessInfo<'static>, ClientError> {
        Ok(ProcessInfo::from_value(self.call("supervisor.getProcessInfo", &[name.into()])?)?)
    }

    /// The state of all processes.
    pub fn all_process_info(&mut self) -> Result<Vec<ProcessInfo<'static>>, ClientError> {
        self.records(ALL_PROCESS_INFO, &[], ProcessInfo::from_value)
    }

    /// The part of it that `supervisorctl` shows, in the form of [`compact`] where the server has it.
    pub fn all_process_summaries(&mut self) -> Result<ProcessSummaries, ClientError> {
        let accept = format!("{}, {XML}", compact::MEDIA_TYPE);
        let answer = self.exchange(&encode::call(ALL_PROCESS_INFO, &[]), &accept)?;
        if answer.is_compact {
            return Ok(ProcessSummaries(Form::Compact(answer.body)));
        }
        let all = records(ALL_PROCESS_INFO, decode::response(&answer.body)??, ProcessInfo::from_value)?;
        Ok(ProcessSummaries(Form::Records(all)))
    }

    /// Starts a process.
    pub fn start_process(&mut self, name: &str, wait: Wait) -> Result<(), ClientError> {
        self.done("supervisor.startProcess", &[name.into(), wait.into()])
    }

    /// Starts a group.
    pub fn start_process_group(&mut self, group: &str, wait: Wait) -> Result<Statuses, ClientError> {
        self.statuses("supervisor.startProcessGroup", &[group.into(), wait.into()])
    }

    /// Starts everything.
    pub fn start_all_processes(&mut self, wait: Wait) -> Result<Statuses, ClientError> {
        self.statuses("supervisor.startAllProcesses", &[wait.into()])
    }

    /// Stops a process.
    pub fn stop_process(&mut self, name: &str, wait: Wait) -> Result<(), ClientError> {
        self.done("supervisor.stopProcess", &[name.into(), wait.into()])
    }

    /// Stops a group.
    pub fn stop_process_group(&mut self, group: &str, wait: Wait) -> Result<Statuses, ClientError> {
        self.statuses("supervisor.stopProcessGroup", &[group.into(), wait.into()])
    }

    /// Stops everything.
    pub fn stop_all_processes(&mut self, wait: Wait) -> Result<Statuses, ClientError> {
        self.statuses("supervisor.stopAllProcesses", &[wait.into()])
    }

    /// Sends a signal, by name or number, to a process.
    pub fn signal_process(&mut self, name: &str, signal: &str) -> Result<(), ClientError> {
        self.done("supervisor.signalProcess", &[name.into(), signal.into()])
    }

    /// Sends a signal to the live processes of a group.
    pub fn signal_process_group(&mut self, group: &str, signal: &str) -> Result<Statuses, ClientError> {
        self.statuses("supervisor.signalProcessGroup", &[group.into(), signal.into()])
    }

    /// Sends a signal to all live processes.
    pub fn signal_all_processes(&mut self, signal: &str) -> Result<Statuses, ClientError> {
        self.statuses("supervisor.signalAllProcesses", &[signal.into()])
    }

    /// A part of a process's log.
    pub fn read_process_log(
        &mut self,
        name: &str,
        channel: Channel,
        offset: i64,
        length: i64,
    ) -> Result<String, ClientError> {
        let method = match channel {
            Channel::Stdout => "supervisor.readProcessStdoutLog",
            Channel::Stderr => "supervisor.readProcessStderrLog",
        };
        self.text(method, &[name.into(), offset.into(), length.into()])
    }

    /// A window of a process's log.
    pub fn tail_process_log(
        &mut self,
        name: &str,
        channel: Channel,
        offset: i64,
        length: i64,
    ) -> Result<LogTail<'static>, ClientError> {
        let method = match channel {
            Channel::Stdout => "supervisor.tailProcessStdoutLog",
            Channel::Stderr => "supervisor.tailProcessStderrLog",
        };
        Ok(LogTail::from_value(&self.call(method, &[name.into(), offset.into(), length.into()])?)?)
    }

    /// Empties the logs of a process.
    pub fn clear_process_logs(&mut self, name: &str) -> Result<(), ClientError> {
        self.done("supervisor.clearProcessLogs", &[name.into()])
    }

    /// Empties the logs of all processes.
    pub fn clear_all_process_logs(&mut self) -> Result<Statuses, ClientError> {
        self.statuses("supervisor.clearAllProcessLogs", &[])
    }

    /// Writes to a process's standard input.
    pub fn send_process_stdin(&mut self, name: &str, text: &str) -> Result<(), ClientError> {
        self.done("supervisor.sendProcessStdin", &[name.into(), text.into()])
    }

    /// Sends a message to event listeners.
    pub fn send_remote_comm_event(&mut self, kind: &str, data: &str) -> Result<(), ClientError> {
        self.done("supervisor.sendRemoteCommEvent", &[kind.into(), data.into()])
    }

    /// The names of all methods the server knows.
    pub fn list_methods(&mut self) -> Result<Vec<String>, ClientError> {
        let name = |value: Value| match value {
            Value::String(name) => Ok(name),
            other => Err(Malformed::new(format!("{other:?} is no method name"))),
        };
        self.records("system.listMethods", &[], name)
    }

    fn text(&mut self, method: &str, params: &[Value]) -> Result<String, ClientError> {
        match self.call(method, params)? {
            Value::String(text) => Ok(text),
            _ => Err(Malformed::new(format!("{method} answered no text")).into()),
        }
    }

    /// A call whose answer says nothing beyond that it was no fault.
    fn done(&mut self, method: &str, params: &[Value]) -> Result<(), ClientError> {
        self.call(method, params).map(drop)
    }

    fn statuses(&mut self, method: &str, params: &[Value]) -> Result<Statuses, ClientError> {
        self.records(method, params, Status::from_value)
    }

    fn records<T>(
        &mut self,
        method: &str,
        params: &[Value],
        read: fn(Value) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, ClientError> {
        records(method, self.call(method, params)?, read)
    }
}

/// The records in what a method has answered.
fn records<T>(
    method: &str,
    answer: Value,
    read: fn(Value) -> Result<T, Malformed>,
) -> Result<Vec<T>, ClientError> {
    match answer {
        Value::Array(items) => Ok(items.into_iter().map(read).collect::<Result<_, _>>()?),
        _ => Err(Malformed::new(format!("{method} answered no array")).into()),
    }
}
