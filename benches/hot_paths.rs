//! The hot paths in isolation: `cargo bench -p supervisor-benches`.
//!
//! Wall time of one thread without a system call in it, so that a change of a few per cent can be seen; of the log pump,
//! which is made of system calls, with them. `cargo xtask bench` measures what a path costs within the daemon.
#![allow(missing_docs, clippy::unwrap_used, reason = "a measuring tool")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use supervisor_config::{MemoryHost, command_line, load};
use supervisor_core::{
    Autorestart, Channel, Effects, ExitStatus, GroupKind, GroupSpec, Input, Moment, Pid, Policy, ProcessSpec,
    Signal, Supervisor, Wall,
};
use supervisor_log::{
    Delivery, FileOrigin, Generation, LogFileSpec, MainLog, OutputPipeline, Pump, StreamId, StreamSpec,
};
use supervisor_rpc::{ProcessInfo, decode, encode};

fn record(index: i64) -> ProcessInfo<'static> {
    ProcessInfo {
        name: format!("program-{index}").into(),
        group: format!("program-{index}").into(),
        start: 1_700_000_000,
        stop: 0,
        now: 1_700_003_600,
        state: 20,
        statename: "RUNNING".into(),
        spawnerr: "".into(),
        exitstatus: 0,
        stdout_logfile: format!("/var/log/supervisor/program-{index}-stdout.log").into(),
        stderr_logfile: format!("/var/log/supervisor/program-{index}-stderr.log").into(),
        pid: 1000 + index,
        description: format!("pid {}, uptime 1:00:00", 1000 + index).into(),
    }
}

fn xml(criterion: &mut Criterion) {
    let records: Vec<_> = (0..1000).map(record).collect();
    let mut group = criterion.benchmark_group("xml");
    group.throughput(Throughput::Elements(1000));
    group.bench_function("encode 1000 process records", |bencher| {
        bencher.iter(|| encode::response(black_box(&records)));
    });
    let answer = encode::response(&records);
    group.bench_function("decode 1000 process records", |bencher| {
        bencher.iter(|| decode::response(black_box(&answer)).unwrap());
    });
    let call = encode::call("supervisor.getState", &[]);
    group.throughput(Throughput::Elements(1));
    group.bench_function("decode a call", |bencher| bencher.iter(|| decode::call(black_box(&call)).unwrap()));
    group.finish();
}

fn configuration(criterion: &mut Criterion) {
    let mut text = String::from("[supervisord]\n");
    for index in 0..1000 {
        let _ = write!(
            text,
            "[program:p{index}]\ncommand=/bin/cat %(program_name)s\nstdout_logfile=/tmp/%(program_name)s.out\n\
             environment=A=\"1\",B=\"%(here)s\"\n"
        );
    }
    let host = MemoryHost::new().with_file("/srv/s.conf", text);
    let arguments = ["supervisord", "-c", "/srv/s.conf"].map(Into::into);
    let command_line = command_line::parse(&arguments, &host).unwrap();
    let mut group = criterion.benchmark_group("configuration");
    group.throughput(Throughput::Elements(1000)).sample_size(20);
    group.bench_function("load 1000 programs", |bencher| {
        bencher.iter(|| load(black_box(&command_line), &host).unwrap());
    });
    group.finish();
}

fn at(milliseconds: u64) -> Moment {
    let micros = 1_700_000_000_000_000 + i64::try_from(milliseconds).unwrap() * 1000;
    Moment { monotonic: Duration::from_millis(milliseconds), wall: Wall { micros } }
}

