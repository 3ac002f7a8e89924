//! The groups of a history, drawn at random.

use crate::random::Random;
use std::sync::Arc;
use supervisor_core::{
    Autorestart, EventKind, EventLength, EventSet, GroupKind, GroupSpec, Policy, ProcessSpec, Signal,
};

/// Groups of programs and pools of listeners that can be added, in the order of the configuration.
pub(crate) fn groups(random: &mut Random) -> Vec<GroupSpec> {
    let pools = random.below(3);
    let programs = 1 + random.below(4);
    let mut specs: Vec<_> = (0..pools).map(|number| pool(number, random)).collect();
    specs.extend((0..programs).map(|number| group(number, random)));
    specs.push(single("solo", random));
    specs
}

/// A group of one program of the same name.
pub(crate) fn single(name: &str, random: &mut Random) -> GroupSpec {
    let processes = vec![ProcessSpec { name: name.into(), policy: Arc::new(policy(random)) }];
    GroupSpec { name: name.into(), priority: priority(random), kind: GroupKind::Programs, processes }
}

fn group(number: u64, random: &mut Random) -> GroupSpec {
    let count = 1 + random.below(4);
    let processes = (0..count).map(|process| {
        let name = format!("p{number}{process}");
        ProcessSpec { name: name.into(), policy: Arc::new(policy(random)) }
    });
    let processes = processes.collect();
    GroupSpec {
        name: format!("g{number}").into(),
        priority: priority(random),
        kind: GroupKind::Programs,
        processes,
    }
}

fn pool(number: u64, random: &mut Random) -> GroupSpec {
    let kinds = [
        EventKind::Event,
        EventKind::ProcessState,
        EventKind::ProcessStateExited,
        EventKind::ProcessStateRunning,
        EventKind::ProcessCommunication,
        EventKind::ProcessLog,
        EventKind::RemoteCommunication,
        EventKind::SupervisorStateChange,
        EventKind::Tick,
        EventKind::Tick5,
        EventKind::ProcessGroup,
    ];
    let events: EventSet = (0..=random.below(3)).map(|_| random.pick(&kinds)).collect();
    let length = random.pick(&[EventLength::Characters, EventLength::Bytes]);
    let buffer_size = random.pick(&[1, 3, 10, 10, 50, 50]);
    let count = 1 + random.below(3);
    let processes = (0..count).map(|process| {
        let name = format!("l{number}{process}");
        let mut policy = policy(random);
        if !random.one_in(4) {
            (policy.autostart, policy.startsecs) = (true, policy.startsecs.min(1));
        }
        ProcessSpec { name: name.into(), policy: Arc::new(policy) }
    });
    let processes = processes.collect();
    let priority = if random.one_in(4) { priority(random) } else { -1 };
    let kind = GroupKind::EventListeners { buffer_size, events, length };
    GroupSpec { name: format!("e{number}").into(), priority, kind, processes }
}

fn priority(random: &mut Random) -> i64 {
    random.pick(&[1, 5, 5, 100, 999, 999])
}

fn policy(random: &mut Random) -> Policy {
    Policy {
        priority: priority(random),
        autostart: !random.one_in(3),
        autorestart: random.pick(&[Autorestart::Never, Autorestart::Unexpected, Autorestart::Always]),
        startsecs: random.pick(&[-1, 0, 0, 1, 1, 1, 3, 10]),
        startretries: random.pick(&[-1, 0, 1, 2, 3, 3]),
        stopsignal: random.pick(&[Signal::TERM, Signal::TERM, Signal::INT, Signal::USR1]),
        stopwaitsecs: random.pick(&[-1, 0, 1, 2, 10, 10]),
        stopasgroup: random.one_in(4),
        killasgroup: random.one_in(3),
        exitcodes: random.pick(&[vec![0], vec![0], vec![0, 2], vec![]]),
    }
}
