//! How a trace writes down what the supervisor orders and shows.

use std::time::Duration;
use supervisor_core::{Answer, ExitStatus, Fault, KillCause, KillOrder, KillTarget, ProcessInfo, Wall};

/// Seconds with three digits behind the point.
pub(crate) fn time(time: Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}

/// One line, whatever it was.
pub(crate) fn line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

pub(crate) fn fault(fault: &Fault) -> String {
    line(&format!("{} {fault}", fault.code()))
}

pub(crate) fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Done => "done".to_owned(),
        Answer::Fault(reason) => format!("fault {}", fault(reason)),
        Answer::Outcomes(outcomes) => {
            let shown = outcomes.iter().map(|outcome| {
                let (name, group) = (&outcome.name, &outcome.group);
                format!("[{group} {name} {} {}]", outcome.status(), line(&outcome.description()))
            });
            format!("outcomes {}", shown.collect::<Vec<_>>().join(" "))
        }
    }
}

pub(crate) fn kill(order: &KillOrder) -> String {
    let target = match order.target {
        KillTarget::Leader => "leader",
        KillTarget::Group => "group",
    };
    let cause = match order.cause {
        KillCause::Stop => "stop".to_owned(),
        KillCause::Request(ticket) => format!("request {}", ticket.0),
        KillCause::Stray => "stray".to_owned(),
    };
    format!("pid {} signal {} to {target} for {cause}", order.pid, order.signal.0)
}

/// All that is shown of a process, but for the uptime, which changes with every look.
pub(crate) fn info(info: &ProcessInfo<'_>) -> String {
    let wall = |wall: Option<Wall>| wall.map_or("-".to_owned(), |wall| wall.micros.to_string());
    let description = info.description.render(|wall| format!("ended {}", wall.seconds()));
    let description = description.split_once(", uptime").map_or(&*description, |(pid, _)| pid);
    format!(
        "{} start={} stop={} error={} exit={} pid={} description={} restarts={} last={} failures={} next={}",
        info.state,
        wall(info.start),
        wall(info.stop),
        line(info.spawn_error),
        info.exit_status,
        info.pid.map_or(0, supervisor_core::Pid::raw),
        line(description),
        info.history.restarts,
        info.history.last_exit.map_or("-".to_owned(), status),
        info.history.failures,
        info.history.next_attempt.map_or("-".to_owned(), time),
    )
}

pub(crate) fn status(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("code {code}"),
        ExitStatus::Signal { signal, core_dumped } => format!("signal {} core {core_dumped}", signal.0),
        ExitStatus::Unknown(raw) => format!("raw {raw}"),
    }
}
