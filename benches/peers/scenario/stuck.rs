//! Slow and stuck clients, listeners and logs: their effect on the latency of a request, and on memory.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::Context;
use crate::client::Client;
use crate::figure::{Aim, percentile};
use crate::fleet::{Fleet, Logs, Workload};
use crate::machine;
use support::{Failure, workspace};

/// The parameters of `getProcessInfo`.
const FIRST: &str = "<param><value><string>p0</string></value></param>\n";

/// Measures the same request beside one stuck part after the other.
pub(super) fn measure(context: &mut Context<'_>) -> Result<(), Failure> {
    // A listener that never says READY, and a program that writes without end into a log that takes no more.
    let config = "[eventlistener:deaf]\ncommand=sleep 100000\nevents=PROCESS_STATE,TICK_5\nbuffer_size=10\n\
                  [program:unread]\ncommand=yes\nstdout_logfile=%(here)s/fifo\nstdout_logfile_maxbytes=0\n\
                  autostart=false\n";
    let workload =
        Workload { config, ..Workload::of(10, "flood {report} {go} 4000000000 4096", Logs::Rotated) };
    let fleet = Fleet::start(context.programs, context.subject, &workload)?;
    thread::sleep(Duration::from_millis(500));
    latency(context, &fleet, "nothing")?;
    let memory = machine::memory(&fleet.managers());

    let mut silent = Vec::new();
    for _ in 0..200 {
        let mut connection = UnixStream::connect(fleet.path("s"))?;
        connection.write_all(b"POST /RPC2 HTTP/1.1\r\nContent-Length: 100\r\n\r\n<")?;
        silent.push(connection);
    }
    latency(context, &fleet, "200 silent connections")?;

    let mut follower = Client::unix(&fleet.path("s"))?;
    follower.send(b"GET /logtail/p0/stdout HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    fleet.go()?;
    latency(context, &fleet, "a flood of 10 programs, a follower that never reads")?;

    let mut killer = Client::unix(&fleet.path("s"))?;
    for child in &fleet.children {
        machine::kill(*child)?;
        killer.call_with("getProcessInfo", FIRST)?;
    }
    latency(context, &fleet, "a full event listener")?;

    // An unread pipe stands for a disk that hangs: after 64 KiB every write to it blocks for ever.
    let log = fleet.path("fifo");
    workspace::run(Command::new("mkfifo").arg(&log))?;
    let reader = OpenOptions::new().read(true).write(true).open(&log)?;
    killer.call_with("startProcess", "<param><value><string>unread</string></value></param>\n")?;
    thread::sleep(Duration::from_secs(1));
    latency(context, &fleet, "a log that takes no more")?;

    let grown = machine::memory(&fleet.managers()) - memory;
    context.note("memory all of this took (MB)", Aim::AtMost(8.0), grown);
    drop((silent, follower, reader));
    Ok(())
}

fn latency(context: &mut Context<'_>, fleet: &Fleet, beside: &str) -> Result<(), Failure> {
    let mut client = Client::unix(&fleet.path("s"))?;
    let mut samples = Vec::new();
    for _ in 0..context.extent.pick(100, 400) {
        let began = Instant::now();
        client.call_with("getProcessInfo", FIRST)?;
        samples.push(began.elapsed().as_secs_f64() * 1e3);
        thread::sleep(Duration::from_millis(2));
    }
    for per_cent in [50, 99] {
        let value = percentile(&samples, per_cent).unwrap_or_default();
        let aim = if per_cent == 50 { Aim::AtMost(1.0) } else { Aim::AtMost(20.0) };
        context.note(&format!("getProcessInfo beside {beside} (ms, p{per_cent})"), aim, value);
    }
    Ok(())
}
