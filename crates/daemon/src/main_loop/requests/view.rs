//! The state of the loop as a [`View`], for [inspections](supervisor_control::Request::Inspect).

use crate::children::Process;
use crate::main_loop::Loop;
use crate::workers::spawn::stream_id;
use supervisor_config::Group;
use supervisor_control::{Fault, Feed, Identity, LogLocation, LogName, LogPaths, ProgramView, View};
use supervisor_core::{Channel, Moment, Namespec, Pid, ProcessId, ProcessInfo, Selection, SupervisorState};
use supervisor_log::FollowKey;
use supervisor_sys::clock;

/// The state of the loop at one moment.
pub(super) struct LoopView<'a> {
    owner: &'a Loop,
    now: Moment,
}

impl<'a> LoopView<'a> {
    /// As it is now.
    pub(super) fn of(owner: &'a Loop) -> Self {
        Self { owner, now: clock::now() }
    }

    fn resolve(&self, name: &str) -> Result<ProcessId, Fault> {
        match self.owner.core.resolve(name) {
            Ok(Selection::Process(id)) => Ok(id),
            Ok(Selection::Group(_) | Selection::All) | Err(_) => Err(Fault::BadName(name.to_owned())),
        }
    }

    fn program<'b>(&'b self, group: &'b Group, process: &'b supervisor_config::Process) -> ProgramView<'b> {
        // An AUTO log has a name once the group was added as it stands in this configuration.
        let auto_logs = if self.owner.configuration.is_materialised(&group.name) {
            let name = Namespec { group: &group.name, process: Some(&process.name) }.to_string();
            self.resolve(&name).map(|id| self.log_paths(id)).unwrap_or_default()
        } else {
            LogPaths::default()
        };
        let is_active = self.owner.core.group_named(&group.name).is_ok();
        ProgramView { group, process, is_active, auto_logs }
    }
}

impl View for LoopView<'_> {
    fn now(&self) -> Moment {
        self.now
    }

    fn state(&self) -> SupervisorState {
        self.owner.core.state()
    }

    fn identity(&self) -> Identity<'_> {
        Identity {
            state: self.state(),
            identifier: self.owner.core.identifier(),
            pid: i32::try_from(std::process::id()).ok().and_then(Pid::new).expect("a process has a pid"),
        }
    }

    fn process(&self, name: &str) -> Result<ProcessInfo<'_>, Fault> {
        let info = self.owner.core.process_info(self.resolve(name)?, self.now);
        info.ok_or_else(|| Fault::BadName(name.to_owned()))
    }

    fn processes(&self) -> Box<dyn Iterator<Item = ProcessInfo<'_>> + '_> {
        Box::new(self.owner.core.all_process_info(self.now))
    }

    fn process_count(&self) -> usize {
        self.owner.children.len()
    }

    fn log_paths(&self, process: ProcessId) -> LogPaths<'_> {
        self.owner.children.get(process).map(log_paths).unwrap_or_default()
    }

    fn log(&self, log: &LogName) -> Result<LogLocation, Fault> {
        match log {
            LogName::Main => {
                Ok(LogLocation { path: self.owner.log.path().map(Into::into), key: FollowKey::Main })
            }
            LogName::Process { name, channel } => {
                let id = self.resolve(name)?;
                let logs = self.log_paths(id);
                let path = match channel {
                    Channel::Stdout => logs.stdout,
                    Channel::Stderr => logs.stderr,
                };
                let key = FollowKey::Stream(stream_id(id, *channel));
                Ok(LogLocation { path: path.map(Into::into), key })
            }
        }
    }

    fn programs(&self) -> Vec<ProgramView<'_>> {
        let groups = self.owner.configuration.latest().groups.iter();
        let all =
            groups.flat_map(|group| group.processes.iter().map(move |process| self.program(group, process)));
        let mut all: Vec<_> = all.collect();
        all.sort_by(|one, two| one.process.name.cmp(&two.process.name));
        all
    }

    fn feed(&self) -> &Feed {
        self.owner.clients.feed()
    }
}

fn log_paths(process: &Process) -> LogPaths<'_> {
    let path = |channel| process.log_file(channel).map(|file| &*file.path);
    LogPaths { stdout: path(Channel::Stdout), stderr: path(Channel::Stderr) }
}
