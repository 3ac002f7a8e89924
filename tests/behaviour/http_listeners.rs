//! The addresses the daemon listens on, and what prevents it.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use support::{Address, Daemon, Launch, Port, RpcClient, Sandbox, exchange, processes};

const RPC_INTERFACE: &str = "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n";
const IN_USE: &str = "Error: Another program is already listening on a port that one of our HTTP servers is configured \
    to use.  Shut this program down first before starting supervisord.";

/// PROC-11
#[test]
fn stale_socket_is_unlinked() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("s");
    drop(UnixListener::bind(&path).unwrap());
    let daemon = Daemon::start_in(sandbox, "");
    assert_eq!(daemon.sandbox().text("stderr"), format!("Unlinking stale socket {}\n", path.display()));
    assert!(daemon.rpc().answers());
}

/// PROC-11
#[test]
fn socket_of_a_live_daemon_is_respected() {
    let first = Daemon::start("");
    let sandbox = Sandbox::new();
    let socket = first.sandbox().path("s");
    let config = format!("[unix_http_server]\nfile={}\n", socket.display());
    let outcome = Launch::new().configure(&sandbox, &config).run(&sandbox);
    assert_eq!((outcome.code, outcome.stderr.lines().next()), (2, Some(IN_USE)));
    assert!(first.rpc().answers(), "the first daemon is still reached by its socket");
}

/// PROC-11: upstream deletes any file at the socket's path.
#[test]
fn regular_file_at_the_socket_path_is_refused_and_kept_unlike_upstream() {
    let sandbox = Sandbox::new();
    sandbox.write("s", "precious");
    let outcome = Launch::new().configure(&sandbox, "").run(&sandbox);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("Error: "), "{}", outcome.stderr);
    assert_eq!(sandbox.text("s"), "precious");
}

/// CFG-34
#[test]
fn username_without_password_is_refused() {
    let sandbox = Sandbox::new();
    let outcome = Launch::new().configure(&sandbox, "[inet_http_server]\nport=1\nusername=a\n").run(&sandbox);
    assert_eq!(
        (outcome.code, outcome.stderr.lines().next().unwrap()),
        (
            2,
            "Error: Section [inet_http_server] contains incomplete authentication: If a username or a password is \
             specified, both the username and password must be specified"
        )
    );
}

/// CFG-33
#[test]
fn percent_sign_in_a_password_is_doubled() {
    let port = Port::reserve();
    let section = |password: &str| {
        format!("[inet_http_server]\nport=127.0.0.1:{}\nusername=user\npassword={password}\n", port.number())
    };
    let sandbox = Sandbox::new();
    let outcome = Launch::new().configure(&sandbox, &section("50%")).run(&sandbox);
    assert_eq!(
        (outcome.code, outcome.stderr.lines().next().unwrap()),
        (
            2,
            "Error: Format string '50%' for 'inet_http_server.password' is badly formatted: incomplete format"
        )
    );

    let daemon = Daemon::start(&section("50%%"));
    let status = |credentials: &str| {
        let request = format!("GET /ok.html HTTP/1.0\r\n{credentials}\r\n");
        exchange(&Address::Tcp(port.number()), request.as_bytes()).unwrap().status
    };
    // `user:50%`
    assert_ne!(status("Authorization: Basic dXNlcjo1MCU=\r\n"), 401);
    assert_eq!(status(""), 401);
    drop(daemon);
}

/// CFG-35
#[test]
fn every_inet_section_listens_and_children_get_the_url_of_the_last() {
    let (first, second) = (Port::reserve(), Port::reserve());
    let sandbox = Sandbox::new();
    sandbox.write(
        "supervisord.conf",
        format!(
            "[supervisord]\nnodaemon=true\nlogfile=%(here)s/main.log\npidfile=%(here)s/supervisord.pid\n\
             [inet_http_server]\nport=127.0.0.1:{}\n[inet_http_server:b]\nport=127.0.0.1:{}\n{RPC_INTERFACE}\
             [program:x]\ncommand=sleep 1000\nstdout_logfile=NONE\nstderr_logfile=NONE\n",
            first.number(),
            second.number()
        ),
    );
    let daemon = Launch::new().start(sandbox);
    daemon.wait_for_message("spawned: 'x'");
    for port in [&first, &second] {
        let client = RpcClient::new(Address::Tcp(port.number()));
        assert_eq!(client.call("supervisor.getPID", &[]).unwrap().int(), i64::from(daemon.pid()));
    }
    let client = RpcClient::new(Address::Tcp(first.number()));
    let info = client.call("supervisor.getProcessInfo", &["x".into()]).unwrap();
    assert_eq!(server_url(info["pid"].int()), format!("http://127.0.0.1:{}", second.number()));
}

