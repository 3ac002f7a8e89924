//! `[fcgi-program:x]`: one listening socket, shared by all processes of the program as their descriptor 0.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use support::{Account, Daemon, Launch, Port, Sandbox, is_root, processes, wait_for, wait_until};

const SLEEPER: &str = "[fcgi-program:x]\ncommand=sleep 1000\nstartsecs=0\nsocket=unix://%(here)s/x.sock\n";

/// What descriptor 0 of a process leads to, such as `socket:[123]`.
fn standard_input(daemon: &Daemon, name: &str) -> PathBuf {
    processes::descriptors(daemon.pid_of(name))[&0].clone()
}

/// How often the socket was created and closed so far.
fn socket_messages(daemon: &Daemon) -> Vec<String> {
    let said = |message: &&String| message.contains(" socket unix://") || message.contains(" socket tcp://");
    let words = |message: String| message.split(' ').nth(1).unwrap_or_default().to_owned();
    daemon.messages().iter().filter(said).cloned().map(words).collect()
}

/// PROC-65, PROC-74: the first pair of messages is the try at the start.
#[test]
fn all_processes_share_one_socket_until_the_last_has_stopped() {
    let daemon = Daemon::start(&format!("{SLEEPER}numprocs=2\nprocess_name=%(process_num)d\n"));
    daemon.wait_for_state("x:0", "RUNNING");
    daemon.wait_for_state("x:1", "RUNNING");
    let socket = standard_input(&daemon, "x:0");
    assert!(socket.to_string_lossy().starts_with("socket:["), "{}", socket.display());
    assert_eq!(standard_input(&daemon, "x:1"), socket);
    let path = daemon.sandbox().path("x.sock");
    UnixStream::connect(&path).unwrap();
    daemon.ask("stopProcess", &["x:0".into()]);
    daemon.wait_for_message("stopped: 0");
    assert_eq!(socket_messages(&daemon), ["Creating", "Closing", "Creating"]);
    daemon.ask("startProcess", &["x:0".into()]);
    assert_eq!(standard_input(&daemon, "x:0"), socket);
    daemon.ask("stopProcessGroup", &["x".into()]);
    daemon.wait_for_messages("Closing socket", 2);
    assert_eq!(socket_messages(&daemon), ["Creating", "Closing", "Creating", "Closing"]);
    assert_eq!(UnixStream::connect(&path).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    daemon.ask("startProcess", &["x:1".into()]);
    assert_ne!(standard_input(&daemon, "x:1"), socket);
    UnixStream::connect(&path).unwrap();
}

/// PROC-66
#[test]
fn a_unix_socket_belongs_to_the_user_of_the_program_alone() {
    let options = if is_root() { "user=nobody\n" } else { "" };
    let daemon = Daemon::start(&format!("{SLEEPER}{options}"));
    daemon.wait_for_state("x:x", "RUNNING");
    let file = daemon.sandbox().path("x.sock").metadata().unwrap();
    assert_eq!(file.permissions().mode() & 0o7777, 0o700);
    let owner = if is_root() { Account::unprivileged() } else { Account::own() };
    assert_eq!(file.uid(), owner.uid);
}

#[test]
fn a_unix_socket_gets_the_configured_mode_and_owner() {
    let options = if is_root() { "socket_owner=nobody\n" } else { "" };
    let daemon = Daemon::start(&format!("{SLEEPER}socket_mode=0660\nsocket_backlog=7\n{options}"));
    daemon.wait_for_state("x:x", "RUNNING");
    let file = daemon.sandbox().path("x.sock").metadata().unwrap();
    assert_eq!(file.permissions().mode() & 0o7777, 0o660);
    if is_root() {
        assert_eq!(file.uid(), Account::unprivileged().uid);
    }
}

/// PROC-67: upstream ends with a traceback and code 1.
#[test]
fn a_busy_address_at_the_start_is_a_usage_error_unlike_upstream() {
    let port = Port::reserve();
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).unwrap();
    let refusal = |address: &str| {
        let sandbox = Sandbox::new();
        let taken = sandbox.path("x.sock");
        let _listener = UnixListener::bind(&taken).unwrap();
        let config = SLEEPER.replace("unix://%(here)s/x.sock", address);
        let outcome = Launch::new().configure(&sandbox, &config).run(&sandbox);
        UnixStream::connect(&taken).expect("whoever listens is left alone");
        assert_eq!(outcome.code, 2);
        outcome.stderr.replace(&sandbox.root().display().to_string(), "DIR")
    };
    let number = port.number();
    let said = refusal(&format!("tcp://127.0.0.1:{number}"));
    let expected = format!(
        "Error: Could not create FastCGI socket tcp://127.0.0.1:{number}: [Errno 98] Address already in use\n"
    );
    assert!(said.starts_with(&expected), "{said}");
    // Who has it, and what to do.
    let why = format!("    why: 127.0.0.1:{number}: process {} (", std::process::id());
    assert!(
        said.contains(&why) && said.contains("    help: stop that process, or write another port\n"),
        "{said}"
    );
    let said = refusal("unix://%(here)s/x.sock");
    assert!(said.starts_with("Error: Could not create FastCGI socket unix://DIR/x.sock: "), "{said}");
}

