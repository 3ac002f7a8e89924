//! Clients that request large answers where memory is short: each gets its answer or a refusal, and the daemon
//! and its programs live on. Upstream reads whole logs at once, for each client, and is killed.

use std::fs;
use std::path::{Path, PathBuf};
use support::{Connection, Daemon, Launch, Sandbox, is_root, processes, wait_until};

/// What there is, in KiB: a small container. A daemon that has just started takes a quarter of it in addresses, a
/// twentieth in memory.
const MEMORY: u64 = 64 * 1024;

/// How many ask for the same at once.
const CLIENTS: usize = 8;

/// A sleeper whose log has 20 MB, and two hundred programs that make lists long. `launcher` sets the limit.
fn start(launcher: &str) -> Daemon {
    let sandbox = Sandbox::new();
    let line = "2026-01-01 00:00:00,000 INFO an ordinary line of a hundred bytes in all, more or less, as most lines are\n";
    sandbox.write("x.log", (line.repeat(2000) + "one with <markup> & a café in it\n").repeat(100));
    let config = "[program:x]\ncommand=sleep 1000\nstdout_logfile=%(here)s/x.log\nstdout_logfile_maxbytes=0\nstartsecs=0\n\
        [program:many]\ncommand=sleep 1000\nnumprocs=200\nprocess_name=%(process_num)d\nautostart=false\n\
        stdout_logfile=NONE\nstderr_logfile=NONE\n";
    let launch = Launch::new().through_shell(launcher).configure(&sandbox, config);
    let daemon = launch.start(sandbox);
    daemon.wait_for_state("x", "RUNNING");
    daemon
}

fn post(body: &str) -> Vec<u8> {
    format!("POST /RPC2 HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn call(method: &str, params: &[&str]) -> Vec<u8> {
    let params =
        params.iter().fold(String::new(), |all, value| all + "<param><value>" + value + "</value></param>");
    post(&format!("<methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>"))
}

fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\n\r\n").into_bytes()
}

/// A call of `system.multicall` that makes the same call so often.
fn multicall(count: usize, method: &str, params: &str) -> Vec<u8> {
    let one = format!(
        "<value><struct><member><name>methodName</name><value>{method}</value></member><member><name>params</name>\
         <value><array><data>{params}</data></array></value></member></struct></value>"
    );
    call("system.multicall", &[&format!("<array><data>{}</data></array>", one.repeat(count))])
}

/// Requests whose answers, or that themselves, can be long.
fn requests() -> Vec<(&'static str, Vec<u8>)> {
    let (zero, much) = ("<int>0</int>", "<int>100000000</int>");
    let window = format!("<value>x</value><value>{zero}</value><value>{zero}</value>");
    vec![
        ("a tail", call("supervisor.tailProcessStdoutLog", &["x", zero, much])),
        ("the main log", call("supervisor.readLog", &[zero, zero])),
        ("many reads", multicall(8, "supervisor.readProcessStdoutLog", &window)),
        ("many lists", multicall(150, "supervisor.getAllProcessInfo", "")),
        ("many small calls", multicall(2000, "system.listMethods", "")),
        ("the processes", call("supervisor.getAllProcessInfo", &[])),
        ("the configuration", call("supervisor.getAllConfigInfo", &[])),
        ("a signal to all", call("supervisor.signalAllProcesses", &["USR1x"])),
        ("a log page", get("/tail.html?processname=x&limit=100000000")),
        ("the status page", get("/")),
        ("a long call", post(&"x".repeat(8 * 1024 * 1024))),
        ("a long name", call("supervisor.getProcessInfo", &[&"x".repeat(8_000_000)])),
    ]
}

