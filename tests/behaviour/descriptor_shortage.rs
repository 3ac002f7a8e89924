//! With few descriptors, idle clients use up neither those of programs nor those of other clients: every request is
//! answered at once, if only with 503. Upstream accepts until it has no descriptor left and then answers no client.

use std::process::Command;
use std::time::Duration;
use support::{
    Account, Address, Connection, Daemon, Launch, Port, Sandbox, is_root, processes, stays_true_for,
    wait_until,
};

const CALL: &str = "<methodCall><methodName>supervisor.getState</methodName></methodCall>";

/// The status of the answer to a call.
fn status(address: &Address) -> u16 {
    let mut connection = Connection::open(address).unwrap();
    let request = format!("POST /RPC2 HTTP/1.0\r\nContent-Length: {}\r\n\r\n{CALL}", CALL.len());
    // A rejected client gets its 503 before it sends a request.
    let _ = connection.send(request);
    connection.response().expect("an answer").status
}

fn idle(address: &Address, count: usize) -> Vec<Connection> {
    (0..count).map(|_| Connection::open(address).unwrap()).collect()
}

/// A daemon that begins with a limit of descriptors and listens on this port as well.
fn start(launch: Launch, port: &Port, limit: usize, programs: usize) -> Daemon {
    let config = format!(
        "[supervisord]\nminfds=10\n[inet_http_server]\nport=127.0.0.1:{}\n\
         [program:x]\ncommand=cat\nnumprocs={programs}\nprocess_name=%(process_num)d\nstartsecs=0\n",
        port.number()
    );
    let sandbox = Sandbox::new();
    let launch = launch.through_shell(&format!("ulimit -n {limit}; exec \"$@\""));
    launch.configure(&sandbox, &config).start(sandbox)
}

#[test]
fn idle_clients_cannot_exhaust_the_descriptors_unlike_upstream() {
    let port = Port::reserve();
    // Root may have as many as it likes.
    let launch = if is_root() { Launch::new().as_account(Account::unprivileged()) } else { Launch::new() };
    let daemon = start(launch, &port, 64, 3);
    for name in ["x:0", "x:1", "x:2"] {
        daemon.wait_for_state(name, "RUNNING");
    }
    for (theirs, other) in
        [(Address::Tcp(port.number()), daemon.address()), (daemon.address(), Address::Tcp(port.number()))]
    {
        let clients = idle(&theirs, 60);
        assert_eq!((status(&theirs), status(&other)), (503, 200), "{theirs:?}");
        let outcome = daemon.ctl(&["status"]);
        let is_told = theirs == daemon.address();
        assert_eq!(outcome.stdout.contains("RUNNING"), !is_told, "{outcome:?}");
        // A program finds the descriptors it had.
        let former = processes::children(daemon.pid())[0];
        processes::signal(former, "KILL");
        wait_until("the program to run again", || {
            let now = processes::children(daemon.pid());
            now.len() == 3 && !now.contains(&former)
        });
        drop(clients);
        wait_until("those who have left to make room", || status(&theirs) == 200);
    }
    assert_eq!(daemon.messages_with("cannot accept"), Vec::<String>::new());
}

/// What a daemon has cannot be foreseen; here the limit is lowered until it has none left at all.
#[test]
fn without_free_descriptors_clients_get_503_unlike_upstream() {
    let port = Port::reserve();
    let daemon = start(Launch::new(), &port, 1024, 1);
    daemon.wait_for_state("x:0", "RUNNING");
    let address = Address::Tcp(port.number());
    let open = processes::descriptors(daemon.pid());
    let lowest = (0..1000).find(|number| !open.contains_key(number)).unwrap();
    let limit = format!("--nofile={lowest}:{lowest}");
    let set = Command::new("prlimit").args([&limit, "--pid", &daemon.pid().to_string()]).status();
    assert!(set.expect("prlimit is a part of util-linux").success());
    let mut clients = idle(&address, 40);
    daemon.wait_for_message("inet_http_server has no file descriptors for more connections");
    assert_eq!((status(&address), status(&daemon.address())), (503, 200));
    // Of the first, that are inside, each is served, and leaves its place to another one.
    let mut first = clients.remove(0);
    first.send("GET /ok.html HTTP/1.0\r\n\r\n").unwrap();
    assert_eq!(first.response().expect("an answer").status, 200);
    drop(first);
    wait_until("its place to be free", || status(&address) == 200);
    let before = processes::wake_ups(daemon.pid());
    stays_true_for(Duration::from_secs(1), "the daemon sleeps", || {
        processes::wake_ups(daemon.pid()) - before < 20
    });
    drop(clients);
    wait_until("all to be served again", || status(&address) == 200);
}
