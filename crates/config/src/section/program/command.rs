//! The `command` of a program, and remarks about one that cannot be what was meant.

use super::process::COMMAND;
use crate::expand::Expanded;
use crate::section::{self, Invalid, Pass, origin};
use crate::unseen::{self, Looks};
use crate::words;

/// Reads the command line, variables filled in.
pub(super) fn read(pass: &mut Pass<'_>) -> Result<Vec<u8>, Invalid> {
    let Some(found) = pass.text(COMMAND.key)? else {
        let message = format!("program section {} does not specify a command", pass.section.name);
        return Err(pass.missing(&COMMAND.described(), message));
    };
    let places = found.places();
    let (command, single) = words::with_values_kept(found.text.clone(), &places);
    remark_single_words(pass, &found, &single);
    remark_emptiness(pass, &found);
    remark_comment(pass, &command);
    remark_shell_variable(pass, &command);
    remark_unseen(pass, &command);
    Ok(command.into_owned())
}

fn remark_single_words(pass: &mut Pass<'_>, found: &Expanded<'_>, single: &[usize]) {
    if let Some(filled) = single.first().and_then(|&index| found.filled.get(index)) {
        let name = &filled.name;
        pass.remark(
            COMMAND.key,
            &format!(
                "the value of {name} opens quotes and does not close them, and is taken as one word; write \
                 \"%({name})s\" in double quotes"
            ),
        );
    }
}

/// Such a command fails at every start, with words that do not say why it is empty.
fn remark_emptiness(pass: &mut Pass<'_>, found: &Expanded<'_>) {
    if !found.text.trim_ascii().is_empty() {
        return;
    }
    let origin = origin::of(COMMAND.key, found, pass.names);
    let why = origin.map_or_else(String::new, |origin| format!("; {}", origin.text));
    pass.remark(COMMAND.key, &format!("it is empty, and the program cannot start{why}"));
}

/// Quotes do not keep ` ;` and ` #` from beginning a comment.
fn remark_comment(pass: &mut Pass<'_>, command: &[u8]) {
    let Some(comment) = pass.comment_within(COMMAND.key) else { return };
    if words::split(command).is_ok() {
        return;
    }
    pass.remark(COMMAND.key, &format!("it is cut off: {}", section::comment_hint(comment)));
}

/// Blanks and quotes that are none, and characters that cannot be seen, outside quotes.
fn remark_unseen(pass: &mut Pass<'_>, command: &[u8]) {
    if command.is_ascii() {
        return;
    }
    let Some((at, letter, looks)) = words::first_unseen(command) else { return };
    // Where it is in the file, unless a variable brought it.
    let within = pass.raw(COMMAND.key).and_then(|found| {
        let count = String::from_utf8_lossy(&command[..at]).matches(letter).count();
        let (start, _) = found.entry.text.match_indices(letter).nth(count)?;
        let span = found.entry.span(Some(start..start + letter.len_utf8()));
        Some(format!(" (column {})", pass.document.sources.place(span).column))
    });
    let what = match looks {
        Looks::Blank => "separates no words",
        Looks::Nothing => "is part of a word",
        Looks::Like(_) => "quotes nothing",
    };
    let (name, hint) = (unseen::name(letter), unseen::hint(letter, looks));
    let within = within.unwrap_or_default();
    pass.remark(COMMAND.key, &format!("{name}{within} {what}; {hint}"));
}

/// A program that is looked for by a name with a `$` in it is not found.
fn remark_shell_variable(pass: &mut Pass<'_>, command: &[u8]) {
    if !command.contains(&b'$') {
        return;
    }
    let Ok(words) = words::split(command) else { return };
    let program = words.first().and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default();
    if let Some(variable) = origin::shell_variable(program) {
        pass.remark(COMMAND.key, &variable.hint());
    }
}
