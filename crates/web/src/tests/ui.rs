//! Our own page: its buttons, its protection, and the event stream.

use super::*;

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz012345";

/// Sends a form of our page, with the browser's token.
fn press(double: &Double, fields: &str, headers: &[(&str, &str)]) -> Browser {
    let cookie = format!("supervisor_token={TOKEN}");
    let mut all = vec![
        ("Cookie", cookie.as_str()),
        ("User-Agent", "Mozilla/5.0"),
        ("Origin", "http://h"),
        ("Host", "h"),
    ];
    all.extend(headers);
    send(double, &http_request("POST", "/", &all, format!("token={TOKEN}&{fields}").as_bytes()))
}

const SCRIPT: [(&str, &str); 1] = [("Accept", "application/json")];

#[test]
fn a_browser_without_a_csrf_token_gets_a_confirmation_page() {
    let double = Double::new();
    let mozilla = ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)");
    for target in ["/?action=stop&processname=%3Cb%3E", "/?action=stopall", "/?do=stop+a", "/?do=apply"] {
        let response = send(&double, &http_request("GET", target, &[mozilla], b"")).answer();
        assert_eq!(response.status.code(), 403, "{target}");
        let page = body(&response);
        assert!(page.contains("Please confirm") && page.contains("<form method=\"post\" action=\"./\">"));
        assert!(!page.contains("<b>:"), "{page}");
        assert!(response.first_header("Set-Cookie").unwrap().starts_with(b"supervisor_token="));
    }
    // A link on another site leads to the question, too.
    let link = [mozilla, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Dest", "document")];
    assert_eq!(send(&double, &http_request("GET", "/?action=stopall", &link, b"")).status(), 403);
    // A token without the cookie, or another browser's.
    let forged = format!("token={TOKEN}&do=stop+a");
    assert_eq!(send(&double, &http_request("POST", "/", &[mozilla], forged.as_bytes())).status(), 403);
    assert!(double.is_idle());
}

