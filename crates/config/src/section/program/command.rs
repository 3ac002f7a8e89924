//! The `command` of a program, and remarks about one that cannot be what was meant.

use super::process::COMMAND;
use crate::confusable::{self, Appearance};
use crate::expand::Expanded;
use crate::section::{self, Invalid, SectionReader, origin};
use crate::words;

/// Reads the command line, variables expanded.
pub(super) fn read(reader: &mut SectionReader<'_>) -> Result<Vec<u8>, Invalid> {
    let Some(found) = reader.text(COMMAND.key)? else {
        let message = format!("program section {} does not specify a command", reader.section.name);
        return Err(reader.missing(&COMMAND.described(), message));
    };
    let places = found.places();
    let (command, single) = words::with_values_kept(found.text.clone(), &places);
    remark_single_words(reader, &found, &single);
    remark_emptiness(reader, &found);
    remark_comment(reader, &command);
    remark_shell_variable(reader, &command);
    remark_unseen(reader, &command);
    Ok(command.into_owned())
}

fn remark_single_words(reader: &mut SectionReader<'_>, found: &Expanded<'_>, single: &[usize]) {
    if let Some(substitution) = single.first().and_then(|&index| found.substitutions.get(index)) {
        let name = &substitution.name;
        reader.remark(
            COMMAND.key,
            &format!(
                "the value of {name} opens quotes and does not close them, and is taken as one word; write \
                 \"%({name})s\" in double quotes"
            ),
        );
    }
}

/// Such a command fails at every start, with words that do not say why it is empty.
fn remark_emptiness(reader: &mut SectionReader<'_>, found: &Expanded<'_>) {
    if !found.text.trim_ascii().is_empty() {
        return;
    }
    let origin = origin::of(COMMAND.key, found, reader.names);
    let why = origin.map_or_else(String::new, |origin| format!("; {}", origin.text));
    reader.remark(COMMAND.key, &format!("it is empty, and the program cannot start{why}"));
}

/// Quotes do not keep ` ;` and ` #` from beginning a comment.
fn remark_comment(reader: &mut SectionReader<'_>, command: &[u8]) {
    let Some(comment) = reader.comment_within(COMMAND.key) else { return };
    if words::split(command).is_ok() {
        return;
    }
    reader.remark(COMMAND.key, &format!("it is cut off: {}", section::comment_hint(comment)));
}

/// Blanks and quotes that are none, and characters that cannot be seen, outside quotes.
fn remark_unseen(reader: &mut SectionReader<'_>, command: &[u8]) {
    if command.is_ascii() {
        return;
    }
    let Some((at, letter, looks)) = words::first_unseen(command) else { return };
    // Where it is in the file, unless a variable brought it.
    let within = reader.raw(COMMAND.key).and_then(|found| {
        let count = String::from_utf8_lossy(&command[..at]).matches(letter).count();
        let (start, _) = found.entry.text.match_indices(letter).nth(count)?;
        let span = found.entry.span(Some(start..start + letter.len_utf8()));
        Some(format!(" (column {})", reader.document.sources.place(span).column))
    });
    let what = match looks {
        Appearance::Blank => "separates no words",
        Appearance::Invisible => "is part of a word",
        Appearance::Like(_) => "quotes nothing",
    };
    let (name, hint) = (confusable::name(letter), confusable::hint(letter, looks));
    let within = within.unwrap_or_default();
    reader.remark(COMMAND.key, &format!("{name}{within} {what}; {hint}"));
}

/// A program that is looked for by a name with a `$` in it is not found.
fn remark_shell_variable(reader: &mut SectionReader<'_>, command: &[u8]) {
    if !command.contains(&b'$') {
        return;
    }
    let Ok(words) = words::split(command) else { return };
    let program = words.first().and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default();
    if let Some(variable) = origin::shell_variable(program) {
        reader.remark(COMMAND.key, &variable.hint());
    }
}
