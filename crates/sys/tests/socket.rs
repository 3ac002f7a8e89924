//! Listening: what may be in the way of a socket file, who may reach it, and what clients are told.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use supervisor_sys::socket::*;
use supervisor_sys::user;
use support::*;

const PRIVATE: SocketFile = SocketFile { mode: 0o700, uid: None, gid: None };

fn listen(path: &Path) -> Result<BoundUnix, ListenError> {
    listen_unix(path, PRIVATE, BACKLOG)
}

/// A socket file whose listener is gone.
fn leave_stale_socket(path: &Path) {
    drop(UnixListener::bind(path).unwrap());
    assert!(path.exists());
}

#[test]
fn socket_file_has_its_mode_whatever_the_umask_and_nothing_else_is_left() {
    let sandbox = Sandbox::new();
    for mode in [0o700, 0o770, 0o777, 0o600] {
        let path = sandbox.join(&format!("{mode:o}.sock"));
        let bound = listen_unix(&path, SocketFile { mode, ..PRIVATE }, BACKLOG).unwrap();
        let metadata = fs::symlink_metadata(&path).unwrap();
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.permissions().mode() & 0o7777, mode);
        assert!(!bound.replaced_stale);
    }
    assert_eq!(sandbox.names(), ["600.sock", "700.sock", "770.sock", "777.sock"]);
}

#[test]
fn client_reaches_the_listener_by_the_path() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("s");
    let bound = listen(&path).unwrap();
    assert_eq!(bound.listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    let mut client = connect_unix(path.as_os_str().as_bytes()).unwrap();
    client.write_all(b"hello").unwrap();
    drop(client);
    let (mut served, _) = bound.listener.accept().unwrap();
    let mut text = String::new();
    served.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
}

/// PROC-11.
#[test]
fn socket_nobody_listens_on_is_replaced() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("s");
    leave_stale_socket(&path);
    let bound = listen(&path).unwrap();
    assert!(bound.replaced_stale);
    connect_unix(path.as_os_str().as_bytes()).unwrap();
    assert_eq!(sandbox.names(), ["s"]);
}

/// PROC-11.
#[test]
fn socket_somebody_listens_on_is_left_alone() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("s");
    let first = listen(&path).unwrap();
    let error = listen(&path).unwrap_err();
    assert!(matches!(error, ListenError::InUse));
    assert_eq!(
        error.to_string(),
        "Another program is already listening on a port that one of our HTTP servers is configured to use.  Shut this \
         program down first before starting supervisord."
    );
    assert_eq!(fs::symlink_metadata(&path).unwrap().ino(), first.identity.inode);
    assert_eq!(sandbox.names(), ["s"]);
}

/// A daemon too busy to accept is not dead, and we do not wait for it.
#[test]
fn listener_with_a_full_queue_counts_as_in_use() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("s");
    let _busy = listen_unix(&path, PRIVATE, 0).unwrap();
    let _waiting = connect_unix(path.as_os_str().as_bytes()).unwrap();
    assert!(matches!(listen(&path).unwrap_err(), ListenError::InUse));
}

#[test]
fn datagram_socket_in_use_is_left_alone() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("s");
    let _other = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    assert!(matches!(listen(&path).unwrap_err(), ListenError::InUse));
}

