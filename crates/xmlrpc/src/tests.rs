//! Calls as clients make them, against a test double of the supervisor.

use super::double::{Double, body, http_request};
use super::handle;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, mpsc};
use supervisor_control::double::{FakeProcess, FakeView, LogQuery, PATIENCE, Scratch};
use supervisor_control::{Command, LogName, Request, Target};
use supervisor_core::{
    Answer, Channel, Fault as CoreFault, ProcessOutcome, ProcessState, Signal, SupervisorState, Wait,
};
use supervisor_http::{Body, Client, Limits, Next, ReplyTo, Response, Source, StreamWaker};
use supervisor_rpc::{Fault, ProcessInfo, Value, compact, decode, encode};

/// A call under way.
struct Caller {
    response: Receiver<Response>,
    client: Client,
}

impl Caller {
    fn answer(&self) -> Response {
        self.response.recv_timeout(PATIENCE).unwrap()
    }

    fn result(&self) -> Result<Value, Fault> {
        decode::response(body(&self.answer()).as_bytes()).unwrap()
    }

    fn value(&self) -> Value {
        self.result().unwrap()
    }

    fn fault(&self) -> (i64, String) {
        let fault = self.result().unwrap_err();
        (fault.code, fault.text)
    }
}

fn send(double: &Double, request: &supervisor_http::Request) -> Caller {
    let (reply, response, client) = ReplyTo::with_channel();
    handle(&double.context, request.clone(), reply);
    Caller { response, client }
}

fn post(double: &Double, text: &[u8]) -> Caller {
    send(double, &http_request("POST", "/RPC2", &[], text))
}

fn call(double: &Double, method: &str, params: &[Value]) -> Caller {
    post(double, &encode::call(method, params))
}

fn text(text: &str) -> Value {
    Value::from(text)
}

fn array(items: impl IntoIterator<Item = Value>) -> Value {
    Value::Array(items.into_iter().collect())
}

fn entry(name: &str, value: Value) -> (String, Value) {
    (name.to_owned(), value)
}

fn one_call(method: &str, params: impl IntoIterator<Item = Value>) -> Value {
    Value::Struct(vec![entry("methodName", text(method)), entry("params", array(params))])
}

fn fault_struct(code: i64, string: &str) -> Value {
    Value::Struct(vec![entry("faultCode", Value::Int(code)), entry("faultString", text(string))])
}

fn status(response: &Response) -> u16 {
    response.status.code()
}

/// RPC-4, RPC-5.
#[test]
fn only_posts_with_a_length_are_calls() {
    let double = Double::new();
    assert_eq!(status(&send(&double, &http_request("GET", "/RPC2", &[], b"")).answer()), 400);
    let mut without_length = http_request("POST", "/RPC2", &[], b"");
    without_length.headers = [("Host", "x")].into_iter().collect();
    assert_eq!(status(&send(&double, &without_length).answer()), 411);
}

/// RPC-7.
#[test]
fn malformed_calls_get_400() {
    let double = Double::new();
    for garbage in [&b"<foo"[..], b"<methodCall></methodCall>", b"", b"\xff", b"<methodName></methodName>"] {
        assert_eq!(status(&post(&double, garbage).answer()), 400);
    }
    assert!(double.is_idle());
}

