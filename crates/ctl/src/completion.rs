//! Tab completion.

use crate::command;
use crate::escape::is_printable;
use crate::session::Target;
use std::cell::RefCell;
use std::time::Duration;
use supervisor_rpc::ProcessSummary;
use supervisor_rpc::client::{Client, ClientError};

/// Characters that end a word for completion: those of readline but for `:`, `*` and `-`, which stand in names.
const DELIMITERS: &str = " \t\n`~!@#$%^&()=+[{]}\\|;'\",<>/?";

/// How long Tab waits for the server: it cannot be interrupted meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);

/// A process as completion sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) group: String,
    pub(crate) process: String,
}

/// The names of the server's processes, asked for when first needed after each command.
#[derive(Debug, Default)]
pub(crate) struct Names {
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    target: Option<Target>,
    known: Option<Vec<Name>>,
}

impl Names {
    /// Forgets what is known; the next question goes to `target`.
    pub(crate) fn forget(&self, target: Target) {
        *self.state.borrow_mut() = State { target: Some(target), known: None };
    }

    /// All names; none if the server cannot be asked.
    fn all(&self) -> Vec<Name> {
        let mut state = self.state.borrow_mut();
        if state.known.is_none() {
            let asked = state.target.as_ref().map(ask);
            state.known = Some(asked.and_then(Result::ok).unwrap_or_default());
        }
        state.known.clone().unwrap_or_default()
    }
}

fn ask(target: &Target) -> Result<Vec<Name>, ClientError> {
    let mut client =
        Client::new(target.endpoint()?).with_credentials(target.credentials.clone()).with_timeout(PATIENCE);
    let answer = client.all_process_summaries()?;
    let name = |process: ProcessSummary<'_>| Name {
        group: process.group.to_owned(),
        process: process.name.to_owned(),
    };
    let can_be_typed =
        |process: &ProcessSummary<'_>| is_printable(process.group) && is_printable(process.name);
    Ok(answer.read()?.into_iter().filter(can_be_typed).map(name).collect())
}

/// What an argument of a command can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completes {
    /// Nothing that could be offered.
    Nothing,
    /// Names of commands.
    Commands,
    /// Names of active groups.
    Groups,
    /// Names of processes and whole groups.
    Processes,
}

/// Where the word before the cursor begins, and what it can become, each followed by a blank.
pub(crate) fn complete(line: &str, names: &Names) -> (usize, Vec<String>) {
    let start = line.rfind(|c| DELIMITERS.contains(c)).map_or(0, |at| at + 1);
    let typed = &line[start..];
    let mut words = line.split_whitespace();
    let command = words.next().unwrap_or_default();
    let is_first_word = words.next().is_none() && !line.ends_with(' ');
    let candidates = if is_first_word || command.is_empty() {
        commands()
    } else {
        match command::find(command).map_or(Completes::Nothing, |command| command.completes) {
            Completes::Nothing => Vec::new(),
            Completes::Commands => commands(),
            Completes::Groups => groups(&names.all()),
            Completes::Processes => processes(&names.all(), typed),
        }
    };
    let offered = candidates.into_iter().filter(|candidate| candidate.starts_with(typed));
    (start, offered.map(|candidate| candidate + " ").collect())
}

fn commands() -> Vec<String> {
    command::COMMANDS.iter().map(|command| command.name.to_owned()).collect()
}

fn groups(names: &[Name]) -> Vec<String> {
    let mut groups = Vec::new();
    for name in names {
        if groups.last() != Some(&name.group) && !groups.contains(&name.group) {
            groups.push(name.group.clone());
        }
    }
    groups
}

/// A process that shares its group's name is offered under that name alone, until a colon is typed.
fn processes(names: &[Name], typed: &str) -> Vec<String> {
    let mut offered: Vec<String> = Vec::new();
    for Name { group, process } in names {
        if !typed.contains(':') && process == group {
            offered.push(process.clone());
            continue;
        }
        offered.push(format!("{group}:{process}"));
        let whole = format!("{group}:*");
        if !offered.contains(&whole) {
            offered.push(whole);
        }
    }
    offered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pairs: &[(&str, &str)]) -> Names {
        let known =
            pairs.iter().map(|(group, process)| Name { group: (*group).into(), process: (*process).into() });
        Names { state: RefCell::new(State { target: None, known: Some(known.collect()) }) }
    }

    fn offered(line: &str) -> Vec<String> {
        let names = names(&[("cat", "cat"), ("grp", "a"), ("grp", "b")]);
        complete(line, &names).1
    }

    /// CTL-40
    #[test]
    fn commands_names_and_groups_are_offered_where_they_belong() {
        assert_eq!(offered("sta"), ["start ", "status "]);
        assert_eq!(offered("stop "), ["cat ", "grp:a ", "grp:* ", "grp:b "]);
        assert_eq!(offered("stop c"), ["cat "]);
        assert_eq!(offered("stop cat:"), ["cat:cat ", "cat:* "]);
        assert_eq!(offered("stop grp:*"), ["grp:* "]);
        assert_eq!(offered("add g"), ["grp "]);
        assert_eq!(offered("add "), ["cat ", "grp "]);
        assert_eq!(offered("help sta"), ["start ", "status "]);
        assert!(offered("shutdown ").is_empty());
        assert!(offered("bogus ").is_empty());
        assert!(offered("").contains(&"help ".to_owned()));
        assert_eq!(offered("").len(), command::COMMANDS.len());
    }

    #[test]
    fn only_the_whole_word_help_completes_commands() {
        assert!(offered("h sta").is_empty());
        assert!(offered("el sta").is_empty());
    }

    #[test]
    fn a_word_begins_after_the_last_delimiter() {
        assert_eq!(complete("stop a:b c-", &names(&[])).0, 9);
        assert_eq!(complete("sto", &names(&[])).0, 0);
        assert_eq!(complete("tail -f c", &names(&[])).0, 8);
    }

    #[test]
    fn a_server_that_cannot_be_asked_offers_nothing() {
        let names = Names::default();
        names.forget(Target::new(b"unix:///nonexistent/socket", None));
        assert!(complete("stop ", &names).1.is_empty());
    }
}
