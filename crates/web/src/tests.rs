//! Pages, action links and streams, against a test double of the supervisor.

mod ui;

use super::Site;
use super::double::{Double, body, http_request};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;
use supervisor_control::double::{FakeProcess, FakeView, LogQuery, PATIENCE, Scratch};
use supervisor_control::{ChangeKind, Command, Diff, LogName, Request as ControlRequest, Target};
use supervisor_core::{
    Answer, Channel, ExitStatus, Fault, History, ProcessState, SupervisorState, Wait, Wall,
};
use supervisor_http::{Body, Client, Next, ReplyTo, Response, Service, Source, StreamWaker};
use supervisor_log::Level;
use supervisor_sys::clock;

/// A request under way.
struct Browser {
    response: Receiver<Response>,
    client: Client,
}

impl Browser {
    fn answer(&self) -> Response {
        self.response.recv_timeout(PATIENCE).unwrap()
    }

    fn status(&self) -> u16 {
        self.answer().status.code()
    }

    fn page(&self) -> String {
        body(&self.answer()).to_owned()
    }

    /// The message of the redirect.
    fn message(&self) -> String {
        let response = self.answer();
        assert_eq!(response.status.code(), 303);
        let location = response.first_header("Location").unwrap();
        let encoded = location.strip_prefix(b"./?message=").unwrap();
        String::from_utf8(supervisor_http::percent_decode(encoded)).unwrap()
    }
}

fn open(double: &Double, method: &str, target: &str) -> Browser {
    send(double, &http_request(method, target, &[], b""))
}

fn get(double: &Double, target: &str) -> Browser {
    open(double, "GET", target)
}

fn send(double: &Double, request: &supervisor_http::Request) -> Browser {
    let (reply, response, client) = ReplyTo::with_channel();
    site(double).call(request.clone(), reply);
    Browser { response, client }
}

/// The service with XML-RPC mounted.
fn site(double: &Double) -> Site {
    let context = &double.context;
    let xmlrpc = supervisor_xmlrpc::Context {
        control: context.control.clone(),
        blocking: context.blocking.clone(),
        answers: supervisor_http::Limits::default().memory,
        log: context.log.clone(),
        has_supervisor: true,
    };
    Site::new(context.clone(), &[], &[])
        .mount(b"/RPC2", move |request, reply| supervisor_xmlrpc::handle(&xmlrpc, request, reply))
}

/// The end of the exited processes, in seconds since the epoch.
const ENDED: i64 = 1_763_697_480;

fn process(group: &str, name: &str, state: ProcessState) -> FakeProcess {
    let is_over = state == ProcessState::Exited;
    let last_exit = is_over.then_some(ExitStatus::Code(3));
    let history = History { last_exit, ..History::default() };
    FakeProcess { history, stop: is_over.then_some(ENDED), ..FakeProcess::new(group, name, state) }
}

fn same_config(double: &Double) {
    let ControlRequest::CompareConfig { reply } = double.take() else { panic!("another request") };
    reply.send(Ok(Diff::default()));
}

fn show(double: &Double, target: &str, processes: Vec<FakeProcess>) -> Response {
    let browser = get(double, target);
    same_config(double);
    double.inspect(&FakeView::of(processes));
    browser.answer()
}

/// Our pages have inline icons; only upstream's page used its pictures.
#[test]
fn the_pictures_of_upstreams_page_are_not_served_unlike_upstream() {
    let double = Double::new();
    for name in ["icon.png", "supervisor.gif", "rule.gif", "state0.gif", "state3.gif"] {
        assert_eq!(get(&double, &format!("/images/{name}")).status(), 404, "{name}");
    }
    assert_eq!(get(&double, "/images/icon.svg").status(), 200);
}

