//! The program as a process: its command line, Ctrl-C, closed pipes, and the prompt on a terminal.
//!
//! This binary is both: started by `cargo test` it runs the tests below one by one, and each of them starts it again
//! as supervisorctl. Terminals are made by script(1) of util-linux.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "golden/fake.rs"]
#[expect(dead_code, reason = "shared with the golden tests, which use the rest")]
mod fake;

use fake::{Fake, process};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use supervisor_core::{Pid, Signal};
use supervisor_rpc::{Encoded, Value};
use supervisor_sys::signal::restore_defaults;

/// Set for the process that is supervisorctl.
const AS_PROGRAM: &str = "SUPERVISOR_TEST_AS_PROGRAM";

/// No step takes longer unless it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

const TESTS: &[(&str, fn())] = &[
    ("bad_command_lines_and_files_end_with_status_2", bad_command_lines_and_files_end_with_status_2),
    ("help_goes_to_standard_output", help_goes_to_standard_output),
    ("the_file_gives_url_and_prompt_and_the_command_line_outranks_it", the_file_gives_url_and_prompt),
    ("credentials_may_stand_in_the_environment", credentials_may_stand_in_the_environment),
    ("a_reader_that_leaves_ends_the_program_quietly", a_reader_that_leaves_ends_the_program_quietly),
    ("ctrl_c_during_a_request_ends_the_program_by_that_signal", ctrl_c_during_a_request_ends_the_program),
    ("sigint_that_was_ignored_at_start_stays_ignored", sigint_that_was_ignored_stays_ignored),
    ("ctrl_c_ends_a_followed_log_in_success", ctrl_c_ends_a_followed_log_in_success),
    ("ctrl_c_in_a_shell_without_terminal_ends_it_in_success", ctrl_c_in_a_shell_without_terminal),
    ("ctrl_c_leaves_fg_and_the_program_ends_at_once", ctrl_c_leaves_fg_and_the_program_ends_at_once),
    ("on_a_terminal_ctrl_c_in_a_followed_log_returns_to_the_prompt", ctrl_c_returns_to_the_prompt),
    ("on_a_terminal_ctrl_c_just_before_the_prompt_ends_the_shell", ctrl_c_just_before_the_prompt),
    ("on_a_terminal_tab_completes", on_a_terminal_tab_completes),
    ("on_a_terminal_lines_typed_ahead_and_pasted_are_all_run", lines_typed_ahead_and_pasted_are_all_run),
    ("on_a_terminal_history_is_kept_for_the_next_shell", history_is_kept_for_the_next_shell),
    ("on_a_dumb_terminal_tab_completes_and_history_is_kept", dumb_terminals_have_completion_and_history),
    ("on_a_dumb_terminal_the_shell_ends_as_on_any_other", shells_on_dumb_terminals_end),
    (
        "on_a_terminal_ctrl_c_at_the_prompt_means_nothing_where_it_was_ignored",
        ctrl_c_at_the_prompt_is_ignored,
    ),
    ("on_a_terminal_a_log_cannot_operate_it", a_log_cannot_operate_the_terminal),
    ("on_a_terminal_commands_print_what_a_pipe_gets", commands_print_what_a_pipe_gets),
    ("on_a_terminal_the_rich_style_has_colours_and_progress", the_rich_style_has_colours_and_progress),
    ("on_a_terminal_the_shell_is_rich_unless_it_is_to_be_plain", the_shell_is_rich_unless_it_is_to_be_plain),
    (
        "on_a_terminal_the_rich_style_respects_no_color_and_dumb_terminals",
        the_rich_style_respects_its_terminal,
    ),
];

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if std::env::var_os(AS_PROGRAM).is_some() {
        return ExitCode::from(supervisor_ctl::main(&arguments));
    }
    // A shell may have started the tests in the background, where SIGINT is ignored, and supervisorctl leaves it so.
    restore_defaults(&[Signal::INT]).unwrap();
    let words: Vec<String> =
        arguments.into_iter().skip(1).filter_map(|word| word.into_string().ok()).collect();
    let is_wanted = |name: &str| {
        let mut filters = words.iter().filter(|word| !word.starts_with('-')).peekable();
        filters.peek().is_none() || filters.any(|filter| name.contains(filter.as_str()))
    };
    let mut failed = 0;
    for (name, test) in TESTS.iter().filter(|(name, _)| is_wanted(name)) {
        let verdict = if words.iter().any(|word| word == "--list") {
            format!("{name}: test")
        } else if std::panic::catch_unwind(test).is_ok() {
            format!("test {name} ... ok")
        } else {
            failed += 1;
            format!("test {name} ... FAILED")
        };
        io::stdout().write_all((verdict + "\n").as_bytes()).unwrap();
    }
    ExitCode::from(u8::from(failed > 0))
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(AS_PROGRAM, "1").args(arguments);
    command
}

