//! `tail`, `maintail` and `fg`.

use crate::fake::{Fake, Outcome, options, process, run};
use supervisor_rpc::{Encoded, Fault, FaultCode, Value};

const TAIL_HELP: &str = "tail [-f] <name> [stdout|stderr] (default stdout)\nEx:\n\
    tail -f <name>\t\tContinuous tail of named process stdout\n\t\t\tCtrl-C to exit.\n\
    tail -100 <name>\tlast 100 *bytes* of process stdout\n\
    tail <name> stderr\tlast 1600 *bytes* of process stderr\n";

const MAINTAIL_HELP: &str = "maintail -f \tContinuous tail of supervisor main log file (Ctrl-C to exit)\n\
    maintail -100\tlast 100 *bytes* of supervisord main log file\n\
    maintail\tlast 1600 *bytes* of supervisor main log file\n\n";

const BANNER: &str = "==> Press Ctrl-C to exit <==\n";

fn reading() -> Fake {
    Fake::new()
        .replies("supervisor.readProcessStdoutLog", |params| match params[0].as_str().unwrap() {
            "unset" => Err(Fault::bare(FaultCode::NoFile)),
            "hung" => Err(Fault::bare(FaultCode::Failed)),
            "cat" => Ok(Encoded::new("some\nlines\n")),
            name => Err(Fault::with_detail(FaultCode::BadName, name)),
        })
        .answers("supervisor.readProcessStderrLog", "errors")
}

/// CTL-22
#[test]
fn tail_asks_for_the_bytes_and_the_channel_it_is_told() {
    let server = reading();
    let asked = |line: &str, method: &str| {
        assert_eq!(server.ctl(line).status, 0, "{line}");
        server.last_params(method)[1].clone()
    };
    server.ctl("tail cat").is(0, "some\nlines\n\n");
    let stdout = "supervisor.readProcessStdoutLog";
    assert_eq!(asked("tail cat", stdout), Value::Int(-1600));
    assert_eq!(asked("tail -100 cat", stdout), Value::Int(-100));
    assert_eq!(asked("tail -0 cat", stdout), Value::Int(0));
    assert_eq!(asked("tail -5 cat STDERR", "supervisor.readProcessStderrLog"), Value::Int(-5));
}

/// CTL-23
#[test]
fn each_way_to_misuse_tail_has_its_line() {
    let server = reading();
    server.ctl("tail").is(1, &format!("Error: too few arguments\n{TAIL_HELP}"));
    server.ctl("tail a b c d").is(1, &format!("Error: too many arguments\n{TAIL_HELP}"));
    server.ctl("tail -x cat").is(1, "Error: bad argument -x\n");
    server.ctl("tail --5 cat").is(1, "Error: bad argument --5\n");
    server.ctl("tail -5").is(1, "Error: tail requires process name\n");
    server.ctl("tail cat bogus").is(1, "Error: bad channel 'bogus'\n");
    server.ctl("tail -n 5 cat").is(1, "Error: bad channel 'cat'\n");
    server.ctl("tail unset").is(1, "unset: ERROR (no log file)\n");
    server.ctl("tail hung").is(1, "hung: ERROR (unknown error reading log)\n");
    server.ctl("tail nope").is(1, "nope: ERROR (no such process name)\n");
}

/// CTL-24
#[test]
fn following_what_is_not_there_is_said_on_standard_error() {
    let server = Fake::new();
    let complaint = format!("{}/logtail/nope/stdout Cannot read, status code 404\n", server.url());
    let expected = Outcome { status: 0, output: BANNER.to_owned(), errors: complaint };
    assert_eq!(server.ctl("tail -f nope"), expected);
}

/// CTL-25: what arrives is shown as it is, also where a character is cut between two chunks.
#[test]
fn followed_logs_are_shown_as_they_were_written() {
    let server = Fake::new()
        .follows("/logtail/cat/stdout", "12345é7890é".as_bytes())
        .follows("/logtail/a%20b/stderr", b"named oddly")
        .follows("/mainlogtail", b"main\n");
    server.ctl("tail -f cat").is(0, &format!("{BANNER}12345é7890é"));
    server.ctl("maintail -f").is(0, &format!("{BANNER}main\n"));
}