/// PROC-11.
#[test]
fn file_that_is_no_socket_is_left_intact() {
    let sandbox = Sandbox::new();
    let file = sandbox.join("file");
    fs::write(&file, "data").unwrap();
    let link = sandbox.join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let dangling = sandbox.join("dangling");
    std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
    let directory = sandbox.join("directory");
    fs::create_dir(&directory).unwrap();
    for path in [&file, &link, &dangling, &directory] {
        let error = listen(path).unwrap_err();
        assert!(matches!(&error, ListenError::NotASocket(named) if named == path), "{error:?}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"data");
    assert_eq!(sandbox.names(), ["dangling", "directory", "file", "link"]);
}

#[test]
fn of_many_at_once_exactly_one_gets_a_stale_path() {
    for _ in 0..200 {
        let sandbox = Sandbox::new();
        let path = sandbox.join("s");
        leave_stale_socket(&path);
        let barrier = Barrier::new(4);
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let contend = || {
                barrier.wait();
                listen(&path)
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(contend)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winners: Vec<&BoundUnix> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        assert!(
            outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(ListenError::InUse))),
            "{outcomes:?}"
        );
        assert_eq!(fs::symlink_metadata(&path).unwrap().ino(), winners[0].identity.inode);
        assert_eq!(sandbox.names(), ["s"]);
    }
}

#[test]
fn stale_neighbours_are_replaced_at_the_same_time() {
    let sandbox = Sandbox::new();
    let paths: Vec<PathBuf> = (0..8).map(|i| sandbox.join(&format!("s{i}"))).collect();
    for path in &paths {
        leave_stale_socket(path);
    }
    std::thread::scope(|scope| {
        for path in &paths {
            scope.spawn(|| assert!(listen(path).unwrap().replaced_stale));
        }
    });
}

#[test]
fn lock_somebody_keeps_on_the_directory_does_not_keep_us_out() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("s");
    leave_stale_socket(&path);
    let squatter = fs::File::open(sandbox.path()).unwrap();
    // SAFETY: touches no memory.
    assert_eq!(unsafe { libc::flock(squatter.as_raw_fd(), libc::LOCK_EX) }, 0);
    assert!(listen(&path).unwrap().replaced_stale);
}

#[test]
fn path_of_the_greatest_length_works_and_a_longer_one_is_refused() {
    let sandbox = Sandbox::new();
    let longest = if cfg!(target_os = "linux") { 107 } else { 103 };
    let room = longest - sandbox.path().as_os_str().len() - 1;
    for name in ["n".repeat(room), format!("{}/s", "d".repeat(room - 2))] {
        let path = sandbox.join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _bound = listen(&path).unwrap();
        connect_unix(path.as_os_str().as_bytes()).unwrap();
        let longer = PathBuf::from(format!("{}x", path.display()));
        let error = listen(&longer).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Cannot open an HTTP server: socket.error reported AF_UNIX path too long"
        );
        assert_eq!(
            connect_unix(longer.as_os_str().as_bytes()).unwrap_err().to_string(),
            "AF_UNIX path too long"
        );
    }
}

#[test]
fn missing_directory_is_named_by_its_error() {
    let sandbox = Sandbox::new();
    let error = listen(&sandbox.join("missing/s")).unwrap_err();
    assert_eq!(error.to_string(), "Cannot open an HTTP server: socket.error reported errno.ENOENT (2)");
}

/// PROC-66, the owner's half.
#[test]
fn socket_file_gets_its_owner() {
    if !is_root("socket_file_gets_its_owner") {
        return;
    }
    let sandbox = Sandbox::new();
    let path = sandbox.join("s");
    let file = SocketFile { mode: 0o750, uid: Some(1234), gid: Some(4321) };
    listen_unix(&path, file, BACKLOG).unwrap();
    let metadata = fs::symlink_metadata(&path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o7777), (1234, 4321, 0o750));
}

/// Who can write the directory exchanges whatever appears in it for a link to a file of ours, as fast as a thread can.
/// Once that file got the owner and mode of the socket.
#[test]
fn owner_and_mode_never_reach_a_file_behind_a_link() {
    let sandbox = Sandbox::new();
    let victim = sandbox.join("victim");
    fs::write(&victim, "").unwrap();
    fs::set_permissions(&victim, fs::Permissions::from_mode(0o600)).unwrap();
    let directory = sandbox.join("theirs");
    fs::create_dir(&directory).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let link = sandbox.join("link");
            while !is_over.load(Ordering::Relaxed) {
                for entry in fs::read_dir(&directory).unwrap().flatten() {
                    if entry.file_type().is_ok_and(|kind| kind.is_socket()) {
                        std::os::unix::fs::symlink(&victim, &link).unwrap();
                        // It may have gone again.
                        fs::rename(&link, entry.path()).unwrap();
                    }
                }
            }
        });
        for _ in 0..2000 {
            let file = SocketFile { mode: 0o777, uid: None, gid: None };
            let _either_is_right = listen_unix(&directory.join("s"), file, BACKLOG);
            for entry in fs::read_dir(&directory).unwrap().flatten() {
                let _gone_or_ours = fs::remove_file(entry.path());
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::metadata(victim).unwrap().permissions().mode() & 0o7777, 0o600);
}

/// What a start that was killed half-way has left: a socket that not even its owner may connect to.
#[test]
fn socket_without_permissions_is_replaced() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("s");
    leave_stale_socket(&path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    assert!(listen(&path).unwrap().replaced_stale);
}