/// CFG-36
#[test]
fn children_get_the_url_of_the_unix_socket_when_there_is_one() {
    let port = Port::reserve();
    let inet = format!("[inet_http_server]\nport=127.0.0.1:{}\n", port.number());
    let daemon = Daemon::start(&format!("{inet}[program:x]\ncommand=sleep 1000\nstartsecs=0\n"));
    let info = daemon.wait_for_state("x", "RUNNING");
    let socket = daemon.sandbox().path("s");
    assert_eq!(server_url(info["pid"].int()), format!("unix://{}", socket.display()));
}

/// A server of a configuration that was only reread does not listen yet.
#[test]
fn after_a_reread_children_get_the_url_of_the_live_server() {
    const PROGRAM: &str = "[program:x]\ncommand=sleep 1000\nstartsecs=0\n";
    let daemon = Daemon::start(PROGRAM);
    daemon.reconfigure(&format!("[unix_http_server]\nfile=%(here)s/other\n{PROGRAM}"));
    daemon.ask("reloadConfig", &[]);
    daemon.wait_for_state("x", "RUNNING");
    daemon.ask("stopProcess", &["x".into()]);
    daemon.ask("startProcess", &["x".into()]);
    let socket = daemon.sandbox().path("s");
    assert_eq!(server_url(daemon.info("x")["pid"].int()), format!("unix://{}", socket.display()));
}

fn server_url(pid: i64) -> String {
    let pid = u32::try_from(pid).unwrap();
    // Between fork and exec a child still has the environment of the daemon.
    support::wait_for("SUPERVISOR_SERVER_URL", || {
        let entries = processes::environment(pid);
        let entry = entries.iter().find_map(|entry| entry.strip_prefix(b"SUPERVISOR_SERVER_URL="))?;
        Some(String::from_utf8_lossy(entry).into_owned())
    })
}

/// CFG-37
#[test]
fn each_unusable_port_has_its_message() {
    let refusal = |port: &str| {
        let sandbox = Sandbox::new();
        let outcome =
            Launch::new().configure(&sandbox, &format!("[inet_http_server]\nport={port}\n")).run(&sandbox);
        assert_eq!(outcome.code, 2);
        outcome.stderr.lines().next().unwrap().to_owned()
    };
    assert_eq!(refusal("abc"), "Error: not a valid port number: 'abc' ");
    assert_eq!(refusal("0"), "Error: not a valid port number: '0' ");
    assert_eq!(refusal("host:0"), "Error: 0 is below lower bound (1)");
    assert_eq!(refusal("host:70000"), "Error: 70000 is above upper bound (65535)");
}

/// A port in use is an error of the start.
#[test]
fn port_in_use_is_refused() {
    let port = Port::reserve();
    let _occupant = std::net::TcpListener::bind(("127.0.0.1", port.number())).unwrap();
    let sandbox = Sandbox::new();
    let config = format!("[inet_http_server]\nport=127.0.0.1:{}\n", port.number());
    let outcome = Launch::new().configure(&sandbox, &config).run(&sandbox);
    assert_eq!((outcome.code, outcome.stderr.lines().next()), (2, Some(IN_USE)));
    assert!(!sandbox.path("s").exists());
}

/// The lines of ours under the first one, which is upstream's.
fn advice(config: &str) -> (String, String) {
    let sandbox = Sandbox::new();
    let outcome = Launch::new().configure(&sandbox, config).run(&sandbox);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    let said = outcome.stderr;
    let part = |label: &str| {
        let found = said.lines().find_map(|line| line.trim().strip_prefix(label));
        found.unwrap_or_else(|| panic!("{said}")).to_owned()
    };
    (part("why: "), part("help: "))
}