/// A worker that outlives its program keeps the address, as a stranger does here. Upstream's supervisord ends.
#[test]
fn an_address_that_is_busy_at_a_restart_is_a_failed_start_unlike_upstream() {
    let port = Port::reserve();
    let config = format!(
        "[fcgi-program:x]\ncommand=sleep 1000\nstartsecs=0\nstartretries=1000\nsocket=tcp://127.0.0.1:{}\n\
         [program:other]\ncommand=sleep 1000\nstartsecs=0\n",
        port.number()
    );
    let daemon = Daemon::start(&config);
    daemon.wait_for_state("x:x", "RUNNING");
    let before = daemon.wait_for_state("other", "RUNNING")["pid"].int();
    daemon.ask("stopProcess", &["x:x".into()]);
    let taken = wait_for("the port", || TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).ok());
    daemon.ask("restart", &[]);
    let error = format!("Could not create FastCGI socket tcp://127.0.0.1:{}: ", port.number());
    daemon.wait_for_message(&format!("ERRO {error}"));
    wait_until("everything else runs anew", || {
        let answer = daemon.rpc().call_raw("supervisor.getProcessInfo", &["other".into()]);
        let text = answer.map_or_else(|_| String::new(), |response| response.text());
        text.contains("RUNNING") && !text.contains(&format!("<int>{before}</int>"))
    });
    wait_until("the reason", || daemon.info("x:x")["spawnerr"].text().starts_with(&error));
    drop(taken);
    daemon.wait_for_state("x:x", "RUNNING");
}

/// Upstream's `update` ends with a fault, after the group was removed: nothing runs any more, and nothing is to be seen of it.
#[test]
fn an_address_that_is_busy_at_an_update_is_a_failed_start_unlike_upstream() {
    let (former, port) = (Port::reserve(), Port::reserve());
    let config = |port: &Port| {
        let number = port.number();
        format!("[fcgi-program:x]\ncommand=sleep 1000\nstartretries=1000\nsocket=tcp://127.0.0.1:{number}\n")
    };
    let daemon = Daemon::start(&config(&former));
    daemon.wait_for_state("x:x", "RUNNING");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).unwrap();
    daemon.reconfigure(&config(&port));
    let outcome = daemon.ctl(&["update"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "x: stopped\nx: updated process group\n"));
    let error = format!("Could not create FastCGI socket tcp://127.0.0.1:{}: ", port.number());
    daemon.wait_for_message(&format!("ERRO {error}"));
    wait_until("the reason", || daemon.info("x:x")["spawnerr"].text().starts_with(&error));
    drop(taken);
    daemon.wait_for_state("x:x", "RUNNING");
}

/// PROC-75: upstream's supervisord ends and leaves all its children behind.
#[test]
fn a_port_taken_during_backoff_is_a_failed_start_unlike_upstream() {
    let sandbox = Sandbox::new();
    sandbox.write("x.sh", "[ -e go ] || exit 1\nexec sleep 1000\n");
    let port = Port::reserve();
    let config = format!(
        "[fcgi-program:x]\ncommand=/bin/sh x.sh\ndirectory=%(here)s\nstartretries=1000\n\
         socket=tcp://127.0.0.1:{}\n[program:other]\ncommand=sleep 1000\nstartsecs=0\n",
        port.number()
    );
    let daemon = Daemon::start_in(sandbox, &config);
    daemon.wait_for_state("x:x", "BACKOFF");
    // The socket is closed while the only process waits.
    let taken = wait_for("the port", || TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).ok());
    let error = format!("Could not create FastCGI socket tcp://127.0.0.1:{}: ", port.number());
    daemon.wait_for_message(&error);
    daemon.wait_for_message("listens there; help: stop that process, or write another port");
    wait_until("the reason", || daemon.info("x:x")["spawnerr"].text().starts_with(&error));
    daemon.wait_for_state("other", "RUNNING");
    daemon.sandbox().write("go", "");
    drop(taken);
    daemon.wait_for_state("x:x", "RUNNING");
    TcpStream::connect((Ipv4Addr::LOCALHOST, port.number())).unwrap();
}

/// A process killed and started again beside another: connections wait in the socket meanwhile.
#[test]
fn the_socket_outlives_a_process_as_long_as_another_lives() {
    let config = format!("{SLEEPER}numprocs=2\nprocess_name=%(process_num)d\n");
    let daemon = Daemon::start(&config);
    daemon.wait_for_state("x:1", "RUNNING");
    daemon.wait_for_state("x:0", "RUNNING");
    let socket = standard_input(&daemon, "x:0");
    let pid = daemon.pid_of("x:0");
    processes::signal(pid, "KILL");
    wait_until("another process", || daemon.pid_of("x:0") != pid);
    assert_eq!(standard_input(&daemon, "x:0"), socket);
}

