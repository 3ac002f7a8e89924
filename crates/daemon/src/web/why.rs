//! What is wrong with a process, as far as can be told from here, and what to try.

use super::list::push;
use super::page::escape;
use super::words::{Words, fill};
use crate::overview::ProcessView;
use supervisor_core::{ExitStatus, ProcessState, Signal};
use supervisor_log::tail;
use supervisor_rpc::ProcessInfo;

/// How much of a log is looked at, in bytes, and how much is shown of that, in lines.
const LOOKED_AT: i64 = 4096;
const SHOWN: usize = 6;

/// Whether there is something to explain.
pub(super) fn is_wrong(state: ProcessState) -> bool {
    match state {
        ProcessState::Backoff | ProcessState::Fatal => true,
        ProcessState::Stopped
        | ProcessState::Starting
        | ProcessState::Running
        | ProcessState::Stopping
        | ProcessState::Exited
        | ProcessState::Unknown => false,
    }
}

/// The last lines a process wrote, of its errors if there are any, else of its output. Reads files, which may take
/// its time.
pub(super) fn last_lines(record: &ProcessInfo<'_>) -> Option<String> {
    [&record.stderr_logfile, &record.stdout_logfile].into_iter().find_map(|path| {
        let bytes = tail::read(path.as_ref().as_ref(), -LOOKED_AT, 0).ok()?;
        let text = readable(&bytes);
        let mut lines: Vec<&str> = text.lines().rev().take(SHOWN).collect();
        lines.reverse();
        let text = lines.join("\n");
        (!text.trim().is_empty()).then_some(text)
    })
}

/// Text without escape sequences and control characters.
fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut readable = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\x1b' => {
                // CSI sequences end with a letter; others have one more character.
                if characters.next() == Some('[') {
                    let _end = characters.find(|character| ('@'..='~').contains(character));
                }
            }
            '\n' | '\t' => readable.push(character),
            other if other.is_control() => {}
            other => readable.push(other),
        }
    }
    readable
}

/// The explanation, as the content of a table cell.
pub(super) fn push_explanation(out: &mut String, words: &Words, view: &ProcessView, lines: Option<&str>) {
    let record = &view.record;
    let verdict = if view.state == ProcessState::Fatal { words.gave_up } else { words.tries_again };
    let title = fill(words.why, &[&record.name]);
    push(
        out,
        format_args!(
            "<section class=\"w\" aria-label=\"{}\"><div><p><b>{}</b></p>",
            escape(&title),
            escape(verdict)
        ),
    );
    if !record.spawnerr.is_empty() {
        push(out, format_args!("<p><code>{}</code></p>", escape(&record.spawnerr)));
    }
    if let Some(status) = cause(view) {
        push(out, format_args!("<p>{}</p>", escape(&words.exit(status))));
    }
    let advice = advice(words, view);
    push(out, format_args!("<p><b>{}:</b> {}</p></div><div>", escape(words.try_this), escape(advice)));
    match lines {
        Some(lines) => push(
            out,
            format_args!("<p>{}</p><pre tabindex=\"0\">{}</pre>", escape(words.last_lines), escape(lines)),
        ),
        None => push(out, format_args!("<p>{}</p>", escape(words.no_lines))),
    }
    out.push_str("</div></section>");
}

/// How it ended, unless it never began.
fn cause(view: &ProcessView) -> Option<ExitStatus> {
    view.history
        .last_exit
        .filter(|_| view.record.spawnerr.starts_with("Exited") || view.record.spawnerr.is_empty())
}

fn advice(words: &Words, view: &ProcessView) -> &'static str {
    let error = &*view.record.spawnerr;
    if error.contains("chdir") {
        return words.no_directory;
    }
    if error.starts_with("can't find") || error.contains("ENOENT") {
        return words.no_command;
    }
    if error.contains("setuid") || error.contains("setgid") {
        return words.no_user;
    }
    if error.starts_with("command at") || error.starts_with("no permission") || error.contains("exec") {
        return words.not_executable;
    }
    match view.history.last_exit {
        Some(ExitStatus::Code(0)) => words.ended_well,
        Some(ExitStatus::Code(126 | 127)) => words.command_not_found,
        Some(ExitStatus::Signal { signal: Signal::KILL, .. }) => words.killed,
        Some(ExitStatus::Signal { signal: Signal(4 | 6 | 7 | 8 | 11), .. }) => words.crashed,
        Some(ExitStatus::Code(_) | ExitStatus::Signal { .. } | ExitStatus::Unknown(_)) | None => {
            words.too_quickly
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::ENGLISH;
    use super::*;
    use crate::api::double::Scratch;
    use supervisor_core::History;

    fn failed(error: &str, last_exit: Option<ExitStatus>) -> ProcessView {
        let record =
            ProcessInfo { name: "a".into(), spawnerr: error.to_owned().into(), ..ProcessInfo::default() };
        ProcessView {
            record,
            state: ProcessState::Fatal,
            history: History { last_exit, ..History::default() },
        }
    }

    #[test]
    fn advice_fits_the_failure() {
        let quickly = "Exited too quickly (process log may have details)";
        for (error, exit, expected) in [
            ("can't find command 'x'", None, ENGLISH.no_command),
            ("command at '/x' is not executable", None, ENGLISH.not_executable),
            ("couldn't chdir to /x: ENOENT", None, ENGLISH.no_directory),
            ("couldn't chdir to /x: EACCES", None, ENGLISH.no_directory),
            ("couldn't setuid to 5: Can't drop privilege as nonroot user", None, ENGLISH.no_user),
            (quickly, Some(ExitStatus::Code(0)), ENGLISH.ended_well),
            (quickly, Some(ExitStatus::Code(127)), ENGLISH.command_not_found),
            (quickly, Some(ExitStatus::Code(1)), ENGLISH.too_quickly),
            (quickly, Some(ExitStatus::Signal { signal: Signal::KILL, core_dumped: false }), ENGLISH.killed),
        ] {
            assert_eq!(advice(&ENGLISH, &failed(error, exit)), expected, "{error} {exit:?}");
        }
    }

    #[test]
    fn the_last_lines_are_of_the_errors_if_there_are_any() {
        let scratch = Scratch::new();
        let out = scratch.file("out", "output\n");
        let mut view = failed("", None);
        view.record.stdout_logfile = out.to_string_lossy().into_owned().into();
        assert_eq!(last_lines(&view.record).as_deref(), Some("output"));
        let all: Vec<_> = (0..50).map(|number| format!("\x1b[31mline {number}\x1b[0m\x07\n")).collect();
        view.record.stderr_logfile = scratch.file("err", all.concat()).to_string_lossy().into_owned().into();
        let lines = last_lines(&view.record).unwrap();
        assert!(lines.starts_with("line 44\n") && lines.ends_with("line 49"), "{lines:?}");
    }

    #[test]
    fn what_a_program_wrote_cannot_become_markup() {
        let mut html = String::new();
        push_explanation(&mut html, &ENGLISH, &failed("<b>", None), Some("<script>alert(1)</script>"));
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;") && html.contains("&lt;b&gt;"));
    }
}
