//! HTTP exchanges byte by byte: status line, headers in their order, body, and whether the connection stays open.

use std::time::Duration;

use support::{Address, Connection, Daemon, Flavour, Launch, Port, Response, Sandbox, exchange};

use super::report::{Report, Steps, run_scenario};

/// A request counts as unanswered if nothing arrives for this long, both before and after another client got an answer.
/// Upstream never answers some of these requests.
const SILENCE: Duration = Duration::from_millis(1500);

/// What is compared of an answer.
#[derive(Clone, Copy)]
enum Part {
    /// All of it.
    All,
    /// The head without the headers that describe the body: pages are our own.
    Head,
}

/// Requests as they are sent. `{CALL}` stands for the headers and the body of a valid call.
const REQUESTS: &[(&str, Part)] = &[
    // Versions and connections.
    ("POST /RPC2 HTTP/1.0\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.1\r\n{CALL}", Part::All),
    ("POST /RPC2\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/0.9\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.2\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/2.0\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/11\r\n{CALL}", Part::All),
    ("POST /RPC2 http/1.0\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.0\r\nConnection: keep-alive\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.0\r\nConnection: Keep-Alive\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.0\r\nconnection: KEEP-ALIVE\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.0\r\nConnection: close\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.1\r\nConnection: close\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.1\r\nConnection: CLOSE\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.1\r\nConnection: keep-alive\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.1\r\nConnection: upgrade\r\n{CALL}", Part::All),
    ("GET /RPC2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", Part::All),
    // Where a call may go.
    ("POST /RPC2abc?x HTTP/1.0\r\n{CALL}", Part::All),
    ("POST /RPC2/ HTTP/1.0\r\n{CALL}", Part::All),
    ("POST /RPC2?a=b HTTP/1.0\r\n{CALL}", Part::All),
    ("POST /%52PC2 HTTP/1.0\r\n{CALL}", Part::All),
    ("POST /rpc2 HTTP/1.0\r\n{CALL}", Part::All),
    ("POST //RPC2 HTTP/1.0\r\n{CALL}", Part::All),
    ("POST /x/RPC2 HTTP/1.0\r\n{CALL}", Part::All),
    ("POST /RPC HTTP/1.0\r\n{CALL}", Part::All),
    // Methods.
    ("GET /RPC2 HTTP/1.0\r\n\r\n", Part::All),
    ("GET /RPC2 HTTP/1.1\r\n\r\n", Part::All),
    ("HEAD /RPC2 HTTP/1.1\r\n\r\n", Part::Head),
    ("PUT /RPC2 HTTP/1.1\r\n\r\n", Part::All),
    ("DELETE /RPC2 HTTP/1.1\r\n\r\n", Part::All),
    ("OPTIONS /RPC2 HTTP/1.1\r\n\r\n", Part::All),
    ("post /RPC2 HTTP/1.1\r\n\r\n", Part::All),
    ("BREW / HTTP/1.1\r\n\r\n", Part::All),
    ("PUT /nope HTTP/1.1\r\n\r\n", Part::All),
    ("POST /nope HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", Part::All),
    ("POST /logtail/a/stdout HTTP/1.1\r\n\r\n", Part::All),
    ("POST /mainlogtail HTTP/1.1\r\n\r\n", Part::All),
    ("DELETE / HTTP/1.1\r\n\r\n", Part::All),
    // Headers.
    ("\r\n\r\nPOST /RPC2 HTTP/1.0\r\n{CALL}", Part::All),
    ("\r\nPOST /RPC2 HTTP/1.0\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.0\r\nX: a\r\n b\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.0\r\nno colon\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.0\r\n: no name\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.0\r\nExpect: 100-continue\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.1\r\nHost: a.b:80\r\nUser-Agent: x\r\n{CALL}", Part::All),
    ("POST /RPC2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", Part::All),
    ("POST /RPC2 HTTP/1.1\r\n\r\n", Part::All),
    ("POST /RPC2 HTTP/1.0\r\n\r\n", Part::All),
    ("POST /RPC2 HTTP/1.1\r\nContent-Length: 4\r\n\r\n<foo", Part::All),
    ("POST /RPC2 HTTP/1.0\r\nContent-Length: 14\r\n\r\n<methodCall/>\n", Part::All),
    ("POST /RPC2 HTTP/1.1\r\nContent-Length: x\r\n\r\n", Part::All),
    ("POST /RPC2 HTTP/1.1\r\nContent-Length: 0\r\n\r\n", Part::All),
    ("POST /RPC2 HTTP/1.1\r\nContent-Length:4\r\n\r\n<foo", Part::All),
    ("POST /RPC2 HTTP/1.1\r\nContent-Length: 2\r\n\r\n\u{e9}", Part::All),
    // Request lines.
    ("GET\r\n\r\n", Part::All),
    ("GET  / HTTP/1.1\r\n\r\n", Part::All),
    ("GET /ok.html HTTP/1.1 \r\n\r\n", Part::All),
    ("GET nope HTTP/1.1\r\n\r\n", Part::All),
    ("GET http://localhost/nope HTTP/1.1\r\n\r\n", Part::All),
    ("GET * HTTP/1.1\r\n\r\n", Part::All),
    ("GET /nope#x HTTP/1.1\r\n\r\n", Part::All),
    ("GET /nope;x?y HTTP/1.1\r\n\r\n", Part::All),
    // What is not there.
    ("GET /nope HTTP/1.0\r\n\r\n", Part::All),
    ("GET /nope HTTP/1.1\r\n\r\n", Part::All),
    ("HEAD /nope HTTP/1.1\r\n\r\n", Part::Head),
    ("HEAD / HTTP/1.0\r\n\r\n", Part::Head),
    ("GET /../../../../etc/passwd HTTP/1.0\r\n\r\n", Part::All),
    ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.0\r\n\r\n", Part::All),
    ("GET /nope/ HTTP/1.0\r\n\r\n", Part::All),
    ("GET /stylesheets/ HTTP/1.0\r\n\r\n", Part::All),
    ("GET /stylesheets HTTP/1.0\r\nHost: localhost\r\n\r\n", Part::Head),
    ("GET /logtail HTTP/1.0\r\n\r\n", Part::All),
    ("GET /logtail/ HTTP/1.0\r\n\r\n", Part::All),
    ("GET /logtail/nope HTTP/1.0\r\n\r\n", Part::All),
    ("GET /logtail/nope/stdout HTTP/1.0\r\n\r\n", Part::All),
    ("GET /logtail/a/nope HTTP/1.0\r\n\r\n", Part::All),
    ("GET /logtail/unlogged/stdout HTTP/1.1\r\n\r\n", Part::All),
    // Pages.
    ("GET / HTTP/1.0\r\n\r\n", Part::Head),
    ("GET /ok.html HTTP/1.1\r\n\r\n", Part::Head),
    ("GET /index.html HTTP/1.1\r\n\r\n", Part::Head),
    ("GET /stylesheets/supervisor.css HTTP/1.0\r\n\r\n", Part::Head),
    ("GET /images/icon.png HTTP/1.0\r\n\r\n", Part::Head),
];

