//! From a program's write to its log. Every line has a number, and every log is read back: what is fast but loses, doubles
//! or swaps a line fails the run.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Context;
use crate::figure::{Aim, percentile};
use crate::fleet::{Fleet, Logs, Workload};
use crate::machine;
use crate::subject::{Programs, Subject};
use support::{Failure, Sandbox, workspace};

/// Length of a line.
const LINE: u64 = 100;

const MEGABYTE: u64 = 1_000_000;

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

/// One child writes as fast as it can in large pieces.
pub(super) fn measure_flood(context: &mut Context<'_>) -> Result<(), Failure> {
    let bytes = context.extent.pick(200, 1000) * MEGABYTE;
    one_writer(context, bytes, 65_536, Logs::Joined, "one child, 64 KiB writes")
}

/// The same into a log that is rotated.
pub(super) fn measure_rotation(context: &mut Context<'_>) -> Result<(), Failure> {
    // What ten backups hold, so that all of it can be read back.
    let bytes = context.extent.pick(200, 500) * MEGABYTE;
    one_writer(context, bytes, 65_536, Logs::Rotated, "one child, 64 KiB writes, 50MB x 10 rotation")
}

/// One child writes a line at a time, and ten at a time.
pub(super) fn measure_small_writes(context: &mut Context<'_>) -> Result<(), Failure> {
    let bytes = context.extent.pick(50, 200) * MEGABYTE;
    one_writer(context, bytes, 100, Logs::Joined, "one child, 100-byte writes")?;
    one_writer(context, bytes, 1000, Logs::Joined, "one child, 1000-byte writes")
}

/// A child that was quiet writes many lines, a stack trace say, and wants to go on with its own work.
pub(super) fn measure_burst(context: &mut Context<'_>) -> Result<(), Failure> {
    let (_, took) = write_one(context, 200_000, 100, Logs::Joined)?;
    context.note("one child, 2000 lines after quiet (ms)", Aim::AtMost(2.0), took.as_secs_f64() * 1e3);
    Ok(())
}

fn one_writer(
    context: &mut Context<'_>,
    bytes: u64,
    chunk: usize,
    logs: Logs,
    what: &str,
) -> Result<(), Failure> {
    let (cpu, took) = write_one(context, bytes, chunk, logs)?;
    // A child that writes lines must not be slower for our gathering them.
    let cpu_aim = if chunk == 100 { Aim::AtMost(1.5) } else { Aim::TimesBare(1.0) };
    let speed_aim = Aim::ShareOfBare(1.0);
    context.note(
        &format!("{what} (CPU of the manager, s/GB)"),
        cpu_aim,
        cpu.as_secs_f64() / gigabytes(bytes),
    );
    context.note(&format!("{what} (MB/s)"), speed_aim, 1e3 * gigabytes(bytes) / took.as_secs_f64());
    Ok(())
}

/// One child writes so much; the processor time of its manager, and how long it took until all was in the log.
fn write_one(
    context: &Context<'_>,
    bytes: u64,
    chunk: usize,
    logs: Logs,
) -> Result<(Duration, Duration), Failure> {
    if context.subject == Subject::Bare {
        return cat(context.programs, 1, bytes, chunk);
    }
    let role = format!("flood {{report}} {{go}} {bytes} {chunk}");
    let fleet = Fleet::start(context.programs, context.subject, &Workload::of(1, &role, logs))?;
    let before = fleet.counters();
    let began = Instant::now();
    fleet.go()?;
    wait_until_written(&fleet, &[0], bytes)?;
    let took = began.elapsed();
    thread::sleep(Duration::from_millis(50));
    let cpu = fleet.counters().since(before).cpu;
    verify(context, &fleet, 0, bytes / LINE)?;
    Ok((cpu, took))
}

/// `bench-load flood | cat > file` so many times at once, which is all a manager has to do: the processor time of all `cat`
/// together, and how long the last took.
fn cat(programs: &Programs, count: usize, bytes: u64, chunk: usize) -> Result<(Duration, Duration), Failure> {
    let sandbox = Sandbox::new();
    for name in ["report", "go"] {
        workspace::run(Command::new("mkfifo").arg(sandbox.path(name)))?;
    }
    let both_ends = |name| OpenOptions::new().read(true).write(true).open(sandbox.path(name));
    let mut reports = BufReader::new(both_ends("report")?).lines();
    let (mut floods, mut cats, mut logs) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..count {
        let mut flood = sandbox.command(&programs.load);
        flood.arg("flood").args([sandbox.path("report"), sandbox.path("go")]);
        let mut flood = flood.args([bytes.to_string(), chunk.to_string()]).stdout(Stdio::piped()).spawn()?;
        let input = flood.stdout.take().ok_or("a pipe was asked for")?;
        let log = sandbox.path(&format!("out{index}"));
        cats.push(Command::new("cat").stdin(input).stdout(File::create(&log)?).spawn()?);
        floods.push(flood);
        logs.push(log);
        reports.next().transpose()?;
    }
    let began = Instant::now();
    let _started = both_ends("go")?;
    for log in &logs {
        while std::fs::metadata(log)?.len() < bytes {
            machine::look_again(began);
        }
    }
    let took = began.elapsed();
    let cpu = cats.iter().map(|cat| machine::exact_cpu(cat.id())).sum();
    floods.iter_mut().try_for_each(Child::kill)?;
    floods.iter_mut().chain(&mut cats).try_for_each(|child| child.wait().map(drop))?;
    Ok((cpu, took))
}

