//! Names, and the orders in which many processes are listed.

use crate::world::{World, manual, policy};
use supervisor_core::{Fault, Input, Selection, Wait};

fn fleet() -> World {
    let mut world = World::empty();
    let program = |name, priority| (name, manual(|policy| policy.priority = priority));
    world.add("zoo", 5, &[program("x", 20), program("y", 10), program("w", 20)]);
    world.add("Cat", 7, &[program("Cat", 999)]);
    world.add("ant", 1, &[program("ant", 999)]);
    world
}

/// RPC-17.
#[test]
fn names_are_resolved_and_faults_echo_them() {
    let world = fleet();
    let resolve = |name: &str| world.supervisor.resolve(name);
    assert_eq!(resolve("ant"), Ok(Selection::Process(world.id("ant"))));
    assert_eq!(resolve("ant:ant"), Ok(Selection::Process(world.id("ant"))));
    assert_eq!(resolve("zoo:y"), Ok(Selection::Process(world.id("y"))));
    let zoo = Selection::Group(world.supervisor.group_named("zoo").unwrap());
    assert_eq!(resolve("zoo:*"), Ok(zoo));
    assert_eq!(resolve("zoo:"), Ok(zoo));
    for name in ["zoo", "y", "zoo:z", "nope:*", "", "ANT"] {
        assert_eq!(resolve(name), Err(Fault::BadName(name.to_owned())));
    }
    assert_eq!(resolve("").unwrap_err().to_string(), "BAD_NAME: ");
    assert!(world.supervisor.group_named("zoo:*").is_err());
}

#[test]
fn everything_is_shown_by_group_then_name_and_acted_on_by_priority() {
    let world = fleet();
    let shown: Vec<_> = world.supervisor.all_process_info(world.now()).map(|info| info.name).collect();
    assert_eq!(shown, ["Cat", "ant", "w", "x", "y"]);
    let ids = |names: &[&str]| names.iter().map(|name| world.id(name)).collect::<Vec<_>>();
    assert_eq!(world.supervisor.processes(Selection::All), ids(&["ant", "y", "x", "w", "Cat"]));
    let groups: Vec<_> = world.supervisor.groups().map(|group| (group.name, group.priority)).collect();
    assert_eq!(groups, [("zoo", 5), ("Cat", 7), ("ant", 1)]);
}

#[test]
fn of_many_only_those_not_running_are_to_be_started() {
    let mut world = World::empty();
    world.add("g", 1, &[("a", policy(|_| ())), ("b", manual(|_| ()))]);
    world.feed(Input::Started);
    world.checks_are_slow = true;
    for (name, expected) in [("all", "b"), ("g:*", "b"), ("g:a", "a")] {
        world.start(name, Wait::Yes);
        assert_eq!(world.command_checks.pop_front().unwrap().1, [world.id(expected)]);
    }
}
