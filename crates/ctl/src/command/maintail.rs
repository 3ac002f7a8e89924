//! `maintail`: the end of supervisord's own log.

use super::{Command, Flow, tail};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_rpc::client::follow::MAIN_LOG_PATH;
use tail::Amount;

pub(super) const COMMAND: Command = Command {
    name: "maintail",
    help: &[
        "maintail -f \tContinuous tail of supervisor main log file (Ctrl-C to exit)",
        "maintail -100\tlast 100 *bytes* of supervisord main log file",
        "maintail\tlast 1600 *bytes* of supervisor main log file",
        "",
    ],
    completes: Completes::Nothing,
    run,
};

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !session.is_up()? {
        return Ok(Flow::Continue);
    }
    let words: Vec<&str> = argument.split_whitespace().collect();
    let amount = match words.as_slice() {
        [] => Some(Amount::DEFAULT),
        [word] => Amount::parse(word),
        [_, _, ..] => return session.misuse(&COMMAND, Exit::Generic, "Error: too many arguments"),
    };
    match amount {
        Some(Amount::Endless) => session.follow(MAIN_LOG_PATH, MAIN_LOG_PATH)?,
        Some(Amount::Bytes(bytes)) => {
            let read = session.client()?.read_log(-bytes, 0);
            tail::show(session, "supervisord", read)?;
        }
        None => session.print_failure(Exit::Generic, format!("Error: bad argument {}", words[0]))?,
    }
    Ok(Flow::Continue)
}
