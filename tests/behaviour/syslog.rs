//! Output to the system log, read at `/dev/log`.
//!
//! The address is the system's, so each daemon here gets a `/dev` of its own, which takes root and mount namespaces. Where
//! these are missing the tests show that a system without a system log loses nothing else.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use support::{Daemon, Flavour, Launch, PATIENCE, Sandbox};

/// Gives the daemon a `/dev` that holds the devices programs need, and the sandbox's socket as `log`.
const OWN_DEV: &str = "\
    mkdir dev && touch dev/null dev/zero dev/urandom dev/fd && \
    for device in null zero urandom; do mount --bind /dev/$device dev/$device; done && \
    ln log.sock dev/log && mount --rbind dev /dev && exec \"$@\"";

fn can_mount_private_dev() -> bool {
    let unshared = Command::new("unshare").args(["-m", "true"]).output();
    unshared.is_ok_and(|output| output.status.success())
}

/// A daemon with the system log's socket, or without one where that cannot be made.
fn start(script: &str, options: &str) -> (Daemon, Option<UnixDatagram>) {
    let sandbox = Sandbox::new();
    sandbox.write("x.sh", script);
    let config =
        format!("[program:x]\ncommand=/bin/sh %(here)s/x.sh\nstartsecs=0\nautorestart=false\n{options}\n");
    let launch = Launch::new().configure(&sandbox, &config);
    if !can_mount_private_dev() {
        return (launch.start(sandbox), None);
    }
    let socket = UnixDatagram::bind(sandbox.path("log.sock")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    sandbox.write("own-dev.sh", OWN_DEV);
    let launch = launch.through_shell("exec unshare -m /bin/sh own-dev.sh \"$@\"");
    (launch.start(sandbox), Some(socket))
}

/// The next message, without its time: `<14>supervisord: text`.
fn next_message(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).expect("a message in time");
    let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
    // Python ends a message with a NUL byte, the C library does not.
    let text = text.trim_end_matches('\0');
    let (priority, rest) = text.split_at(4);
    format!("{priority}{}", &rest["Nov 21 04:10:48 ".len()..])
}

/// PROC-58
#[test]
fn every_line_is_a_message_with_the_name_of_the_process() {
    // Two pipes: the order is certain only once the first has been read.
    let script = "echo one\nuntil grep -q one x.log; do sleep 0.01; done\nprintf 'two\\n\\nthree\\n' >&2\n";
    let options =
        "directory=%(here)s\nstdout_syslog=true\nstderr_syslog=true\nstdout_logfile=%(here)s/x.log\n";
    let (daemon, socket) = start(script, options);
    assert_eq!(daemon.wait_for_file("x.log", "one\n"), "one\n", "a file and the system log go together");
    let Some(socket) = socket else { return };
    let messages: Vec<_> = (0..4).map(|_| next_message(&socket)).collect();
    assert_eq!(
        messages,
        [
            "<14>supervisord: x one",
            "<14>supervisord: x two",
            "<14>supervisord: x ",
            "<14>supervisord: x three"
        ]
    );
}

/// PROC-58: upstream loses what it cannot decode, with a traceback.
#[test]
fn undecodable_bytes_are_replaced_unlike_upstream() {
    let (daemon, socket) = start("printf 'a\\377b\\n'\n", "stdout_syslog=true\n");
    daemon.wait_for_state("x", "EXITED");
    let Some(socket) = socket else { return };
    assert_eq!(next_message(&socket), "<14>supervisord: x a\u{fffd}b");
}

/// `logfile=syslog` of the program and of the daemon.
#[test]
fn logfile_syslog_means_the_system_log() {
    let (daemon, socket) = start("echo hi\n", "stdout_logfile=syslog\n[supervisord]\nlogfile=syslog\n");
    daemon.wait_for_state("x", "EXITED");
    assert!(!daemon.sandbox().path("syslog").exists() && !daemon.sandbox().path("main.log").exists());
    let Some(socket) = socket else { return };
    let mut messages = Vec::new();
    while messages.last().is_none_or(|message: &String| !message.contains("exited: x")) {
        messages.push(next_message(&socket));
    }
    assert!(messages.iter().any(|message| message == "<14>supervisord: x hi"), "{messages:#?}");
    assert!(
        messages.iter().any(|message| message.contains(" INFO supervisord started with pid ")),
        "{messages:#?}"
    );
}

/// A system without a system log.
#[test]
fn a_missing_syslog_socket_affects_nothing_else() {
    if Path::new("/dev/log").exists() && Flavour::under_test() == Flavour::Ours && !can_mount_private_dev() {
        return;
    }
    let (daemon, socket) = start("echo hi\n", "stdout_syslog=true\nstdout_logfile=%(here)s/x.log\n");
    drop(socket);
    daemon.wait_for_file("x.log", "hi\n");
    daemon.wait_for_state("x", "EXITED");
}