/// `Authorization` headers on a listener with a name and a password, `user:secret`.
const CREDENTIALS: &[&str] = &[
    "",
    "Authorization: Basic dXNlcjpzZWNyZXQ=\r\n",
    "authorization: basic dXNlcjpzZWNyZXQ=\r\n",
    "Authorization: Basic dXNlcjpub3Bl\r\n",
    "Authorization: Basic dXNlcjo=\r\n",
    "Authorization: Basic OnNlY3JldA==\r\n",
    "Authorization: Basic dXNlcg==\r\n",
    "Authorization: Basic\r\n",
    "Authorization: Basic !!!\r\n",
    "Authorization: Basic /w==\r\n",
    "Authorization: Basic YWJ\r\n",
    "Authorization: Digest abc\r\n",
    "Authorization: Bearer dXNlcjpzZWNyZXQ=\r\n",
];

const BODY: &str = "<methodCall><methodName>supervisor.getState</methodName></methodCall>";

pub(super) fn compare(report: &mut Report) {
    let [upstream, ours] = std::thread::scope(|scope| {
        let upstream = scope.spawn(|| run_scenario(|| exchanges(Flavour::Upstream)));
        let ours: Steps = run_scenario(|| exchanges(Flavour::Ours));
        [upstream.join().expect("a failure is carried through"), ours]
    });
    report.compare_steps("http ", &upstream, &ours);
}