/// WEB-1.
#[test]
fn the_status_page_has_a_row_per_process_with_upstreams_links() {
    let double = Double::new();
    let processes =
        vec![process("cat", "cat", ProcessState::Running), process("grp", "b", ProcessState::Exited)];
    let response = show(&double, "///index.html?y", processes);
    let names: Vec<&str> = response.headers().iter().map(|(name, _)| *name).collect();
    assert_eq!(names[..4], ["Content-Type", "Pragma", "Cache-Control", "Expires"]);
    assert_eq!(response.first_header("Content-Type"), Some(&b"text/html;charset=utf-8"[..]));
    let page = body(&response);
    let ended = clock::stop_time(Wall { micros: ENDED * 1_000_000 });
    for piece in [
        "<title>Supervisor Status</title>",
        "data-n=\"cat\" data-s=\"RUNNING\"",
        "<span class=\"statusrunning\" title=\"RUNNING\">",
        "<button name=\"do\" value=\"restart cat\">Restart</button>",
        "<button name=\"do\" value=\"stop cat\"",
        "<button name=\"do\" value=\"start grp:b\"",
        "<button name=\"do\" value=\"stopgroup grp\"",
        "<button form=\"list\" name=\"do\" value=\"stopall\">",
        "<a href=\"tail.html?processname=grp%3Ab\">b</a>",
        &format!("exit code 3 · ended {ended}"),
        "Supervisor 4.3.0",
    ] {
        assert!(page.contains(piece), "{piece} is missing in {page}");
    }
    assert!(!page.contains("value=\"stop grp:b\""));
    assert!(page.find("data-n=\"cat\"") < page.find("data-n=\"grp:b\""));
}

/// WEB-2, WEB-9, WEB-23.
#[test]
fn all_text_on_the_page_is_escaped() {
    let double = Double::new();
    let hostile = vec![process("a\">", "<b>", ProcessState::Fatal)];
    let response = show(&double, "/?message=%3Cscript%3E", hostile);
    let page = body(&response);
    assert!(page.contains("<div class=\"status_msg\">&lt;script&gt;</div>"));
    assert!(page.contains("tail.html?processname=a%22%3E%3A%3Cb%3E\""));
    assert!(page.contains("value=\"start a&quot;&gt;:&lt;b&gt;\"") && page.contains("\">&lt;b&gt;</a>"));
    assert!(!page.contains("<script>") && !page.contains("\"><b>"));
    let empty = show(&double, "/", Vec::new());
    assert!(body(&empty).contains("No programs to manage"));
}

/// WEB-22.
#[test]
fn while_stopping_the_status_page_is_unavailable_and_the_tail_page_says_why() {
    let double = Double::new();
    let shutdown = || Fault::ShutdownState;
    let browser = get(&double, "/");
    let ControlRequest::CompareConfig { reply } = double.take() else { panic!("another request") };
    reply.send(Err(shutdown()));
    let processes = vec![process("a", "a", ProcessState::Stopping)];
    double.inspect(&FakeView { state: SupervisorState::Shutdown, ..FakeView::of(processes) });
    let response = browser.answer();
    assert_eq!(response.status.code(), 503);
    let page = body(&response);
    assert!(page.contains("Supervisor is stopping all processes.") && page.contains("data-s=\"STOPPING\""));
    let browser = get(&double, "/tail.html?processname=a");
    double.identify(SupervisorState::Shutdown);
    assert!(browser.page().contains("ERROR: unexpected rpc fault [6] SHUTDOWN_STATE"));
}

fn fault(make: fn(String) -> Fault) -> Answer {
    Answer::Fault(make("cat".to_owned()))
}

/// WEB-3, WEB-4.
#[test]
fn start_and_stop_links_report_their_outcome() {
    let double = Double::new();
    let cases = [
        ("start", Answer::Done, "Process cat started"),
        ("start", fault(Fault::NoFile), "ERROR: Process cat: no such file"),
        ("start", fault(Fault::NotExecutable), "ERROR: Process cat: file not executable"),
        ("start", fault(Fault::AlreadyStarted), "ERROR: Process cat: already started"),
        ("start", fault(Fault::SpawnError), "ERROR: Process cat: spawn error"),
        ("start", fault(Fault::AbnormalTermination), "ERROR: Process cat: abnormal termination"),
        ("start", fault(Fault::Failed), "ERROR: Process cat: unexpected rpc fault [30] FAILED: cat"),
        ("start", fault(Fault::BadName), "No such process named cat"),
        ("stop", Answer::Done, "Process cat stopped"),
        ("stop", fault(Fault::NotRunning), "unexpected rpc fault [70] NOT_RUNNING: cat"),
        ("stop", fault(Fault::BadName), "No such process named cat"),
    ];
    for (action, answer, expected) in cases {
        let browser = get(&double, &format!("/index.html?processname=cat&action={action}"));
        let target = Target::Named("cat".into());
        let command = double.obey(answer);
        let wished = match action {
            "start" => Command::Start { target, wait: Wait::Yes },
            _ => Command::Stop { target, wait: Wait::Yes },
        };
        assert_eq!((command, browser.message().as_str()), (wished, expected));
    }
}