/// A directory of its own for a test, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("supervisor-ctl-program-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// CTL-42
fn bad_command_lines_and_files_end_with_status_2() {
    let directory = Directory::new("bad");
    let no_section = directory.file("no-section.conf", "[supervisord]\n");
    let no_header = directory.file("no-header.conf", "garbage\n");
    let unreadable = directory.0.to_str().unwrap();
    let could_not_read = format!("Error: could not read config file {unreadable}");
    let lines: [(&[&str], &str); 7] = [
        (&["-c", unreadable], &could_not_read),
        (&["-s", "foo", "status"], "Error: invalid value for -s 'foo': value 'foo' is not a URL"),
        (&["-z"], "Error: option -z not recognized"),
        (&["-i", "-i"], "Error: conflicting command line option '-i'"),
        (&["-c", "/nonexistent/x.conf"], "Error: could not find config file /nonexistent/x.conf"),
        (&["-c", &no_section, "-s", "unix:///x"], "Error: .ini file does not include supervisorctl section"),
        (&["-c", &no_header], "Error: File contains no section headers."),
    ];
    for (arguments, first_line) in lines {
        let output = program(arguments).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(errors.lines().next(), Some(first_line));
        assert!(errors.lines().last().unwrap().starts_with("For help, use "), "{errors}");
        assert!(errors.ends_with("-h\n") && output.stdout.is_empty(), "{errors}");
        assert!(!errors.contains("os error"), "{errors}");
    }
}

fn help_goes_to_standard_output() {
    for option in ["-h", "-?", "--help"] {
        let output = program(&[option]).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        assert!(String::from_utf8(output.stdout).unwrap().contains("--serverurl"));
    }
}

/// CTL-49: the prompt of the file.
fn the_file_gives_url_and_prompt() {
    let directory = Directory::new("file");
    let server = Fake::new().answers("supervisor.getAllProcessInfo", &[process("cat", 20, "up")][..]);
    let text = format!("[supervisorctl]\nserverurl={}\nprompt=mysup\n", server.url());
    let file = directory.file("sd.conf", &text);
    let output = program(&["-c", &file]).stdin(Stdio::null()).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().ends_with("up\nmysup> \n"));
    let output = program(&["-c", &file, "-s", "unix:///nonexistent/s", "version"]).output().unwrap();
    assert_eq!(output.stdout, b"unix:///nonexistent/s no such file\n");
    assert_eq!(output.status.code(), Some(7));
}

fn credentials_may_stand_in_the_environment() {
    let server = Fake::new().requires("Basic dXNlcjpwdw==");
    let output = program(&["-s", &server.url(), "version"])
        .env("SUPERVISOR_USERNAME", "user")
        .env("SUPERVISOR_PASSWORD", "pw")
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"4.3.0\n");
}

fn a_reader_that_leaves_ends_the_program_quietly() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let server = Fake::new();
    let url = server.url();
    let child = program(&["-s", &url, "help"]).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(141), &b""[..]));
}

