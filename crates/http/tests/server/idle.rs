//! An idle server sleeps.
#![cfg(target_os = "linux")]

use crate::support::start;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use supervisor_http::{Limits, Next, Response, Source, Status, StreamWaker};

struct Silent;

impl Source for Silent {
    fn start(&mut self, _waker: StreamWaker) {}

    fn next(&mut self, _max: usize) -> Next {
        Next::Pending
    }
}

/// How often the thread has gone to sleep so far.
fn sleeps(thread: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
    line.trim().parse().unwrap()
}

#[test]
fn with_idle_clients_and_a_quiet_stream_the_thread_never_wakes() {
    let thread = Arc::new(Mutex::new(String::new()));
    let found = Arc::clone(&thread);
    let server = start(Limits::default(), move |request, reply| {
        *found.lock().unwrap() = fs::read_link("/proc/thread-self").unwrap().to_str().unwrap().to_owned();
        if request.path == b"/stream" {
            reply.send(Response::new(Status::Ok).stream(Box::new(Silent)));
        } else {
            crate::support::echo(request, reply);
        }
    });
    let _silent = server.client();
    let mut idle = server.client();
    idle.assert_alive();
    let mut follower = server.client();
    follower.send("GET /stream HTTP/1.1\r\n\r\n");
    follower.until(b"\r\n\r\n");
    idle.assert_alive();
    let thread = thread.lock().unwrap().clone();
    // It may still be about to go to sleep.
    crate::support::eventually("a second and a half without a wake-up", || {
        let before = sleeps(&thread);
        std::thread::sleep(Duration::from_millis(1500));
        sleeps(&thread) == before
    });
    idle.assert_alive();
}