/// Only the list of all processes has a compact form, and only clients that accept it get it.
#[test]
fn the_list_of_processes_is_compact_if_the_client_accepts_that() {
    let double = Double::new();
    let ask = |accept: &str, call: &[u8]| {
        send(&double, &http_request("POST", "/RPC2", &[("Accept", accept)], call))
    };
    let form = |response: &Response| response.first_header("Content-Type").map(<[u8]>::to_vec);
    let (compact, xml) = (Some(compact::MEDIA_TYPE.as_bytes().to_vec()), Some(b"text/xml".to_vec()));
    let both = format!("{}, text/xml", compact::MEDIA_TYPE);
    let all = encode::call("supervisor.getAllProcessInfo", &[]);

    let caller = ask(&both, &all);
    double.inspect(&FakeView::of(vec![FakeProcess::new("g", "a", ProcessState::Running)]));
    let answer = caller.answer();
    let Body::Bytes(bytes) = &answer.body else { panic!("a stream") };
    let mut records = compact::Encoder::new(1);
    records.push(
        &ProcessInfo {
            name: "a".into(),
            group: "g".into(),
            state: 20,
            statename: "RUNNING".into(),
            ..ProcessInfo::default()
        }
        .summary(),
    );
    assert_eq!((form(&answer), bytes), (compact, &records.finish()));

    let caller = ask(&both, &all);
    double.identify(SupervisorState::Shutdown);
    let answer = caller.answer();
    assert_eq!(form(&answer), xml);
    assert_eq!(decode::response(body(&answer).as_bytes()).unwrap().unwrap_err().code, 6);

    for accept in ["text/xml", "*/*", "application/*"] {
        let caller = ask(accept, &all);
        double.inspect(&FakeView::default());
        assert_eq!(form(&caller.answer()), xml);
    }
    let caller = ask(&both, &encode::call("supervisor.getAllProcessInfo", &[text("x")]));
    assert_eq!((form(&caller.answer()), double.is_idle()), (xml, true));
}

#[test]
fn only_the_beginning_of_a_malformed_call_is_logged() {
    let error = decode::call(b"<foo").unwrap_err();
    assert_eq!(
        super::malformed_call_line(b"<foo", &error),
        "XML-RPC request data '<foo' is invalid: unmarshallable"
    );
    let secret = [&[b'x'; 64][..], b"secret"].concat();
    let logged = super::malformed_call_line(&secret, &error);
    assert!(logged.ends_with("xxx'... is invalid: unmarshallable"), "{logged}");
    let error = decode::call(b"<methodCall/>").unwrap_err();
    assert!(super::malformed_call_line(b"<methodCall/>", &error).ends_with("is invalid: no method name"));
}

#[test]
fn calls_and_their_results_are_traced() {
    let scratch = Scratch::new();
    let path = scratch.path("main.log");
    let double = Double::logging_to(&path);
    call(&double, "system.listMethods", &[]).answer();
    call(&double, "supervisor.nope", &[]).answer();
    let (written, is_written) = mpsc::channel();
    double.pump.sync(move || written.send(()).unwrap());
    is_written.recv_timeout(PATIENCE).unwrap();
    let log = std::fs::read_to_string(&path).unwrap();
    let messages: Vec<&str> =
        log.lines().filter_map(|line| line.split_once(" TRAC ")).map(|(_, text)| text).collect();
    assert_eq!(
        messages,
        [
            "XML-RPC method called: system.listMethods()",
            "XML-RPC method system.listMethods() returned successfully",
            "XML-RPC method called: supervisor.nope()",
            "XML-RPC method supervisor.nope() returned fault: [1] UNKNOWN_METHOD",
        ]
    );
}

/// RPC-1, RPC-6, RPC-8: any well-formed document with a method name is a call.
#[test]
fn an_answer_is_upstreams_to_the_byte() {
    let double = Double::new();
    let caller = post(&double, b"<foo><methodName>supervisor.getAPIVersion</methodName></foo>");
    double.identify(SupervisorState::Running);
    let response = caller.answer();
    assert_eq!(response.headers(), [("Content-Type", b"text/xml".to_vec())]);
    assert_eq!(
        body(&response),
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n\
         <value><string>3.0</string></value>\n</param>\n</params>\n</methodResponse>\n"
    );
}

#[test]
fn a_long_call_is_decoded_off_the_server_thread() {
    let double = Double::new();
    let caller = call(&double, "supervisor.sendProcessStdin", &[text("a"), text(&"x".repeat(1_000_000))]);
    let Request::SendStdin { bytes, reply, .. } = double.take() else { panic!("another request") };
    reply.send(Ok(()));
    assert_eq!((bytes.len(), caller.value()), (1_000_000, Value::Bool(true)));
    assert_eq!(status(&post(&double, &vec![b'<'; 100_000]).answer()), 400);
}

#[test]
fn supervisord_identifies_itself() {
    let double = Double::new();
    let answers = [
        ("supervisor.getVersion", text("3.0")),
        ("supervisor.getSupervisorVersion", text("4.3.0")),
        ("supervisor.getIdentification", text("supervisor")),
        ("supervisor.getPID", Value::Int(4242)),
        (
            "supervisor.getState",
            Value::Struct(vec![entry("statecode", Value::Int(1)), entry("statename", text("RUNNING"))]),
        ),
    ];
    for (method, expected) in answers {
        let caller = call(&double, method, &[]);
        double.identify(SupervisorState::Running);
        assert_eq!(caller.value(), expected, "{method}");
    }
}