#[test]
fn buttons_perform_actions_and_report_results() {
    let double = Double::new();
    let browser = press(&double, "do=stop+a%3Ab+c", &[]);
    let command = double.obey(Answer::Done);
    assert_eq!(command, Command::Stop { target: Target::Named("a:b c".into()), wait: Wait::Yes });
    assert_eq!(browser.message(), "a:b c stopped");
    let browser = press(&double, "do=start+cat", &[("Accept-Language", "zh-CN"), SCRIPT[0]]);
    double.obey(fault(Fault::SpawnError));
    assert_eq!(browser.page(), r#"{"ok":false,"message":"cat：无法启动","results":[["cat","无法启动"]]}"#);
    let browser = press(&double, "do=signal+cat&signal=HUP", &SCRIPT);
    let command = double.obey(Answer::Done);
    let signal = Ok(supervisor_core::Signal::HUP);
    assert_eq!(command, Command::Signal { target: Target::Named("cat".into()), signal });
    assert_eq!(browser.page(), r#"{"ok":true,"message":"cat signalled","results":[["cat",null]]}"#);
    let browser = press(&double, "do=restartgroup+g", &SCRIPT);
    assert!(
        matches!(double.obey(Answer::Outcomes(vec![])), Command::Stop { target: Target::Group(name), .. } if name == "g")
    );
    assert!(matches!(double.obey(Answer::Outcomes(vec![])), Command::Start { target: Target::Group(_), .. }));
    assert!(browser.page().contains("Nothing to do"));
    for fields in ["do=dance+a", "do=signal+a&signal=XYZ", "do=stopgroup"] {
        assert_eq!(press(&double, fields, &[]).status(), 500, "{fields}");
    }
    assert!(double.is_idle());
}

#[test]
fn an_action_on_many_processes_names_its_failures() {
    let double = Double::new();
    assert_eq!(press(&double, "do=stop", &[]).message(), "No process is selected.");
    let browser = press(&double, "do=stop&p=a&p=b&p=c", &SCRIPT);
    double.obey(Answer::Done);
    double.obey(fault(Fault::NotRunning));
    drop(double.take());
    assert_eq!(
        browser.page(),
        "{\"ok\":false,\"message\":\"1 stopped. 2 failed: b: is not running; c: supervisord is too busy, or ending\",\
         \"results\":[[\"a\",null],[\"b\",\"is not running\"],[\"c\",\"supervisord is too busy, or ending\"]]}"
    );
}

#[test]
fn applying_the_configuration_removes_groups_before_adding() {
    let double = Double::new();
    let browser = press(&double, "do=apply", &SCRIPT);
    let ControlRequest::ReloadConfig { reply } = double.take() else { panic!("another request") };
    let named = |name: &str| vec![name.to_owned()];
    reply.send(Ok(Diff { added: named("new"), changed: named("edited"), removed: named("old") }));
    for _ in 0..2 {
        assert!(matches!(
            double.obey(Answer::Outcomes(vec![])),
            Command::Stop { target: Target::Group(_), .. }
        ));
    }
    let mut removed = Vec::new();
    for _ in 0..2 {
        let ControlRequest::RemoveGroup { name, reply } = double.take() else { panic!("another request") };
        removed.push(name);
        reply.send(Ok(()));
    }
    assert_eq!(removed, ["old", "edited"]);
    for expected in ["edited", "new"] {
        let ControlRequest::AddGroup { name, reply } = double.take() else { panic!("another request") };
        assert_eq!(name, expected);
        reply.send(Ok(()));
    }
    assert!(browser.page().contains("Configuration applied: old, edited, new"));
}

#[test]
fn an_unapplied_configuration_is_shown_with_its_changes() {
    let double = Double::new();
    let browser = get(&double, "/");
    let ControlRequest::CompareConfig { reply } = double.take() else { panic!("another request") };
    let changed = vec!["<b>".to_owned()];
    reply.send(Ok(Diff { changed, ..Diff::default() }));
    double.inspect(&FakeView::default());
    let page = browser.page();
    assert!(
        page.contains("<li class=\"changed\"><b>~ &lt;b&gt;</b> changed</li>")
            && page.contains("value=\"apply\"")
    );
}

#[test]
fn pages_run_only_our_script_and_cannot_be_framed() {
    let double = Double::new();
    let response = show(&double, "/", vec![process("a", "a", ProcessState::Running)]);
    let policy =
        String::from_utf8_lossy(response.first_header("Content-Security-Policy").unwrap()).into_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self';"));
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
    let page = body(&response);
    assert!(!page.contains(" style=") && !page.contains(" onclick=") && !page.contains("<style"));
    // Everything a page loads is ours, is named by its content, and is kept for good.
    for attribute in ["rel=\"stylesheet\" href=\"", "<script type=\"module\" src=\"", "rel=\"icon\" href=\""]
    {
        let address = page.split_once(attribute).unwrap().1.split_once('"').unwrap().0;
        let response = get(&double, &format!("/{address}")).answer();
        assert_eq!(response.status.code(), 200, "{address}");
        assert!(response.first_header("Cache-Control").unwrap().ends_with(b"immutable"));
    }
    assert_eq!(get(&double, "/assets/0000000000000000/scripts/status.js").status(), 404);
}

#[test]
fn a_foreign_host_is_refused_on_a_loopback_listener() {
    let double = Double::new();
    let host_filter = crate::guard::HostFilter::guarding_section("unix_http_server", &[]);
    let mut site = Site { host_filter, ..site(&double) };
    let mut status = |host: &str, target: &str| {
        let (reply, response, _client) = ReplyTo::with_channel();
        site.call(http_request("GET", target, &[("Host", host)], b""), reply);
        response.recv_timeout(PATIENCE).unwrap().status.code()
    };
    assert_eq!(status("evil.example:9001", "/ok.html"), 403);
    assert_eq!(status("evil.example", "/RPC2"), 403);
    assert_eq!(status("localhost:9001", "/ok.html"), 200);
}

/// Scripts look for upstream's titles, and send no `Accept-Language`.
#[test]
fn titles_are_in_the_language_of_the_page() {
    let double = Double::new();
    let title =
        |page: &str| page.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0.to_owned();
    let response = show(&double, "/", Vec::new());
    assert_eq!(title(body(&response)), "Supervisor Status");
    let chinese = [("Accept-Language", "zh-CN")];
    let browser = send(&double, &http_request("GET", "/", &chinese, b""));
    same_config(&double);
    double.inspect(&FakeView::default());
    assert_eq!(title(&browser.page()), "Supervisor 状态");
    let browser = send(&double, &http_request("GET", "/tail.html?processname=a", &chinese, b""));
    double.locate(None);
    assert_eq!(title(&browser.page()), "a 的日志 - Supervisor");
}

/// The sampler ends with the last open page.
#[test]
fn an_open_page_gets_events_for_changes() {
    let double = Double::new();
    let (reply, response, _client) = ReplyTo::with_channel();
    let mut site = site(&double);
    let mut view = FakeView::default();
    let since = format!("{}-{}", site.instance(), view.feed.serial().0);
    site.call(http_request("GET", &format!("/ui/events?since={since}"), &[], b""), reply);
    let response = response.recv_timeout(PATIENCE).unwrap();
    assert_eq!(response.first_header("Content-Type"), Some(&b"text/event-stream"[..]));
    let mut stream = Stream::of(response);
    assert!(stream.chunk().starts_with("retry:"));
    let mut subscription = None;
    let mut answer_until = |stream: &mut Stream, state: ProcessState, end: &str| loop {
        stream.waker.rearm();
        if let Next::Chunk(bytes) = stream.source.next(1 << 20) {
            let text = String::from_utf8(bytes).unwrap();
            if text.contains(end) {
                return (subscription.take(), text);
            }
        }
        match double.take() {
            ControlRequest::Subscribe(wake) => subscription = Some(wake),
            ControlRequest::CompareConfig { reply } => reply.send(Ok(Diff::default())),
            ControlRequest::Inspect(inspection) => {
                view.processes = vec![process("a", "<a>", state)];
                inspection.run(&view);
                view.feed.record(ChangeKind::Configuration);
                stream.woken.recv_timeout(PATIENCE).unwrap();
            }
            other => panic!("asked for {other:?}"),
        }
    };
    let (subscription, text) = answer_until(&mut stream, ProcessState::Running, "event: mood\ndata: true");
    assert!(!text.contains("event: rows"), "the page shows that already: {text}");
    let (_, text) = answer_until(&mut stream, ProcessState::Stopped, "event: rows");
    assert!(text.contains(&format!("id: {}-", site.instance())) && text.contains("[[\"a:<a>\",\"<tr class="));
    drop(stream);
    let wake = subscription.unwrap();
    let deadline = Instant::now() + PATIENCE;
    while wake.strong_count() > 0 {
        assert!(Instant::now() < deadline, "the sampler still runs");
        match double.try_take() {
            Some(ControlRequest::Inspect(inspection)) => inspection.run(&view),
            Some(_) => {}
            None => std::thread::yield_now(),
        }
    }
}
