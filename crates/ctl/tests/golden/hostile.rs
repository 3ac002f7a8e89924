//! A server that would like to operate the terminal of who asks it, or fake lines of ours.

use crate::configuration::configured;
use crate::fake::{Fake, Outcome, options, process, run};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use supervisor_rpc::{Encode, Encoded, Fault, FaultCode, ReloadedGroups, Status};

/// Only what XML 1.0 allows: a sequence of C1, a line end, DEL, and an override of direction.
const EVIL: &str = "a\u{9b}2J\nFAKED\u{7f}\u{85}\u{202e}";
const SHOWN: &str = "a\\x9b2J\\nFAKED\\x7f\\x85\\u202e";

fn encoded(value: impl Encode) -> Encoded {
    Encoded::new(&value)
}

/// Everything it says has [`EVIL`] in it.
fn hostile() -> Fake {
    let status =
        |code: FaultCode| Status::failure(EVIL, EVIL, Fault { code: code.number(), text: EVIL.into() });
    let statuses =
        move || vec![status(FaultCode::Failed), status(FaultCode::BadName), Status::success(EVIL, EVIL)];
    let groups = || ReloadedGroups {
        added: vec![EVIL.to_owned()],
        changed: vec![EVIL.to_owned()],
        removed: vec![EVIL.to_owned()],
    };
    let mut info = process("cat", 20, EVIL);
    (info.name, info.group, info.statename) = (EVIL.into(), EVIL.into(), EVIL.into());
    let config = configured(EVIL, EVIL);
    let mut server = Fake::new()
        .answers("supervisor.getSupervisorVersion", EVIL)
        .answers("supervisor.getAllProcessInfo", &[info][..])
        .answers("supervisor.getAllConfigInfo", &[config][..])
        .replies("supervisor.reloadConfig", move |_| Ok(encoded(groups())));
    for method in ["start", "stop", "signal"] {
        server = server
            .replies(&format!("supervisor.{method}AllProcesses"), move |_| Ok(encoded(statuses())))
            .replies(&format!("supervisor.{method}ProcessGroup"), move |_| Ok(encoded(statuses())));
    }
    server = server.replies("supervisor.clearAllProcessLogs", move |_| Ok(encoded(statuses())));
    for method in [
        "startProcess",
        "stopProcess",
        "signalProcess",
        "clearProcessLogs",
        "readProcessStdoutLog",
        "getProcessInfo",
        "addProcessGroup",
        "removeProcessGroup",
        "readLog",
        "restart",
        "shutdown",
    ] {
        server = server
            .replies(&format!("supervisor.{method}"), |_| Err(Fault { code: 12345, text: EVIL.into() }));
    }
    server
}

#[track_caller]
fn assert_harmless(line: &str, outcome: &Outcome) {
    for text in [&outcome.output, &outcome.errors] {
        let operates = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || c == '\u{202e}';
        assert!(!text.contains(operates), "{line}: {text:?}");
        assert!(!text.lines().any(|line| line.starts_with("FAKED")), "{line}: {text:?}");
    }
    // Of a single process some commands show the code of a fault alone.
    assert!(outcome.output.contains("FAKED") || line.ends_with(" x"), "{line}: {:?}", outcome.output);
}

#[test]
fn nothing_a_server_says_operates_the_terminal() {
    let server = hostile();
    for line in [
        "status",
        "version",
        "avail",
        "start all",
        "start g:*",
        "start x",
        "stop all",
        "stop x",
        "restart all",
        "signal HUP all",
        "signal HUP x",
        "clear all",
        "clear x",
        "reread",
        "update",
        "add x",
        "remove x",
        "pid x",
        "tail x",
        "maintail",
        "fg x",
        "reload",
        "shutdown",
    ] {
        assert_harmless(line, &server.ctl(line));
    }
    assert_harmless("the shell", &server.shell("version\n"));
    assert_eq!(server.ctl("version").output, format!("{SHOWN}\n"));
}

/// What is wrong with a configuration takes several lines, which are kept.
#[test]
fn a_report_of_several_lines_is_escaped_line_by_line() {
    let server = Fake::new().replies("supervisor.reloadConfig", |_| {
        Err(Fault { code: FaultCode::CantReread.number(), text: "CANT_REREAD: x\n\tline\u{9b}2J".into() })
    });
    for line in ["reread", "update"] {
        server.ctl(line).is(1, "ERROR: CANT_REREAD: x\n\tline\\x9b2J\n");
    }
}

/// One connection, answered with these bytes.
fn answered_with(answer: &str, line: &str) -> Outcome {
    let path = std::env::temp_dir().join(format!("ctl-hostile-{}-{}", std::process::id(), answer.len()));
    let listener = UnixListener::bind(&path).unwrap();
    let answer = answer.to_owned();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let outcome = run(options(&format!("unix://{}", path.display()), line), "");
    server.join().unwrap();
    std::fs::remove_file(&path).unwrap();
    outcome
}

#[test]
fn a_reason_phrase_is_escaped() {
    answered_with("HTTP/1.1 500 Bad\u{1b}]0;t\u{7}\r\nContent-Length: 0\r\n\r\n", "avail").is(
        1,
        "error: <class 'xmlrpc.client.ProtocolError'>, <ProtocolError for 127.0.0.1/RPC2: 500 Bad\\x1b]0;t\\x07>\n",
    );
}

/// Class, words and place are those upstream's client shows of the same answers.
#[test]
fn an_answer_with_characters_that_xml_forbids_is_refused_as_upstream_refuses_it() {
    for (text, what) in [
        ("a\u{1b}b", "not well-formed (invalid token)"),
        ("a&#27;b", "reference to invalid character number"),
    ] {
        let body = format!(
            "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><string>{text}</string></value>\n\
             </param>\n</params>\n</methodResponse>\n"
        );
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        answered_with(&answer, "version")
            .is(1, &format!("error: <class 'xml.parsers.expat.ExpatError'>, {what}: line 5, column 16\n"));
    }
}
