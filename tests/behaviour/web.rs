//! The web interface: its protection, the feed of open pages, and that it costs nothing while no page is open.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use support::{
    Address, Connection, Daemon, Port, Response, Sandbox, exchange, processes, wait_for, wait_until,
};

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

/// Issue 13: proxies pass what they like as `Host`, so that it often differs from the `Origin` of our own page. A token that
/// matches its cookie and is sealed proves the page; only where the browser itself says that another site asks, nothing does.
#[test]
fn a_csrf_token_is_valid_whatever_host_a_proxy_passes_unlike_upstream() {
    let daemon = Daemon::start(PROGRAM);
    let address = daemon.address();
    daemon.wait_for_state("cat", "RUNNING");
    let press = |headers: &str, token: &str| {
        let body = format!("token={token}&do=signal+cat&signal=CONT");
        let head = format!("POST / HTTP/1.0\r\n{BROWSER}{COOKIE}Accept: application/json\r\n{headers}");
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        exchange(&address, request.as_bytes()).unwrap().status
    };
    let page = get(&address, "/", &format!("{BROWSER}{COOKIE}")).text();
    let (_, rest) = page.split_once("name=\"token\" value=\"").expect("forms carry a token");
    let (known, _) = rest.split_once('"').unwrap();
    let planted = "abcdefghijklmnopqrstuvwxyz012345";
    assert!(known.starts_with(planted) && known.len() > planted.len(), "{known}");
    let unknown = known.replacen('a', "b", 1);
    for (origin, host) in [
        ("http://s.example:8080", "Host: s.example\r\n"),
        ("https://s.example", "Host: 127.0.0.1:9001\r\n"),
        ("http://s.example", "Host: upstream_name\r\n"),
        ("http://s.example", "Host: s.example:80\r\n"),
        ("http://s.example", ""),
        // With `Referrer-Policy: no-referrer`, which some proxies add.
        ("null", "Host: s.example\r\n"),
    ] {
        let headers = format!("Origin: {origin}\r\n{host}");
        assert_eq!(press(&headers, known), 200, "{headers}");
        for token in [&*unknown, planted, &planted.repeat(2)] {
            assert_eq!(press(&headers, token), 403, "{headers}: {token}");
        }
        for site in ["cross-site", "same-site"] {
            let headers = format!("{headers}Sec-Fetch-Site: {site}\r\n");
            assert_eq!(press(&headers, known), 403, "{headers}: a cookie can be planted by a neighbour");
        }
    }
}