/// RPC-48.
#[test]
fn while_stopping_only_some_methods_are_answered() {
    let double = Double::new();
    for method in ["supervisor.getState", "supervisor.getAPIVersion", "supervisor.getPID"] {
        let caller = call(&double, method, &[]);
        double.identify(SupervisorState::Shutdown);
        assert_eq!(caller.fault(), (6, "SHUTDOWN_STATE".into()), "{method}");
    }
    let caller = call(&double, "supervisor.sendRemoteCommEvent", &[text("a"), Value::Int(5)]);
    let command = double.obey(Answer::Done);
    assert_eq!(command, Command::RemoteEvent { kind: "a".into(), data: "5".into() });
    assert_eq!(caller.value(), Value::Bool(true));
    assert!(call(&double, "system.listMethods", &[]).value().as_array().is_some());
    assert!(call(&double, "supervisor.getImplementation", &[]).value().member("version").is_some());
}

/// RPC-13.
#[test]
fn unknown_names_are_fault_one() {
    let double = Double::new();
    for name in
        ["nope", "supervisor.nope", "supervisor.a.b", "supervisor._update", "other.getPID", "supervisor."]
    {
        assert_eq!(call(&double, name, &[]).fault(), (1, "UNKNOWN_METHOD".into()), "{name}");
    }
}

/// RPC-14.
#[test]
fn wrong_numbers_and_types_of_parameters_are_fault_two() {
    let double = Double::new();
    let cases: [(&str, &[Value]); 6] = [
        ("supervisor.getProcessInfo", &[]),
        ("supervisor.getProcessInfo", &[text("a"), text("b")]),
        ("supervisor.getProcessInfo", &[Value::Int(5)]),
        ("supervisor.signalProcess", &[text("a"), Value::Array(Vec::new())]),
        ("supervisor.readLog", &[text("x"), Value::Int(0)]),
        ("system.multicall", &[text("x")]),
    ];
    for (method, params) in cases {
        assert_eq!(call(&double, method, params).fault(), (2, "INCORRECT_PARAMETERS".into()), "{method}");
    }
    assert!(double.is_idle());
}

/// RPC-15.
#[test]
fn without_the_interface_section_there_is_only_system() {
    let mut double = Double::new();
    double.context.has_supervisor = false;
    assert_eq!(call(&double, "supervisor.getPID", &[]).fault().0, 1);
    assert_eq!(call(&double, "system.listMethods", &[]).value().as_array().unwrap().len(), 4);
    assert_eq!(call(&double, "system.methodHelp", &[text("supervisor.getPID")]).fault().0, 4);
}

/// RPC-16, RPC-17: the loop gets the name as it was written, and its record is sent as it is.
#[test]
fn a_process_is_looked_up_by_the_name_as_written() {
    let double = Double::new();
    for name in ["cat", "cat:cat", "grp:*"] {
        let caller = call(&double, "supervisor.getProcessInfo", &[text(name)]);
        let view = FakeView::of(vec![FakeProcess::new("cat", "cat", ProcessState::Stopped)]);
        double.inspect(&view);
        assert_eq!(view.asked_for_process(), name);
        let known = ProcessInfo {
            name: "cat".into(),
            group: "cat".into(),
            now: 1_700_000_000,
            statename: "STOPPED".into(),
            description: "Not started".into(),
            ..ProcessInfo::default()
        };
        assert_eq!(ProcessInfo::from_value(caller.value()).unwrap(), known);
    }
    let caller = call(&double, "supervisor.getProcessInfo", &[text("")]);
    double.inspect(&FakeView::default());
    assert_eq!(caller.fault(), (10, "BAD_NAME: ".into()));
}

