//! The interactive shell: runs lines until `exit`, the end of the input or Ctrl-C.

use crate::command::Flow;
use crate::failure::Fatal;
use crate::line_editor::{LineEditor, Typed};
use crate::session::Session;
use std::io;

/// Shows the status of everything and then runs line after line. Ends at `exit`, at the end of the input or at
/// Ctrl-C, always in success.
pub(crate) fn run(session: &mut Session, mut editor: Option<LineEditor>) -> Result<(), Fatal> {
    let outcome = run_lines(session, editor.as_mut());
    if let Some(editor) = &editor {
        editor.save();
    }
    match outcome {
        Err(Fatal::Interrupted) => session.print(""),
        other => other,
    }
}

fn run_lines(session: &mut Session, mut editor: Option<&mut LineEditor>) -> Result<(), Fatal> {
    session.execute("status")?;
    loop {
        let typed = match (read(session, editor.as_deref_mut())?, &editor) {
            (Typed::Line(line), _) => line,
            // As upstream's readline has it where SIGINT was ignored when the program started.
            (Typed::Interrupt, Some(_)) if session.interrupts.are_ignored() => continue,
            // The line editor has left the prompt's line already.
            (Typed::End | Typed::Interrupt, Some(_)) => return Ok(()),
            (Typed::End, None) => "EOF".to_owned(),
            (Typed::Interrupt, None) => return Err(Fatal::Interrupted),
        };
        // What was pasted may be several lines.
        for line in typed.split('\n') {
            if session.execute(line)? == Flow::Quit {
                return Ok(());
            }
        }
    }
}

fn read(session: &mut Session, editor: Option<&mut LineEditor>) -> Result<Typed, Fatal> {
    let read = match editor {
        Some(editor) => {
            session.console.flush().map_err(Fatal::Output)?;
            read_edited(session, editor)
        }
        None => read_plainly(session),
    };
    match read {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Typed::Interrupt),
        // An input that cannot be read has ended as far as we are concerned.
        Err(_) => Ok(Typed::End),
        Ok(typed) => Ok(typed),
    }
}

/// Takes a Ctrl-C that came before anything waited for it, such as just before the prompt, for one at the prompt: left
/// alone, it would end the next command after its request was sent.
fn read_edited(session: &Session, editor: &mut LineEditor) -> io::Result<Typed> {
    let typed = editor.read(&session.prompt, &session.target, &session.interrupts)?;
    Ok(if session.interrupts.was_signalled()? { Typed::Interrupt } else { typed })
}

/// Without a terminal the prompt is shown all the same, as upstream does.
fn read_plainly(session: &mut Session) -> io::Result<Typed> {
    let prompt = session.prompt.clone();
    match session.console.prompt(&prompt) {
        Ok(()) => session.console.flush()?,
        Err(Fatal::Output(error)) => return Err(error),
        Err(Fatal::Interrupted) => return Ok(Typed::Interrupt),
    }
    Ok(session.input.line(&session.interrupts)?.map_or(Typed::End, Typed::Line))
}
