use super::*;
use std::io::BufRead;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread::JoinHandle;

/// A server that answers each connection's requests with these bytes in turn and then closes it.
struct Script {
    directory: std::path::PathBuf,
    thread: JoinHandle<Vec<String>>,
}

impl Script {
    fn new(name: &str, connections: Vec<Vec<Vec<u8>>>) -> Self {
        let directory = std::env::temp_dir().join(format!("supervisor-rpc-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let listener = UnixListener::bind(directory.join("s")).unwrap();
        let thread = std::thread::spawn(move || serve(&listener, connections));
        Self { directory, thread }
    }

    fn client(&self) -> Client {
        Client::new(Endpoint::Unix(self.directory.join("s")))
    }

    /// The requests that came, when all connections are over.
    fn requests(self) -> Vec<String> {
        let requests = self.thread.join().unwrap();
        std::fs::remove_dir_all(&self.directory).unwrap();
        requests
    }
}

fn serve(listener: &UnixListener, connections: Vec<Vec<Vec<u8>>>) -> Vec<String> {
    let mut requests = Vec::new();
    for answers in connections {
        let (mut stream, _) = listener.accept().unwrap();
        for answer in answers {
            requests.push(read_request(&stream));
            stream.write_all(&answer).unwrap();
        }
    }
    requests
}

fn read_request(stream: &UnixStream) -> String {
    let mut reader = io::BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "the client went away after {head:?}");
    }
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

fn ok(body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    answer
}

fn text_answer(text: &str) -> Vec<u8> {
    ok(&encode::response(text))
}

/// RPC-2: one connection carries several requests.
#[test]
fn a_connection_is_used_again() {
    let server = Script::new("reuse", vec![vec![text_answer("3.0"), text_answer("4.3.0")]]);
    let mut client = server.client();
    assert_eq!(client.api_version().unwrap(), "3.0");
    assert_eq!(client.supervisor_version().unwrap(), "4.3.0");
    drop(client);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_connection_the_server_closed_while_idle_is_replaced_unseen() {
    let server = Script::new("stale", vec![vec![text_answer("1")], vec![text_answer("2")]]);
    let mut client = server.client();
    assert_eq!(client.api_version().unwrap(), "1");
    // The server closes after its answer; wait for that to arrive.
    let kept = client.connection.take().unwrap();
    while kept.is_idle() {
        std::thread::yield_now();
    }
    client.connection = Some(kept);
    assert_eq!(client.api_version().unwrap(), "2");
    server.requests();
}

#[test]
fn the_request_is_pythons_to_the_byte_but_for_the_user_agent() {
    let server = Script::new("request", vec![vec![text_answer("")]]);
    let credentials = Credentials { username: b"u".to_vec(), password: b"p:w".to_vec() };
    let mut client = server.client().with_credentials(Some(credentials));
    client.api_version().unwrap();
    let agent = concat!("supervisor-rs/", env!("CARGO_PKG_VERSION"));
    let body = "<?xml version='1.0'?>\n<methodCall>\n<methodName>supervisor.getVersion</methodName>\n\
        <params>\n</params>\n</methodCall>\n";
    let expected = format!(
        "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\nUser-Agent: {agent}\r\n\
        Content-Type: text/xml\r\nAccept: text/xml\r\nAuthorization: Basic dTpwOnc=\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(server.requests(), [expected]);
}

#[test]
fn faults_and_http_errors_are_told_apart() {
    let fault = encode::fault(&crate::Fault { code: 10, text: "BAD_NAME: x".into() });
    let unauthorized = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 1000\r\n\r\n".to_vec();
    let server = Script::new("errors", vec![vec![ok(&fault), unauthorized]]);
    let mut client = server.client();
    let Err(ClientError::Fault(fault)) = client.process_info("x") else { panic!("no fault") };
    assert_eq!(fault.code, 10);
    let Err(ClientError::Http { status, reason }) = client.pid() else { panic!("no HTTP error") };
    assert_eq!((status, reason.as_str()), (401, "Unauthorized"));
    server.requests();
}

/// A server that has the compact form is asked for it, and its answer is read like one in XML.
#[test]
fn the_summaries_of_all_processes_are_taken_in_either_form() {
    let infos = [crate::ProcessInfo { name: "a".into(), statename: "STOPPED".into(), ..Default::default() }];
    let mut encoder = compact::Encoder::new(1);
    encoder.push(&infos[0].summary());
    let body = encoder.finish();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
        compact::MEDIA_TYPE,
        body.len()
    );
    let compact_answer = [head.as_bytes(), &body].concat();
    let cut = [head.replace(&body.len().to_string(), "5").as_bytes(), &body[..5]].concat();
    let fault = encode::fault(&crate::Fault { code: 6, text: "SHUTDOWN_STATE".into() });
    let xml = ok(&encode::response(&infos[..]));
    let server = Script::new("forms", vec![vec![compact_answer, xml.clone(), ok(&fault), cut, xml]]);
    let mut client = server.client();
    for _ in 0..2 {
        assert_eq!(client.all_process_summaries().unwrap().read().unwrap(), [infos[0].summary()]);
    }
    assert!(matches!(client.all_process_summaries(), Err(ClientError::Fault(fault)) if fault.code == 6));
    let cut = client.all_process_summaries().unwrap();
    assert!(matches!(cut.read(), Err(ClientError::Malformed(_))));
    assert_eq!(client.all_process_info().unwrap(), infos);
    let requests = server.requests();
    let (asked, whole) = requests.split_at(4);
    let accept = "\r\nAccept: application/vnd.supervisor-rs.states, text/xml\r\n";
    assert!(asked.iter().all(|request| request.contains(accept)));
    assert!(whole.iter().all(|request| request.contains("\r\nAccept: text/xml\r\n")));
}

#[test]
fn a_lost_answer_is_an_error_and_the_request_is_not_sent_again() {
    let server = Script::new("lost", vec![vec![Vec::new()]]);
    let mut client = server.client();
    assert!(matches!(client.shutdown(), Err(ClientError::Closed)));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_answer_beyond_the_limit_is_refused() {
    let server = Script::new("limit", vec![vec![text_answer(&"x".repeat(2000))]]);
    let mut client = server.client().with_response_limit(1000);
    assert!(matches!(client.api_version(), Err(ClientError::TooLarge { limit: 1000 })));
    server.requests();
}

#[test]
fn refused_missing_and_unresolvable_are_told_apart() {
    let missing = Client::new(Endpoint::Unix("/nonexistent/s".into())).pid().unwrap_err();
    assert_eq!(missing.to_string(), "[Errno 2] No such file or directory");
    let long = Client::new(Endpoint::Unix("/x".repeat(100).into())).pid().unwrap_err();
    assert_eq!(long.to_string(), "AF_UNIX path too long");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let refused = Client::new(Endpoint::Tcp { host: "127.0.0.1".into(), port }).pid().unwrap_err();
    assert!(
        matches!(&refused, ClientError::Connect(error) if error.kind() == io::ErrorKind::ConnectionRefused)
    );
}

#[test]
fn a_timeout_ends_the_wait() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let kept = listener.accept().unwrap();
        receiver.recv().unwrap_err();
        drop(kept);
    });
    let endpoint = Endpoint::Tcp { host: "127.0.0.1".into(), port };
    let mut client = Client::new(endpoint).with_timeout(Duration::from_millis(20));
    assert!(matches!(client.pid(), Err(ClientError::Io(_))));
    drop(sender);
    server.join().unwrap();
}

