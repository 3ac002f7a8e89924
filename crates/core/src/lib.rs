//! The supervision state machine of supervisord.
//!
//! Pure: no clock, file, socket, process or thread, and no dependency. An input and a moment go in, effects come out; the
//! daemon around it (`supervisor-daemon`) executes them and feeds their results back as inputs.
//!
//! # How to drive it
//!
//! 1. Create a [`Supervisor`], add the groups ([`Supervisor::add_group`]; store the rest of their configuration by
//!    [`ProcessId`]), and feed it [`Input::Started`] once the loop runs.
//! 2. Sleep until something happens or [`Supervisor::next_deadline`] is reached; without one, sleep for ever.
//! 3. Feed what happened, each fact with the [`Moment`] at which the loop learnt it, in this order: signals, listener
//!    output, exits, [`Input::Deadline`] if it is due, requests, other output. Exits precede deadlines, so that a
//!    child that died before `startsecs` passed does not count as running.
//! 4. Execute the effects of each input, in order, before the next input. Whatever reaps a child feeds its exit at once;
//!    otherwise a signal could reach an unrelated process with the same pid.
//! 5. Answer: every [`Effect::Spawn`] by [`Input::Spawned`] or [`Input::SpawnFailed`], every [`Effect::CheckCommands`] by
//!    [`Input::CommandsChecked`] and every [`Effect::CheckRestart`] by [`Input::RestartChecked`], at any later time and from
//!    any thread; every [`Effect::Kill`] by [`Input::Killed`]; every [`Effect::WriteListener`] by
//!    [`Input::ListenerWritten`] or [`Input::ListenerWriteFailed`], unless the child ends before.
//! 6. Leave at [`Effect::Terminate`]. For a restart go on with [`Supervisor::restarted`].
//!
//! A [`Command`] of a client goes in unchanged, with a [`Ticket`] ([`Input::Request`]); the [`Effect::Reply`] may come in the
//! same turn or much later.
//!
//! # Where things are
//!
//! - `process`: one process. `state` is the actual state, `reconcile` compares it with what is wanted and takes the next step,
//!   `start`, `exit` and `stop` handle the facts about its child.
//! - `group`: groups, their orders, and how they come and go.
//! - `requests`: commands of clients, the checks before them, the conditions they wait for, and their answers.
//! - `events`: kinds, the bus, pools and their listeners, ticks.
//! - `shutdown`: the ordered stop of everything, and how listeners drain their last events.
//! - `timers`: every deadline. `snapshot`: the state as bytes. `view`: what clients see.
//! - `supervisor`: the owner of all state; [`Supervisor::handle`] dispatches, `enter` is the one place that changes a state.
//!
//! ```
//! use supervisor_core::*;
//!
//! let mut supervisor = Supervisor::new("supervisor");
//! let mut effects = Effects::new();
//! let start = Moment::at_seconds(1000);
//! let program = ProcessSpec { name: "web".into(), policy: Policy::default().into() };
//! let group = GroupSpec {
//!     name: "web".into(),
//!     priority: 999,
//!     kind: GroupKind::Programs,
//!     processes: vec![program],
//! };
//! let process = supervisor.add_group(group, start, &mut effects)?.processes[0];
//!
//! supervisor.handle(Input::Started, start, &mut effects);
//! assert_eq!(effects.drain().next(), Some(Effect::Spawn { process }));
//!
//! let pid = Pid::new(4242).expect("not zero");
//! supervisor.handle(Input::Spawned { process, pid }, start, &mut effects);
//! assert_eq!(
//!     effects.drain().next(),
//!     Some(Effect::Log { level: Level::Info, text: "spawned: 'web' with pid 4242".to_owned() })
//! );
//!
//! let up = Moment::at_seconds(1001);
//! assert_eq!(supervisor.next_deadline(), Some(up.monotonic));
//! supervisor.handle(Input::Deadline, up, &mut effects);
//! assert_eq!(supervisor.process_info(process, up).map(|info| info.state), Some(ProcessState::Running));
//! # Ok::<(), Fault>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod channel;
mod effect;
mod events;
mod group;
mod input;
mod level;
mod moment;
mod name;
mod process;
pub mod repr;
mod requests;
mod shutdown;
mod snapshot;
mod supervisor;
mod timers;
mod turn;
mod view;

pub use channel::Channel;
pub use effect::{Effect, Effects, Ending, KillCause, KillOrder, KillTarget};
pub use events::{EventKind, EventLength, EventSet};
pub use group::{GroupIds, GroupKind, GroupSpec, ProcessSpec};
pub use input::{Input, KillError};
pub use level::Level;
pub use moment::{Moment, Wall};
pub use name::{GroupId, Namespec, ProcessId, Selection};
pub use process::{Autorestart, ExitStatus, NotYet, Pid, Policy, ProcessState, Signal, StartCause, Wanted};
pub use requests::{
    Answer, Command, CommandCheck, Fault, ProcessOutcome, Request, RestartCheck, Target, Ticket, Wait,
};
pub use snapshot::DecodeError;
pub use supervisor::{Supervisor, SupervisorState};
pub use view::{Description, GroupInfo, History, PoolCounters, ProcessInfo};