/// A page of another site is refused with a sentence, which the log has once for each site.
#[test]
fn a_rejected_origin_is_reported_on_the_page_and_once_in_the_log_unlike_upstream() {
    let daemon = Daemon::start(PROGRAM);
    let address = daemon.address();
    for target in ["/?action=stopall", "/?do=stopall", "/RPC2", "/?do=stopall"] {
        let request = format!(
            "POST {target} HTTP/1.0\r\n{BROWSER}Accept: text/html\r\nOrigin: http://evil.example\r\n\
             Host: localhost\r\nContent-Length: 0\r\n\r\n"
        );
        let answer = exchange(&address, request.as_bytes()).unwrap();
        assert_eq!(answer.status, 403, "{target}");
        assert!(answer.text().contains("http://evil.example"), "{target}: {}", answer.text());
        assert!(!answer.head.contains("Set-Cookie: supervisor_token"), "open pages keep their token");
    }
    let last =
        format!("POST /RPC2 HTTP/1.0\r\n{BROWSER}Origin: http://last.example\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(exchange(&address, last.as_bytes()).unwrap().status, 403);
    daemon.wait_for_message("a page of 'http://last.example'");
    assert_eq!(daemon.messages_with("a page of 'http://evil.example'").len(), 1);
}

/// DNS rebinding: a page on evil.example whose name now resolves to 127.0.0.1.
#[test]
fn a_loopback_server_without_a_password_rejects_foreign_hosts_unlike_upstream() {
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
    daemon.wait_for_message("refused a request to [inet_http_server] as 'evil.example'");
}

/// Issue 13: the refusal says what is wrong and what to do, in the language of the browser, and once in the log.
#[test]
fn a_rejected_host_is_reported_on_the_page_and_once_in_the_log_unlike_upstream() {
    let port = Port::reserve();
    let daemon = Daemon::start(&format!("[inet_http_server]\nport=127.0.0.1:{}\n", port.number()));
    let address = Address::Tcp(port.number());
    let refused = |headers: &str| {
        let answer = get(&address, "/", &format!("Host: S.example:80\r\n{headers}"));
        assert_eq!(answer.status, 403);
        answer.text()
    };
    let text = refused("");
    assert!(text.contains("allowed_hosts=s.example") && !text.contains('<'), "for programs: {text}");
    let page = refused(&format!("{BROWSER}Accept: text/html\r\n"));
    assert!(page.contains("allowed_hosts=s.example") && page.contains("password"), "{page}");
    let page = refused(&format!("{BROWSER}Accept: text/html\r\nAccept-Language: zh-CN\r\n"));
    assert!(page.contains("allowed_hosts=s.example") && page.contains("密码"), "{page}");
    let style = page.split_once("rel=\"stylesheet\" href=\"").unwrap().1.split_once('"').unwrap().0;
    let style = get(&address, &format!("/{style}"), "Host: s.example\r\n");
    assert_eq!(style.status, 200, "the page has its colours");
    assert_eq!(get(&address, "/", "Host: last.example\r\n").status, 403);
    daemon.wait_for_message("as 'last.example'");
    let lines = daemon.messages_with("as 's.example'");
    assert_eq!(lines.len(), 1, "once for each name: {lines:?}");
    assert!(lines[0].contains("write allowed_hosts=s.example in [inet_http_server]"), "{lines:?}");
    for number in 0..100 {
        assert_eq!(get(&address, "/", &format!("Host: n{number}.example\r\n")).status, 403);
    }
    daemon.wait_for_message("further names of refused requests are not logged");
    assert_eq!(daemon.messages_with("refused a request to").len(), 64, "an attacker does not fill the log");
}

/// Issue 13: names as proxies pass them, with subdomains after a leading dot.
#[test]
fn allowed_hosts_names_what_a_server_answers_to_unlike_upstream() {
    let (open, locked) = (Port::reserve(), Port::reserve());
    let daemon = Daemon::start(&format!(
        "[inet_http_server]\nport=127.0.0.1:{}\nallowed_hosts=S.example, .corp.example\n\
         [inet_http_server:b]\nport=127.0.0.1:{}\nusername=u\npassword=p\nallowed_hosts=s.example\n",
        open.number(),
        locked.number()
    ));
    let status = |port: &Port, host: &str| {
        let headers = format!("Host: {host}\r\nAuthorization: Basic dTpw\r\n");
        get(&Address::Tcp(port.number()), "/ok.html", &headers).status
    };
    for (host, expected) in [
        ("s.example", 200),
        ("S.EXAMPLE:8080", 200),
        ("a.s.example", 403),
        ("corp.example", 200),
        ("a.b.corp.example:1", 200),
        ("evilcorp.example", 403),
        ("localhost", 200),
        ("127.0.0.1:9001", 200),
        ("evil.example", 403),
    ] {
        assert_eq!(status(&open, host), expected, "{host}");
    }
    assert_eq!(status(&locked, "s.example"), 200);
    assert_eq!(status(&locked, "evil.example"), 403, "the option guards any server it is written for");
    let call = "<methodCall><methodName>supervisor.getState</methodName></methodCall>";
    let call = format!(
        "POST /RPC2 HTTP/1.0\r\nHost: any.example\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{call}",
        call.len()
    );
    let answer = exchange(&Address::Tcp(open.number()), call.as_bytes()).unwrap();
    assert_eq!(answer.status, 200, "programs may call by any name");
    assert!(daemon.messages_with("Unknown option").is_empty());
}

/// The names of the daemon's threads.
fn threads(daemon: &Daemon) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap();
    tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok()).collect()
}

