//! Messages from other threads to the loop: one type for all of them.

use crate::children::SearchResult;
use crate::configuration::PreflightError;
use crate::configuration::prepare::PreparedGroup;
use crate::workers::spawn::SpawnResult;
use supervisor_config::{Config, Failure};
use supervisor_control::{Diff, Reply};
use supervisor_core::{Fault, Input, Ticket};
use supervisor_log::Notice;

/// One message.
pub(crate) enum Message {
    /// What a spawn came to.
    Spawned(SpawnResult),
    /// A search for members of process groups has ended.
    MembersFound(SearchResult),
    /// What an effect came to, for the core as it is.
    Input(Input),
    /// A group that a client wants added was prepared.
    Prepared(Box<PreparedGroup>, Reply<Result<(), Fault>>),
    /// The configuration was read again for a client.
    Reread(Box<Result<Config, Failure>>, Reply<Result<Diff, Fault>>),
    /// The configuration was read again because a client, or SIGHUP, wants a restart.
    RestartChecked(Box<Result<Config, PreflightError>>, Option<Ticket>),
    /// The pump has reopened the logs: the table of descriptors can be written.
    PumpSettled,
    /// The pump reports on a child's output.
    Notice(Notice),
}
