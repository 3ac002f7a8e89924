//! `open`: talk to another supervisord.

use super::{Command, Flow, status};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{Session, Target};

pub(super) const COMMAND: Command = Command {
    name: "open",
    help: &[
        "open <url>\tConnect to a remote supervisord process.",
        "\t\t(for UNIX domain socket, use unix:///socket/path)",
    ],
    completes: Completes::Nothing,
    run,
};

fn run(session: &mut Session, url: &str) -> Result<Flow, Failure> {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    if scheme != "http" && scheme != "unix" {
        session.print_failure(Exit::Generic, "ERROR: url must be http:// or unix://")?;
        return Ok(Flow::Continue);
    }
    let credentials = session.target.credentials.clone();
    session.set_target(Target::new(url.as_bytes(), credentials));
    // What is wrong over there is shown, but is no failure of this command.
    let before = session.exit_status();
    status::run(session, "")?;
    session.restore_exit_status(before);
    Ok(Flow::Continue)
}