#[test]
fn a_redirect_is_relative_and_not_cached() {
    let double = Double::new();
    let response = get(&double, "/?action=stop&processname=g:*").answer();
    let headers: Vec<(&str, &[u8])> =
        response.headers().iter().map(|(name, value)| (*name, value.as_slice())).collect();
    assert_eq!(
        headers,
        [
            ("Location", &b"./?message=No%20such%20process%20named%20g%3A%2A"[..]),
            ("Content-Type", b"text/html"),
            ("Pragma", b"no-cache"),
            ("Cache-Control", b"no-cache"),
            ("Expires", b"Thu, 01 Jan 1970 00:00:00 GMT"),
        ]
    );
    assert!(body(&response).contains("<p>Error code 303.\r\n<p>Message: See Other.\r\n"));
}

/// WEB-5, WEB-6.
#[test]
fn wildcards_are_no_processes_and_unknown_actions_are_errors() {
    let double = Double::new();
    for action in ["start", "stop", "restart", "clearlog"] {
        let browser = get(&double, &format!("/?action={action}&processname=grp:*"));
        assert_eq!(browser.message(), "No such process named grp:*");
    }
    for target in
        ["/?action=bogus", "/?action=stop", "/?action=stop&processname=", "/?action=bogus&processname=a"]
    {
        assert_eq!(get(&double, target).status(), 500, "{target}");
    }
    assert!(double.is_idle());
}

/// WEB-7: what a body says counts more than what the query says.
#[test]
fn forms_are_parsed() {
    let double = Double::new();
    let post = |target, headers: &[(&str, &str)], text: &str| {
        send(&double, &http_request("POST", target, headers, text.as_bytes()))
    };
    assert!(post("/", &[], "action=refresh").message().starts_with("Page refreshed at "));
    let form = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
    let browser = post("/?action=bogus&processname=x", &form, "action=stop&processname=a&processname=c%3A*");
    assert_eq!(browser.message(), "No such process named c:*");
    assert_eq!(post("/", &[("Content-Type", "application/json")], "{}").status(), 415);
    let mut without_length = http_request("POST", "/", &[], b"");
    without_length.headers = [("Host", "x")].into_iter().collect();
    assert_eq!(send(&double, &without_length).status(), 411);
}

/// WEB-8.
#[test]
fn restarting_stops_and_then_starts() {
    let double = Double::new();
    let browser = get(&double, "/?action=restartall");
    assert!(matches!(double.obey(Answer::Outcomes(Vec::new())), Command::Stop { target: Target::All, .. }));
    assert!(matches!(double.obey(Answer::Outcomes(Vec::new())), Command::Start { target: Target::All, .. }));
    assert!(browser.message().starts_with("All restarted at "));
    let browser = get(&double, "/?action=stopall");
    double.obey(Answer::Outcomes(Vec::new()));
    assert!(browser.message().starts_with("All stopped at "));
    let browser = get(&double, "/?action=restart&processname=cat");
    double.obey(fault(Fault::NotRunning));
    double.obey(Answer::Done);
    assert_eq!(browser.message(), "Process cat restarted");
}

#[test]
fn a_restart_that_fails_says_so() {
    let double = Double::new();
    let restart = || get(&double, "/?action=restart&processname=cat");
    let browser = restart();
    double.obey(Answer::Done);
    double.obey(fault(Fault::SpawnError));
    assert_eq!(browser.message(), "ERROR: Process cat: spawn error");
    let browser = restart();
    double.obey(fault(Fault::Failed));
    assert_eq!(browser.message(), "unexpected rpc fault [30] FAILED: cat");
    let browser = get(&double, "/?action=restartall");
    double.obey(Answer::Fault(Fault::ShutdownState));
    assert_eq!(browser.message(), "unexpected rpc fault [6] SHUTDOWN_STATE");
}

#[test]
fn an_action_link_goes_no_further_when_its_browser_disconnects() {
    let double = Double::new();
    let browser = get(&double, "/?action=restart&processname=cat");
    let (ticket, _, reply) = double.take_command();
    browser.client.disconnect();
    assert!(matches!(double.take(), ControlRequest::Cancel(cancelled) if cancelled == ticket));
    reply.send(Answer::Done);
    assert!(browser.response.recv_timeout(PATIENCE).is_err());
    assert!(double.is_idle());
}

