//! The web interface: what guards it, what open pages are told, and that it costs nothing while nobody looks.

use std::fs;
use std::io::Write;
use support::{Address, Connection, Daemon, Port, Response, Sandbox, exchange, wait_for, wait_until};

const PROGRAM: &str = "[program:cat]\ncommand=cat\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
const BROWSER: &str = "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n";
const COOKIE: &str = "Cookie: supervisor_token=abcdefghijklmnopqrstuvwxyz012345\r\n";

fn get(address: &Address, target: &str, headers: &str) -> Response {
    exchange(address, format!("GET {target} HTTP/1.0\r\n{headers}\r\n").as_bytes()).unwrap()
}

/// What a button of our page sends.
fn press(address: &Address, fields: &str) -> Response {
    let body = format!("token=abcdefghijklmnopqrstuvwxyz012345&{fields}");
    let length = body.len();
    let head =
        format!("POST / HTTP/1.0\r\n{BROWSER}{COOKIE}Accept: application/json\r\nContent-Length: {length}");
    exchange(address, format!("{head}\r\n\r\n{body}").as_bytes()).unwrap()
}

/// WEB-3: a program's link acts at once; a browser is asked first, and acts with its token.
#[test]
fn links_act_for_programs_and_ask_browsers_unlike_upstream() {
    let daemon = Daemon::start(PROGRAM);
    let address = daemon.address();
    daemon.wait_for_state("cat", "RUNNING");
    let link = "/index.html?processname=cat&action=stop";
    let asked = get(&address, link, BROWSER);
    assert_eq!((asked.status, asked.text().contains("Please confirm")), (403, true));
    assert_eq!(daemon.state("cat"), "RUNNING");
    let answer = press(&address, "do=stop+cat").text();
    assert_eq!(answer, r#"{"ok":true,"message":"cat stopped","results":[["cat",null]]}"#);
    assert_eq!(press(&address, "do=start+cat").status, 200);
    assert_eq!(get(&address, link, "User-Agent: curl/8.5.0\r\n").status, 303);
    assert_eq!(daemon.state("cat"), "STOPPED");
}

#[test]
fn other_sites_reach_neither_buttons_nor_calls_unlike_upstream() {
    let daemon = Daemon::start(PROGRAM);
    let address = daemon.address();
    daemon.wait_for_state("cat", "RUNNING");
    for target in ["/?action=stopall", "/?do=stopall", "/RPC2"] {
        let request = format!(
            "POST {target} HTTP/1.0\r\n{BROWSER}{COOKIE}Origin: http://evil.example\r\nHost: localhost\r\n\
             Content-Length: 0\r\n\r\n"
        );
        assert_eq!(exchange(&address, request.as_bytes()).unwrap().status, 403, "{target}");
    }
    assert_eq!(daemon.state("cat"), "RUNNING");
}

/// DNS rebinding: a page on evil.example whose name has come to mean 127.0.0.1.
#[test]
fn a_loopback_listener_without_a_password_takes_no_foreign_host_unlike_upstream() {
    let (open, guarded) = (Port::reserve(), Port::reserve());
    let daemon = Daemon::start(&format!(
        "[inet_http_server]\nport=127.0.0.1:{}\n[inet_http_server:b]\nport=127.0.0.1:{}\nusername=u\npassword=p\n",
        open.number(),
        guarded.number()
    ));
    let status = |port: &Port, host: &str| {
        let headers = format!("Host: {host}\r\nAuthorization: Basic dTpw\r\n");
        get(&Address::Tcp(port.number()), "/ok.html", &headers).status
    };
    assert_eq!(status(&open, "evil.example:9001"), 403);
    assert_eq!(status(&open, "localhost:9001"), 200);
    assert_eq!(status(&open, "127.0.0.1"), 200);
    assert_eq!(status(&guarded, "supervisor.example"), 200, "a proxy may pass its own name on");
    daemon.wait_for_message("refused a request to the loopback address as 'evil.example:9001'");
}

/// The names of the daemon's threads.
fn threads(daemon: &Daemon) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap();
    tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok()).collect()
}

