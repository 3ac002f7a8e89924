//! The server as a whole: absent, strange, locked, shut down.

use crate::fake::{Fake, options, run, run_with};
use supervisor_rpc::FaultCode;

const NO_INTERFACE: &str = "Sorry, supervisord responded but did not recognize the supervisor namespace commands \
    that supervisorctl uses to control it.  Please check that the [rpcinterface:supervisor] section is enabled in \
    the configuration file (see sample.conf).\n";

/// CTL-7
#[test]
fn a_missing_socket_is_told_as_such() {
    let ctl = |line| run(options("unix:///nonexistent/s", line), "");
    for (line, status) in [("status", 4), ("version", 7), ("start x", 7), ("avail", 1), ("update", 1)] {
        ctl(line).is(status, "unix:///nonexistent/s no such file\n");
    }
    ctl("shutdown").is(1, "ERROR: unix:///nonexistent/s no such file (already shut down?)\n");
}

/// CTL-8
#[test]
fn a_closed_port_is_told_as_such() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    for (line, status) in [("status", 4), ("version", 4), ("avail", 1), ("reload", 1)] {
        run(options(&url, line), "").is(status, &format!("{url} refused connection\n"));
    }
    run(options(&url, "shutdown"), "")
        .is(1, &format!("ERROR: {url} refused connection (already shut down?)\n"));
}

/// CTL-9
#[test]
fn a_server_without_the_interface_is_told_as_such() {
    let server = Fake::new().faults("supervisor.getVersion", FaultCode::UnknownMethod, "");
    server.ctl("version").is(3, NO_INTERFACE);
    server.ctl("status").is(4, NO_INTERFACE);
}

#[test]
fn another_version_of_the_interface_is_refused() {
    let server = Fake::new().answers("supervisor.getVersion", "2.0");
    let line = "Sorry, this version of supervisorctl expects to talk to a server with API version 3.0, but the \
        remote version is 2.0.\n";
    server.ctl("version").is(5, line);
    server.ctl("status").is(4, line);
}

/// CTL-10: reported in upstream's two lines, but the request is sent once.
#[test]
fn a_locked_server_is_told_and_the_command_not_repeated() {
    let server = Fake::new().requires("Basic bm9ib2R5");
    server.ctl("status").is(
        1,
        "Server requires authentication\nerror: <class 'xmlrpc.client.ProtocolError'>, \
        <ProtocolError for 127.0.0.1/RPC2: 401 Unauthorized>\n",
    );
}

/// CTL-11
#[test]
fn the_shell_asks_for_name_and_password_until_they_fit() {
    // user:secret; the password prompt is always answered with "secret".
    let server = Fake::new().requires("Basic dXNlcjpzZWNyZXQ=").answers("supervisor.getPID", &7_i64);
    let ask = "Server requires authentication\nUsername:\n";
    let locked = run(options(&server.url(), ""), "wrong\nuser\npid\n");
    assert_eq!(locked.status, 0);
    assert!(locked.output.starts_with(&format!("{ask}{ask}")), "{}", locked.output);
    assert!(locked.output.contains("supervisor> 7\n"), "{}", locked.output);
}

/// Name and password may come in one piece, as from `printf`.
#[test]
fn without_a_terminal_the_password_is_the_line_behind_the_name() {
    let server = Fake::new().requires("Basic dXNlcjpzZWNyZXQ=").answers("supervisor.getPID", &7_i64);
    let mut options = options(&server.url(), "pid");
    options.interactive = true;
    let outcome = run_with(options, "user\nwrong\nuser\nsecret\n", Box::new(|_| Ok(None)));
    let ask = "Server requires authentication\nUsername:\n";
    assert_eq!((outcome.status, outcome.output), (0, format!("{ask}{ask}7\n")));
    assert_eq!(outcome.errors, "Password:Password:");
}

#[test]
fn a_wrong_password_may_be_corrected_three_times_and_no_more() {
    let server = Fake::new().requires("Basic bm9ib2R5");
    let mut options = options(&server.url(), "pid");
    options.interactive = true;
    let outcome = run(options, "a\nb\nc\nd\ne\n");
    assert_eq!(outcome.output.matches("Username:").count(), 3);
    assert!(outcome.output.ends_with("401 Unauthorized>\n"), "{}", outcome.output);
    assert_eq!(outcome.status, 1);
}