/// RPC-18, RPC-29: statuses in the order of the loop, non-ASCII names counted in bytes.
#[test]
fn results_of_many_are_statuses() {
    let double = Double::new();
    let caller = call(&double, "supervisor.startProcessGroup", &[text("grüp")]);
    let outcome =
        |name: &str, result| ProcessOutcome { name: Arc::from(name), group: Arc::from("grüp"), result };
    let failed = Err(CoreFault::SpawnError("grüp:b".into()));
    let command = double.obey(Answer::Outcomes(vec![outcome("b", failed), outcome("a", Ok(()))]));
    assert_eq!(command, Command::Start { target: Target::Group("grüp".into()), wait: Wait::Yes });
    let record = |name: &str, status, description: &str| {
        Value::Struct(vec![
            entry("name", text(name)),
            entry("group", text("grüp")),
            entry("status", Value::Int(status)),
            entry("description", text(description)),
        ])
    };
    let expected = [record("b", 50, "SPAWN_ERROR: grüp:b"), record("a", 80, "OK")];
    assert_eq!(caller.value(), array(expected));
}

#[test]
fn every_command_carries_its_parameters() {
    let double = Double::new();
    let named = |name: &str| Target::Named(name.to_owned());
    let start = |target, wait| Command::Start { target, wait };
    let stop = |target, wait| Command::Stop { target, wait };
    let cases: Vec<(&str, Vec<Value>, Command)> = vec![
        ("startProcess", vec![text("a")], start(named("a"), Wait::Yes)),
        ("startProcess", vec![text("g:*"), text("")], start(named("g:*"), Wait::No)),
        ("startProcess", vec![text("a"), text("0")], start(named("a"), Wait::Yes)),
        ("startAllProcesses", vec![Value::Bool(false)], start(Target::All, Wait::No)),
        ("stopProcess", vec![text("a")], stop(named("a"), Wait::Yes)),
        ("stopProcessGroup", vec![text("g"), Value::Int(0)], stop(Target::Group("g".into()), Wait::No)),
        ("stopAllProcesses", vec![], stop(Target::All, Wait::Yes)),
        ("shutdown", vec![], Command::Shutdown),
        ("restart", vec![], Command::Restart),
    ];
    for (method, params, expected) in cases {
        let caller = call(&double, &format!("supervisor.{method}"), &params);
        assert_eq!(double.obey(Answer::Done), expected, "{method}");
        assert_eq!(caller.value(), Value::Bool(true));
    }
}

/// RPC-30, RPC-32.
#[test]
fn signals_are_parsed_in_every_spelling_and_refused_as_written() {
    let double = Double::new();
    let signal_of = |spelled: Value| {
        call(&double, "supervisor.signalProcess", &[text("a"), spelled]);
        let Command::Signal { signal, .. } = double.obey(Answer::Done) else { panic!("another command") };
        signal
    };
    for spelled in [text("cont"), text(" SIGCONT "), Value::Int(18), text("18")] {
        assert_eq!(signal_of(spelled), Signal::from_name("CONT").ok_or_else(String::new));
    }
    for spelled in ["NOPE", "RTMIN+1", "999", "SIG_IGN", "-1", ""] {
        assert_eq!(signal_of(text(spelled)), Err(spelled.to_owned()), "{spelled}");
    }
    let caller = call(&double, "supervisor.signalAllProcesses", &[text("nope")]);
    let Command::Signal { target, .. } = double.obey(Answer::Outcomes(Vec::new())) else {
        panic!("another command")
    };
    assert_eq!((target, caller.value()), (Target::All, array([])));
}

/// RPC-38.
#[test]
fn stdin_takes_text_and_names_other_values() {
    let double = Double::new();
    let refused = [(Value::Int(5), "5"), (Value::Bool(true), "True"), (array([Value::Int(1)]), "[1]")];
    for (chars, shown) in refused {
        let caller = call(&double, "supervisor.sendProcessStdin", &[text("a"), chars]);
        assert_eq!(caller.fault(), (2, format!("INCORRECT_PARAMETERS: {shown}")));
    }
    let caller = call(&double, "supervisor.sendProcessStdin", &[text("a"), text("é")]);
    let Request::SendStdin { name, bytes, reply } = double.take() else { panic!("another request") };
    assert_eq!((name.as_str(), bytes.as_slice()), ("a", "é".as_bytes()));
    reply.send(Ok(()));
    assert_eq!(caller.value(), Value::Bool(true));
}