/// A running program, what it has printed so far, and its end.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    chunks: mpsc::Receiver<Vec<u8>>,
    output: String,
    /// Where in the output to look for what comes next.
    seen: usize,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let mut stdout = child.stdout.take().unwrap();
        let (sender, chunks) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, input, chunks, output: String::new(), seen: 0 }
    }

    /// Waits until the program has printed this, after what was waited for before.
    fn until(&mut self, text: &str) -> &mut Self {
        loop {
            if let Some(at) = self.output[self.seen..].find(text) {
                self.seen += at + text.len();
                return self;
            }
            match self.chunks.recv_timeout(PATIENCE) {
                Ok(chunk) => self.output.push_str(&String::from_utf8_lossy(&chunk)),
                Err(error) => panic!("{text:?} does not come: {error}; so far {:?}", self.output),
            }
        }
    }

    fn types(&mut self, text: &str) -> &mut Self {
        self.input.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
        self
    }

    fn interrupt(&mut self) -> &mut Self {
        let pid = Pid::new(i32::try_from(self.child.id()).unwrap()).unwrap();
        supervisor_sys::signal::signal_process(pid, Signal::INT).unwrap();
        self
    }

    /// Waits for the end, with the input still open; the status and all that was printed.
    fn ends(self) -> (Option<i32>, String) {
        let (status, output) = self.comes_to_an_end();
        assert_eq!(status.signal(), None);
        (status.code(), output)
    }

    /// The same, whatever the end.
    fn comes_to_an_end(mut self) -> (ExitStatus, String) {
        let (sender, receiver) = mpsc::channel();
        let mut child = self.child;
        std::thread::spawn(move || sender.send(child.wait().unwrap()));
        let status = receiver.recv_timeout(PATIENCE).expect("the program does not end");
        while let Ok(chunk) = self.chunks.recv() {
            self.output.push_str(&String::from_utf8_lossy(&chunk));
        }
        (status, self.output)
    }
}

/// A shell goes on with the script if it hears of no more than an exit status.
fn ctrl_c_during_a_request_ends_the_program() {
    let (was_called, called) = mpsc::channel();
    let (answer, may_answer) = mpsc::channel::<()>();
    let server = Fake::new().replies("supervisor.stopProcess", move |_| {
        was_called.send(()).unwrap();
        // The answer comes when the test is over, and is not read.
        let _ = may_answer.recv();
        Ok(Encoded::new(&true))
    });
    let mut running = Running::start(program(&["-s", &server.url(), "stop", "slow"]));
    called.recv_timeout(PATIENCE).unwrap();
    running.interrupt();
    let (status, output) = running.comes_to_an_end();
    assert_eq!((status.signal(), output.as_str()), (Some(Signal::INT.0.into()), ""));
    drop(answer);
}

/// As a shell without job control starts what runs in the background: the restart must not end between stop and start.
fn sigint_that_was_ignored_stays_ignored() {
    let (was_called, called) = mpsc::channel();
    let (answer, may_answer) = mpsc::channel::<()>();
    let server =
        Fake::new().answers("supervisor.startProcess", &true).replies("supervisor.stopProcess", move |_| {
            was_called.send(()).unwrap();
            may_answer.recv().unwrap();
            Ok(Encoded::new(&true))
        });
    let mut command = Command::new("sh");
    let exe = std::env::current_exe().unwrap();
    command.args(["-c", "trap '' INT; exec \"$@\"", "sh"]).arg(exe).args([
        "-s",
        &server.url(),
        "restart",
        "web",
    ]);
    command.env(AS_PROGRAM, "1");
    let mut running = Running::start(command);
    called.recv_timeout(PATIENCE).unwrap();
    running.interrupt();
    answer.send(()).unwrap();
    assert_eq!(running.ends(), (Some(0), "web: stopped\nweb: started\n".to_owned()));
}

/// CTL-25
fn ctrl_c_ends_a_followed_log_in_success() {
    let server = Fake::new().follows_for_ever("/logtail/cat/stdout", b"line\n");
    let mut running = Running::start(program(&["-s", &server.url(), "tail", "-f", "cat"]));
    running.until("line\n").interrupt();
    assert_eq!(running.ends(), (Some(0), "==> Press Ctrl-C to exit <==\nline\n\n".to_owned()));
}

/// CTL-38
fn ctrl_c_in_a_shell_without_terminal() {
    let server = shell_server();
    let mut running = Running::start(program(&["-s", &server.url()]));
    running.until("supervisor> ").interrupt();
    let (status, output) = running.ends();
    assert_eq!(status, Some(0));
    assert!(output.ends_with("supervisor> \n"), "{output:?}");
}

