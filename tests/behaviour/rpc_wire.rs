//! HTTP and XML-RPC on the wire: framing, authentication, what counts as a call, and logs over RPC.

use support::{Address, Connection, Daemon, Port, RpcClient, Value, exchange, wait_until};

const CALL: &str =
    "<?xml version='1.0'?>\n<methodCall><methodName>supervisor.getAPIVersion</methodName></methodCall>";
const ANSWER: &str = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><string>3.0</string></value>\n\
    </param>\n</params>\n</methodResponse>\n";

/// A request with the right length.
fn post(target: &str, version: &str, headers: &str, body: &str) -> String {
    format!("POST {target} HTTP/{version}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// The head without the date.
fn undated(head: &str) -> Vec<&str> {
    head.split("\r\n").filter(|line| !line.starts_with("Date: ")).collect()
}

/// RPC-1
#[test]
fn an_answer_over_http_1_0_ends_the_connection() {
    let daemon = Daemon::start("");
    let response = exchange(&daemon.address(), post("/RPC2", "1.0", "", CALL).as_bytes()).unwrap();
    let length = format!("Content-Length: {}", ANSWER.len());
    assert_eq!(
        undated(&response.head),
        ["HTTP/1.0 200 OK", "Server: Medusa/1.12", "Content-Type: text/xml", &length]
    );
    assert_eq!(response.text(), ANSWER);
}

/// RPC-2, RPC-3
#[test]
fn connections_are_kept_where_the_client_may_expect_it() {
    let daemon = Daemon::start("");
    for (version, header, kept) in
        [("1.1", "", None), ("1.0", "Connection: keep-alive\r\n", Some("Keep-Alive"))]
    {
        let mut connection = daemon.connect();
        for _ in 0..3 {
            connection.send(post("/RPC2", version, header, CALL)).unwrap();
            let response = connection.response().expect("an answer");
            assert_eq!((response.status, response.header("Connection")), (200, kept), "HTTP/{version}");
            assert_eq!(response.text(), ANSWER);
        }
    }
    let mut connection = daemon.connect();
    connection.send(post("/RPC2", "1.1", "Connection: close\r\n", CALL)).unwrap();
    assert_eq!(connection.response().expect("an answer").header("Connection"), None);
    assert_eq!(connection.rest().unwrap(), b"");
}

/// RPC-4, RPC-5, RPC-7
#[test]
fn requests_that_are_no_calls_get_an_error_page() {
    let daemon = Daemon::start("");
    let error = |request: &str| {
        let response = exchange(&daemon.address(), request.as_bytes()).unwrap();
        assert_eq!(response.header("Content-Type"), Some("text/html"));
        assert!(
            response.text().contains(&format!("<p>Error code {}.\r\n", response.status)),
            "{}",
            response.text()
        );
        (response.status, response.body.len())
    };
    assert_eq!(error("GET /RPC2 HTTP/1.0\r\n\r\n"), (400, 136));
    assert_eq!(error("POST /RPC2 HTTP/1.0\r\n\r\n"), (411, 140));
    assert_eq!(error(&post("/RPC2", "1.0", "", "<foo")), (400, 136));
    assert_eq!(error(&post("/RPC2", "1.0", "", "<methodCall></methodCall>")), (400, 136));
    daemon.wait_for_message("ERRO XML-RPC request data '<foo' is invalid: unmarshallable");
    daemon
        .wait_for_message("ERRO XML-RPC request data '<methodCall></methodCall>' is invalid: no method name");
}

/// RPC-6, RPC-8
#[test]
fn any_body_with_a_method_name_is_a_call() {
    let daemon = Daemon::start("");
    let answer =
        |target, body| exchange(&daemon.address(), post(target, "1.0", "", body).as_bytes()).unwrap();
    assert_eq!(answer("/RPC2abc?x", CALL).text(), ANSWER);
    let state = answer("/RPC2", "<foo><methodName>supervisor.getState</methodName></foo>");
    assert!(state.text().contains("<string>RUNNING</string>"));
}

const PAGES: [&str; 7] = [
    "/",
    "/RPC2",
    "/ok.html",
    "/stylesheets/supervisor.css",
    "/logtail/x/stdout",
    "/mainlogtail",
    "/tail.html",
];

/// A daemon that asks for a name and a password, and its port.
fn guarded(password: &str) -> (Daemon, Port) {
    let port = Port::reserve();
    let config =
        format!("[inet_http_server]\nport=127.0.0.1:{}\nusername=user\npassword={password}\n", port.number());
    (Daemon::start(&config), port)
}

fn status_with(port: &Port, authorization: &str) -> u16 {
    let headers = format!("Authorization: {authorization}\r\n");
    exchange(&Address::Tcp(port.number()), post("/RPC2", "1.0", &headers, CALL).as_bytes()).unwrap().status
}

/// RPC-9, WEB-21
#[test]
fn nothing_is_served_without_credentials() {
    let (daemon, port) = guarded("secret");
    for page in PAGES {
        let request = format!("GET {page} HTTP/1.0\r\n\r\n");
        let response = exchange(&Address::Tcp(port.number()), request.as_bytes()).unwrap();
        assert_eq!(
            undated(&response.head),
            [
                "HTTP/1.0 401 Unauthorized",
                "Server: Medusa/1.12",
                "Connection: close",
                "WWW-Authenticate: Basic realm=\"default\"",
                "Content-Length: 137",
                "Content-Type: text/html",
            ],
            "{page}"
        );
    }
    // `user:secret`
    assert_eq!(status_with(&port, "Basic dXNlcjpzZWNyZXQ="), 200);
    assert_eq!(status_with(&port, "BASIC dXNlcjpzZWNyZXQ="), 200);
    drop(daemon);
}

/// RPC-9: upstream keeps the connection and buffers its input.
#[test]
fn refused_credentials_end_the_connection_unlike_upstream() {
    let (daemon, port) = guarded("secret");
    let mut connection = Connection::open(&Address::Tcp(port.number())).unwrap();
    connection.send(post("/RPC2", "1.1", "", CALL)).unwrap();
    assert_eq!(connection.response().expect("an answer").status, 401);
    assert_eq!(connection.rest().unwrap(), b"");
    drop(daemon);
}

/// RPC-10: the digest of `secret`.
#[test]
fn a_stored_digest_is_no_password() {
    let (daemon, port) = guarded("{SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4");
    // `user:secret`, then `user:` and the stored text.
    assert_eq!(status_with(&port, "Basic dXNlcjpzZWNyZXQ="), 200);
    assert_eq!(
        status_with(&port, "Basic dXNlcjp7U0hBfWU1ZTlmYTFiYTMxZWNkMWFlODRmNzVjYWFhNDc0ZjNhNjYzZjA1ZjQ="),
        401
    );
    drop(daemon);
}

/// RPC-11, RPC-12
#[test]
fn credentials_are_read_as_upstream_reads_them() {
    let (daemon, port) = guarded("a:b");
    // `user:a:b`, bytes that are not UTF-8, another scheme.
    assert_eq!(status_with(&port, "Basic dXNlcjphOmI="), 200);
    assert_eq!(status_with(&port, "Basic /w=="), 400);
    assert_eq!(status_with(&port, "Digest abc"), 401);
    drop(daemon);
}

/// RPC-33
#[test]
fn logs_are_read_by_offset_and_length() {
    let daemon = with_logs();
    let read = |offset: i64, length: i64| {
        let answer = daemon.call("readProcessStdoutLog", &["x".into(), offset.into(), length.into()]);
        answer.map_or_else(|fault| fault.to_string(), |text| text.text().to_owned())
    };
    let cases = [
        (-2, 0, "j\n"),
        (-100, 0, "hello\nabj\n"),
        (-2, 1, "3 BAD_ARGUMENTS"),
        (0, -1, "3 BAD_ARGUMENTS"),
        (6, 0, "abj\n"),
        (0, 5, "hello"),
        (6, 100, "abj\n"),
        (11, 0, ""),
        (11, 5, ""),
        (0, 0, "hello\nabj\n"),
    ];
    for (offset, length, expected) in cases {
        assert_eq!(read(offset, length), expected, "({offset}, {length})");
    }
    let tail = |offset: i64, length: i64| {
        let answer = daemon.ask("tailProcessStdoutLog", &["x".into(), offset.into(), length.into()]);
        (answer[0].text().to_owned(), answer[1].int(), answer[2] == true.into())
    };
    let whole = "hello\nabj\n";
    let cases = [
        (0, 0, "", true),
        (0, 5, "\nabj\n", true),
        (0, 10, whole, false),
        (0, 100, whole, false),
        (5, 100, whole, false),
        (10, 100, "", false),
        (11, 100, "", false),
        (20, 5, "", false),
        (3, 7, &whole[3..], false),
        (3, 8, &whole[2..], false),
        (0, -5, "", true),
        (10, -3, "", true),
        (10, 0, "", false),
        (-5, 5, &whole[5..], true),
    ];
    for (offset, length, expected, overflow) in cases {
        assert_eq!(tail(offset, length), (expected.to_owned(), 10, overflow), "({offset}, {length})");
    }
}

/// RPC-34, RPC-36
#[test]
fn logs_that_are_not_there_are_faults_except_for_tails() {
    let daemon = with_logs();
    let window = |name: &str| [name.into(), 0.into(), 100.into()];
    let read = |method: &str, name: &str| daemon.call(method, &window(name)).unwrap_err().to_string();
    assert_eq!(read("readProcessStderrLog", "merged"), "20 NO_FILE");
    assert_eq!(read("readProcessStdoutLog", "unlogged"), "20 NO_FILE");
    assert_eq!(read("readProcessLog", "nope"), "10 BAD_NAME: nope");
    let log = daemon.sandbox().path("x.log");
    std::fs::remove_file(&log).unwrap();
    assert_eq!(read("readProcessLog", "x"), format!("20 NO_FILE: {}", log.display()));
    let nothing = Value::Array(vec!["".into(), 0.into(), false.into()]);
    for (method, name) in
        [("tailProcessStderrLog", "merged"), ("tailProcessStdoutLog", "unlogged"), ("tailProcessLog", "x")]
    {
        assert_eq!(daemon.ask(method, &window(name)), nothing, "{method} {name}");
    }
    assert_eq!(read("tailProcessLog", "nope"), "10 BAD_NAME: nope");
}

fn with_logs() -> Daemon {
    let daemon = Daemon::start(
        "[program:x]\ncommand=printf 'hello\\nabj\\n'\nstdout_logfile=%(here)s/x.log\nautorestart=false\nstartsecs=0\n\
         [program:merged]\ncommand=sleep 1000\nredirect_stderr=true\nautostart=false\n\
         [program:unlogged]\ncommand=sleep 1000\nstdout_logfile=NONE\nautostart=false\n",
    );
    daemon.wait_for_state("x", "EXITED");
    daemon.wait_for_file("x.log", "abj\n");
    daemon
}

/// RPC-35: upstream answers such logs with HTTP 500, or with XML that is not well-formed.
#[test]
fn any_bytes_of_a_log_fit_into_an_answer_unlike_upstream() {
    let daemon = Daemon::start(
        "[program:x]\ncommand=printf 'a\\033[1m\\377b\\303'\nstdout_logfile=%(here)s/x.log\nautorestart=false\nstartsecs=0\n",
    );
    daemon.wait_for_state("x", "EXITED");
    wait_until("the log", || daemon.sandbox().bytes("x.log") == b"a\x1b[1m\xffb\xc3");
    let window = ["x".into(), 0.into(), 0.into()];
    assert_eq!(daemon.ask("readProcessLog", &window).text(), "a\u{fffd}[1m\u{fffd}b\u{fffd}");
}

/// RPC-49
#[test]
fn method_signatures_list_the_parameters() {
    let daemon = Daemon::start("");
    let ask = |name: &str| daemon.rpc().call("system.methodSignature", &[name.into()]);
    let signature = ask("supervisor.startProcess").unwrap();
    assert_eq!(signature, Value::Array(vec!["boolean".into(), "string".into(), "boolean".into()]));
    assert_eq!(ask("supervisor.nope").unwrap_err().to_string(), "4 SIGNATURE_UNSUPPORTED");
    let help = daemon.rpc().call("system.methodHelp", &["supervisor.startProcess".into()]).unwrap();
    assert!(help.text().contains("Start"), "{}", help.text());
}

/// RPC-50
#[test]
fn parameters_of_related_types_are_taken() {
    let daemon = with_logs();
    let read = |offset: &str, length: &str| {
        let body = format!(
            "<methodCall><methodName>supervisor.readProcessLog</methodName><params><param><value><base64>eA==</base64>\
             </value></param><param><value>{offset}</value></param><param><value>{length}</value></param></params></methodCall>"
        );
        let answer = daemon.rpc().post(&body).unwrap().text();
        answer.split_once("<string>").map_or(answer.clone(), |(_, rest)| {
            rest.split_once("</string>").map_or_else(String::new, |(text, _)| text.to_owned())
        })
    };
    assert_eq!(read("<i8>6</i8>", "<double>2.9</double>"), "ab");
    assert_eq!(read("<i4> 6 </i4>", "2"), "ab");
    assert_eq!(read("<string>6</string>", "<boolean>1</boolean>"), "a");
}

/// RPC-51: upstream's status line then reads `HTTP/None`.
#[test]
fn a_request_without_version_is_one_of_http_1_0_unlike_upstream() {
    let daemon = Daemon::start("");
    let response = exchange(&daemon.address(), b"GET /ok.html\r\n\r\n").unwrap();
    assert!(response.head.starts_with("HTTP/1.0 200 OK\r\n"), "{}", response.head);
}

/// Upstream takes the body for the beginning of the next request.
#[test]
fn an_unwanted_body_is_skipped_unlike_upstream() {
    let daemon = Daemon::start("");
    let mut connection = daemon.connect();
    connection.send(post("/nope", "1.1", "", CALL)).unwrap();
    assert_eq!(connection.response().expect("an answer").status, 400);
    connection.send(post("/RPC2", "1.1", "", CALL)).unwrap();
    assert_eq!(connection.response().expect("an answer").text(), ANSWER);
}

/// Upstream's address is that of the client's `Host`, or `http://<unix domain socket>/`.
#[test]
fn a_directory_without_its_slash_is_redirected_relatively_unlike_upstream() {
    let daemon = Daemon::start("");
    let request = b"GET /stylesheets HTTP/1.0\r\nHost: elsewhere\r\n\r\n";
    let response = exchange(&daemon.address(), request).unwrap();
    assert_eq!((response.status, response.header("Location")), (301, Some("./stylesheets/")));
}

/// Both kinds of listener answer alike.
#[test]
fn tcp_and_unix_listeners_answer_alike() {
    let port = Port::reserve();
    let daemon = Daemon::start(&format!("[inet_http_server]\nport=127.0.0.1:{}\n", port.number()));
    let over_tcp = RpcClient::new(Address::Tcp(port.number()));
    for method in ["supervisor.getPID", "supervisor.getState", "system.listMethods"] {
        assert_eq!(over_tcp.call(method, &[]), daemon.rpc().call(method, &[]), "{method}");
    }
}