/// RPC-33, RPC-34, RPC-36, RPC-50.
#[test]
fn logs_are_read_at_their_location() {
    let (double, scratch) = (Double::new(), Scratch::new());
    let path = scratch.file("log", "hello\nhé\n");
    let xml = b"<methodCall><methodName>supervisor.readProcessStderrLog</methodName><params>\
        <param><value><base64>YQ==</base64></value></param><param><value><i8>6</i8></value></param>\
        <param><value><double>3.9</double></value></param></params></methodCall>";
    let caller = post(&double, xml);
    let asked = double.locate(Some(&path));
    let log = LogName::Process { name: "a".into(), channel: Channel::Stderr };
    assert_eq!(asked, LogQuery { log, checked_running: true });
    assert_eq!(caller.value(), text("hé"));

    let caller = call(&double, "supervisor.readLog", &[Value::Int(-4), Value::Int(0)]);
    assert_eq!(double.locate(Some(&path)), LogQuery { log: LogName::Main, checked_running: true });
    assert_eq!(caller.value(), text("hé\n"));

    let window = [text("a"), Value::Int(0), Value::Int(4)];
    let caller = call(&double, "supervisor.tailProcessLog", &window);
    double.locate(Some(&path));
    assert_eq!(caller.value(), array([text("hé\n"), Value::Int(10), Value::Bool(true)]));
}

#[test]
fn missing_logs_are_faults_except_for_tails() {
    let (double, scratch) = (Double::new(), Scratch::new());
    let absent = scratch.path("absent");
    let window = [text("a"), Value::Int(0), Value::Int(4)];
    let read = || call(&double, "supervisor.readProcessLog", &window);
    let caller = read();
    double.locate(None);
    assert_eq!(caller.fault(), (20, "NO_FILE".into()));
    let caller = read();
    double.locate(Some(&absent));
    assert_eq!(caller.fault(), (20, format!("NO_FILE: {}", absent.display())));
    let caller = read();
    double.know_no_log();
    assert_eq!(caller.fault(), (10, "BAD_NAME: a".into()));
    let contradictory = [Value::Int(-1), Value::Int(4)];
    let caller = call(&double, "supervisor.readLog", &contradictory);
    double.locate(Some(&scratch.file("log", "x")));
    assert_eq!(caller.fault(), (3, "BAD_ARGUMENTS".into()));
    for path in [None, Some(absent.as_path())] {
        let caller = call(&double, "supervisor.tailProcessStderrLog", &window);
        double.locate(path);
        assert_eq!(caller.value(), array([text(""), Value::Int(0), Value::Bool(false)]));
    }
}

/// RPC-35: whatever stands in a log, the answer is well-formed.
#[test]
fn log_bytes_that_xml_cannot_carry_are_replaced() {
    let (double, scratch) = (Double::new(), Scratch::new());
    let path = scratch.file("log", b"a\xff\x1b[0mb\0<&>\r\n");
    let caller = call(&double, "supervisor.readLog", &[Value::Int(0), Value::Int(0)]);
    double.locate(Some(&path));
    assert_eq!(caller.value(), text("a\u{fffd}\u{fffd}[0mb\u{fffd}<&>\n"));
}

/// RPC-45.
#[test]
fn a_multicall_answers_bare_values_and_fault_structs_in_order() {
    let double = Double::new();
    let calls = array([
        one_call("supervisor.getAPIVersion", []),
        one_call("nope", []),
        one_call("system.multicall", [array([])]),
        one_call("supervisor.getProcessInfo", [text("x")]),
    ]);
    let caller = call(&double, "system.multicall", &[calls]);
    double.identify(SupervisorState::Running);
    double.inspect(&FakeView::default());
    let recursive = "INCORRECT_PARAMETERS: Recursive system.multicall forbidden";
    let expected = [
        text("3.0"),
        fault_struct(1, "UNKNOWN_METHOD"),
        fault_struct(2, recursive),
        fault_struct(10, "BAD_NAME: x"),
    ];
    assert_eq!(caller.value(), array(expected));
}