fn exchanges(flavour: Flavour) -> Vec<(String, String)> {
    let port = Port::reserve();
    let config = format!(
        "[inet_http_server]\nport=127.0.0.1:{}\nusername=user\npassword=secret\n\
         [program:a]\ncommand=sleep 1000\nstartsecs=0\n\
         [program:unlogged]\ncommand=sleep 1000\nstdout_logfile=NONE\nautostart=false\n",
        port.number()
    );
    let sandbox = Sandbox::new();
    let daemon = Launch::of(flavour).configure(&sandbox, &config).start(sandbox);
    daemon.wait_for_state("a", "RUNNING");
    let mut found = Vec::new();
    for (request, part) in REQUESTS {
        let whole = request.replace("{CALL}", &format!("Content-Length: {}\r\n\r\n{BODY}", BODY.len()));
        found.push((request.escape_default().to_string(), converse(&daemon.address(), &whole, *part)));
    }
    for credentials in CREDENTIALS {
        for version in ["1.0", "1.1"] {
            let request = format!(
                "POST /RPC2 HTTP/{version}\r\n{credentials}Content-Length: {}\r\n\r\n{BODY}",
                BODY.len()
            );
            let name = format!("guarded, HTTP/{version}, {:?}", credentials.trim_end());
            found.push((name, converse(&Address::Tcp(port.number()), &request, Part::All)));
        }
    }
    found.push(("one behind the other".to_owned(), pipelined(&daemon)));
    found
}

/// One request, its answer, and whether another can follow on the same connection.
fn converse(address: &Address, request: &str, part: Part) -> String {
    let mut connection = open(address);
    // Where a request is refused early, the connection may be closed while it is still being sent.
    let _ = connection.send(request);
    if request.starts_with("HEAD") {
        // Upstream sends a body behind it, which no client expects.
        let head =
            retry_after_probe(address, || connection.until(b"\r\n\r\n")).map(|head| Response::of(&head));
        return head.map_or("no answer".to_owned(), |response| shown(&response, Part::Head));
    }
    let Some(response) = retry_after_probe(address, || connection.response()) else {
        return match connection.rest() {
            Ok(rest) if rest.is_empty() => "closed without an answer".to_owned(),
            Ok(rest) => format!("closed after {:?}", String::from_utf8_lossy(&rest)),
            Err(_) => "no answer".to_owned(),
        };
    };
    let _ = connection.send("GET /probe HTTP/1.0\r\n\r\n");
    let after = retry_after_probe(address, || connection.response());
    let after = after.map_or("closed".to_owned(), |next| format!("answered {}", next.status));
    format!("{}\nafter it: {after}", shown(&response, part))
}

/// Reads again if there is no answer yet, after another client got one: by then a loaded daemon has had its turn.
fn retry_after_probe<T>(address: &Address, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    look().or_else(|| {
        let _ = exchange(address, b"GET /probe HTTP/1.0\r\n\r\n");
        look()
    })
}

/// Three requests at once, answered in their order.
fn pipelined(daemon: &Daemon) -> String {
    let call = format!("POST /RPC2 HTTP/1.1\r\nContent-Length: {}\r\n\r\n{BODY}", BODY.len());
    let mut connection = open(&daemon.address());
    connection.send(format!("{call}GET /nope HTTP/1.1\r\n\r\n{call}")).expect("the requests are sent");
    let answers: Vec<_> = (0..3)
        .map(|_| retry_after_probe(&daemon.address(), || connection.response()))
        .map(|answer| answer.map_or("no answer".to_owned(), |response| shown(&response, Part::All)))
        .collect();
    answers.join("\n\n")
}

fn open(address: &Address) -> Connection {
    let connection = Connection::open(address).expect("the daemon accepts connections");
    connection.set_timeout(SILENCE).expect("the socket takes a timeout");
    connection
}

fn shown(response: &Response, part: Part) -> String {
    let of_the_body = ["Content-Length: ", "Content-Type: ", "Last-Modified: "];
    let lines: Vec<_> = response
        .head
        .trim_end()
        .split("\r\n")
        .filter(|line| matches!(part, Part::All) || !of_the_body.iter().any(|name| line.starts_with(name)))
        .map(|line| if line.starts_with("Date: ") { "Date: NOW" } else { line })
        .collect();
    match part {
        Part::All => format!("{}\n\n{}", lines.join("\n"), response.text()),
        Part::Head => lines.join("\n"),
    }
}
