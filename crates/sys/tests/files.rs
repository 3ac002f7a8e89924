//! Descriptors, pipes, files with names nobody can guess, and the system log's socket.
#![allow(clippy::unwrap_used)]

mod support;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use supervisor_sys::fd::{self, FileIdentity, Pipe};
use supervisor_sys::syslog::Syslog;
use supervisor_sys::{clock, limits, tempfile, user};
use support::*;

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn flags(fd: BorrowedFd<'_>, command: libc::c_int) -> libc::c_int {
    // SAFETY: both commands asked for here only read flags.
    unsafe { libc::fcntl(fd.as_raw_fd(), command) }
}

/// PROC-56.
#[test]
fn fifo_without_reader_is_refused_at_once() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("fifo");
    make_fifo(&path);
    assert_eq!(fd::open_append(&path, 0o600).unwrap_err().raw_os_error(), Some(libc::ENXIO));
}

/// PROC-56.
#[test]
fn full_fifo_refuses_instead_of_blocking() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("fifo");
    make_fifo(&path);
    let mut reader = File::options().read(true).write(true).open(&path).unwrap();
    let mut writer = fd::open_append(&path, 0o600).unwrap();
    writer.write_all(b"line\n").unwrap();
    let mut line = [0; 5];
    reader.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"line\n");
    let full = loop {
        if let Err(error) = writer.write(&[b'x'; 4096]) {
            break error;
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    assert!(!fd::is_regular(&writer).unwrap());
}

#[test]
fn append_creates_with_the_mode_and_keeps_what_is_there() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("log");
    fd::open_append(&path, 0o600).unwrap().write_all(b"one\n").unwrap();
    let mut file = fd::open_append(&path, 0o644).unwrap();
    file.write_all(b"two\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fd::is_regular(&file).unwrap());
}

#[test]
fn identity_follows_the_file_and_not_its_name() {
    let sandbox = Sandbox::new();
    let [first, second] = ["first", "second"].map(|name| sandbox.join(name));
    let file = File::create(&first).unwrap();
    let identity = FileIdentity::of(&file).unwrap();
    fs::rename(&first, &second).unwrap();
    File::create(&first).unwrap();
    assert_eq!(FileIdentity::of_path(&second).unwrap(), identity);
    assert_ne!(FileIdentity::of_path(&first).unwrap(), identity);
    assert_eq!(FileIdentity::from_metadata(&file.metadata().unwrap()), identity);
    drop(file);
}

#[test]
fn only_our_end_of_a_pipe_is_nonblocking_and_neither_is_inherited() {
    for pipe in [Pipe::from_child().unwrap(), Pipe::to_child().unwrap()] {
        assert_ne!(flags(pipe.ours.as_fd(), libc::F_GETFL) & libc::O_NONBLOCK, 0);
        assert_eq!(flags(pipe.theirs.as_fd(), libc::F_GETFL) & libc::O_NONBLOCK, 0);
        for end in [&pipe.ours, &pipe.theirs] {
            assert_ne!(flags(end.as_fd(), libc::F_GETFD) & libc::FD_CLOEXEC, 0);
        }
    }
}

#[test]
fn pipe_tells_what_waits_in_it_and_when_it_is_empty_or_broken() {
    let pipe = Pipe::from_child().unwrap();
    let mut buffer = [0; 8];
    assert_eq!(fd::read(&pipe.ours, &mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(fd::write(&pipe.theirs, b"12345").unwrap(), 5);
    assert_eq!(fd::readable_bytes(&pipe.ours).unwrap(), 5);
    assert_eq!(fd::read(&pipe.ours, &mut buffer).unwrap(), 5);
    assert_eq!(&buffer[..5], b"12345");
    drop(pipe.theirs);
    assert_eq!(wait_until("nobody writes to the pipe", || fd::read(&pipe.ours, &mut buffer).ok()), 0);
    let pipe = Pipe::to_child().unwrap();
    drop(pipe.theirs);
    // A command that another test is just starting has a copy of the reading end until it executes.
    let broken = wait_until("nobody reads the pipe", || fd::write(&pipe.ours, b"x").err());
    assert_eq!(broken.kind(), ErrorKind::BrokenPipe);
}

#[cfg(target_os = "linux")]
#[test]
fn pipe_can_be_made_larger() {
    let pipe = Pipe::from_child().unwrap();
    assert_eq!(fd::set_pipe_capacity(&pipe.ours, 200_000).unwrap(), 262_144);
    assert_eq!(fd::pipe_capacity(&pipe.theirs).unwrap(), 262_144);
}

/// PROC-48, the name and mode of automatic logs.
#[test]
fn unique_files_have_the_pattern_and_mode_and_never_meet() {
    let sandbox = Sandbox::new();
    let mut paths: Vec<_> = (0..50)
        .map(|_| {
            tempfile::create_unique(sandbox.path(), OsStr::new("p-stdout---id-"), OsStr::new(".log"), 0o600)
                .unwrap()
                .1
        })
        .collect();
    for path in &paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        let middle = name.strip_prefix("p-stdout---id-").and_then(|rest| rest.strip_suffix(".log")).unwrap();
        assert_eq!(middle.len(), 8, "{name}");
        assert!(
            middle.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
            "{name}"
        );
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o7777, 0o600);
    }
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), 50);
    let missing = tempfile::create_unique(&sandbox.join("missing"), OsStr::new("a"), OsStr::new("b"), 0o600);
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
}