/// RPC-46: the second call begins when the first is done, not before.
#[test]
fn a_multicall_makes_its_calls_one_after_the_other() {
    let double = Double::new();
    let calls = array([
        one_call("supervisor.stopProcess", [text("a")]),
        one_call("supervisor.startProcess", [text("a")]),
    ]);
    let caller = call(&double, "system.multicall", &[calls]);
    let (_, stop, reply) = double.take_command();
    assert!(matches!(stop, Command::Stop { .. }));
    assert!(double.is_idle());
    reply.send(Answer::Done);
    assert!(matches!(double.obey(Answer::Done), Command::Start { .. }));
    assert_eq!(caller.value(), array([Value::Bool(true), Value::Bool(true)]));
}

/// RPC-47.
#[test]
fn calls_of_a_multicall_may_lack_parameters_but_not_a_name() {
    let double = Double::new();
    let named = |name: Value| Value::Struct(vec![entry("methodName", name)]);
    let calls = array([
        named(text("supervisor.getPID")),
        Value::Struct(vec![entry("params", array([]))]),
        text("no struct"),
        named(Value::Int(5)),
        Value::Struct(vec![entry("methodName", text("supervisor.getPID")), entry("params", Value::Int(5))]),
    ]);
    let caller = call(&double, "system.multicall", &[calls]);
    double.identify(SupervisorState::Running);
    let incorrect = fault_struct(2, "INCORRECT_PARAMETERS");
    let nameless = fault_struct(2, "INCORRECT_PARAMETERS: No methodName");
    let expected = [Value::Int(4242), nameless, incorrect.clone(), incorrect.clone(), incorrect];
    assert_eq!(caller.value(), array(expected));
    assert_eq!(call(&double, "system.multicall", &[array([])]).value(), array([]));
}

#[test]
fn parameters_of_a_multicall_may_be_anything_with_items() {
    let double = Double::new();
    let with = |params| {
        Value::Struct(vec![entry("methodName", text("supervisor.getProcessInfo")), entry("params", params)])
    };
    let calls = array([with(Value::Struct(vec![entry("cat", Value::Int(1))])), with(text("x"))]);
    let caller = call(&double, "system.multicall", &[calls]);
    for expected in ["cat", "x"] {
        let view = FakeView::default();
        double.inspect(&view);
        assert_eq!(view.asked_for_process(), expected);
    }
    assert_eq!(caller.value().as_array().unwrap().len(), 2);
}

#[test]
fn thousands_of_calls_that_answer_at_once_need_no_deep_stack() {
    let double = Double::new();
    let calls = array((0..15_000).map(|_| one_call("nope", [])));
    let caller = call(&double, "system.multicall", &[calls]);
    assert_eq!(caller.value().as_array().unwrap().len(), 15_000);
}

#[test]
fn the_results_of_a_multicall_are_bounded() {
    let (double, scratch) = (Double::new(), Scratch::new());
    let path = scratch.file("log", vec![b'x'; 12 * 1024 * 1024]);
    let calls = array((0..5).map(|_| one_call("supervisor.readLog", [Value::Int(0), Value::Int(0)])));
    let caller = call(&double, "system.multicall", &[calls]);
    for _ in 0..3 {
        double.locate(Some(&path));
    }
    let value = caller.value();
    let results = value.as_array().unwrap();
    assert_eq!(results.len(), 5);
    assert!(results[..2].iter().all(|result| result.as_str().is_some()));
    assert!(results[2..].iter().all(|result| result.member("faultCode") == Some(&Value::Int(30))));
    assert!(double.is_idle());
    assert_eq!(double.context.answers.free(), Limits::default().memory.free(), "all is given back");
}

/// Even if the budget is used up.
#[test]
fn small_results_of_a_multicall_always_fit() {
    let double = Double::new();
    let _taken = double.context.answers.charge(double.context.answers.free());
    let calls = array((0..100).map(|_| one_call("nope", [])));
    let value = call(&double, "system.multicall", &[calls]).value();
    assert_eq!(value.as_array().unwrap()[99], fault_struct(1, "UNKNOWN_METHOD"));
    let calls = array((0..15_000).map(|_| one_call("nope", [])));
    let (code, words) = call(&double, "system.multicall", &[calls]).fault();
    assert!(code == 30 && words.starts_with("FAILED: there is no room for this answer"), "{words}");
}

