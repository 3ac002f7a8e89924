//! supervisord.conf: text to typed configuration, with diagnostics.
//!
//! ```text
//! file bytes ─source─▶ text ─ini─▶ sections and options with their places ─include─▶ one document
//!            ─expand─▶ bytes ─value─▶ typed values ─section/*─▶ Config
//! ```
//!
//! [`load()`] is a pure function of the command line and of what a [`Host`] answers: the daemon calls it at start and
//! again for every reread, and either gets a whole [`Config`] or a [`Failure`] that lists every fault. Nothing here
//! opens a file, prints, exits or reads a clock. All limits are stated in [`limits`].
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod command_line;
mod config;
mod confusable;
pub mod ctl;
mod diagnostic;
mod diff;
mod encoding;
mod environment;
mod expand;
mod format;
pub mod getopt;
mod glob;
mod host;
mod ini;
mod lexer;
pub mod limits;
mod load;
mod paths;
mod report;
pub mod sample;
pub mod search;
mod section;
mod source;
mod spelling;
mod template;
mod text;
mod value;
pub mod words;

pub use command_line::{Action, CommandLine};
pub use config::{Config, Group, GroupKind, Message, Severity};
pub use ctl::{ClientCommandLine, ClientOptions, Style};
pub use diagnostic::{Failure, Fault, Place};
pub use diff::{Diff, diff};
pub use environment::Environment;
pub use host::{Account, Host, MemoryHost};
pub use load::load;
pub use section::fcgi_program::{FastCgiAddress, FastCgiSocket};
pub use section::http::{Credentials, Server, ServerAddress};
pub use section::listener::ListenerPool;
pub use section::program::process::Process;
pub use section::program::stream::{LogFile, StreamLog};
pub use section::rpcinterface::RpcInterface;
pub use section::supervisord::{LogTarget, Supervisord};
pub use section::table::{Applied, OptionDoc, SECTIONS, SectionKind};
pub use value::Owner;