#[test]
fn logs_are_cleared() {
    let double = Double::new();
    let bad_name = || Fault::BadName("cat".into());
    let failed = || Fault::Failed("cat".into());
    for (answer, expected) in [
        (Ok(()), "Log for cat cleared"),
        (Err(bad_name()), "No such process named cat"),
        (Err(failed()), "unexpected rpc fault [30] FAILED: cat"),
    ] {
        let browser = get(&double, "/?action=clearlog&processname=cat");
        let ControlRequest::ClearProcessLogs { name, reply } = double.take() else {
            panic!("another request")
        };
        reply.send(answer);
        assert_eq!((name.as_str(), browser.message().as_str()), ("cat", expected));
    }
}

#[test]
fn cross_site_requests_are_refused() {
    let double = Double::new();
    for (site, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 303), ("none", 303)] {
        let request = http_request("GET", "/?action=refresh", &[("Sec-Fetch-Site", site)], b"");
        assert_eq!(send(&double, &request).status(), status, "{site}");
        let call = b"<methodCall><methodName>x</methodName></methodCall>";
        let call = http_request("POST", "/RPC2", &[("Sec-Fetch-Site", site)], call);
        assert_eq!(send(&double, &call).status(), if status == 403 { 403 } else { 200 }, "{site}");
    }
    let foreign = [("Origin", "http://evil.example"), ("Host", "localhost:9001")];
    for target in ["/?action=stopall", "/?do=stopall", "/RPC2"] {
        assert_eq!(send(&double, &http_request("POST", target, &foreign, b"")).status(), 403);
    }
    assert!(double.is_idle());
}

/// WEB-10.
#[test]
fn the_tail_page_shows_the_end_of_the_log() {
    let (double, scratch) = (Double::new(), Scratch::new());
    let path = scratch.file("log", ["<start>", &"x".repeat(3000), "<end>\u{e9}\n"].concat());
    let shown = |target: &str| {
        let browser = get(&double, target);
        double.locate(Some(&path));
        browser.page()
    };
    let page = shown("/tail.html?processname=a&limit=5");
    assert!(page.contains("<title>Supervisor tail of process a</title>"));
    assert!(page.contains(&format!("<pre>{}&lt;end&gt;\u{e9}\n</pre>", "x".repeat(1024 - 8))));
    assert!(page.contains("<a href=\"tail.html?processname=a&amp;limit=1024\">"));
    let page = shown("/tail.html?processname=g:a&limit=4000");
    assert!(page.contains("<pre>&lt;start&gt;xxx"));
    assert!(page.contains("<a href=\"tail.html?processname=g%3Aa&amp;limit=4000\">"));
    for limit in ["-5000", "4000x", "%2b4000", ""] {
        assert!(
            shown(&format!("/tail.html?processname=a&limit={limit}")).contains("limit=1024\""),
            "{limit}"
        );
    }
    assert!(shown(&format!("/tail.html?processname=a&limit={}", "9".repeat(40))).contains("&lt;start&gt;"));
}

/// Upstream shows any number of bytes; our page has the text in memory several times.
#[test]
fn the_tail_page_shows_half_a_megabyte_at_most() {
    let (double, scratch) = (Double::new(), Scratch::new());
    let path = scratch.file("log", vec![b'x'; 2_000_000]);
    let browser = get(&double, "/tail.html?processname=a&limit=2000000");
    double.locate(Some(&path));
    let page = browser.page();
    assert!(page.contains(&format!("<pre>{}</pre>", "x".repeat(524_288))));
    assert!(page.contains("<a href=\"tail.html?processname=a&amp;limit=524288\">"));
}

/// WEB-10.
#[test]
fn the_tail_page_explains_what_it_cannot_show() {
    let (double, scratch) = (Double::new(), Scratch::new());
    for target in ["/tail.html", "/tail.html?processname="] {
        let page = get(&double, target).page();
        assert!(page.contains("<pre>No process name found</pre>") && page.contains("of process None"));
        assert!(!page.contains("Refresh"));
    }
    for path in [None, Some(scratch.path("absent"))] {
        let browser = get(&double, "/tail.html?processname=a");
        double.locate(path.as_deref());
        assert!(browser.page().contains("<pre>No file for a</pre>"));
    }
    let browser = get(&double, "/tail.html?processname=nope");
    double.know_no_log();
    assert!(browser.page().contains("<pre>ERROR: unexpected rpc fault [10] BAD_NAME: nope</pre>"));
}

#[test]
fn a_tail_page_replaces_invalid_utf8() {
    let (double, scratch) = (Double::new(), Scratch::new());
    let path = scratch.file("log", b"a\xffb");
    let browser = get(&double, "/tail.html?processname=a");
    double.locate(Some(&path));
    assert!(browser.page().contains("<pre>a\u{fffd}b</pre>"));
}