/// All pieces of a source.
fn drain(source: &mut dyn Source) -> Vec<u8> {
    let (wake, woken) = mpsc::channel();
    let waker = StreamWaker::new(move || {
        // The receiver is gone at the end.
        let _ = wake.send(());
    });
    source.start(waker.clone());
    let mut all = Vec::new();
    loop {
        waker.rearm();
        match source.next(64 * 1024) {
            Next::Chunk(piece) => {
                assert!(piece.len() <= 64 * 1024);
                all.extend(piece);
            }
            Next::Pending => woken.recv_timeout(PATIENCE).unwrap(),
            Next::End => return all,
        }
    }
}

/// Equal to the unstreamed answer to the byte, although pieces end within characters.
#[test]
fn a_long_text_is_streamed_in_pieces() {
    let (double, scratch) = (Double::new(), Scratch::new());
    let line = "<\u{20ac}> & \u{1f600} \u{1b}[1m\n";
    let log = [line.repeat(20_000).as_bytes(), b"\xff\xf0\x9f"].concat();
    let path = scratch.file("log", &log);
    let whole = String::from_utf8_lossy(&log).replace('\u{1b}', "\u{fffd}");
    let size = i64::try_from(log.len()).unwrap();
    let window = [text("a"), Value::Int(0), Value::Int(size)];
    let tail = array([text(&whole), Value::Int(size), Value::Bool(false)]);
    for (method, expected) in
        [("supervisor.readProcessLog", text(&whole)), ("supervisor.tailProcessLog", tail)]
    {
        let caller = call(&double, method, &window);
        double.locate(Some(&path));
        let Body::Pieces(length, mut source) = caller.answer().body else { panic!("{method}: at once") };
        let answer = drain(source.as_mut());
        assert_eq!(answer.len(), length, "{method}");
        assert_eq!(answer, encode::response(&expected), "{method}");
    }
}

#[test]
fn a_long_text_ends_early_if_its_log_is_truncated() {
    let (double, scratch) = (Double::new(), Scratch::new());
    let path = scratch.file("log", vec![b'x'; 1_000_000]);
    let caller = call(&double, "supervisor.readLog", &[Value::Int(0), Value::Int(0)]);
    double.locate(Some(&path));
    let Body::Pieces(length, mut source) = caller.answer().body else { panic!("at once") };
    scratch.file("log", "");
    assert!(drain(source.as_mut()).len() < length);
}

/// RPC-49.
#[test]
fn methods_have_help_and_signatures() {
    let double = Double::new();
    let signature = call(&double, "system.methodSignature", &[text("supervisor.startProcess")]).value();
    assert_eq!(signature, array(["boolean", "string", "boolean"].map(text)));
    for method in ["system.methodSignature", "system.methodHelp"] {
        assert_eq!(call(&double, method, &[text("nope")]).fault(), (4, "SIGNATURE_UNSUPPORTED".into()));
    }
    assert!(call(&double, "system.methodHelp", &[text("system.multicall")]).value().as_str().is_some());
}

#[test]
fn a_command_is_cancelled_when_its_client_disconnects() {
    let double = Double::new();
    let caller = call(&double, "supervisor.startProcess", &[text("a")]);
    let (ticket, _, reply) = double.take_command();
    caller.client.disconnect();
    assert!(matches!(double.take(), Request::Cancel(cancelled) if cancelled == ticket));
    drop(reply);
    assert!(caller.response.recv_timeout(PATIENCE).is_err(), "nobody is there to be answered");
}

#[test]
fn a_multicall_ends_when_its_client_disconnects() {
    let double = Double::new();
    let calls = array([
        one_call("supervisor.stopProcess", [text("a")]),
        one_call("supervisor.startProcess", [text("a")]),
    ]);
    let caller = call(&double, "system.multicall", &[calls]);
    let (ticket, _, reply) = double.take_command();
    caller.client.disconnect();
    assert!(matches!(double.take(), Request::Cancel(cancelled) if cancelled == ticket));
    reply.send(Answer::Done);
    assert!(caller.response.recv_timeout(PATIENCE).is_err());
    assert!(double.is_idle());
}

#[test]
fn a_dropped_request_gets_500() {
    let double = Double::new();
    let caller = call(&double, "supervisor.reloadConfig", &[]);
    drop(double.take());
    assert_eq!(status(&caller.answer()), 500);
}