fn shell_server() -> Fake {
    Fake::new()
        .answers("supervisor.getAllProcessInfo", &[process("cat", 20, "up"), process("grp:a", 20, "up")][..])
        .answers("supervisor.getProcessInfo", &process("cat", 20, "up"))
        .answers("supervisor.sendProcessStdin", &true)
        .follows_for_ever("/logtail/cat/stdout", b"from stdout\n")
        .follows_for_ever("/logtail/cat/stderr", b"from stderr\n")
}

/// CTL-46
fn ctrl_c_leaves_fg_and_the_program_ends_at_once() {
    let (sent, arrived) = mpsc::channel();
    let server = shell_server().replies("supervisor.sendProcessStdin", move |params| {
        sent.send(params[1].clone()).unwrap();
        Ok(Encoded::new(&true))
    });
    let mut running = Running::start(program(&["-s", &server.url()]));
    running.until("supervisor> ").types("fg cat\n").until("<==").until("from std").until("from std");
    running.types("hello\n");
    assert_eq!(arrived.recv_timeout(PATIENCE).unwrap(), Value::from("hello\n"));
    running.interrupt().until("Exiting foreground\nsupervisor> ").types("exit\n");
    let (status, output) = running.ends();
    assert_eq!(status, Some(0));
    assert!(output.contains("from stdout\n") && output.contains("from stderr\n"), "{output:?}");
    assert!(output.ends_with("Exiting foreground\nsupervisor> \n"), "{output:?}");
}

/// The program on a terminal of its own, which shows what is typed.
fn on_a_terminal(arguments: &[&str], environment: &[(&str, &str)]) -> Running {
    on_a_terminal_after("", arguments, environment)
}