#[test]
fn a_tail_page_shows_no_escape_sequences() {
    let (double, scratch) = (Double::new(), Scratch::new());
    let path = scratch.file("log", "\x1b[32mINFO\x1b[0m\tstarted\r\n");
    let browser = get(&double, "/tail.html?processname=a");
    double.locate(Some(&path));
    assert!(browser.page().contains("<pre>INFO\tstarted\n</pre>"));
}

/// WEB-11.
#[test]
fn health_checks_get_ok() {
    let double = Double::new();
    for method in ["GET", "POST"] {
        let response = open(&double, method, "/ok.html").answer();
        assert_eq!(response.headers(), [("Content-Type", b"text/plain".to_vec())]);
        assert_eq!(body(&response), "OK");
    }
    assert_eq!(open(&double, "HEAD", "/ok.html").status(), 404);
    assert_eq!(open(&double, "HEAD", "/").status(), 404);
}

/// WEB-12.
#[test]
fn log_streams_of_unknown_logs_are_refused() {
    let (double, scratch) = (Double::new(), Scratch::new());
    for target in ["/logtail", "/logtail/", "/logtail/a", "/mainlogtail"] {
        for method in ["POST", "HEAD", "PUT"] {
            assert_eq!(open(&double, method, target).status(), 400, "{method} {target}");
        }
    }
    for target in ["/logtail", "/logtail/a/stdin", "/logtail/a/", "/logtail/a/stdout/x"] {
        assert_eq!(get(&double, target).status(), 404, "{target}");
    }
    let browser = get(&double, "/logtail/nope");
    double.know_no_log();
    assert_eq!(browser.status(), 404);
    for path in [None, Some(scratch.path("absent")), Some(scratch.path(""))] {
        let browser = get(&double, "/logtail/a");
        double.locate(path.as_deref());
        assert_eq!(browser.status(), 404);
    }
}

/// WEB-18.
#[test]
fn without_a_main_log_there_is_no_stream_of_it() {
    let double = Double::new();
    let browser = get(&double, "/mainlogtail");
    assert_eq!(double.locate(None), LogQuery { log: LogName::Main, checked_running: false });
    assert_eq!(browser.status(), 404);
}

#[test]
fn names_and_channels_of_log_streams_are_parsed() {
    let (double, scratch) = (Double::new(), Scratch::new());
    let path = scratch.file("log", "x");
    for (target, name, channel) in [
        ("/logtail/a", "a", Channel::Stdout),
        ("/logtail/grp%3Ab%20c/stderr", "grp:b c", Channel::Stderr),
        ("/logtailing/a/stdout", "a", Channel::Stdout),
    ] {
        let browser = get(&double, target);
        let asked = double.locate(Some(&path));
        let log = LogName::Process { name: name.into(), channel };
        assert_eq!(asked, LogQuery { log, checked_running: false });
        let headers: Vec<&'static str> = browser.answer().headers().iter().map(|(name, _)| *name).collect();
        assert_eq!(headers, ["Last-Modified", "Content-Type", "X-Accel-Buffering", "X-Content-Type-Options"]);
    }
}

/// A stream, polled as the server does.
struct Stream {
    source: Box<dyn Source>,
    waker: StreamWaker,
    woken: Receiver<()>,
}

impl Stream {
    fn of(response: Response) -> Self {
        let Body::Stream(mut source) = response.body else { panic!("no stream") };
        let (wake, woken) = mpsc::channel();
        let waker = StreamWaker::new(move || wake.send(()).unwrap());
        source.start(waker.clone());
        Self { source, waker, woken }
    }

    /// The next bytes.
    fn chunk(&mut self) -> String {
        loop {
            self.waker.rearm();
            match self.source.next(64 * 1024) {
                Next::Chunk(bytes) => return String::from_utf8(bytes).unwrap(),
                Next::Pending => self.woken.recv_timeout(PATIENCE).unwrap(),
                Next::End => panic!("the stream has ended"),
            }
        }
    }

    /// Bytes up to and including these, in whatever pieces they come.
    fn until(&mut self, end: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut text = String::new();
        while !text.contains(end) {
            assert!(Instant::now() < deadline, "only {text}");
            text.push_str(&self.chunk());
        }
        text
    }
}