/// A supervisor with so many running processes.
fn supervisor(count: usize) -> (Supervisor, Vec<supervisor_core::ProcessId>) {
    let (mut core, mut effects, mut ids) = (Supervisor::new("bench"), Effects::new(), Vec::new());
    for index in 0..count {
        let policy = Policy {
            priority: 999,
            autostart: true,
            autorestart: Autorestart::Always,
            startsecs: 0,
            startretries: 3,
            stopsignal: Signal::TERM,
            stopwaitsecs: 10,
            stopasgroup: false,
            killasgroup: false,
            exitcodes: vec![0],
        };
        let name = format!("p{index}");
        let processes = vec![ProcessSpec { name: name.as_str().into(), policy: policy.into() }];
        let spec = GroupSpec { name: name.into(), priority: 999, kind: GroupKind::Programs, processes };
        ids.extend(core.add_group(spec, at(0), &mut effects).unwrap().processes);
    }
    core.handle(Input::Started, at(1), &mut effects);
    for (pid, &process) in (1000..).zip(&ids) {
        let pid = Pid::new(pid).unwrap();
        core.handle(Input::Spawned { process, pid }, at(2), &mut effects);
    }
    effects.drain().for_each(drop);
    (core, ids)
}

fn core(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core");
    for count in [10, 5000] {
        let (mut core, ids) = supervisor(count);
        let (mut effects, process) = (Effects::new(), ids[count / 2]);
        let mut pid = 1000 + i32::try_from(count / 2).unwrap();
        let mut now = 1000;
        group.bench_function(format!("exit and restart of one of {count}"), |bencher| {
            bencher.iter(|| {
                now += 1000;
                let ended = Input::Reaped { pid: Pid::new(pid).unwrap(), status: ExitStatus::Code(0) };
                core.handle(ended, at(now), &mut effects);
                core.handle(Input::Deadline, at(now), &mut effects);
                pid = if pid == 30_000 { 20_000 } else { pid.max(20_000) + 1 };
                core.handle(Input::Spawned { process, pid: Pid::new(pid).unwrap() }, at(now), &mut effects);
                effects.drain().count()
            });
        });
    }
    group.finish();
}

/// A megabyte of lines from a child through a pump of its own into a file, in its plain and its costly forms. The least
/// it can take, two copies by the kernel, stands beside it.
fn pump(criterion: &mut Criterion) {
    let data = b"2026-01-01 00:00:00 INFO a line as programs write them, of a hundred bytes, with its end and all...\n"
        .repeat(MEGABYTE / 100);
    let mut group = criterion.benchmark_group("log pump");
    group.throughput(Throughput::Bytes(data.len() as u64));
    let mut buffer = vec![0; 65_536];
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let mut file = File::create("/dev/null").unwrap();
    group.bench_function("bare copy of 1 MB", |bencher| {
        bencher.iter(|| {
            for piece in data.chunks(65_536) {
                writer.write_all(piece).unwrap();
                reader.read_exact(&mut buffer[..piece.len()]).unwrap();
                file.write_all(&buffer[..piece.len()]).unwrap();
            }
        });
    });
    let cases = [("plain", false, 0), ("strip_ansi", true, 0), ("capture", false, MEGABYTE)];
    for (name, strip_ansi, capture_max_bytes) in cases {
        let pump = Pump::start(&MainLog::nowhere(), |_| ()).unwrap();
        let (reader, mut writer) = std::io::pipe().unwrap();
        let pipeline = OutputPipeline::open(&Arc::new(stream_spec(strip_ansi, capture_max_bytes))).unwrap();
        pump.attach(StreamId(1), Generation(1), reader.into(), pipeline).unwrap();
        let (written, is_written) = channel();
        group.bench_function(format!("1 MB, {name}"), |bencher| {
            bencher.iter(|| {
                writer.write_all(&data).unwrap();
                let written = written.clone();
                pump.sync(move || written.send(()).unwrap());
                is_written.recv().unwrap();
            });
        });
        drop(writer);
        pump.shutdown(Duration::from_secs(5)).unwrap();
    }
    group.finish();
}

const MEGABYTE: usize = 1_000_000;

fn stream_spec(strip_ansi: bool, capture_max_bytes: usize) -> StreamSpec {
    let file = LogFileSpec {
        path: Path::new("/dev/null").into(),
        origin: FileOrigin::Configured,
        max_bytes: 0,
        backups: 0,
    };
    StreamSpec {
        process_name: "bench".into(),
        channel: Channel::Stdout,
        file: Some(file),
        syslog: false,
        strip_ansi,
        capture_max_bytes,
        delivery: Delivery::Nothing,
    }
}

criterion_group!(benches, xml, configuration, core, pump);
criterion_main!(benches);