#[test]
fn open_pages_are_told_of_changes_and_nothing_looks_once_they_are_closed_unlike_upstream() {
    let daemon = Daemon::start(PROGRAM);
    daemon.wait_for_state("cat", "RUNNING");
    let page = get(&daemon.address(), "/", "").text();
    let since = page.split_once("data-since=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let mut events = Connection::open(&daemon.address()).unwrap();
    events.send(format!("GET /ui/events?since={since} HTTP/1.0\r\n\r\n")).unwrap();
    let begun = events.until(b"event: mood\ndata: true\n").unwrap();
    assert!(!String::from_utf8_lossy(&begun).contains("event: rows"), "the page shows it already");
    daemon.ask("stopProcess", &["cat".into()]);
    let told = events.until(b"STOPPED").unwrap();
    assert!(String::from_utf8_lossy(&told).contains("event: rows"));
    assert!(threads(&daemon).iter().any(|name| name.trim() == "look"));
    drop(events);
    wait_until("nobody looks any more", || !threads(&daemon).iter().any(|name| name.trim() == "look"));
}

#[test]
fn an_edited_configuration_is_shown_before_it_is_read_and_applied_on_request_unlike_upstream() {
    let daemon = Daemon::start(PROGRAM);
    let address = daemon.address();
    daemon.wait_for_state("cat", "RUNNING");
    let mut config = daemon.sandbox().text("supervisord.conf");
    config.push_str("[program:dog]\ncommand=cat\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n");
    daemon
        .sandbox()
        .write("supervisord.conf", config.replace("[program:cat]\n", "[program:cat]\npriority=5\n"));
    let page = wait_for("the difference", || {
        Some(get(&address, "/", "").text()).filter(|page| page.contains("<b>+ dog</b>"))
    });
    assert!(page.contains("<b>~ cat</b>"));
    assert_eq!(daemon.ask("getAllConfigInfo", &[]).items().len(), 1, "looking is not reading");
    assert!(press(&address, "do=apply").text().contains("Configuration applied: cat, dog"));
    daemon.wait_for_state("dog", "RUNNING");
    assert!(!get(&address, "/", "").text().contains("value=\"apply\""), "nothing old is shown");
}

#[test]
fn a_mistake_in_the_configuration_is_shown_on_the_page_unlike_upstream() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start_in(sandbox, PROGRAM);
    let mut config = daemon.sandbox().text("supervisord.conf");
    config.push_str("stopsignal=TREM\n");
    daemon.sandbox().write("supervisord.conf", config);
    wait_until("the mistake", || get(&daemon.address(), "/", "").text().contains("TREM"));
}

#[test]
fn a_failure_is_explained_with_the_last_lines_of_its_errors_unlike_upstream() {
    let daemon = Daemon::start(
        "[program:bad]\ncommand=/bin/sh -c 'echo \"no <database>\" >&2; exit 4'\nstartretries=0\n",
    );
    daemon.wait_for_state("bad", "FATAL");
    let page = wait_for("the last line of its errors", || {
        Some(get(&daemon.address(), "/", "").text()).filter(|page| page.contains("no &lt;database&gt;"))
    });
    assert!(page.contains("exit code 4"), "{page}");
}

/// WEB-13, WEB-15: a program may write the file itself, and an administrator may move it away.
#[test]
fn a_log_is_followed_whoever_writes_or_moves_it() {
    let daemon =
        Daemon::start("[program:x]\ncommand=sleep 1000\nstartsecs=0\nstdout_logfile=%(here)s/x.log\n");
    daemon.wait_for_state("x", "RUNNING");
    let mut stream = daemon.connect();
    stream.send("GET /logtail/x HTTP/1.1\r\n\r\n").unwrap();
    stream.until(b"\r\n\r\n").unwrap();
    let (log, moved) = (daemon.sandbox().path("x.log"), daemon.sandbox().path("x.log.1"));
    let write = |line: &str| {
        let file = fs::OpenOptions::new().create(true).append(true).open(&log);
        file.unwrap().write_all(line.as_bytes()).unwrap();
    };
    for line in ["first\n", "second\n"] {
        write(line);
        stream.until(line.as_bytes()).expect(line);
    }
    fs::rename(&log, moved).unwrap();
    write("in a new file\n");
    stream.until(b"in a new file\n").expect("the new file");
}

#[test]
fn a_whole_log_can_be_downloaded_unlike_upstream() {
    let daemon =
        Daemon::start("[program:x]\ncommand=sleep 1000\nstartsecs=0\nstdout_logfile=%(here)s/x.log\n");
    daemon.wait_for_state("x", "RUNNING");
    let text = "all of it\n".repeat(20_000);
    daemon.sandbox().write("x.log", &text);
    let answer = get(&daemon.address(), "/ui/download?processname=x", "");
    assert_eq!(answer.header("Content-Disposition"), Some("attachment; filename*=UTF-8''x.log"));
    assert!(answer.text() == text);
    assert_eq!(get(&daemon.address(), "/ui/download?processname=y", "").status, 404);
}