/// The same after some commands of the shell that becomes the program.
fn on_a_terminal_after(commands: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Running {
    let exe = std::env::current_exe().unwrap();
    let words: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
    // script(1) has $SHELL run this line. A shell that stayed would die of the Ctrl-C meant for the program.
    let line = format!("{commands} exec '{}' {}", exe.display(), words.join(" "));
    let mut command = Command::new("script");
    command.env("SHELL", "/bin/sh");
    command.args(["-q", "-e", "-c", &line, "/dev/null"]);
    command
        .env(AS_PROGRAM, "1")
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .env_remove("SUPERVISORCTL_STYLE");
    command.envs(environment.iter().copied());
    Running::start(command)
}

/// CTL-25
fn ctrl_c_returns_to_the_prompt() {
    let server = shell_server();
    let mut running = on_a_terminal(&["-s", &server.url()], &[]);
    running.until("supervisor> ").types("tail -f cat\r").until("from stdout").types("\u{3}");
    running.until("supervisor> ").types("version\r").until("4.3.0").until("supervisor> ").types("\u{3}");
    let (status, output) = running.ends();
    assert_eq!(status, Some(0), "{output:?}");
}

/// One that comes before the terminal hands its keys over one by one is a signal.
fn ctrl_c_just_before_the_prompt() {
    let server = shell_server().answers("supervisor.addProcessGroup", &true);
    let mut running = on_a_terminal_after("echo pid $$.;", &["-s", &server.url()], &[]);
    running.until("pid ");
    running.until(".");
    let pid = running.output.rsplit_once("pid ").unwrap().1.split('.').next().unwrap().parse().unwrap();
    running.until("supervisor> ");
    supervisor_sys::signal::signal_process(Pid::new(pid).unwrap(), Signal::INT).unwrap();
    running.types("add grp\r");
    let (status, output) = running.ends();
    assert_eq!(status, Some(0), "{output:?}");
    assert!(!server.called().contains(&"supervisor.addProcessGroup".to_owned()), "{output:?}");
}

/// CTL-40
fn on_a_terminal_tab_completes() {
    let server = shell_server();
    let mut running = on_a_terminal(&["-s", &server.url()], &[]);
    running.until("supervisor> ").types("vers\t").until("version ").types("\r").until("4.3.0");
    running.until("supervisor> ").types("status gr\t").until("grp:").types("a\r").until("grp:a");
    running.until("supervisor> ").types("\u{4}");
    assert_eq!(running.ends().0, Some(0));
}

fn lines_typed_ahead_and_pasted_are_all_run() {
    let server = shell_server();
    let mut running = on_a_terminal(&["-s", &server.url()], &[]);
    running.until("supervisor> ").types("version\rone\rtwo\r").until("syntax: one").until("syntax: two");
    // As a terminal that marks what is pasted sends it.
    running.types("\u{1b}[200~three\nfour\u{1b}[201~\r").until("syntax: three").until("syntax: four");
    running.types("exit\r");
    assert_eq!(running.ends().0, Some(0));
}

/// CTL-50
fn history_is_kept_for_the_next_shell() {
    let directory = Directory::new("history");
    let history = directory.0.join("history");
    let server = shell_server();
    let url = server.url();
    let arguments = ["-s", &url, "-r", history.to_str().unwrap()];
    let mut running = on_a_terminal(&arguments, &[]);
    running.until("supervisor> ").types("version\r").until("4.3.0").until("supervisor> ").types("exit\r");
    assert_eq!(running.ends().0, Some(0));
    assert_eq!(fs::read_to_string(&history).unwrap(), "version\nexit\n");
    let mut running = on_a_terminal(&arguments, &[]);
    // Up twice: past "exit" to "version".
    running
        .until("supervisor> ")
        .types("\u{1b}[A\u{1b}[A\r")
        .until("4.3.0")
        .until("supervisor> ")
        .types("\u{4}");
    assert_eq!(running.ends().0, Some(0));
}

/// CTL-40, CTL-50: as readline has it there, without any escape sequence.
fn dumb_terminals_have_completion_and_history() {
    let directory = Directory::new("dumb");
    let history = directory.0.join("history");
    let server = shell_server();
    let url = server.url();
    let arguments = ["-s", &url, "-r", history.to_str().unwrap()];
    for term in ["dumb", ""] {
        let mut running = on_a_terminal(&arguments, &[("TERM", term)]);
        running.until("supervisor> ").types("vers\t\r").until("version ").until("4.3.0\r\n");
        running
            .until("supervisor> ")
            .types("status g\t")
            .until("status grp:")
            .types("\t\t")
            .until("grp:a  grp:*\r\n");
        running.until("supervisor> status grp:").types("a\r").until("grp:a  ");
        running.until("supervisor> ").types("exit\r");
        let (status, output) = running.ends();
        assert_eq!(status, Some(0));
        assert!(!output.contains('\u{1b}'), "{output:?}");
        assert_eq!(fs::read_to_string(&history).unwrap(), "version \nstatus grp:a\nexit\n");
        let mut running = on_a_terminal(&arguments, &[("TERM", term)]);
        running.until("supervisor> ").types("\u{1b}[A\u{10}\u{10}\r").until("version ").until("4.3.0");
        running.until("supervisor> ").types("\u{4}");
        assert_eq!(running.ends().0, Some(0));
        fs::remove_file(&history).unwrap();
    }
}

fn shells_on_dumb_terminals_end() {
    let server = shell_server();
    let url = server.url();
    for end in ["\u{3}", "\u{4}", "quit\r"] {
        let mut running = on_a_terminal(&["-s", &url], &[("TERM", "dumb")]);
        running
            .until("supervisor> ")
            .types("version\rone\r")
            .until("4.3.0")
            .until("syntax: one\r\nsupervisor> ");
        running.types(end);
        let (status, output) = running.ends();
        assert_eq!(status, Some(0));
        assert!(output.ends_with("\r\n"), "{output:?}");
    }
}

/// readline keeps its prompt, too.
fn ctrl_c_at_the_prompt_is_ignored() {
    let server = shell_server();
    let url = server.url();
    for term in ["xterm", "dumb"] {
        let mut running = on_a_terminal_after("trap '' INT;", &["-s", &url], &[("TERM", term)]);
        running.until("supervisor> ").types("\u{3}");
        if term == "xterm" {
            running.until("supervisor> ");
        }
        running.types("version\r").until("4.3.0").until("supervisor> ").types("exit\r");
        assert_eq!(running.ends().0, Some(0));
    }
}

fn a_log_cannot_operate_the_terminal() {
    let server = Fake::new().follows("/logtail/cat/stdout", b"\x1b]0;evil\x07\x1b[31mred\x1b[0m\n");
    let (_, output) = on_a_terminal(&["-s", &server.url(), "tail", "-f", "cat"], &[]).ends();
    assert!(output.ends_with("<==\r\n\u{1b}[31mred\u{1b}[0m\r\n"), "{output:?}");
    let output = program(&["-s", &server.url(), "tail", "-f", "cat"]).output().unwrap();
    assert!(output.stdout.ends_with(b"\x1b]0;evil\x07\x1b[31mred\x1b[0m\n"));
}

/// A server with something to show of each command, and to wait for.
fn busy_server() -> Fake {
    let fatal = process("dead", 200, "can't find command");
    shell_server()
        .answers("supervisor.getAllProcessInfo", &[process("cat", 20, "up"), fatal][..])
        .answers("supervisor.startProcess", &true)
        .answers("supervisor.stopProcess", &true)
}

/// The terminal of script(1) has no width of its own, and so no room for progress.
const WIDE: &str = "stty cols 80;";

/// `ssh -t` and `docker exec -t` give a terminal to what a script reads.
fn commands_print_what_a_pipe_gets() {
    let server = busy_server();
    let url = server.url();
    for line in ["status", "start cat", "restart cat dead", "version", "help", "bogus"] {
        let arguments: Vec<&str> = ["-s", &url].into_iter().chain(line.split(' ')).collect();
        let expected = program(&arguments).output().unwrap();
        let (status, output) = on_a_terminal_after(WIDE, &arguments, &[]).ends();
        assert_eq!(status, expected.status.code(), "{line}");
        assert_eq!(output.replace("\r\n", "\n").as_bytes(), expected.stdout, "{line}");
    }
}

const GREEN: &str = "\u{1b}[32mRUNNING   \u{1b}[0mup\r\n";

fn the_rich_style_has_colours_and_progress() {
    let server = busy_server();
    let url = server.url();
    let directory = Directory::new("style");
    let rich = directory.file("rich.conf", &format!("[supervisorctl]\nserverurl={url}\nstyle=rich\n"));
    let plain = directory.file("plain.conf", &format!("[supervisorctl]\nserverurl={url}\nstyle=plain\n"));
    let status = |options: &[&str], environment: &[(&str, &str)]| {
        let arguments: Vec<&str> = options.iter().copied().chain(["status", "cat"]).collect();
        let (status, output) = on_a_terminal(&arguments, environment).ends();
        assert_eq!(status, Some(0), "{output:?}");
        output
    };
    let in_environment = [("SUPERVISORCTL_STYLE", "rich")];
    assert!(status(&["-c", &rich], &[]).ends_with(GREEN));
    assert!(status(&["-c", &plain, "--style", "rich"], &[]).ends_with(GREEN));
    assert!(status(&["-c", &plain], &in_environment).ends_with(GREEN));
    assert!(!status(&["-c", &rich, "--style=plain"], &in_environment).contains('\u{1b}'));
    let (_, output) = on_a_terminal_after(WIDE, &["-c", &rich, "stop", "cat"], &[]).ends();
    assert_eq!(output, "\r\u{1b}[Kstopping cat (1 of 1)\r\u{1b}[Kcat: stopped\r\n");
    let piped = program(&["-c", &rich, "status", "cat"]).env("TERM", "xterm").output().unwrap();
    assert_eq!(piped.stdout, b"cat                              RUNNING   up\n");
}

fn the_shell_is_rich_unless_it_is_to_be_plain() {
    let server = shell_server();
    let mut running = on_a_terminal(&["-s", &server.url()], &[]);
    running.until(GREEN).until("supervisor> ").types("exit\r");
    assert_eq!(running.ends().0, Some(0));
    let mut running = on_a_terminal(&["-s", &server.url(), "--style=plain"], &[]);
    running.until("RUNNING   up\r\n").until("supervisor> ").types("exit\r");
    assert_eq!(running.ends().0, Some(0));
}

fn the_rich_style_respects_its_terminal() {
    let server = shell_server();
    let url = server.url();
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "")] {
        let (_, output) = on_a_terminal(&["-s", &url, "--style=rich", "status"], &[variable]).ends();
        assert!(output.contains("RUNNING   up") && !output.contains('\u{1b}'), "{variable:?}: {output:?}");
    }
}
