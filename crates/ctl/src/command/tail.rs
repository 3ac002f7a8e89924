//! `tail`: the end of a process's log, once or as it grows.

use super::{Command, Flow};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_core::repr;
use supervisor_rpc::FaultCode;
use supervisor_rpc::client::follow::process_log_path;
use supervisor_rpc::client::{Channel, ClientError};

pub(super) const COMMAND: Command = Command {
    name: "tail",
    help: &[
        "tail [-f] <name> [stdout|stderr] (default stdout)",
        "Ex:",
        "tail -f <name>\t\tContinuous tail of named process stdout",
        "\t\t\tCtrl-C to exit.",
        "tail -100 <name>\tlast 100 *bytes* of process stdout",
        "tail <name> stderr\tlast 1600 *bytes* of process stderr",
    ],
    completes: Completes::Processes,
    run,
};

/// How much of a log to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// The last bytes; 0 is all of it.
    Bytes(i64),
    /// The end, and whatever comes.
    Endless,
}

impl Amount {
    pub(super) const DEFAULT: Self = Self::Bytes(1600);

    /// Reads `-f` or `-N`; `None` for anything else.
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word.strip_prefix('-')? {
            "f" => Some(Self::Endless),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().map(Self::Bytes)
            }
            _ => None,
        }
    }
}

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !session.is_up()? {
        return Ok(Flow::Continue);
    }
    let words: Vec<&str> = argument.split_whitespace().collect();
    match words.len() {
        0 => return session.misuse(&COMMAND, Exit::Generic, "Error: too few arguments"),
        1..=3 => {}
        _ => return session.misuse(&COMMAND, Exit::Generic, "Error: too many arguments"),
    }
    match parse(&words) {
        Ok((Amount::Endless, name, channel)) => {
            let shown = format!("/logtail/{name}/{}", channel.name());
            session.follow(&process_log_path(name, channel), &shown)?;
        }
        Ok((Amount::Bytes(bytes), name, channel)) => {
            let read = session.client()?.read_process_log(name, channel, -bytes, 0);
            show(session, name, read)?;
        }
        Err(complaint) => session.print_failure(Exit::Generic, complaint)?,
    }
    Ok(Flow::Continue)
}

/// Reads `[-f | -N] NAME [CHANNEL]`; words between name and channel are ignored, as upstream ignores them.
fn parse<'a>(words: &[&'a str]) -> Result<(Amount, &'a str, Channel), String> {
    let (modifier, names) = match words {
        [first, rest @ ..] if first.starts_with('-') => (Some(*first), rest),
        _ => (None, words),
    };
    let (name, channel) = match names {
        [] => return Err("Error: tail requires process name".to_owned()),
        [name] => (*name, Channel::Stdout),
        [name, .., channel] => (*name, parse_channel(channel)?),
    };
    match modifier {
        None => Ok((Amount::DEFAULT, name, channel)),
        Some(word) => {
            let amount = Amount::parse(word).ok_or_else(|| format!("Error: bad argument {word}"))?;
            Ok((amount, name, channel))
        }
    }
}

fn parse_channel(word: &str) -> Result<Channel, String> {
    match word.to_lowercase().as_str() {
        "stdout" => Ok(Channel::Stdout),
        "stderr" => Ok(Channel::Stderr),
        other => Err(format!("Error: bad channel {}", repr::text(other))),
    }
}

/// Shows what was read of the log of `name`, or prints why nothing was.
pub(super) fn show(
    session: &mut Session,
    name: &str,
    read: Result<String, ClientError>,
) -> Result<(), Failure> {
    let fault = match read {
        Ok(text) => {
            session.console.log(text.as_bytes())?;
            return Ok(session.print("")?);
        }
        Err(ClientError::Fault(fault)) => fault,
        Err(error) => return Err(error.into()),
    };
    let reason = match fault.known() {
        Some(FaultCode::NoFile) => "no log file",
        Some(FaultCode::Failed) => "unknown error reading log",
        Some(FaultCode::BadName) => "no such process name",
        _ => return Err(fault.into()),
    };
    Ok(session.print_failure(Exit::Generic, format!("{name}: ERROR ({reason})"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_f_or_a_number_of_bytes() {
        assert_eq!(Amount::parse("-f"), Some(Amount::Endless));
        assert_eq!(Amount::parse("-0"), Some(Amount::Bytes(0)));
        assert_eq!(Amount::parse("-100"), Some(Amount::Bytes(100)));
        for word in ["--5", "-", "-x", "5", "-99999999999999999999"] {
            assert_eq!(Amount::parse(word), None, "{word}");
        }
    }

    #[test]
    fn the_last_word_is_the_channel() {
        let stderr = Ok((Amount::DEFAULT, "a", Channel::Stderr));
        assert_eq!(parse(&["a", "STDERR"]), stderr);
        assert_eq!(parse(&["a", "b", "stderr"]), stderr);
        assert_eq!(parse(&["-n", "5", "cat"]), Err("Error: bad channel 'cat'".to_owned()));
        assert_eq!(parse(&["a", "It's"]), Err("Error: bad channel \"it's\"".to_owned()));
        assert_eq!(parse(&["-5"]), Err("Error: tail requires process name".to_owned()));
        assert_eq!(parse(&["-x", "a"]), Err("Error: bad argument -x".to_owned()));
    }
}