#[test]
fn open_pages_receive_changes_and_closed_ones_cost_nothing_unlike_upstream() {
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
    assert!(threads(&daemon).iter().any(|name| name.trim() == "sampler"));
    drop(events);
    wait_until("the sampler ends", || !threads(&daemon).iter().any(|name| name.trim() == "sampler"));
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
fn a_log_is_followed_across_foreign_writes_and_renames() {
    let daemon =
        Daemon::start("[program:x]\ncommand=sleep 1000\nstartsecs=0\nstdout_logfile=%(here)s/x.log\n");
    daemon.wait_for_state("x", "RUNNING");
    let mut stream = follow(&daemon, "/logtail/x");
    let (log, moved) = (daemon.sandbox().path("x.log"), daemon.sandbox().path("x.log.1"));
    for line in ["first\n", "second\n"] {
        append(&log, line);
        stream.until(line.as_bytes()).expect(line);
    }
    fs::rename(&log, moved).unwrap();
    append(&log, "in a new file\n");
    stream.until(b"in a new file\n").expect("the new file");
}

/// WEB-13, WEB-15: a program that is signalled after a rotation creates its new file later.
#[cfg(target_os = "linux")]
#[test]
fn a_log_that_is_created_again_is_followed() {
    let daemon =
        Daemon::start("[program:x]\ncommand=sleep 1000\nstartsecs=0\nstdout_logfile=%(here)s/x.log\n");
    daemon.wait_for_state("x", "RUNNING");
    let mut stream = follow(&daemon, "/logtail/x");
    let (log, moved) = (daemon.sandbox().path("x.log"), daemon.sandbox().path("x.log.1"));
    fs::rename(&log, &moved).unwrap();
    // When this arrives, the daemon has seen that there is no new file yet.
    append(&moved, "to the old one\n");
    stream.until(b"to the old one\n").expect("the old file");
    append(&log, "to the new one\n");
    stream.until(b"to the new one\n").expect("the new file");
    fs::remove_file(&log).unwrap();
    append(&log, "to the third one\n");
    stream.until(b"to the third one\n").expect("the third file");
}

/// WEB-13.
#[test]
fn the_logs_of_the_daemon_and_of_a_stopped_process_are_followed() {
    let sandbox = Sandbox::new();
    let log = sandbox.path("x.log");
    append(&log, "before\n");
    let daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=sleep 1000\nautostart=false\nstdout_logfile=%(here)s/x.log\n",
    );
    let mut stream = follow(&daemon, "/logtail/x");
    stream.until(b"before\n").unwrap();
    for line in ["first\n", "second\n"] {
        append(&log, line);
        stream.until(line.as_bytes()).expect(line);
    }
    fs::rename(&log, daemon.sandbox().path("x.log.1")).unwrap();
    append(&log, "in a new file\n");
    stream.until(b"in a new file\n").expect("the new file");
    let mut stream = follow(&daemon, "/mainlogtail");
    append(&daemon.sandbox().path("main.log"), "by another\n");
    stream.until(b"by another\n").expect("the main log");
}

/// Upstream polls every followed log.
#[cfg(target_os = "linux")]
#[test]
fn a_quiet_followed_log_causes_no_wakeups_unlike_upstream() {
    let daemon = Daemon::start("[program:x]\ncommand=cat\nstartsecs=0\nstdout_logfile=%(here)s/x.log\n");
    daemon.wait_for_state("x", "RUNNING");
    let streams = ["/logtail/x", "/logtail/x", "/mainlogtail"].map(|path| follow(&daemon, path));
    let watches = || {
        let held = processes::descriptors(daemon.pid()).into_values();
        held.filter(|target| target.to_string_lossy().contains("inotify")).count()
    };
    wait_until("a watch", || watches() == 1);
    wait_until("three seconds without a wake-up", || {
        let before = processes::wake_ups(daemon.pid());
        std::thread::sleep(Duration::from_secs(3));
        processes::wake_ups(daemon.pid()) == before
    });
    let [first, second, third] = streams;
    drop((first, third));
    append(&daemon.sandbox().path("x.log"), "still told\n");
    let mut second = second;
    second.until(b"still told\n").unwrap();
    assert_eq!(watches(), 1);
    drop(second);
    wait_until("no watch", || watches() == 0);
}

fn follow(daemon: &Daemon, path: &str) -> Connection {
    let mut stream = daemon.connect();
    stream.send(format!("GET {path} HTTP/1.1\r\n\r\n")).unwrap();
    stream.until(b"\r\n\r\n").unwrap();
    stream
}

fn append(log: &Path, line: &str) {
    let file = fs::OpenOptions::new().create(true).append(true).open(log);
    file.unwrap().write_all(line.as_bytes()).unwrap();
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
