//! A server on a Unix socket that answers what a test tells it to, and supervisorctl run against it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use supervisor_config::{ClientOptions, Style};
use supervisor_ctl::{Password, Streams};
use supervisor_rpc::decode::Call;
use supervisor_rpc::{Encode, Encoded, Fault, FaultCode, ProcessInfo, Status, Value, decode, encode};

type Reply = Box<dyn FnMut(&[Value]) -> Result<Encoded, Fault> + Send>;

/// What following a path gives.
#[derive(Clone)]
struct Log {
    bytes: Vec<u8>,
    /// The stream then stays open until the client closes it.
    stays_open: bool,
}

#[derive(Default)]
struct Script {
    replies: HashMap<String, Reply>,
    /// What `/logtail/…` paths answer before the stream ends.
    logs: HashMap<String, Log>,
    /// The value every `Authorization` header must have.
    authorization: Option<String>,
    calls: Vec<Call>,
}

/// The server.
pub(crate) struct Fake {
    directory: PathBuf,
    script: Arc<Mutex<Script>>,
}

/// What a run of supervisorctl left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: u8,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Outcome {
    /// Nothing on standard error.
    pub(crate) fn is(&self, status: u8, output: &str) {
        assert_eq!((self.status, self.output.as_str(), self.errors.as_str()), (status, output, ""));
    }
}

impl Fake {
    /// A server that knows its versions and nothing else.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("supervisor-ctl-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let listener = UnixListener::bind(directory.join("s")).unwrap();
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream.unwrap(), &shared));
            }
        });
        let fake = Self { directory, script };
        fake.answers("supervisor.getVersion", "3.0").answers("supervisor.getSupervisorVersion", "4.3.0")
    }

    pub(crate) fn url(&self) -> String {
        format!("unix://{}/s", self.directory.display())
    }

    /// The method always answers this.
    pub(crate) fn answers(self, method: &str, value: &(impl Encode + ?Sized)) -> Self {
        let encoded = Encoded::new(value);
        self.replies(method, move |_| Ok(encoded.clone()))
    }

    /// The method always raises this fault.
    pub(crate) fn faults(self, method: &str, code: FaultCode, detail: &str) -> Self {
        let fault = Fault::with_detail(code, detail);
        self.replies(method, move |_| Err(fault.clone()))
    }

    pub(crate) fn replies(
        self,
        method: &str,
        reply: impl FnMut(&[Value]) -> Result<Encoded, Fault> + Send + 'static,
    ) -> Self {
        self.script.lock().unwrap().replies.insert(method.to_owned(), Box::new(reply));
        self
    }

    /// The method answers per process: true, or the fault the table has for its name.
    pub(crate) fn per_name(self, method: &str, faults: &[(&str, FaultCode)]) -> Self {
        let faults: HashMap<String, FaultCode> =
            faults.iter().map(|(name, code)| ((*name).to_owned(), *code)).collect();
        self.replies(method, move |params| {
            let name = params[0].as_str().unwrap();
            match faults.get(name) {
                None => Ok(Encoded::new(&true)),
                Some(code) => Err(Fault::with_detail(*code, name)),
            }
        })
    }

    /// Following this path gives these bytes, then the end.
    pub(crate) fn follows(self, path: &str, bytes: &[u8]) -> Self {
        self.log(path, Log { bytes: bytes.to_vec(), stays_open: false })
    }

    /// Following this path gives these bytes, and no end.
    pub(crate) fn follows_for_ever(self, path: &str, bytes: &[u8]) -> Self {
        self.log(path, Log { bytes: bytes.to_vec(), stays_open: true })
    }

    fn log(self, path: &str, log: Log) -> Self {
        self.script.lock().unwrap().logs.insert(path.to_owned(), log);
        self
    }

    /// Requests must carry this `Authorization`.
    pub(crate) fn requires(self, authorization: &str) -> Self {
        self.script.lock().unwrap().authorization = Some(authorization.to_owned());
        self
    }

    /// The names of the methods called so far.
    pub(crate) fn called(&self) -> Vec<String> {
        self.script.lock().unwrap().calls.iter().map(|call| call.method.clone()).collect()
    }

    /// The parameters of the last call of this method.
    pub(crate) fn last_params(&self, method: &str) -> Vec<Value> {
        let script = self.script.lock().unwrap();
        script.calls.iter().rev().find(|call| call.method == method).unwrap().params.clone()
    }

    /// Runs one command line.
    pub(crate) fn ctl(&self, line: &str) -> Outcome {
        run(options(&self.url(), line), "")
    }

    /// Runs the shell with this input.
    pub(crate) fn shell(&self, input: &str) -> Outcome {
        run(options(&self.url(), ""), input)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.directory).unwrap();
    }
}