/// Several programs write at once.
pub(super) fn measure_many_writers(context: &mut Context<'_>) -> Result<(), Failure> {
    let (count, each) = (200_u32, context.extent.pick(1, 5) * MEGABYTE);
    let bytes = u64::from(count) * each;
    let (cpu, took) = if context.subject == Subject::Bare {
        cat(context.programs, count as usize, each, 4096)?
    } else {
        let role = format!("flood {{report}} {{go}} {each} 4096");
        let workload = Workload::of(count as usize, &role, Logs::Joined);
        let fleet = Fleet::start(context.programs, context.subject, &workload)?;
        let before = fleet.counters();
        let began = Instant::now();
        fleet.go()?;
        let all: Vec<usize> = (0..count as usize).collect();
        wait_until_written(&fleet, &all, each)?;
        let took = began.elapsed();
        thread::sleep(Duration::from_millis(50));
        let cpu = fleet.counters().since(before).cpu;
        verify_all(context, &fleet, each / LINE)?;
        (cpu, took)
    };
    let cpu = cpu.as_secs_f64() / gigabytes(bytes);
    context.note("200 children, 4 KiB writes at once (CPU of the manager, s/GB)", Aim::AtMost(0.6), cpu);
    let speed = 1e3 * gigabytes(bytes) / took.as_secs_f64();
    context.note("200 children, 4 KiB writes at once (MB/s)", Aim::None, speed);
    Ok(())
}

/// How long a line takes into its log while 100 other programs write as fast as they can.
pub(super) fn measure_line_beside_floods(context: &mut Context<'_>) -> Result<(), Failure> {
    let count = context.extent.pick(50, 200);
    let config = format!(
        "[program:probe]\ncommand={} probe %(here)s/report %(here)s/go %(here)s/probe.out {count}\n\
         stdout_logfile=%(here)s/probe.out\nautorestart=false\nstartsecs=0\npriority=1\n",
        context.programs.load.display(),
    );
    let role = "flood {report} {go} 100000000000 4096";
    let workload = Workload { config: &config, ..Workload::of(100, role, Logs::Brief) };
    let fleet = Fleet::start(context.programs, context.subject, &workload)?;
    fleet.go()?;
    let mut times = Vec::new();
    for _ in 0..count {
        let (_, microseconds) = fleet.next_report()?;
        times.push(f64::from(microseconds) / 1e3);
    }
    for (per_cent, aim) in [(50, 2.0), (99, 20.0)] {
        let value = percentile(&times, per_cent).unwrap_or_default();
        let what = format!("a line into its log beside a flood of 100 programs (ms, p{per_cent})");
        context.note(&what, Aim::AtMost(aim), value);
    }
    Ok(())
}

/// 200 programs write 200 lines a second each.
pub(super) fn measure_chatter(context: &mut Context<'_>) -> Result<(), Failure> {
    let (count, seconds) = (200_usize, context.extent.pick(5_u32, 15));
    let lines = u64::from(200 * seconds);
    let role = format!("chat {{report}} {{go}} {lines} 200");
    let fleet = Fleet::start(context.programs, context.subject, &Workload::of(count, &role, Logs::Joined))?;
    fleet.go()?;
    thread::sleep(Duration::from_secs(1));
    let (before, began) = (fleet.counters(), Instant::now());
    thread::sleep(Duration::from_secs(u64::from(seconds) - 2));
    let (busy, span) = (fleet.counters().since(before), began.elapsed().as_secs_f64());
    let all: Vec<usize> = (0..count).collect();
    wait_until_written(&fleet, &all, lines * LINE)?;
    verify_all(context, &fleet, lines)?;
    let what = "200 children, 200 lines a second each";
    context.note(
        &format!("{what} (CPU, % of a core)"),
        Aim::AtMost(5.0),
        100.0 * busy.cpu.as_secs_f64() / span,
    );
    let wake_ups = f64::from(u32::try_from(busy.wake_ups)?) / span;
    context.note(&format!("{what} (wake-ups a second)"), Aim::AtMost(60.0), wake_ups);
    Ok(())
}

fn wait_until_written(fleet: &Fleet, programs: &[usize], bytes: u64) -> Result<(), Failure> {
    programs.iter().try_for_each(|&program| fleet.wait_for_log(program, bytes))
}

fn verify_all(context: &Context<'_>, fleet: &Fleet, lines: u64) -> Result<(), Failure> {
    (0..fleet.children.len()).try_for_each(|program| verify(context, fleet, program, lines))
}

/// Reads a log back, the oldest generation first.
fn verify(context: &Context<'_>, fleet: &Fleet, program: usize, lines: u64) -> Result<(), Failure> {
    let mut cat = Command::new("cat").args(fleet.generations(program)?).stdout(Stdio::piped()).spawn()?;
    let log = cat.stdout.take().ok_or("a pipe was asked for")?;
    let mut count = Command::new(&context.programs.load);
    let status = count.args(["count", &lines.to_string()]).stdin(log).status()?;
    cat.wait()?;
    let subject = context.subject.name();
    if status.success() {
        Ok(())
    } else {
        Err(format!("{subject}: the log of program {program} is not what was written").into())
    }
}