#[test]
fn credentials_of_the_command_line_are_sent() {
    let server = Fake::new().requires("Basic dXNlcjpwdw==").answers("supervisor.getPID", &7_i64);
    let mut options = options(&server.url(), "pid");
    options.username = Some(b"user".to_vec());
    options.password = Some(b"pw".to_vec());
    run(options, "").is(0, "7\n");
}

#[test]
fn other_failures_are_one_line_with_upstreams_kind() {
    let line = |url: &str| run(options(url, "pid"), "");
    line("ftp://x").is(1, "error: <class 'ValueError'>, Unknown protocol for serverurl ftp://x\n");
    let server = Fake::new().faults("supervisor.getVersion", FaultCode::ShutdownState, "");
    server.ctl("pid").is(1, "error: <class 'xmlrpc.client.Fault'>, <Fault 6: 'SHUTDOWN_STATE: '>\n");
}

/// CTL-34
#[test]
fn shutdown_is_asked_for_once_and_counts_as_done_when_under_way() {
    let server = Fake::new().answers("supervisor.shutdown", &true);
    server.ctl("shutdown").is(0, "Shut down\n");
    assert_eq!(server.called(), ["supervisor.shutdown"]);
    let server = Fake::new().faults("supervisor.shutdown", FaultCode::ShutdownState, "");
    server.ctl("shutdown").is(0, "ERROR: already shutting down\n");
    server
        .ctl("shutdown now")
        .is(1, "Error: shutdown accepts no arguments\nshutdown \tShut the remote supervisord down.\n");
}

/// CTL-35
#[test]
fn reload_is_a_failure_when_a_shutdown_is_under_way() {
    Fake::new().answers("supervisor.restart", &true).ctl("reload").is(0, "Restarted supervisord\n");
    let server = Fake::new().faults("supervisor.restart", FaultCode::ShutdownState, "");
    server.ctl("reload").is(1, "ERROR: already shutting down\n");
    server
        .ctl("reload x")
        .is(1, "Error: reload accepts no arguments\nreload \t\tRestart the remote supervisord.\n");
}

/// Upstream's server cannot refuse: it stops everything first.
#[test]
fn a_refused_reload_says_where_the_configuration_is_wrong_unlike_upstream() {
    let report = "the configuration cannot be used and the running one stays in force: not a valid boolean value: 'maybe' \
                  in section 'program:web' (file: 'web.conf')\n  at web.conf:3:11\n    why: autostart takes a boolean\n\
                  also: not a valid octal\n  at web.conf:4:7\n    help: write 022";
    let server = Fake::new().faults("supervisor.restart", FaultCode::Failed, report);
    server.ctl("reload").is(1, &format!("ERROR: {report}\n"));
}

/// CTL-36
#[test]
fn a_shutdown_from_the_shell_must_be_confirmed() {
    let question = "Really shut the remote supervisord process down y/N? ";
    for answer in ["n", "", "x"] {
        let server = Fake::new().answers("supervisor.shutdown", &true);
        let mut options = options(&server.url(), "shutdown");
        options.interactive = true;
        run(options, &format!("{answer}\n")).is(0, question);
        assert!(server.called().is_empty(), "{answer}");
    }
    let server = Fake::new().answers("supervisor.shutdown", &true).answers("supervisor.restart", &true);
    let mut options = options(&server.url(), "shutdown");
    options.interactive = true;
    run(options.clone(), "Yes\n").is(0, &format!("{question}Shut down\n"));
    run(options.clone(), "")
        .is(1, &format!("{question}error: <class 'EOFError'>, EOF when reading a line\n"));
    options.args = vec!["reload".into()];
    run(options, "y\n").is(0, "Really restart the remote supervisord process y/N? Restarted supervisord\n");
}

/// CTL-43
#[test]
fn without_any_configuration_the_default_server_is_asked() {
    let host = supervisor_config::MemoryHost::default();
    let command_line = supervisor_config::ctl::parse(&["/usr/bin/supervisorctl".into()], &host).unwrap();
    let options = supervisor_config::ctl::load(&command_line, &host).unwrap();
    assert_eq!(options.serverurl, b"http://localhost:9001");
}
