//! A server with a made-up service, and a client that speaks raw bytes.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use supervisor_core::Level;
use supervisor_http::{
    Credentials, Handle, Limits, Listener, ReplyTo, Request, Response, Service, Socket, Status, serve,
};

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Answering<F>(pub(crate) F);

impl<F: FnMut(Request, ReplyTo) + Send> Service for Answering<F> {
    fn call(&mut self, request: Request, reply: ReplyTo) {
        (self.0)(request, reply);
    }
}

/// What every test of the protocol asks: the body comes back behind method and path.
#[expect(clippy::needless_pass_by_value, reason = "stands where a service stands")]
pub(crate) fn echo(request: Request, reply: ReplyTo) {
    let text = [&request.method[..], b" ", &request.path, b" ", &request.body].concat();
    reply.send(Response::new(Status::Ok).header("Content-Type", "text/xml").body(text));
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle,
    pub(crate) log: Arc<Mutex<String>>,
}

pub(crate) fn start(limits: Limits, service: impl FnMut(Request, ReplyTo) + Send + 'static) -> Server {
    start_with(limits, None, service)
}

pub(crate) fn start_with(
    limits: Limits,
    credentials: Option<Credentials>,
    service: impl FnMut(Request, ReplyTo) + Send + 'static,
) -> Server {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let listener = Listener { socket: Socket::Tcp(socket), section: "inet_http_server".into(), credentials };
    let log = Arc::new(Mutex::new(String::new()));
    let lines = Arc::clone(&log);
    let write = move |level: Level, line: &str| {
        writeln!(lines.lock().unwrap(), "{level:?} {line}").unwrap();
    };
    let handle = serve(vec![listener], limits, Box::new(Answering(service)), Box::new(write)).unwrap();
    Server { address, handle, log }
}

impl Server {
    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    pub(crate) fn logged(&self, needle: &str) -> bool {
        self.log.lock().unwrap().contains(needle)
    }
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    /// Received behind what was taken so far.
    ahead: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream, ahead: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends as much as the server takes before it closes.
    pub(crate) fn send_what_it_takes(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(16 * 1024) {
            if self.stream.write_all(piece).is_err() {
                return;
            }
        }
    }

    /// The next answer with a `Content-Length`, its date blanked out.
    pub(crate) fn answer(&mut self) -> String {
        let head = self.until(b"\r\n\r\n");
        let length = length_of(&head);
        let body = self.take(length);
        without_date(&[head, body].concat())
    }

    /// The next bytes up to and including `end`.
    pub(crate) fn until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(at) = self.ahead.windows(end.len()).position(|window| window == end) {
                return self.take(at + end.len());
            }
            assert!(self.receive(), "closed after {:?}", self.ahead.escape_ascii().to_string());
        }
    }

    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        while self.ahead.len() < count {
            assert!(self.receive(), "closed after {:?}", self.ahead.escape_ascii().to_string());
        }
        self.ahead.drain(..count).collect()
    }

    /// All that comes up to the end of the connection, its date blanked out.
    pub(crate) fn rest(&mut self) -> String {
        while self.receive() {}
        without_date(&std::mem::take(&mut self.ahead))
    }

    fn receive(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(count) => {
                self.ahead.extend_from_slice(&buffer[..count]);
                count > 0
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => {
                panic!("nothing came: {error}; before it {:?}", self.ahead.escape_ascii().to_string())
            }
        }
    }

    pub(crate) fn assert_closed(&mut self) {
        assert_eq!(self.rest(), "");
    }

    /// Asks for `/ok` on the open connection; proves that it is alive and in step.
    pub(crate) fn assert_alive(&mut self) {
        self.send("GET /alive HTTP/1.1\r\n\r\n");
        assert!(self.answer().ends_with("GET /alive "));
    }
}

fn length_of(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head);
    text.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap()
}

fn without_date(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let Some(start) = text.find("Date: ") else { return text };
    let end = start + text[start..].find("\r\n").unwrap();
    format!("{}Date: D{}", &text[..start], &text[end..])
}

/// The answer upstream gives as its error page, in full.
pub(crate) fn error_answer(version: &str, code: u16, reason: &str, extra: &str) -> String {
    let body = format!(
        "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n\
         <p>Error code {code}.\r\n<p>Message: {reason}.\r\n</body>\r\n"
    );
    format!(
        "HTTP/{version} {code} {reason}\r\nServer: Medusa/1.12\r\nDate: D\r\n{extra}Content-Length: {}\r\n\
         Content-Type: text/html\r\n\r\n{body}",
        body.len()
    )
}

/// Waits until a condition holds.
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