/// Upstream forgets the socket of a program that is listed in a group.
#[test]
fn a_program_in_a_group_keeps_its_socket_unlike_upstream() {
    let config = format!(
        "{SLEEPER}numprocs=2\nprocess_name=%(program_name)s%(process_num)d\n\
         [program:y]\ncommand=sleep 1000\nstartsecs=0\n[group:g]\nprograms=x,y\n"
    );
    let daemon = Daemon::start(&config);
    for name in ["g:x0", "g:x1", "g:y"] {
        daemon.wait_for_state(name, "RUNNING");
    }
    assert_eq!(standard_input(&daemon, "g:x0"), standard_input(&daemon, "g:x1"));
    assert!(standard_input(&daemon, "g:y").to_string_lossy().starts_with("pipe:["));
    UnixStream::connect(daemon.sandbox().path("x.sock")).unwrap();
}

#[test]
fn fastcgi_programs_have_no_standard_input_pipe() {
    let daemon = Daemon::start(SLEEPER);
    daemon.wait_for_state("x:x", "RUNNING");
    let fault = daemon.call("sendProcessStdin", &["x:x".into(), "hi".into()]).unwrap_err();
    assert_eq!((fault.code, fault.text.as_str()), (20, "NO_FILE: x:x"));
}

/// A worker answers the requests of any client, over either address family.
#[test]
fn workers_answer_requests() {
    let port = Port::reserve();
    let worker = std::env::current_exe().unwrap();
    let command = format!("{} --exact --ignored behaviour::fastcgi::worker", worker.display());
    let config = format!(
        "[fcgi-program:u]\ncommand={command}\nsocket=unix://%(here)s/u.sock\nnumprocs=3\n\
         process_name=%(process_num)d\n[fcgi-program:t]\ncommand={command}\nsocket=tcp://127.0.0.1:{}\n",
        port.number()
    );
    let daemon = Daemon::start(&config);
    let path = daemon.sandbox().path("u.sock");
    for question in ["one", "two", "three", "four"] {
        let answer = ask(connect_unix(&path), question);
        assert_eq!(answer, format!("Content-Type: text/plain\r\n\r\nyou said {question}\n"));
    }
    let stream = wait_for("the port", || TcpStream::connect((Ipv4Addr::LOCALHOST, port.number())).ok());
    assert_eq!(ask(stream, "five"), "Content-Type: text/plain\r\n\r\nyou said five\n");
}

fn connect_unix(path: &Path) -> UnixStream {
    wait_for("the socket", || UnixStream::connect(path).ok())
}

const BEGIN_REQUEST: u8 = 1;
const END_REQUEST: u8 = 3;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;

/// A FastCGI record of request 1.
fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[1, kind, 0, 1, high, low, 0, 0], content].concat()
}

/// The next record's kind and content.
fn read_record(stream: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 8];
    stream.read_exact(&mut head)?;
    let mut content = vec![0; usize::from(u16::from_be_bytes([head[4], head[5]])) + usize::from(head[6])];
    stream.read_exact(&mut content)?;
    content.truncate(content.len() - usize::from(head[6]));
    Ok((head[1], content))
}

/// What a web server does: sends a request with a body, and reads the answer.
fn ask(mut stream: impl Read + Write, body: &str) -> String {
    let request = [
        record(BEGIN_REQUEST, &[0, 1, 0, 0, 0, 0, 0, 0]),
        record(PARAMS, b""),
        record(STDIN, body.as_bytes()),
        record(STDIN, b""),
    ];
    stream.write_all(&request.concat()).unwrap();
    let mut answer = Vec::new();
    loop {
        match read_record(&mut stream).unwrap() {
            (STDOUT, content) => answer.extend(content),
            (END_REQUEST, _) => return String::from_utf8(answer).unwrap(),
            (kind, _) => panic!("a record of kind {kind}"),
        }
    }
}

/// Answers requests on the socket that is its standard input.
#[test]
#[ignore = "the FastCGI program of the test above, not a test"]
fn worker() {
    let socket = || io::stdin().as_fd().try_clone_to_owned().unwrap();
    let unix = UnixListener::from(socket());
    if unix.local_addr().is_ok() {
        unix.incoming().for_each(|stream| serve(stream.unwrap()).unwrap());
    } else {
        TcpListener::from(socket()).incoming().for_each(|stream| serve(stream.unwrap()).unwrap());
    }
}

fn serve(mut stream: impl Read + Write) -> io::Result<()> {
    let mut body = Vec::new();
    loop {
        match read_record(&mut stream)? {
            (STDIN, content) if content.is_empty() => break,
            (STDIN, content) => body.extend(content),
            _ => {}
        }
    }
    let page = format!("Content-Type: text/plain\r\n\r\nyou said {}\n", String::from_utf8_lossy(&body));
    stream.write_all(&record(STDOUT, page.as_bytes()))?;
    stream.write_all(&record(END_REQUEST, &[0; 8]))
}