/// Who listens there, and what to do.
#[test]
fn the_process_that_holds_the_address_is_named_unlike_upstream() {
    let port = Port::reserve();
    let number = port.number();
    let occupant = std::net::TcpListener::bind(("127.0.0.1", number)).unwrap();
    let (why, hint) = advice(&format!("[inet_http_server]\nport=*:{number}\n"));
    let expected = format!("[inet_http_server] port=*:{number}: process {} (", std::process::id());
    assert!(why.starts_with(&expected) && why.ends_with("listens there"), "{why}");
    assert_eq!(hint, "stop that process, or write another port");
    drop(occupant);
    let (why, hint) = advice(&format!(
        "[inet_http_server]\nport=*:{number}\n[inet_http_server:b]\nport=127.0.0.1:{number}\n"
    ));
    assert_eq!(
        why,
        format!(
            "[inet_http_server:b] port=127.0.0.1:{number}: another server of this configuration listens there"
        )
    );
    assert_eq!(hint, "write another port; a server at [::] listens by IPv4 as well");

    let first = Daemon::start("");
    let socket = first.sandbox().path("s");
    let (why, hint) = advice(&format!("[unix_http_server]\nfile={}\n", socket.display()));
    let expected = format!(
        "[unix_http_server] file={}: process {} (supervisord) of user ",
        socket.display(),
        first.pid()
    );
    assert!(why.starts_with(&expected), "{why}");
    assert_eq!(hint, "use that one, or end it with `supervisorctl shutdown` first, or write another path");
}

#[test]
fn an_address_of_no_interface_is_explained_unlike_upstream() {
    let (why, hint) = advice("[inet_http_server]\nport=192.0.2.1:9001\n");
    assert_eq!(
        why,
        "[inet_http_server] port=192.0.2.1:9001: no interface of this machine has the address 192.0.2.1"
    );
    assert!(
        hint.starts_with("write port=127.0.0.1:9001 for clients on this machine, port=*:9001 for"),
        "{hint}"
    );
    let (why, hint) = advice("[unix_http_server]\nfile=/nonexistent/x/s\n");
    assert_eq!(why, "[unix_http_server] file=/nonexistent/x/s: there is no directory /nonexistent/x");
    assert_eq!(hint, "create it: mkdir -p /nonexistent/x");
}

/// Upstream listens by IPv4 only, and reports -2 or -9.
#[test]
fn ipv6_works_from_the_listener_to_supervisorctl_unlike_upstream() {
    let port = Port::reserve();
    let number = port.number();
    let config = format!(
        "[inet_http_server]\nport=[::1]:{number}\n[supervisorctl]\nserverurl=http://[::1]:{number}\n[program:x]\n\
         command=/bin/sh -c \"echo $SUPERVISOR_SERVER_URL; exec sleep 1000\"\nstdout_logfile=%(here)s/x.log\nserverurl=AUTO\n"
    );
    if std::net::TcpListener::bind(("::1", number)).is_err() {
        let (why, _) = advice(&config);
        assert_eq!(why, format!("[inet_http_server] port=[::1]:{number}: this machine has no IPv6"));
        return;
    }
    let daemon = Daemon::start(&config);
    daemon.wait_for_state("x", "RUNNING");
    let status = daemon.ctl(&["status"]);
    assert!(status.code == 0 && status.stdout.starts_with("x "), "{status:?}");
    let status = daemon.ctl(&["-s", &format!("http://[::1]:{number}"), "status", "x"]);
    assert!(status.code == 0 && status.stdout.starts_with("x "), "{status:?}");
    let page = |host: &str| {
        let mut stream = std::net::TcpStream::connect(("::1", number)).unwrap();
        write!(stream, "GET /ok.html HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    };
    for host in [format!("[::1]:{number}"), format!("localhost:{number}"), "[::1]".to_owned()] {
        assert!(page(&host).ends_with("200 OK"), "{host}: {}", page(&host));
    }
    assert!(page("evil.example").contains(" 403 "), "{}", page("evil.example"));
}

#[test]
fn unusable_socket_paths_are_refused_with_the_reason() {
    let refusal = |path: &str| {
        let sandbox = Sandbox::new();
        let outcome =
            Launch::new().configure(&sandbox, &format!("[unix_http_server]\nfile={path}\n")).run(&sandbox);
        assert_eq!(outcome.code, 2);
        outcome.stderr.lines().next().unwrap().to_owned()
    };
    assert_eq!(
        refusal("/nonexistent/s"),
        "Error: Cannot open an HTTP server: socket.error reported errno.ENOENT (2)"
    );
    assert_eq!(
        refusal(&format!("%(here)s/{}", "x".repeat(120))),
        "Error: Cannot open an HTTP server: socket.error reported AF_UNIX path too long"
    );
}
