//! Why a process has failed, as far as supervisord knows, and what to try.

use super::i18n::{Messages, fill};
use super::list::push;
use super::overview::Process;
use super::page::escape;
use supervisor_core::{ExitStatus, ProcessState, Signal};
use supervisor_log::tail;

/// How much of a log is read, in bytes, and how much of that is shown, in lines.
const LOOKED_AT: i64 = 4096;
const SHOWN: usize = 6;

/// Whether there is a failure to explain.
pub(super) fn has_failed(state: ProcessState) -> bool {
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

/// The last lines of a process' stderr log, or of its stdout log if that is empty. Reads files, so it may block.
pub(super) fn last_lines(process: &Process) -> Option<String> {
    [&process.stderr_log, &process.stdout_log].into_iter().flatten().find_map(|path| {
        let bytes = tail::read(path, -LOOKED_AT, 0).ok()?;
        let text = readable(&bytes);
        let mut lines: Vec<&str> = text.lines().rev().take(SHOWN).collect();
        lines.reverse();
        let text = lines.join("\n");
        (!text.trim().is_empty()).then_some(text)
    })
}

/// Text without escape sequences and control characters.
pub(super) fn readable(bytes: &[u8]) -> String {
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

/// The failure reason, as the content of a table cell.
pub(super) fn push_explanation(out: &mut String, messages: &Messages, view: &Process, lines: Option<&str>) {
    let is_tried_again = view.state == ProcessState::Backoff;
    let (class, verdict) =
        if is_tried_again { ("w again", messages.tries_again) } else { ("w", messages.gave_up) };
    let title = fill(messages.why, &[&view.name]);
    push(
        out,
        format_args!(
            "<section class=\"{class}\" aria-label=\"{}\"><div><p><b>{}</b></p>",
            escape(&title),
            escape(verdict)
        ),
    );
    let exit = cause(view).map(|status| messages.exit(status));
    let error = Some(messages.spawn_error(&view.spawn_error)).filter(|error| !error.is_empty());
    let causes: Vec<&str> = exit.as_deref().into_iter().chain(error).collect();
    if !causes.is_empty() {
        push(out, format_args!("<p><code>{}</code></p>", escape(&causes.join(" · "))));
    }
    let advice = advice(messages, view, lines);
    push(
        out,
        format_args!(
            "<p><span class=\"try\">{}{}</span> {}</p></div><div>",
            messages.try_this,
            messages.colon,
            escape(advice)
        ),
    );
    match lines {
        Some(lines) => push(
            out,
            format_args!("<p>{}</p><pre tabindex=\"0\">{}</pre>", escape(messages.last_lines), escape(lines)),
        ),
        None => push(out, format_args!("<p>{}</p>", escape(messages.no_lines))),
    }
    out.push_str("</div></section>");
}

/// How it ended, if it ever ran.
fn cause(view: &Process) -> Option<ExitStatus> {
    view.history.last_exit.filter(|_| view.spawn_error.starts_with("Exited") || view.spawn_error.is_empty())
}

fn advice(messages: &Messages, view: &Process, lines: Option<&str>) -> &'static str {
    spawn_advice(messages, &view.spawn_error)
        .or_else(|| spawn_advice(messages, child_error(lines.unwrap_or_default())?))
        .unwrap_or_else(|| exit_advice(messages, view.history.last_exit))
}

/// The error of a child that failed before or in exec, which it can only write into its log.
fn child_error(lines: &str) -> Option<&str> {
    lines.lines().rev().find_map(|line| line.strip_prefix("supervisor: couldn't "))
}

/// What helps against a spawn error.
fn spawn_advice(messages: &Messages, error: &str) -> Option<&'static str> {
    let mentions = |any: &[&str]| any.iter().any(|part| error.contains(part));
    if mentions(&["chdir"]) {
        Some(messages.no_directory)
    } else if mentions(&["ENOEXEC"]) {
        Some(messages.not_a_program)
    } else if mentions(&["can't find", "ENOENT"]) {
        Some(messages.no_command)
    } else if mentions(&["setuid", "setgid"]) {
        Some(messages.no_user)
    } else if mentions(&["command at", "no permission", "exec"]) {
        Some(messages.not_executable)
    } else {
        None
    }
}

/// What helps against exiting too quickly.
fn exit_advice(messages: &Messages, exit: Option<ExitStatus>) -> &'static str {
    match exit {
        Some(ExitStatus::Code(0)) => messages.ended_well,
        Some(ExitStatus::Code(126 | 127)) => messages.command_not_found,
        Some(ExitStatus::Signal { signal: Signal::KILL, .. }) => messages.killed,
        Some(ExitStatus::Signal { signal: Signal(4 | 6 | 7 | 8 | 11), .. }) => messages.crashed,
        Some(ExitStatus::Code(_) | ExitStatus::Signal { .. } | ExitStatus::Unknown(_)) | None => {
            messages.too_quickly
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::i18n::ENGLISH;
    use super::super::overview::Overview;
    use super::*;
    use supervisor_control::double::{FakeProcess, FakeView, Scratch};
    use supervisor_core::History;

    fn failed(error: &str, last_exit: Option<ExitStatus>) -> Process {
        let history = History { last_exit, ..History::default() };
        let fake = FakeProcess::new("a", "a", ProcessState::Fatal);
        let fake = FakeProcess { spawn_error: error.to_owned(), history, ..fake };
        Overview::of(&FakeView::of(vec![fake])).processes.remove(0)
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
            assert_eq!(advice(&ENGLISH, &failed(error, exit), None), expected, "{error} {exit:?}");
        }
    }

    #[test]
    fn a_failed_exec_is_explained_from_the_log() {
        let quickly = "Exited too quickly (process log may have details)";
        let view = failed(quickly, Some(ExitStatus::Code(127)));
        for (line, expected) in [
            ("supervisor: couldn't chdir to /x: ENOENT", ENGLISH.no_directory),
            ("supervisor: couldn't exec /etc/hostname: ENOEXEC", ENGLISH.not_a_program),
            ("supervisor: couldn't exec /x: EACCES", ENGLISH.not_executable),
            ("what the program says of exec and setuid itself", ENGLISH.command_not_found),
        ] {
            let lines = format!("before\n{line}\nsupervisor: child process was not spawned");
            assert_eq!(advice(&ENGLISH, &view, Some(&lines)), expected, "{line}");
        }
    }

    #[test]
    fn the_last_lines_come_from_stderr_first() {
        let scratch = Scratch::new();
        let out = scratch.file("out", "output\n");
        let mut view = failed("", None);
        view.stdout_log = Some(out);
        assert_eq!(last_lines(&view).as_deref(), Some("output"));
        let all: Vec<_> = (0..50).map(|number| format!("\x1b[31mline {number}\x1b[0m\x07\n")).collect();
        view.stderr_log = Some(scratch.file("err", all.concat()));
        let lines = last_lines(&view).unwrap();
        assert!(lines.starts_with("line 44\n") && lines.ends_with("line 49"), "{lines:?}");
    }

    #[test]
    fn log_lines_are_escaped() {
        let mut html = String::new();
        push_explanation(&mut html, &ENGLISH, &failed("<b>", None), Some("<script>alert(1)</script>"));
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;") && html.contains("&lt;b&gt;"));
    }
}