fn system_log(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

fn received(socket: &UnixDatagram) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 20];
    let length = socket.recv(&mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

/// PROC-58, the form of a line.
#[test]
fn syslog_message_has_priority_time_and_name() {
    let sandbox = Sandbox::new();
    let socket = system_log(&sandbox.join("log"));
    let mut syslog = Syslog::at(&sandbox.join("log"), "supervisord");
    let before = clock::now().wall;
    syslog.send(b"web \xff line").unwrap();
    let after = clock::now().wall;
    let expected =
        |wall| [b"<14>", clock::syslog_time(wall).as_bytes(), b" supervisord: web \xff line"].concat();
    let message = received(&socket);
    assert!(
        message == expected(before) || message == expected(after),
        "{}",
        String::from_utf8_lossy(&message)
    );
}

#[test]
fn syslog_finds_a_restarted_system_log_again() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("log");
    let mut syslog = Syslog::at(&path, "supervisord");
    assert_eq!(syslog.send(b"lost").unwrap_err().kind(), ErrorKind::NotFound);
    let first = system_log(&path);
    syslog.send(b"one").unwrap();
    assert!(received(&first).ends_with(b": one"));
    drop(first);
    // A command that another test is just starting has a copy of the socket until it executes.
    let refused = wait_until("nobody listens any more", || syslog.send(b"lost").err());
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    fs::remove_file(&path).unwrap();
    let second = system_log(&path);
    syslog.send(b"two").unwrap();
    assert!(received(&second).ends_with(b": two"));
}

#[test]
fn syslog_that_does_not_keep_up_refuses_and_later_takes_again() {
    let sandbox = Sandbox::new();
    let socket = system_log(&sandbox.join("log"));
    let mut syslog = Syslog::at(&sandbox.join("log"), "supervisord");
    let mut taken = 0;
    let refusal = loop {
        match syslog.send(b"flood") {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refusal.kind(), ErrorKind::WouldBlock);
    for _ in 0..taken {
        assert!(received(&socket).ends_with(b"flood"));
    }
    syslog.send(b"again").unwrap();
    assert!(received(&socket).ends_with(b"again"));
}

#[test]
fn users_and_groups_are_found_by_name_and_id() {
    let root = user::user_by_name(b"root").unwrap().unwrap();
    assert_eq!((root.uid, root.gid), (0, 0));
    assert_eq!(user::user_by_uid(0).unwrap().unwrap(), root);
    let group = user::group_by_gid(0).unwrap().unwrap();
    assert_eq!(user::group_by_name(&group.name).unwrap().unwrap(), group);
    assert!(user::groups_of(&root).unwrap().contains(&0));
    assert_eq!(user::user_by_name(b"no such user").unwrap(), None);
    assert_eq!(user::user_by_name(b"nul\0inside").unwrap(), None);
    assert_eq!(user::group_by_name(b"no such group").unwrap(), None);
    assert_eq!(user::user_by_uid(3_999_999_998).unwrap(), None);
    assert_eq!(user::credentials_of(0).unwrap().unwrap().uid, 0);
}

#[test]
fn limits_read_as_the_shell_reads_them() {
    let shell = |option| {
        let output = Command::new("/bin/sh").args(["-c", &format!("ulimit {option}")]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<u64>().ok()
    };
    let limit = limits::limit(limits::Resource::OpenFiles).unwrap();
    assert_eq!((limit.soft, limit.hard), (shell("-Sn"), shell("-Hn")));
    limits::set_limit(limits::Resource::OpenFiles, limit).unwrap();
    assert_eq!(limits::limit(limits::Resource::OpenFiles).unwrap(), limit);
}

#[test]
fn width_is_told_of_terminals_only() {
    let null: io::Result<File> = File::open("/dev/null");
    assert_eq!(supervisor_sys::terminal::width(&null.unwrap()), None);
}
