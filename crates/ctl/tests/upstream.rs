//! The same command lines through upstream's supervisorctl and through ours, each against its own supervisord of
//! upstream, must give the same output and status.
//!
//! `SUPERVISOR_UPSTREAM` names the virtual environment that holds Supervisor 4.3.0; without it nothing is compared.
//! `cargo xtask compliance` sets it. Differences made on purpose stand in [`STEPS`] with both outputs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use supervisor_config::{ClientOptions, Style};
use supervisor_ctl::Streams;
use supervisor_rpc::client::{Client, Endpoint};
use supervisor_rpc::method::{METHODS, Method};
use supervisor_rpc::{
    ConfigInfo, LogTail, ProcessInfo, ReloadedGroups, Status, SupervisorState, Value, decode, encode,
};

/// One thing to do on both sides.
enum Step {
    /// Run a command line; both must agree.
    Same(&'static str),
    /// The same, but the order of the lines is the server's, which is that in which processes end.
    Unordered(&'static str),
    /// Run the shell with this input; both must agree.
    Shell(&'static str),
    /// Run a command line that we answer differently on purpose.
    Differs { line: &'static str, upstream: &'static str, ours: &'static str },
    /// Replace the programs of the configuration.
    Configure(&'static str),
    /// Wait until the restarted server answers.
    Restarted,
    /// Wait until the server is gone.
    Gone,
}
use Step::{Configure, Differs, Gone, Restarted, Same, Shell, Unordered};

const PROGRAMS: &str = "
[program:cat]
command=/bin/cat
startsecs=0
priority=1
[program:solo]
command=/bin/cat
autostart=false
startsecs=0
[program:a_program_whose_name_has_more_than_thirty_characters]
command=/bin/cat
autostart=false
startsecs=0
[program:missing]
command=/nonexistent/program
autostart=false
[program:data]
command=/etc/passwd
autostart=false
[program:dies]
command=/bin/false
autostart=false
startretries=0
[program:speaks]
command=/bin/sh -c 'printf \"one\\ntwo\\nthree\\n\"; printf \"wrong\\n\" >&2; exec cat'
stdout_logfile=@DIR@/speaks.out
stderr_logfile=@DIR@/speaks.err
startsecs=1
[program:unlogged]
command=/bin/cat
stdout_logfile=NONE
autostart=false
[group:grp]
programs=one,two
priority=5
[program:one]
command=/bin/cat
startsecs=0
priority=20
[program:two]
command=/bin/cat
startsecs=0
priority=10
";

const STEPS: &[Step] = &[
    Same("status"),
    Same("status cat"),
    Same("status grp"),
    Same("status grp:*"),
    Same("status grp: cat"),
    Same("status nope solo nope:*"),
    Same("status all nope"),
    Same("pid"),
    Same("pid cat solo nope"),
    Same("pid all"),
    Same("pid grp:*"),
    Same("version"),
    Same("version x"),
    Same("help"),
    Same("help help"),
    Same("help bogus"),
    Same("help EOF"),
    Same("help add"),
    Same("help avail"),
    Same("help clear"),
    Same("help exit"),
    Same("help fg"),
    Same("help maintail"),
    Same("help open"),
    Same("help pid"),
    Same("help quit"),
    Same("help reload"),
    Same("help remove"),
    Same("help reread"),
    Same("help restart"),
    Same("help shutdown"),
    Same("help signal"),
    Same("help start"),
    Same("help status"),
    Same("help stop"),
    Same("help tail"),
    Same("help update"),
    Same("help version"),
    Same("?"),
    Same("? stop"),
    Same("!x"),
    Same("bogus"),
    Same("status-x"),
    Same("exit"),
    Same("quit"),
    Same("EOF"),
    Same("avail"),
    Same("avail x"),
    Same("start"),
    Same("start cat"),
    Same("start solo"),
    Same("start missing"),
    Same("start data"),
    Same("start dies"),
    Same("start nope"),
    Same("start nope:*"),
    Same("start grp:*"),
    Same("start dies solo"),
    Same("start solo dies nope"),
    Same("stop"),
    Same("stop solo"),
    Same("stop solo"),
    Same("stop nope"),
    Same("stop nope:*"),
    Unordered("stop grp:"),
    Same("start grp:one"),
    Same("start grp:*"),
    Same("restart"),
    Same("restart solo"),
    Unordered("restart cat grp:*"),
    Same("restart nope"),
    Same("signal"),
    Same("signal HUP"),
    Same("signal NOPE cat"),
    Same("signal CONT cat"),
    Same("signal CONT missing"),
    Same("signal CONT nope"),
    Same("signal CONT nope:*"),
    Same("signal CONT grp:*"),
    Same("signal CONT all"),
    Same("clear"),
    Same("clear nope"),
    Same("clear cat solo"),
    Differs {
        line: "clear grp:*",
        upstream: "1 grp:None: ERROR (no such process)\n",
        ours: "1 grp:*: ERROR (no such process)\n",
    },
    Same("tail"),
    Same("tail speaks"),
    Same("tail -8 speaks"),
    Same("tail -0 speaks"),
    Same("tail speaks STDERR"),
    Same("tail speaks x stderr"),
    Same("tail -n 5 speaks"),
    Same("tail a b c d"),
    Same("tail -5"),
    Same("tail -f"),
    Same("tail -x speaks"),
    Same("tail speaks bogus"),
    Same("tail unlogged"),
    Same("tail nope"),
    Same("tail grp:*"),
    Same("tail -f nope"),
    Differs { line: "tail --4 speaks", upstream: "0 two\nthree\n\n", ours: "1 Error: bad argument --4\n" },
    Same("maintail -0x"),
    Same("maintail x"),
    Same("maintail -1 -2"),
    Same("fg"),
    Same("fg a b"),
    Same("fg nope"),
    Same("fg solo:*"),
    Same("fg missing"),
    Same("open foo"),
    Same("open unix:///nonexistent/s"),
    Same("add"),
    Same("add cat"),
    Same("add nope"),
    Same("remove cat"),
    Same("remove nope"),
    Same("remove missing"),
    Same("add missing"),
    Same("reread"),
    Same("reread x"),
    Same("update"),
    Shell(""),
    Shell("\n  \nversion\nbogus\nhelp stop\nexit\nversion\n"),
    Shell("start nope\nstatus cat\nquit\n"),
    Shell("shutdown\nn\nreload\n\n"),
    Shell("open foo\nEOF\n"),
    Configure(
        "
[program:cat]
command=/bin/cat -u
startsecs=0
[program:fresh]
command=/bin/cat
startsecs=0
[program:manual]
command=/bin/cat
autostart=false
",
    ),
    Same("reread"),
    Same("avail"),
    Same("update nope fresh"),
    Same("status fresh"),
    Same("update"),
    Same("status"),
    Same("update all"),
    Configure("[program:broken]\nstartsecs=x\n"),
    Same("reread"),
    Configure("\n[program:cat]\ncommand=/bin/cat\nstartsecs=0\n"),
    Unordered("stop all"),
    Unordered("start all"),
    Unordered("restart all"),
    Same("shutdown x"),
    Same("reload x"),
    Same("reload"),
    Restarted,
    Same("status"),
    Same("shutdown"),
    Gone,
    Same("status"),
    Same("version"),
    Same("start cat"),
    Same("shutdown"),
    Same("open http://127.0.0.1:1"),
    Same("exit"),
];

/// The directory of upstream's programs; `None`, said on standard error, if there is none to compare with.
fn upstream() -> Option<PathBuf> {
    let Some(environment) = std::env::var_os("SUPERVISOR_UPSTREAM") else {
        io::stderr().write_all(b"not run: SUPERVISOR_UPSTREAM is not set\n").unwrap();
        return None;
    };
    let binaries = PathBuf::from(environment).join("bin");
    for program in ["supervisord", "supervisorctl"] {
        let path = binaries.join(program);
        assert!(path.exists(), "SUPERVISOR_UPSTREAM is set, but there is no {}", path.display());
    }
    Some(binaries)
}

#[test]
fn upstreams_client_and_ours_agree() {
    let Some(binaries) = upstream() else { return };
    let upstream = {
        let binaries = binaries.clone();
        std::thread::spawn(move || transcript(&binaries, "upstream", Side::Upstream))
    };
    let ours = transcript(&binaries, "ours", Side::Ours);
    let upstream = upstream.join().unwrap();
    let mut report = String::new();
    for (step, (upstream, ours)) in STEPS.iter().zip(upstream.iter().zip(&ours)) {
        compare(step, upstream, ours, &mut report);
    }
    assert!(report.is_empty(), "{report}");
}

/// RPC-49
#[test]
fn upstreams_methods_and_signatures_are_in_our_table() {
    let Some(binaries) = upstream() else { return };
    let daemon = Daemon::start(&binaries, "methods");
    let mut client = daemon.client();
    let upstream = client.list_methods().unwrap();
    let ours: Vec<&Method> = METHODS.iter().filter(|method| !method.extension).collect();
    assert_eq!(upstream, ours.iter().map(|method| method.name).collect::<Vec<_>>());
    for method in ours {
        let signature = client.call("system.methodSignature", &[method.name.into()]).unwrap();
        let kinds = signature.as_array().unwrap().iter().map(|kind| kind.as_str().unwrap());
        assert_eq!(kinds.collect::<Vec<_>>(), method.signature(), "{}", method.name);
    }
}

/// RPC-1, RPC-16, RPC-44: what upstream sends, read into our records and encoded again, gives the same bytes.
#[test]
fn our_records_are_encoded_to_upstreams_bytes() {
    let Some(binaries) = upstream() else { return };
    let daemon = Daemon::start(&binaries, "bytes");
    let raw = |method: &str, params: &[Value]| daemon.post(&encode::call(method, params));
    let value = |body: &[u8]| decode::response(body).unwrap().unwrap();
    let items = |body: &[u8]| value(body).as_array().unwrap().to_vec();
    let assert_same = |ours: Vec<u8>, upstream: &[u8]| {
        assert_eq!(String::from_utf8(ours).unwrap(), String::from_utf8_lossy(upstream));
    };

    let body = raw("supervisor.getAllProcessInfo", &[]);
    let infos: Vec<_> = items(&body).into_iter().map(|item| ProcessInfo::from_value(item).unwrap()).collect();
    assert!(infos.len() > 5);
    assert_same(encode::response(&infos), &body);

    let body = raw("supervisor.getAllConfigInfo", &[]);
    let infos: Vec<_> = items(&body).into_iter().map(|item| ConfigInfo::from_value(item).unwrap()).collect();
    // A member that 4.4.0 adds.
    let added = "<member>\n<name>autorestart</name>\n<value><string>unexpected</string></value>\n</member>\n";
    let ours = String::from_utf8(encode::response(&infos)).unwrap().replace(added, "");
    assert_same(ours.into_bytes(), &body);

    let body = raw("supervisor.getState", &[]);
    assert_same(encode::response(&SupervisorState::from_value(value(&body)).unwrap()), &body);

    let body = raw("supervisor.reloadConfig", &[]);
    assert_same(encode::response(&ReloadedGroups::from_value(&value(&body)).unwrap()), &body);

    let body = raw("supervisor.tailProcessStdoutLog", &["speaks".into(), 0.into(), 100.into()]);
    assert_same(encode::response(&LogTail::from_value(&value(&body)).unwrap()), &body);

    let body = raw("supervisor.stopProcessGroup", &["grp".into()]);
    let statuses: Vec<_> = items(&body).into_iter().map(|item| Status::from_value(item).unwrap()).collect();
    assert_same(encode::response(&statuses), &body);

    let body = raw("supervisor.getProcessInfo", &["<&>".into()]);
    assert_same(encode::fault(&decode::response(&body).unwrap().unwrap_err()), &body);
}

fn compare(step: &Step, upstream: &str, ours: &str, report: &mut String) {
    let (what, expected_upstream, expected_ours) = match step {
        Same(line) | Unordered(line) | Shell(line) => (line, upstream, upstream),
        Differs { line, upstream, ours } => (line, *upstream, *ours),
        Configure(_) | Restarted | Gone => return,
    };
    if upstream != expected_upstream || ours != expected_ours {
        writeln!(report, "{what:?}\n  upstream: {upstream:?}\n  ours:     {ours:?}").unwrap();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Upstream,
    Ours,
}

/// Does all steps; what each printed after its status, with what differs from run to run replaced.
fn transcript(binaries: &Path, name: &str, side: Side) -> Vec<String> {
    let daemon = Daemon::start(binaries, name);
    STEPS.iter().map(|step| daemon.perform(binaries, side, step)).collect()
}

/// How long a condition may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A supervisord of upstream in a directory of its own.
struct Daemon {
    directory: PathBuf,
    process: Mutex<Child>,
}

impl Daemon {
    fn start(binaries: &Path, name: &str) -> Self {
        let directory =
            std::env::temp_dir().join(format!("supervisor-compare-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        configure(&directory, PROGRAMS);
        let process = Command::new(binaries.join("supervisord"))
            .args(["-n", "-c"])
            .arg(directory.join("sd.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let daemon = Self { directory, process: Mutex::new(process) };
        daemon.wait_until("the programs run", |client| {
            let infos = client.all_process_info().ok()?;
            infos.iter().any(|info| info.name == "speaks" && info.state == 20).then_some(())
        });
        daemon
    }

    fn url(&self) -> String {
        format!("unix://{}/s", self.directory.display())
    }

    fn client(&self) -> Client {
        Client::new(Endpoint::parse(&self.url()).unwrap())
    }

    /// The body of the answer to a call, as it came.
    fn post(&self, body: &[u8]) -> Vec<u8> {
        let mut stream = UnixStream::connect(self.directory.join("s")).unwrap();
        write!(stream, "POST /RPC2 HTTP/1.0\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end_of_head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        answer.split_off(end_of_head + 4)
    }

    fn perform(&self, binaries: &Path, side: Side, step: &Step) -> String {
        match step {
            Same(line) | Differs { line, .. } => self.run(binaries, side, line, ""),
            Unordered(line) => {
                let shown = self.run(binaries, side, line, "");
                let (status, lines) = shown.split_once(' ').unwrap();
                let mut lines: Vec<&str> = lines.split_inclusive('\n').collect();
                lines.sort_unstable();
                format!("{status} {}", lines.concat())
            }
            Shell(input) => self.run(binaries, side, "", input),
            Configure(programs) => {
                configure(&self.directory, programs);
                String::new()
            }
            Restarted => {
                self.wait_until("the server is back", |client| client.state().ok().map(drop));
                String::new()
            }
            Gone => {
                self.process.lock().unwrap().wait().unwrap();
                String::new()
            }
        }
    }

    fn run(&self, binaries: &Path, side: Side, line: &str, input: &str) -> String {
        // What a start or stop leaves in motion would make the next answer a matter of time.
        self.wait_until("all processes are at rest", |client| match client.all_process_info() {
            Ok(infos) => infos.iter().all(|info| ![10, 30, 40].contains(&info.state)).then_some(()),
            Err(_) => Some(()),
        });
        let (status, output, errors) = match side {
            Side::Upstream => self.run_upstream(binaries, line, input),
            Side::Ours => self.run_ours(line, input),
        };
        let mut shown = format!("{status} {}", self.normalised(&output));
        if !errors.is_empty() {
            write!(shown, "[{}]", self.normalised(&errors)).unwrap();
        }
        shown
    }

    fn run_upstream(&self, binaries: &Path, line: &str, input: &str) -> (i32, String, String) {
        let mut child = Command::new(binaries.join("supervisorctl"))
            .arg("-c")
            .arg(self.directory.join("sd.conf"))
            .args(line.split_whitespace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing may have ended already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn run_ours(&self, line: &str, input: &str) -> (i32, String, String) {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(input.as_bytes()).unwrap();
        drop(writer);
        let (output, errors) = (Shared::default(), Shared::default());
        let streams = Streams {
            input: reader.into(),
            output: Box::new(output.clone()),
            errors: Box::new(errors.clone()),
            password: Box::new(|_| Err(io::ErrorKind::Unsupported.into())),
        };
        let options = ClientOptions {
            serverurl: self.url().into_bytes(),
            username: None,
            password: None,
            prompt: b"supervisor".to_vec(),
            history_file: None,
            style: Style::Plain,
            interactive: false,
            args: line.split_whitespace().map(OsString::from).collect(),
        };
        let status = supervisor_ctl::run(options, streams).unwrap();
        (status.into(), output.text(), errors.text())
    }

    fn wait_until(&self, what: &str, mut condition: impl FnMut(&mut Client) -> Option<()>) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if condition(&mut self.client()).is_some() {
                return;
            }
            assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Replaces our directory, process ids, times, and the place in its source that upstream adds to errors.
    fn normalised(&self, text: &str) -> String {
        let text = text.replace(self.directory.to_str().unwrap(), "DIR");
        text.split_inclusive('\n').map(normalised_line).collect()
    }
}

fn normalised_line(line: &str) -> String {
    if let Some((before, _)) = line.split_once("pid ").filter(|(_, after)| after.contains(", uptime ")) {
        return format!("{before}pid N, uptime T\n");
    }
    if let Some((before, _)) = line.split_once("STOPPED   ").filter(|(_, after)| after.ends_with("M\n")) {
        return format!("{before}STOPPED   TIME\n");
    }
    if line.starts_with("error: ") {
        return line.split(": file: ").next().unwrap().trim_end().to_owned() + "\n";
    }
    let is_pid = line.trim_end().parse::<u32>().is_ok_and(|number| number > 0);
    if is_pid { "PID\n".to_owned() } else { line.to_owned() }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let mut process = self.process.lock().unwrap();
        if process.try_wait().is_ok_and(|status| status.is_none()) {
            // Asks first, so that the programs end, too.
            let _ = self.client().shutdown();
            let deadline = Instant::now() + Duration::from_secs(20);
            while process.try_wait().is_ok_and(|status| status.is_none()) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = process.kill();
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn configure(directory: &Path, programs: &str) {
    let here = directory.display();
    let text = format!(
        "[unix_http_server]\nfile={here}/s\n[supervisord]\nlogfile={here}/sd.log\npidfile={here}/sd.pid\n\
        childlogdir={here}\n[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = \
        supervisor.rpcinterface:make_main_rpcinterface\n[supervisorctl]\nserverurl=unix://{here}/s\n{}",
        programs.replace("@DIR@", &here.to_string())
    );
    fs::write(directory.join("sd.conf"), text).unwrap();
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
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