#[test]
fn address_of_the_socket_is_its_path() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("s");
    let bound = listen(&path).unwrap();
    assert_eq!(bound.listener.local_addr().unwrap().as_pathname(), Some(path.as_path()));
}

#[test]
fn refused_owner_is_told_as_upstream_does() {
    let error = std::io::Error::from_raw_os_error(libc::EPERM);
    let refused = ListenError::Chown { path: "/tmp/s".into(), uid: Some(0), gid: None, error };
    let me = user::user_by_uid(user::effective_uid()).unwrap().unwrap();
    let expected = format!(
        "Not permitted to chown /tmp/s to uid/gid (0, -1); adjust \"sockchown\" value in config file or on command line to values \
         that the current user ({}) can successfully chown",
        String::from_utf8(me.name).unwrap()
    );
    assert_eq!(refused.to_string(), expected);
}

#[test]
fn only_our_own_socket_file_is_removed_at_the_end() {
    let sandbox = Sandbox::new();
    let path = sandbox.join("s");
    let first = listen(&path).unwrap();
    assert!(remove_socket_file(&path, first.identity).unwrap());
    assert!(!remove_socket_file(&path, first.identity).unwrap());
    // `first` still holds its inode, so the number cannot be given to the second.
    let second = listen(&path).unwrap();
    assert!(!remove_socket_file(&path, first.identity).unwrap());
    assert!(path.exists());
    assert!(remove_socket_file(&path, second.identity).unwrap());
    assert!(sandbox.names().is_empty());
}

#[test]
fn tcp_port_is_listened_on_and_taken_only_once() {
    let listener = listen_tcp("127.0.0.1", 0, BACKLOG).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    let _client = connect_tcp("localhost", port).unwrap();
    wait_until("the connection has arrived", || listener.accept().ok());
    assert!(matches!(listen_tcp("127.0.0.1", port, BACKLOG).unwrap_err(), ListenError::InUse));
    let everywhere = listen_tcp("", 0, BACKLOG).unwrap();
    assert!(everywhere.local_addr().unwrap().ip().is_unspecified());
}

#[test]
fn ipv6_addresses_are_listened_on_where_the_machine_has_them() {
    let listener = match listen_tcp("::1", 0, BACKLOG) {
        Ok(listener) => listener,
        Err(error) => {
            assert!(!has_ipv6(), "{error}");
            return;
        }
    };
    let port = listener.local_addr().unwrap().port();
    let _client = connect_tcp("::1", port).unwrap();
    wait_until("the connection has arrived", || listener.accept().ok());
    assert!(matches!(listen_tcp("::1", port, BACKLOG).unwrap_err(), ListenError::InUse));
}

#[test]
fn tcp_failures_read_as_upstreams() {
    let foreign = listen_tcp("192.0.2.1", 0, BACKLOG).unwrap_err();
    assert_eq!(
        foreign.to_string(),
        "Cannot open an HTTP server: socket.error reported errno.EADDRNOTAVAIL (99)"
    );
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(connect_tcp("127.0.0.1", free).unwrap_err().to_string(), "[Errno 111] Connection refused");
    let missing = connect_unix(b"/does/not/exist").unwrap_err();
    assert_eq!(missing.to_string(), "[Errno 2] No such file or directory");
}

/// `invalid` never resolves (RFC 6761); without a network the resolver may say "try again" or give up instead, and something
/// else the next time.
#[test]
fn unknown_host_is_told_by_the_resolvers_code() {
    let code = match connect_tcp("host.invalid", 1).unwrap_err() {
        ConnectError::Resolve(code) => code,
        other => panic!("{other:?}"),
    };
    let texts = [
        (-2, "[Errno -2] Name or service not known"),
        (-3, "[Errno -3] Temporary failure in name resolution"),
        (-4, "[Errno -4] Non-recoverable failure in name resolution"),
    ];
    for (code, text) in texts {
        assert_eq!(ConnectError::Resolve(code).to_string(), text);
    }
    let reported = |code| format!("Cannot open an HTTP server: socket.error reported {code}");
    let listening = listen_tcp("host.invalid", 0, BACKLOG).unwrap_err().to_string();
    assert!(texts.iter().any(|(known, _)| *known == code), "{code}");
    assert!(texts.iter().any(|(known, _)| listening == reported(*known)), "{listening}");
}