/// All clients send before any of them reads. Then each gets a complete answer, or a refusal for lack of room.
fn ask_for_much(daemon: &Daemon) {
    let pid = daemon.pid_of("x");
    for (what, request) in requests() {
        let mut clients: Vec<_> = (0..CLIENTS).map(|_| daemon.connect()).collect();
        std::thread::scope(|scope| {
            for client in &mut clients {
                // One that is refused early cannot send all.
                scope.spawn(|| _ = client.send(&request));
            }
        });
        assert_eq!(daemon.pid_of("x"), pid, "{what}");
        let mut served = 0;
        for client in &mut clients {
            let answer = client.response().unwrap_or_else(|| panic!("{what}: no answer"));
            let is_refused =
                answer.status == 503 || answer.text().contains("there is no room for this answer");
            assert!(is_refused || [200, 400].contains(&answer.status), "{what}: {}", answer.head);
            served += usize::from(!is_refused);
        }
        // Of many results in one answer some may be refused to each.
        assert!(served > 0 || what.starts_with("many"), "{what}: nobody was served");
    }
    let mut followers: Vec<_> = (0..CLIENTS).map(|_| daemon.connect()).collect();
    for (index, follower) in followers.iter_mut().enumerate() {
        let target =
            ["/ui/download?processname=x", "/logtail/x/stdout", "/ui/log?processname=x", "/ui/events"];
        follower.send(get(target[index % 4])).unwrap();
        assert_eq!(follower.until(b"\r\n\r\n").map(|head| head.starts_with(b"HTTP/1.1 200 ")), Some(true));
    }
    assert_eq!((daemon.pid_of("x"), processes::is_alive(pid)), (pid, true));
}

/// Reads cost so little that all of them are served.
fn read_at_once(daemon: &Daemon) {
    let read = call("supervisor.readProcessStdoutLog", &["x", "<int>0</int>", "<int>0</int>"]);
    let mut clients: Vec<Connection> = (0..CLIENTS).map(|_| daemon.connect()).collect();
    for client in &mut clients {
        client.send(&read).unwrap();
    }
    let pid = daemon.pid();
    for (number, client) in clients.iter_mut().enumerate() {
        let Some(answer) = client.response() else {
            let had = client.rest().map(|rest| rest.len());
            panic!(
                "client {number} was cut off after {had:?}; the daemon lives: {}",
                processes::is_alive(pid)
            );
        };
        assert_eq!(answer.status, 200);
        assert!(answer.body.len() > 16 * 1024 * 1024 && answer.body.ends_with(b"</methodResponse>\n"));
    }
}

#[test]
fn large_answers_do_not_kill_the_daemon_under_a_limit_on_address_space_unlike_upstream() {
    let daemon = start(&format!("ulimit -v {MEMORY}; exec \"$@\""));
    read_at_once(&daemon);
    ask_for_much(&daemon);
}

/// A control group with a limit of memory; removed when dropped, after what was in it.
struct ControlGroup(PathBuf);

impl ControlGroup {
    /// Creates one where this machine permits it.
    fn new(name: &str) -> Option<Self> {
        let name = format!("supervisor-test-{}-{name}", std::process::id());
        let limits = [("memory/", "memory.limit_in_bytes"), ("", "memory.max")];
        limits.into_iter().find_map(|(hierarchy, limit)| {
            let group = Self(Path::new("/sys/fs/cgroup").join(hierarchy).join(&name));
            fs::create_dir(&group.0).ok()?;
            fs::write(group.0.join(limit), (MEMORY * 1024).to_string()).ok()?;
            Some(group)
        })
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        // It is busy until the last process in it is gone for good.
        wait_until("the control group to be empty", || fs::remove_dir(&self.0).is_ok() || !self.0.exists());
    }
}

/// In a control group whose limit the out-of-memory killer enforces; needs root and a writable hierarchy of control groups.
#[test]
fn large_answers_do_not_kill_the_daemon_in_a_small_memory_cgroup_unlike_upstream() {
    let Some(group) = is_root().then(|| ControlGroup::new("small")).flatten() else { return };
    let join = format!("echo $$ > {}/cgroup.procs; exec \"$@\"", group.0.display());
    let daemon = start(&join);
    read_at_once(&daemon);
    ask_for_much(&daemon);
    drop((daemon, group));
}
