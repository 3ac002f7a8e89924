//! `help`: lists commands and prints their help.

use super::{COMMANDS, Command, Flow, find};
use crate::completion::Completes;
use crate::failure::Failure;
use crate::session::Session;

pub(super) const COMMAND: Command = Command {
    name: "help",
    help: &["help\t\tPrint a list of available actions", "help <action>\tPrint help for <action>"],
    completes: Completes::Commands,
    run,
};

const HEADING: &str = "default commands (type help <topic>):";

/// Columns the list may have.
const WIDTH: usize = 79;

fn run(session: &mut Session, topic: &str) -> Result<Flow, Failure> {
    if topic.is_empty() {
        list(session)?;
    } else if let Some(command) = find(topic) {
        session.print_help(command)?;
    } else {
        session.print(format!("*** No help on {topic}"))?;
    }
    Ok(Flow::Continue)
}

fn list(session: &mut Session) -> Result<(), Failure> {
    // The list has every command but this one.
    let names: Vec<&str> =
        COMMANDS.iter().map(|command| command.name).filter(|name| *name != "help").collect();
    session.print("")?;
    session.print(HEADING)?;
    session.print("=".repeat(HEADING.len()))?;
    for line in columns(&names, WIDTH) {
        session.print(line)?;
    }
    Ok(session.print("")?)
}

/// Lays names out column by column in as few lines as fit, two blanks between columns, each padded to its
/// column's width.
fn columns(names: &[&str], width: usize) -> Vec<String> {
    let fits = |rows: &usize| {
        let columns = names.chunks(*rows);
        let gaps = 2 * columns.len().saturating_sub(1);
        columns.map(widest).sum::<usize>() + gaps <= width
    };
    let rows = (1..names.len()).find(fits).unwrap_or(names.len().max(1));
    let line = |row: usize| {
        let cells = names.chunks(rows).filter_map(|column| {
            column.get(row).map(|name| format!("{name:<width$}", width = widest(column)))
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    (0..rows.min(names.len())).map(line).collect()
}

fn widest(column: &[&str]) -> usize {
    column.iter().map(|name| name.len()).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_columns_read_downwards() {
        assert_eq!(columns(&["a", "bbb", "c", "d", "e"], 9), ["a    c  e", "bbb  d"]);
        assert_eq!(columns(&["a", "b"], 79), ["a  b"]);
        assert_eq!(columns(&["long", "names"], 4), ["long ", "names"]);
        assert!(columns(&[], 79).is_empty());
    }
}