/// Options as the defaults are, for a server and the words of a command.
pub(crate) fn options(url: &str, line: &str) -> ClientOptions {
    ClientOptions {
        serverurl: url.into(),
        username: None,
        password: None,
        prompt: b"supervisor".to_vec(),
        history_file: None,
        style: Style::Plain,
        interactive: false,
        args: line.split_whitespace().map(OsString::from).collect(),
    }
}

/// Runs supervisorctl; every password prompt is answered with `secret`.
pub(crate) fn run(options: ClientOptions, input: &str) -> Outcome {
    run_with(options, input, Box::new(|_| Ok(Some(b"secret".to_vec()))))
}

/// The same with another way to get a password.
pub(crate) fn run_with(options: ClientOptions, input: &str, password: Password) -> Outcome {
    let (reader, mut writer) = io::pipe().unwrap();
    writer.write_all(input.as_bytes()).unwrap();
    drop(writer);
    let (output, errors) = (Shared::default(), Shared::default());
    let streams = Streams {
        input: reader.into(),
        output: Box::new(output.clone()),
        errors: Box::new(errors.clone()),
        password,
    };
    let status = supervisor_ctl::run(options, streams).unwrap();
    Outcome { status, output: output.text(), errors: errors.text() }
}

#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A process in a state, as `getAllProcessInfo` describes it.
pub(crate) fn process(name: &str, state: i64, description: &str) -> ProcessInfo<'static> {
    let (group, name) = name.split_once(':').unwrap_or((name, name));
    let statename = match state {
        0 => "STOPPED",
        20 => "RUNNING",
        100 => "EXITED",
        200 => "FATAL",
        other => panic!("no test has a process in state {other}"),
    };
    ProcessInfo {
        name: name.to_owned().into(),
        group: group.to_owned().into(),
        state,
        statename: statename.into(),
        pid: if state == 20 { 4242 } else { 0 },
        description: description.to_owned().into(),
        ..ProcessInfo::default()
    }
}

/// The outcome of one process of many.
pub(crate) fn outcome(name: &str, code: FaultCode) -> Status<'static> {
    let (group, name) = name.split_once(':').unwrap_or((name, name));
    let (group, name) = (group.to_owned(), name.to_owned());
    match code {
        FaultCode::Success => Status::success(group, name),
        _ => Status::failure(group, name.clone(), Fault::with_detail(code, name)),
    }
}

fn serve(stream: &UnixStream, script: &Mutex<Script>) {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some((head, body)) = read_request(&mut reader) {
        let followed = followed(&head, &script.lock().unwrap());
        let answer = match &followed {
            Some(log) => log_answer(log),
            None => answer(&head, &body, &mut script.lock().unwrap()),
        };
        if writer.write_all(&answer).is_err() {
            return;
        }
        if let Some(log) = followed {
            if log.stays_open {
                // Returns when the client closes; what else it sends or how it ends is of no interest.
                let _ = io::copy(&mut reader, &mut io::sink());
            }
            return;
        }
    }
}

/// The log a request asks for, if it is there and may be read.
fn followed(head: &str, script: &Script) -> Option<Log> {
    let path = head.strip_prefix("GET ")?.split(' ').next()?;
    script.logs.get(path).filter(|_| is_authorized(head, script)).cloned()
}

fn is_authorized(head: &str, script: &Script) -> bool {
    let given = head.lines().find_map(|line| line.strip_prefix("Authorization: "));
    script.authorization.as_deref().is_none_or(|required| given == Some(required))
}

fn read_request(reader: &mut BufReader<&UnixStream>) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn answer(head: &str, body: &[u8], script: &mut Script) -> Vec<u8> {
    if !is_authorized(head, script) {
        return b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_vec();
    }
    if head.starts_with("GET ") {
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope".to_vec();
    }
    let call = decode::call(body).unwrap();
    script.calls.push(call.clone());
    let body = match script.replies.get_mut(&call.method) {
        Some(reply) => match reply(&call.params) {
            Ok(encoded) => encode::response(&encoded),
            Err(fault) => encode::fault(&fault),
        },
        None => encode::fault(&Fault::bare(FaultCode::UnknownMethod)),
    };
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(&body);
    answer
}

fn log_answer(log: &Log) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in log.bytes.chunks(7) {
        answer.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        answer.extend_from_slice(chunk);
        answer.extend_from_slice(b"\r\n");
    }
    answer
}