/// WEB-13, WEB-14: the end of what is there, and then whatever is written.
#[test]
fn a_log_is_followed_as_it_grows() {
    let scratch = Scratch::new();
    let path = scratch.file("main.log", "x".repeat(3000));
    let double = Double::logging_to(&path);
    let browser = get(&double, "/mainlogtail");
    double.locate(Some(&path));
    let response = browser.answer();
    assert_eq!(response.first_header("Content-Type"), Some(&b"text/plain;charset=utf-8"[..]));
    assert_eq!(response.first_header("X-Accel-Buffering"), None);
    let mut stream = Stream::of(response);
    assert_eq!(stream.chunk(), "x".repeat(1024));
    for line in ["first", "second"] {
        double.context.log.log(Level::Info, line);
        assert!(stream.until(&format!(" INFO {line}\n")).ends_with(&format!(" INFO {line}\n")));
    }
}

#[test]
fn a_flood_into_a_followed_log_is_streamed_completely() {
    let scratch = Scratch::new();
    let path = scratch.file("main.log", "");
    let double = Double::logging_to(&path);
    let browser = get(&double, "/mainlogtail");
    double.locate(Some(&path));
    let mut stream = Stream::of(browser.answer());
    for number in 0..3000 {
        double.context.log.log(Level::Info, format!("line {number} {}", "y".repeat(100)));
    }
    let text = stream.until("line 2999 ") + "\n";
    let numbers = text.lines().filter_map(|line| line.split_once(" INFO line ")).count();
    assert_eq!(numbers, 3000);
}

/// WEB-19.
#[test]
fn files_are_served_with_last_modified() {
    let double = Double::new();
    let path = "/stylesheets/supervisor.css";
    let response = get(&double, path).answer();
    let headers: Vec<&str> = response.headers().iter().map(|(name, _)| *name).collect();
    assert_eq!(headers, ["Last-Modified", "Content-Length", "Content-Type"]);
    assert_eq!(response.first_header("Content-Type"), Some(&b"text/css"[..]));
    assert_eq!(open(&double, "HEAD", path).status(), 200);
    assert_eq!(open(&double, "POST", path).status(), 400);
    let conditional = |value: &str| {
        send(&double, &http_request("GET", path, &[("If-Modified-Since", value)], b"")).status()
    };
    let future = "Sat, 21 Nov 2099 00:00:00 GMT";
    let length = body(&response).len();
    assert_eq!(conditional(future), 304);
    assert_eq!(conditional(&format!("{future}; length={length}")), 304);
    assert_eq!(conditional(&format!("{future}; length={}", length + 1)), 200);
    assert_eq!(conditional("Thu, 01 Jan 1970 00:00:00 GMT"), 200);
    assert_eq!(conditional("yesterday"), 200);
    let moved = get(&double, "/stylesheets").answer();
    assert_eq!((moved.status.code(), moved.first_header("Location")), (301, Some(&b"./stylesheets/"[..])));
    assert_eq!(get(&double, "/stylesheets/").status(), 404);
}

/// WEB-20.
#[test]
fn there_are_no_other_files() {
    let double = Double::new();
    for target in
        ["/../x", "/%2e%2e/%2e%2e/etc/passwd", "/status.html", "/nope", "/ok.html/", "/stylesheets/../x"]
    {
        assert_eq!(get(&double, target).status(), 404, "{target}");
    }
    assert_eq!(open(&double, "PUT", "/x").status(), 400);
}

#[test]
fn parameters_cannot_choose_another_page() {
    let double = Double::new();
    let page = show(&double, "/?PATH_INFO=/ok.html", Vec::new());
    assert!(body(&page).contains("Supervisor Status"));
}

#[test]
fn xmlrpc_is_mounted_on_every_path_with_its_prefix() {
    let double = Double::new();
    let call = b"<methodCall><methodName>nope</methodName></methodCall>";
    let browser = send(&double, &http_request("POST", "/RPC2abc?x", &[], call));
    assert!(browser.page().contains("UNKNOWN_METHOD"));
}

#[test]
fn new_requests_get_503_while_the_queue_is_congested() {
    let double = Double::new();
    let waiting: Vec<Browser> = (0..supervisor_control::MAX_QUEUED / 2).map(|_| get(&double, "/")).collect();
    assert_eq!(get(&double, "/").status(), 503);
    assert!(matches!(double.take(), ControlRequest::CompareConfig { .. }));
    let let_in = get(&double, "/ok.html");
    assert_eq!(let_in.status(), 200);
    drop(waiting);
}