/// CTL-26
#[test]
fn maintail_shows_the_end_of_the_main_log() {
    let server = Fake::new().answers("supervisor.readLog", "log\n");
    server.ctl("maintail").is(0, "log\n\n");
    assert_eq!(server.last_params("supervisor.readLog"), [Value::Int(-1600), Value::Int(0)]);
    server.ctl("maintail -20").is(0, "log\n\n");
    assert_eq!(server.last_params("supervisor.readLog")[0], Value::Int(-20));
    server.ctl("maintail x").is(1, "Error: bad argument x\n");
    server.ctl("maintail -x").is(1, "Error: bad argument -x\n");
    server.ctl("maintail -1 -2").is(1, &format!("Error: too many arguments\n{MAINTAIL_HELP}"));
    let server = Fake::new().faults("supervisor.readLog", FaultCode::NoFile, "/x");
    server.ctl("maintail").is(1, "supervisord: ERROR (no log file)\n");
}

/// CTL-47
#[test]
fn fg_is_for_one_running_process() {
    let server =
        Fake::new().replies("supervisor.getProcessInfo", |params| match params[0].as_str().unwrap() {
            "stopped" => Ok(Encoded::new(&process("stopped", 0, ""))),
            "odd" => Err(Fault::bare(FaultCode::Failed)),
            name => Err(Fault::with_detail(FaultCode::BadName, name)),
        });
    server.ctl("fg").is(
        1,
        "ERROR: no process name supplied\nfg <process>\tConnect to a process in foreground mode\n\t\tCtrl-C to exit\n",
    );
    server.ctl("fg a b").is(1, "ERROR: too many process names supplied\n");
    server.ctl("fg nope").is(1, "ERROR: bad process name supplied\n");
    server.ctl("fg stopped").is(1, "ERROR: process not running\n");
    server.ctl("fg odd").is(0, "ERROR: <Fault 30: 'FAILED'>\n");
}

fn foreground(line: &str, input: &str, server: &Fake) -> Outcome {
    run(options(&server.url(), line), input)
}

/// CTL-46: lines typed are sent with a line feed; the end of the input ends it.
#[test]
fn fg_sends_lines_and_ends_with_the_input() {
    let server = Fake::new()
        .answers("supervisor.getProcessInfo", &process("cat", 20, ""))
        .answers("supervisor.sendProcessStdin", &true)
        .follows("/logtail/cat/stdout", b"");
    let outcome = foreground("fg cat", "hello\n", &server);
    assert_eq!((outcome.status, outcome.output), (0, format!("{BANNER}Exiting foreground\n")));
    assert_eq!(
        server.last_params("supervisor.sendProcessStdin"),
        [Value::from("cat"), Value::from("hello\n")]
    );
}

#[test]
fn fg_ends_when_the_process_is_gone() {
    let server = Fake::new().answers("supervisor.getProcessInfo", &process("cat", 20, "")).faults(
        "supervisor.sendProcessStdin",
        FaultCode::NotRunning,
        "cat",
    );
    let outcome = foreground("fg cat", "one\ntwo\n", &server);
    assert_eq!(outcome.output, format!("{BANNER}Process got killed\nExiting foreground\n"));
    let mut is_first = true;
    let server = Fake::new()
        .answers("supervisor.sendProcessStdin", &true)
        .replies("supervisor.getProcessInfo", move |_| {
            Ok(Encoded::new(&process("cat", if std::mem::take(&mut is_first) { 20 } else { 100 }, "")))
        });
    let outcome = foreground("fg cat", "one\ntwo\n", &server);
    assert_eq!(outcome.output, format!("{BANNER}Process got killed\nExiting foreground\n"));
}
