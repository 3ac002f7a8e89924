//! The state written out and read back.

use crate::world::{World, manual, policy};
use supervisor_core::{
    Command, CommandCheck, DecodeError, EventKind, Fault, Input, KillError, Signal, Supervisor, Target, Wait,
};

/// A world in which as much as possible is going on at the same time.
fn busy() -> World {
    let mut world = World::empty();
    world.add_pool("pool", &[EventKind::Event], 5, &["l", "m", "n"]);
    let names = ["up", "bad", "spawning", "stopping", "lost", "done", "looping", "dying"];
    let programs: Vec<_> =
        names.into_iter().map(|name| (name, manual(|policy| policy.priority = 3))).collect();
    world.add("g", 5, &programs);
    world.add("idle", 5, &[("idle", manual(|policy| policy.exitcodes.clear()))]);
    world.feed(Input::Started);
    world.ready("l");
    world.ready("m");
    world.delivered("l");
    world.say("l", "RESULT 4\nFA");
    world.say("m", "RESU");
    for name in ["g:up", "g:bad", "g:stopping", "g:lost", "g:done"] {
        world.start(name, Wait::No);
        if name == "g:bad" {
            world.fail_spawn("no luck");
        } else {
            world.spawn_next();
        }
    }
    world.pass(1);
    world.stop("g:stopping", Wait::Yes);
    world.refusals.push_back(KillError::Refused("no".to_owned()));
    world.signal("g:lost", Ok(Signal::HUP));
    world.exit("done", supervisor_core::ExitStatus::Signal { signal: Signal(11), core_dumped: true });
    world.start("g:spawning", Wait::Yes);
    world.signal("g:spawning", Ok(Signal::USR1));
    world.checks_are_slow = true;
    let ticket = world.request(Command::Start { target: Target::All, wait: Wait::Yes });
    world.command_checks.clear();
    world.start("g:dying", Wait::No);
    world.checks_are_slow = false;
    let fault = Err(Fault::NotExecutable("command is empty".to_owned()));
    let idle = CommandCheck { process: world.id("idle"), result: fault };
    let dying = CommandCheck { process: world.id("dying"), result: Ok(()) };
    world.feed(Input::CommandsChecked { ticket, outcome: Ok(vec![idle, dying]) });
    world.feed(Input::Reaped {
        pid: supervisor_core::Pid::new(7).unwrap(),
        status: supervisor_core::ExitStatus::Code(1),
    });
    world
}

#[test]
fn a_state_read_back_is_the_state_written() {
    let mut world = busy();
    let check = |world: &World| {
        let bytes = world.supervisor.encode();
        assert_eq!(Supervisor::decode(&bytes), Ok(world.supervisor.clone()));
    };
    check(&world);
    world.feed(Input::Signal(Signal::HUP));
    check(&world);
}

#[test]
fn a_restored_supervisor_continues_like_the_original() {
    let (mut one, mut other) = (busy(), busy());
    other.supervisor = Supervisor::decode(&other.supervisor.encode()).unwrap();
    for world in [&mut one, &mut other] {
        world.spawn_all();
        world.check_commands();
        world.pass(30);
        world.ready("n");
        world.feed(Input::Signal(Signal::TERM));
        world.pass(30);
    }
    assert_eq!(one.log(), other.log());
    assert_eq!(one.events(), other.events());
    assert_eq!(one.signals(), other.signals());
    assert_eq!(one.answers, other.answers);
    assert_eq!(one.supervisor, other.supervisor);
}

#[test]
fn what_is_no_state_of_this_version_is_refused() {
    let bytes = World::with("web", policy(|_| ())).supervisor.encode();
    assert_eq!(Supervisor::decode(b""), Err(DecodeError::NotAState));
    assert_eq!(Supervisor::decode(b"supervisor"), Err(DecodeError::NotAState));
    let mut newer = bytes.clone();
    let version = newer.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    newer[version] = 99;
    let error = Supervisor::decode(&newer).unwrap_err();
    assert_eq!(error.to_string(), "saved supervisor state has version 99, this program reads version 1");
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(
        Supervisor::decode(&longer),
        Err(DecodeError::Damaged { what: "there is more than a state", .. })
    ));
}

#[test]
fn damaged_bytes_give_errors_and_never_a_panic() {
    let bytes = busy().supervisor.encode();
    for end in 0..bytes.len() {
        assert!(Supervisor::decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    for at in 0..bytes.len() {
        for change in [0x01, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= change;
            if let Ok(supervisor) = Supervisor::decode(&bytes) {
                assert_eq!(Supervisor::decode(&supervisor.encode()), Ok(supervisor), "changed at {at}");
            }
        }
    }
}
