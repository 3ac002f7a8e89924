//! Malformed input and greedy clients: each is answered at once or disconnected, and other clients are served as before.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;
use std::time::Duration;
use support::{
    Account, Address, Connection, Daemon, Launch, Port, Sandbox, Stopwatch, Value, is_root, processes,
    wait_until,
};

/// What one answer may take while others misbehave. Upstream took seconds for some of these; a loaded machine may take
/// tenths of one by the [`Stopwatch`].
const PROMPT: Duration = Duration::from_secs(1);

/// A sleeper, and a listener of each kind.
fn start() -> (Daemon, Port) {
    let port = Port::reserve();
    let config = format!(
        "[inet_http_server]\nport=127.0.0.1:{}\n[program:x]\ncommand=cat\nstartsecs=0\n",
        port.number()
    );
    let daemon = Daemon::start(&config);
    daemon.wait_for_state("x", "RUNNING");
    (daemon, port)
}

/// The daemon answers promptly, its program is what it was, and its log has no word of a panic.
#[track_caller]
fn assert_unharmed(daemon: &Daemon, pid: u32) {
    let stopwatch = Stopwatch::start();
    assert_eq!(daemon.pid_of("x"), pid);
    let took = stopwatch.elapsed();
    assert!(took < PROMPT, "an answer took {took:?}");
    let said = daemon.log() + &daemon.sandbox().text("stderr");
    assert!(!said.contains("panic"), "{said}");
}

/// The memory the daemon has resident, in KiB.
fn resident_kib(daemon: &Daemon) -> u64 {
    let field = processes::status_field(daemon.pid(), "VmRSS").expect("the daemon runs");
    field.trim_end_matches(" kB").parse().expect("a number of KiB")
}

