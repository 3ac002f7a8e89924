//! What a client waits for.

use std::io;
use std::time::{Duration, Instant};

use super::Context;
use crate::client::Client;
use crate::figure::{Aim, percentile};
use crate::fleet::{Fleet, Workload};
use crate::machine;
use crate::subject::Subject;
use support::{Failure, Port};

/// The median over so many calls, in milliseconds.
fn median(count: usize, mut call: impl FnMut() -> io::Result<()>) -> Result<f64, Failure> {
    let mut samples = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        call()?;
        samples.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(percentile(&samples, 50).unwrap_or_default())
}

/// Everything that is asked of a daemon with 100 programs.
pub(super) fn measure_hundred(context: &mut Context<'_>) -> Result<(), Failure> {
    let port = Port::reserve();
    let config = format!("[inet_http_server]\nport=127.0.0.1:{}", port.number());
    let fleet = Fleet::start(
        context.programs,
        context.subject,
        &Workload { config: &config, ..Workload::quiet(100) },
    )?;
    let calls = context.extent.pick(50, 300);
    all_info(context, &fleet, calls, Aim::AtMost(0.3))?;

    let mut kept = Client::tcp(port.number())?;
    let value = median(calls, || kept.call("getAllProcessInfo").map(drop))?;
    context.note("getAllProcessInfo, 100 programs, kept TCP (ms)", Aim::AtMost(0.5), value);

    let mut client = Client::unix(&fleet.path("s"))?;
    let span = context.extent.pick(Duration::from_secs(1), Duration::from_secs(3));
    let (before, began) = (fleet.counters(), Instant::now());
    let mut count = 0;
    while began.elapsed() < span {
        client.call("getState")?;
        count += 1;
    }
    let rate = f64::from(count) / began.elapsed().as_secs_f64();
    let cpu = fleet.counters().since(before).cpu.as_secs_f64() * 1e6 / f64::from(count);
    context.note("getState, 1 connection (requests a second)", Aim::AtLeast(20_000.0), rate);
    context.note("getState (CPU of the daemon, µs)", Aim::None, cpu);

    let runs = context.extent.pick(20_u32, 60);
    let before = machine::cpu_of_finished_children();
    let value = median(runs as usize, || fleet.ctl(&["status"]).map(drop))?;
    let cpu =
        machine::cpu_of_finished_children().saturating_sub(before).as_secs_f64() * 1e3 / f64::from(runs);
    context.note("supervisorctl status, 100 programs (ms)", Aim::AtMost(5.0), value);
    context.note("supervisorctl status, 100 programs (its CPU, ms)", Aim::AtMost(3.0), cpu);
    Ok(())
}

/// The record of every process of a daemon with 1000.
pub(super) fn measure_thousand(context: &mut Context<'_>) -> Result<(), Failure> {
    let fleet = Fleet::start(context.programs, context.subject, &Workload::quiet(1000))?;
    all_info(context, &fleet, context.extent.pick(20, 50), Aim::AtMost(2.0))?;
    let runs = if context.subject == Subject::Upstream { 3 } else { 20 };
    let value = median(runs, || fleet.ctl(&["status"]).map(drop))?;
    context.note("supervisorctl status, 1000 programs (ms)", Aim::AtMost(10.0), value);
    Ok(())
}

fn all_info(context: &mut Context<'_>, fleet: &Fleet, calls: usize, aim: Aim) -> Result<(), Failure> {
    let path = fleet.path("s");
    let count = fleet.children.len();
    let mut client = Client::unix(&path)?;
    let mut length = client.call("getAllProcessInfo")?;
    let value = median(calls, || {
        client.connect_again(&path)?;
        length = client.call("getAllProcessInfo")?;
        Ok(())
    })?;
    if length < 500 * count {
        return Err(format!("{length} bytes cannot tell of {count} programs").into());
    }
    context.note(&format!("getAllProcessInfo, {count} programs, unix socket (ms)"), aim, value);
    Ok(())
}