struct GivesUp;

impl Waiter for GivesUp {
    fn wait_readable(&self, _fd: BorrowedFd<'_>) -> io::Result<()> {
        Err(io::ErrorKind::Interrupted.into())
    }
}

#[test]
fn whoever_waits_may_give_up() {
    let server = Script::new("waiter", vec![vec![Vec::new()]]);
    let mut client = server.client().with_waiter(Box::new(GivesUp));
    let error = client.api_version().unwrap_err();
    assert!(matches!(error, ClientError::Io(error) if error.kind() == io::ErrorKind::Interrupted));
    server.requests();
}

#[test]
fn a_log_is_followed_through_its_chunks_until_the_server_ends_it() {
    let directory = std::env::temp_dir().join(format!("supervisor-rpc-{}-follow", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let listener = UnixListener::bind(directory.join("s")).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n").unwrap();
        stream.write_all(b"3\r\ntwo\r\n").unwrap();
        // Reads the request before it closes, so that the answer is not lost in a reset.
        let mut head = [0; 512];
        let count = stream.read(&mut head).unwrap();
        String::from_utf8_lossy(&head[..count]).into_owned()
    });
    let endpoint = Endpoint::Unix(directory.join("s"));
    let path = follow::process_log_path("a", Channel::Stdout);
    let mut stream = follow::LogStream::open(&endpoint, None, &path, None).unwrap();
    let mut log = Vec::new();
    while stream.read(&mut log).unwrap() == follow::Progress::Open {}
    assert_eq!(log, b"onetwo");
    assert!(server.join().unwrap().starts_with("GET /logtail/a/stdout HTTP/1.1\r\n"));
    std::fs::remove_dir_all(&directory).unwrap();
}
