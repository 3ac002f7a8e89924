//! Asking for a password on a terminal.

use crate::support::{DEADLINE, becomes_readable};
use crate::{Role, Test, play};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use supervisor_core::{Pid, Signal};
use supervisor_sys::{signal, terminal};

pub(crate) const TESTS: &[Test] = &[
    ("password_is_read_without_echo", password_is_read_without_echo),
    ("interrupted_prompt_leaves_the_terminal_as_it_was", interrupted_prompt),
    ("end_of_input_at_the_prompt_is_an_error", end_of_input),
    ("without_a_terminal_nobody_is_asked", without_a_terminal_nobody_is_asked),
];
pub(crate) const ROLES: &[Role] = &[("ask", ask)];

const PROMPT: &str = "Password:";

fn ask() -> u8 {
    match terminal::read_password(PROMPT) {
        Ok(Some(password)) => std::io::stdout().write_all(&password).map_or(2, |()| 0),
        Ok(None) => 3,
        Err(_) => 1,
    }
}

/// A process that asks on a terminal of its own, of which we are the other side.
struct Asking {
    person: File,
    child: Child,
}

impl Asking {
    fn start() -> Self {
        let (mut person, mut terminal) = (-1, -1);
        let size = libc::winsize { ws_row: 24, ws_col: 91, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: stores two new descriptors; the name and attributes are not asked for.
        let opened = unsafe {
            libc::openpty(
                &raw mut person,
                &raw mut terminal,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                (&raw const size).cast_mut(),
            )
        };
        assert_eq!(opened, 0);
        // SAFETY: both are new and owned here alone.
        let (person, terminal) = unsafe { (File::from_raw_fd(person), File::from_raw_fd(terminal)) };
        assert_eq!(terminal::width(&terminal), Some(91));
        let mut command = play("ask");
        command.stdin(terminal.try_clone().unwrap()).stdout(Stdio::piped());
        detach_from_terminal(&mut command, true);
        Self { person, child: command.spawn().unwrap() }
    }

    fn shown_until(&mut self, text: &str) -> String {
        let mut shown = Vec::new();
        while !shown.ends_with(text.as_bytes()) {
            assert!(becomes_readable(self.person.as_fd(), DEADLINE), "{}", String::from_utf8_lossy(&shown));
            let mut byte = [0];
            self.person.read_exact(&mut byte).unwrap();
            shown.push(byte[0]);
        }
        String::from_utf8(shown).unwrap()
    }

    fn echoes(&self) -> bool {
        let mut attributes = std::mem::MaybeUninit::<libc::termios>::uninit();
        // SAFETY: tcgetattr fills in the record, which is read only after it has.
        unsafe {
            assert_eq!(libc::tcgetattr(self.person.as_raw_fd(), attributes.as_mut_ptr()), 0);
            attributes.assume_init().c_lflag & libc::ECHO != 0
        }
    }
}

/// Gives the process a session of its own, with its stdin as the controlling terminal or with none.
fn detach_from_terminal(command: &mut Command, stdin_controls: bool) {
    // SAFETY: two system calls between fork and exec, nothing else.
    unsafe {
        command.pre_exec(move || {
            if libc::setsid() == -1 || (stdin_controls && libc::ioctl(0, libc::TIOCSCTTY, 0) == -1) {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        });
    }
}

fn password_is_read_without_echo() {
    let mut asking = Asking::start();
    assert_eq!(asking.shown_until(PROMPT), PROMPT);
    assert!(!asking.echoes());
    asking.person.write_all("geh\u{e9}im \n".as_bytes()).unwrap();
    assert_eq!(asking.shown_until("\n"), "\r\n");
    let output = asking.child.wait_with_output().unwrap();
    assert_eq!(output.stdout, "geh\u{e9}im ".as_bytes());
    assert_eq!(output.status.code(), Some(0));
}

fn interrupted_prompt() {
    let mut asking = Asking::start();
    asking.shown_until(PROMPT);
    let terminal = asking.person.try_clone().unwrap();
    let pid = Pid::new(asking.child.id().cast_signed()).unwrap();
    signal::signal_process(pid, Signal::INT).unwrap();
    asking.shown_until("\n");
    assert!(asking.echoes());
    assert_eq!(asking.child.wait().unwrap().signal(), Some(i32::from(Signal::INT.0)));
    drop(terminal);
}

fn end_of_input() {
    let mut asking = Asking::start();
    asking.shown_until(PROMPT);
    asking.person.write_all(b"\x04").unwrap();
    asking.shown_until("\n");
    assert_eq!(asking.child.wait().unwrap().code(), Some(1));
}

fn without_a_terminal_nobody_is_asked() {
    let mut command = play("ask");
    command.stdin(Stdio::null());
    detach_from_terminal(&mut command, false);
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(3), &b""[..]));
}