fn post(body: &[u8]) -> Vec<u8> {
    [format!("POST /RPC2 HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

fn method_call(method: &str, parameters: &str) -> Vec<u8> {
    let text =
        format!("<methodCall><methodName>{method}</methodName><params>{parameters}</params></methodCall>");
    text.into_bytes()
}

/// Sends a request and returns the status of the answer, 0 if the connection ended without one.
fn status_of(daemon: &Daemon, request: &[u8]) -> u16 {
    let mut connection = daemon.connect();
    // A server that refuses early closes while the rest is still on its way.
    let _ = connection.send(request);
    connection.response().map_or(0, |response| response.status)
}

#[test]
fn malformed_requests_are_refused_unlike_upstream() {
    let (daemon, _port) = start();
    let pid = daemon.pid_of("x");
    let with_length = |length: &str| format!("POST /RPC2 HTTP/1.1\r\nContent-Length: {length}\r\n\r\n<x/>");
    let cases: [(&str, Vec<u8>, u16); 21] = [
        ("no blank", b"GET\r\n\r\n".to_vec(), 400),
        ("two blanks", b"GET  / HTTP/1.1\r\n\r\n".to_vec(), 400),
        ("a version that is none", b"GET / HTTP/x\r\n\r\n".to_vec(), 400),
        ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), 400),
        ("folded first header", b"GET / HTTP/1.1\r\n x\r\n\r\n".to_vec(), 400),
        ("method in lower case", b"post /RPC2 HTTP/1.1\r\n\r\n".to_vec(), 400),
        ("unknown method", b"BREW /RPC2 HTTP/1.1\r\n\r\n".to_vec(), 400),
        ("no length", b"POST /RPC2 HTTP/1.1\r\n\r\n".to_vec(), 411),
        ("chunked", b"POST /RPC2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(), 411),
        ("length 0", with_length("0").into_bytes(), 400),
        ("negative length", with_length("-5").into_bytes(), 400),
        ("signed length", with_length("+5").into_bytes(), 400),
        ("empty length", with_length("").into_bytes(), 400),
        ("length in words", with_length("four").into_bytes(), 400),
        ("blank before a colon", with_length("4\r\nTransfer-Encoding : chunked").into_bytes(), 400),
        (
            "two credentials",
            with_length("4\r\nAuthorization: Basic YTpi\r\nAuthorization: Basic YTpi").into_bytes(),
            400,
        ),
        ("folded header", b"GET / HTTP/1.1\r\nX: y\r\n z\r\n\r\n".to_vec(), 400),
        ("length beyond 64 bits", with_length("99999999999999999999").into_bytes(), 413),
        ("length beyond the limit", with_length("999999999999").into_bytes(), 413),
        (
            "two lengths",
            b"POST /RPC2 HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n<x/>x".to_vec(),
            400,
        ),
        ("a head without end", [b"GET / HTTP/1.1\r\nX: ".to_vec(), vec![b'x'; 100_000]].concat(), 431),
    ];
    let found: Vec<_> = cases.iter().map(|(what, request, _)| (*what, status_of(&daemon, request))).collect();
    assert_eq!(found, cases.iter().map(|(what, _, status)| (*what, *status)).collect::<Vec<_>>());
    assert_unharmed(&daemon, pid);
}

#[test]
fn bodies_that_are_no_calls_are_refused_unlike_upstream() {
    let (daemon, _port) = start();
    let pid = daemon.pid_of("x");
    let deep = |levels: usize| {
        let value =
            format!("{}{}", "<value><array><data>".repeat(levels), "</data></array></value>".repeat(levels));
        method_call("supervisor.getProcessInfo", &format!("<param>{value}</param>"))
    };
    let bomb = b"<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \
        \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><methodCall><methodName>&c;</methodName></methodCall>";
    let external = b"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><methodCall><methodName>&a;</methodName></methodCall>";
    let whole = method_call("supervisor.getState", "");
    let cases: [(&str, Vec<u8>); 12] = [
        ("not XML", b"hello".to_vec()),
        ("binary", (0..=255).collect()),
        ("cut off", whole[..whole.len() - 5].to_vec()),
        ("crossed tags", b"<methodCall><methodName>a</methodCall></methodName>".to_vec()),
        ("no name", method_call("", "")),
        ("invalid UTF-8", b"<methodCall><methodName>\xff\xfe</methodName></methodCall>".to_vec()),
        ("UTF-16", "<methodCall/>".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("an entity bomb", bomb.to_vec()),
        ("an external entity", external.to_vec()),
        ("unknown entity", method_call("&nope;", "")),
        ("a control character", method_call("a\u{1}b", "")),
        ("a hundred thousand levels", deep(100_000)),
    ];
    let found: Vec<_> = cases.iter().map(|(what, body)| (*what, status_of(&daemon, &post(body)))).collect();
    assert_eq!(found, cases.iter().map(|(what, _)| (*what, 400)).collect::<Vec<_>>());
    assert_unharmed(&daemon, pid);
}

/// The fault or the status of a call with these parameters.
fn outcome(daemon: &Daemon, method: &str, parameters: &str) -> String {
    let mut connection = daemon.connect();
    connection.send(post(&method_call(method, parameters))).unwrap();
    let response = connection.response().expect("an answer");
    let text = response.text();
    let between = |before: &str, after: &str| {
        text.split_once(before)
            .and_then(|(_, rest)| rest.split_once(after))
            .map(|(found, _)| found.to_owned())
    };
    match between("<name>faultString</name>\n<value><string>", "</string>") {
        Some(fault) => fault,
        None if response.status == 200 => "answered".to_owned(),
        None => response.status.to_string(),
    }
}

#[test]
fn wrong_types_and_huge_numbers_are_faults_unlike_upstream() {
    let (daemon, _port) = start();
    let pid = daemon.pid_of("x");
    let param = |value: &str| format!("<param><value>{value}</value></param>");
    let values = |values: &[&str]| values.iter().map(|value| param(value)).collect::<String>();
    let incorrect = "INCORRECT_PARAMETERS";
    let cases = [
        ("supervisor.getProcessInfo", values(&["<int>5</int>"]), incorrect),
        ("supervisor.getProcessInfo", values(&["<struct></struct>"]), incorrect),
        ("supervisor.getProcessInfo", values(&["<nil/>"]), incorrect),
        ("supervisor.startProcess", values(&["<array><data></data></array>"]), incorrect),
        ("supervisor.signalProcess", values(&["x", "<array><data></data></array>"]), incorrect),
        ("supervisor.readLog", values(&["abc", "<int>0</int>"]), incorrect),
        ("supervisor.readLog", values(&["<int>-1</int>", "<int>1</int>"]), "BAD_ARGUMENTS"),
        (
            "supervisor.readLog",
            values(&["<int>9223372036854775807</int>", "<int>9223372036854775807</int>"]),
            "answered",
        ),
        (
            "supervisor.tailProcessLog",
            values(&["x", "<int>-9223372036854775808</int>", "<int>1</int>"]),
            "answered",
        ),
        (
            "supervisor.tailProcessLog",
            values(&["x", "<int>9223372036854775807</int>", "<int>9223372036854775807</int>"]),
            "answered",
        ),
        ("supervisor.signalProcess", values(&["x", "<int>2147483648</int>"]), "BAD_SIGNAL: 2147483648"),
        ("system.multicall", values(&["<array><data><value><int>1</int></value></data></array>"]), incorrect),
    ];
    for (method, parameters, expected) in cases {
        assert_eq!(outcome(&daemon, method, &parameters), expected, "{method} {parameters}");
    }
    // Beyond 64 bits a number is as good as the greatest: the log has nothing there.
    let endless = values(&[&format!("<int>{}</int>", "9".repeat(1000)), "<int>0</int>"]);
    assert_eq!(outcome(&daemon, "supervisor.readLog", &endless), "answered");
    assert_unharmed(&daemon, pid);
}

#[test]
fn names_with_special_characters_are_returned_verbatim() {
    let (daemon, _port) = start();
    let pid = daemon.pid_of("x");
    let long = "n".repeat(100_000);
    let names = [
        "../../etc/passwd",
        "x\n",
        " x",
        "x;y",
        "%s%n",
        "é\u{202e}\u{10ffff}",
        "<&>\"'",
        "x:x:x",
        "*",
        ":*",
        &long,
    ];
    for name in names {
        let fault = daemon.call("getProcessInfo", &[name.into()]).unwrap_err();
        assert_eq!((fault.code, fault.text), (10, format!("BAD_NAME: {name}")));
    }
    assert_unharmed(&daemon, pid);
}

#[test]
fn a_body_at_the_limit_is_taken_and_one_beyond_it_refused_unlike_upstream() {
    let (daemon, _port) = start();
    let pid = daemon.pid_of("x");
    let limit = 8 * 1024 * 1024;
    let frame = method_call(
        "supervisor.sendRemoteCommEvent",
        "<param><value>t</value></param><param><value></value></param>",
    );
    let text = String::from_utf8(frame).unwrap();
    let of_size = |size: usize| {
        let filling = "x".repeat(size - text.len());
        text.replace("<param><value></value>", &format!("<param><value>{filling}</value>"))
    };
    assert_eq!(status_of(&daemon, &post(of_size(limit).as_bytes())), 200);
    assert_eq!(status_of(&daemon, &post(of_size(limit + 1).as_bytes())), 413);
    assert_unharmed(&daemon, pid);
}

#[test]
fn unread_standard_input_is_bounded_unlike_upstream() {
    let daemon = Daemon::start("[program:x]\ncommand=sleep 1000\nstartsecs=0\n");
    daemon.wait_for_state("x", "RUNNING");
    let pid = daemon.pid_of("x");
    let chunk: Value = "x".repeat(256 * 1024).as_str().into();
    let fault = (0..20).find_map(|_| daemon.call("sendProcessStdin", &["x".into(), chunk.clone()]).err());
    let fault = fault.expect("five megabytes are too much");
    assert!(fault.code == 30 && fault.text.starts_with("FAILED: x does not read"), "{fault}");
    assert_unharmed(&daemon, pid);
}

#[test]
fn silent_connections_delay_no_other_client() {
    let (daemon, port) = start();
    let pid = daemon.pid_of("x");
    let silent: Vec<_> = (0..200).map(|_| Connection::open(&Address::Tcp(port.number())).unwrap()).collect();
    assert_unharmed(&daemon, pid);
    // One that asks at last is answered.
    let mut late = silent.into_iter().next_back().unwrap();
    late.send("GET /ok.html HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(late.response().expect("an answer").status, 200);
}

#[test]
fn slow_senders_and_readers_delay_no_other_client() {
    let (daemon, port) = start();
    let pid = daemon.pid_of("x");
    let address = Address::Tcp(port.number());
    let call = post(&method_call("supervisor.getAllConfigInfo", ""));
    let mut senders: Vec<_> = (0..20).map(|_| Connection::open(&address).unwrap()).collect();
    let mut readers: Vec<_> = (0..20).map(|_| Connection::open(&address).unwrap()).collect();
    for reader in &mut readers {
        // More answers than their sockets hold, and none is read.
        reader.set_timeout(Duration::from_millis(100)).unwrap();
        for _ in 0..2000 {
            if reader.send(&call).is_err() {
                break;
            }
        }
    }
    for byte in call.chunks(1).take(100) {
        for sender in &mut senders {
            sender.send(byte).unwrap();
        }
        assert_unharmed(&daemon, pid);
    }
    for sender in &mut senders {
        sender.send(&call[100..]).unwrap();
        assert_eq!(sender.response().expect("an answer").status, 200);
    }
}

/// Upstream reads on for a follower that does not.
#[test]
fn memory_for_a_follower_that_never_reads_is_bounded_unlike_upstream() {
    let port = Port::reserve();
    let sandbox = Sandbox::new();
    sandbox.write("flood.log", "");
    let config = format!(
        "[inet_http_server]\nport=127.0.0.1:{}\n\
         [program:x]\ncommand=sleep 1000\nstartsecs=0\n\
         [program:flood]\ncommand=/bin/sh -c \"yes 0123456789012345678901234567890123456789 | head -c 60000000; exec sleep 1000\"\n\
         stdout_logfile=%(here)s/flood.log\nstdout_logfile_maxbytes=0\nstartsecs=0\nautostart=false\n",
        port.number()
    );
    let daemon = Daemon::start_in(sandbox, &config);
    daemon.wait_for_state("x", "RUNNING");
    let pid = daemon.pid_of("x");
    let mut follower = Connection::open(&Address::Tcp(port.number())).unwrap();
    follower.send("GET /logtail/flood/stdout HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(follower.until(b"\r\n\r\n").map(|head| head.starts_with(b"HTTP/1.1 200 ")), Some(true));
    let before = resident_kib(&daemon);
    daemon.ask("startProcess", &["flood".into()]);
    wait_until("the flood to be written", || {
        std::fs::metadata(daemon.sandbox().path("flood.log")).is_ok_and(|log| log.len() >= 60_000_000)
    });
    assert_unharmed(&daemon, pid);
    let grown = resident_kib(&daemon).saturating_sub(before);
    assert!(grown < 16 * 1024, "the daemon grew by {grown} KiB");
    // What it missed is still there for it.
    let mut received = 0;
    while received < 60_000_000 {
        received += follower.until(b"\n").expect("the log goes on").len();
    }
}

#[test]
fn malformed_requests_do_not_delay_a_shutdown_unlike_upstream() {
    let sandbox = Sandbox::new();
    sandbox.write("x.sh", "trap '' TERM\necho ready\nwhile :; do sleep 0.1; done\n");
    let mut daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=/bin/sh %(here)s/x.sh\nstdout_logfile=%(here)s/x.log\nstopwaitsecs=1000\nstartsecs=0\n",
    );
    daemon.wait_for_file("x.log", "ready");
    let pid = daemon.pid_of("x");
    daemon.ask("shutdown", &[]);
    assert_eq!(status_of(&daemon, b"\0\0\0\0\r\n\r\n"), 400);
    assert_eq!(status_of(&daemon, &post(b"<x")), 400);
    assert_eq!(outcome(&daemon, "supervisor.getState", ""), "SHUTDOWN_STATE");
    assert_eq!(
        outcome(&daemon, "supervisor.getProcessInfo", "<param><value><int>1</int></value></param>"),
        "INCORRECT_PARAMETERS"
    );
    let mut silent = daemon.connect();
    let mut halfway = daemon.connect();
    halfway.send("POST /RPC2 HTTP/1.1\r\nContent-Le").unwrap();
    processes::signal(pid, "KILL");
    assert_eq!(daemon.wait_for_exit(), 0);
    assert_eq!(silent.rest().unwrap(), b"");
    assert!(halfway.response().is_none());
}

#[test]
fn disconnected_clients_leak_nothing() {
    let (daemon, port) = start();
    let pid = daemon.pid_of("x");
    let address = Address::Tcp(port.number());
    let open = || processes::descriptors(daemon.pid()).len();
    let before = open();
    let waiting = post(&method_call("supervisor.startProcess", "<param><value>nope</value></param>"));
    thread::scope(|scope| {
        for worker in 0..4 {
            let (address, waiting) = (&address, &waiting);
            scope.spawn(move || {
                for round in 0..100 {
                    let mut connection = Connection::open(address).unwrap();
                    let end = (worker * 100 + round) * waiting.len() / 400;
                    let _ = connection.send(&waiting[..end]);
                }
            });
        }
    });
    wait_until("every connection to be closed", || open() <= before);
    assert_unharmed(&daemon, pid);
}

/// A client that reaches a port can open connections, with or without a password. On upstream they exhaust the descriptors;
/// then no program can be started and no other client be answered.
#[test]
fn idle_connections_leave_descriptors_for_programs_and_other_listeners_unlike_upstream() {
    let port = Port::reserve();
    let config = format!(
        "[supervisord]\nminfds=10\n[inet_http_server]\nport=127.0.0.1:{}\nusername=u\npassword=p\n\
         [program:x]\ncommand=cat\nstartsecs=0\n",
        port.number()
    );
    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell("ulimit -S -n 300; ulimit -H -n 300; exec \"$@\"");
    let launch = launch.configure(&sandbox, &config);
    let launch = if is_root() { launch.as_account(Account::unprivileged()) } else { launch };
    let daemon = launch.start(sandbox);
    daemon.wait_for_state("x", "RUNNING");
    let address = Address::Tcp(port.number());
    let idle: Vec<_> = (0..400).map(|_| Connection::open(&address).unwrap()).collect();
    daemon.wait_for_message("has reached its limit");
    let former = daemon.pid_of("x");
    processes::signal(former, "KILL");
    wait_until("the program to run again", || daemon.pid_of("x") != former);
    assert_unharmed(&daemon, daemon.pid_of("x"));
    drop(idle);
}

/// A machine that is out of threads: a restart, which reads the configuration first, is refused and not left unanswered.
#[test]
fn a_restart_survives_failed_thread_creation_unlike_upstream() {
    // The limit does not bind root, and who sets it has to be who it is for.
    let account = Account::unprivileged();
    let sandbox = Sandbox::new();
    let mut launch = Launch::new().configure(&sandbox, "");
    let mut set_limit = Command::new("prlimit");
    if is_root() {
        set_limit.uid(account.uid).gid(account.gid);
        launch = launch.as_account(account);
    }
    let daemon = launch.start(sandbox);
    // The threads it always has are there once it answers.
    daemon.ask("getState", &[]);
    let status = set_limit.args(["--nproc=1:1", "--pid", &daemon.pid().to_string()]).status();
    assert!(status.expect("prlimit is a part of util-linux").success());
    let fault = daemon.call("restart", &[]).unwrap_err().to_string();
    assert!(fault.starts_with("30 FAILED: no thread can be started: "), "{fault}");
    daemon.wait_for_message("a request was refused: no thread can be started: ");
    assert_eq!(daemon.ask("getState", &[])["statename"], "RUNNING".into());
}
