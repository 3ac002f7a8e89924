//! `avail`, `reread`, `add`, `remove` and `update`.

use crate::fake::{Fake, outcome, process};
use supervisor_core::Autorestart;
use supervisor_rpc::{ConfigInfo, FaultCode, ReloadedGroups};

pub(crate) fn configured(group: &str, name: &str) -> ConfigInfo<'static> {
    ConfigInfo {
        autostart: true,
        autorestart: Autorestart::Unexpected,
        directory: None,
        uid: None,
        command: "/bin/cat".into(),
        exitcodes: vec![0],
        group: group.to_owned().into(),
        group_prio: 5,
        inuse: true,
        killasgroup: false,
        name: name.to_owned().into(),
        process_prio: 10,
        redirect_stderr: false,
        startretries: 3,
        startsecs: 1,
        stdout: supervisor_rpc::config_info::StreamInfo::default(),
        stopsignal: 15,
        stopwaitsecs: 10,
        stderr: supervisor_rpc::config_info::StreamInfo::default(),
        serverurl: None,
    }
}

/// CTL-27
#[test]
fn avail_lists_what_is_configured() {
    let new = ConfigInfo { autostart: false, inuse: false, ..configured("new", "new") };
    let server = Fake::new().answers("supervisor.getAllConfigInfo", &[configured("grp", "gb"), new][..]);
    server.ctl("avail").is(
        0,
        "grp:gb                           in use    auto      5:10\n\
         new                              avail     manual    5:10\n",
    );
    server
        .ctl("avail x")
        .is(1, "Error: avail accepts no arguments\navail\t\t\tDisplay all configured processes\n");
    let server = Fake::new().faults("supervisor.getAllConfigInfo", FaultCode::ShutdownState, "");
    server.ctl("avail").is(1, "ERROR: supervisor shutting down\n");
}

fn reloaded(added: &[&str], changed: &[&str], removed: &[&str]) -> Fake {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let groups = ReloadedGroups { added: owned(added), changed: owned(changed), removed: owned(removed) };
    Fake::new()
        .answers("supervisor.reloadConfig", &groups)
        .answers("supervisor.getAllProcessInfo", &[process("c", 20, ""), process("r", 20, "")][..])
        .answers("supervisor.stopProcessGroup", &[outcome("x", FaultCode::Success)][..])
        .answers("supervisor.removeProcessGroup", &true)
        .answers("supervisor.addProcessGroup", &true)
}

/// CTL-28
#[test]
fn reread_lists_changes_by_name() {
    let server = reloaded(&["z", "a"], &["m"], &["b"]);
    server.ctl("reread").is(0, "a: available\nb: disappeared\nm: changed\nz: available\n");
    reloaded(&[], &[], &[]).ctl("reread").is(0, "No config updates to processes\n");
    server.ctl("reread x").is(
        1,
        "Error: reread accepts no arguments\n\
         reread \t\t\tReload the daemon's configuration files without add/remove\n",
    );
}

/// CTL-29
#[test]
fn a_broken_configuration_is_told_alike_by_reread_and_update() {
    let server = Fake::new().faults("supervisor.reloadConfig", FaultCode::CantReread, "no section 'x'");
    server.ctl("reread").is(1, "ERROR: CANT_REREAD: no section 'x'\n");
    server.ctl("update").is(1, "ERROR: CANT_REREAD: no section 'x'\n");
}

/// CTL-30
#[test]
fn update_removes_then_changes_then_adds() {
    let server = reloaded(&["a"], &["c"], &["r"]);
    server.ctl("update").is(
        0,
        "r: stopped\nr: removed process group\nc: stopped\nc: updated process group\na: added process group\n",
    );
    let prefix = |method: &String| method.trim_start_matches("supervisor.").to_owned();
    let called: Vec<String> = server.called().iter().map(prefix).collect();
    assert_eq!(
        called.join(" "),
        "reloadConfig stopProcessGroup removeProcessGroup stopProcessGroup removeProcessGroup addProcessGroup \
        addProcessGroup"
    );
}

/// CTL-31
#[test]
fn update_of_named_groups_leaves_the_others_alone() {
    let server = reloaded(&["good", "other"], &[], &["r"]);
    server.ctl("update zzz good zzz").is(1, "ERROR: no such group: zzz\ngood: added process group\n");
    server.ctl("update all").is(
        0,
        "r: stopped\nr: removed process group\ngood: added process group\nother: added process group\n",
    );
}

/// CTL-32
#[test]
fn update_without_changes_says_nothing() {
    reloaded(&[], &[], &[]).ctl("update").is(0, "");
}

#[test]
fn a_group_that_cannot_be_stopped_is_not_removed() {
    let server = reloaded(&["a"], &[], &["r"])
        .answers("supervisor.stopProcessGroup", &[outcome("r", FaultCode::Failed)][..]);
    server.ctl("update").is(1, "r: stopped\nr: has problems; not removing\na: added process group\n");
    let server =
        reloaded(&[], &["c"], &[]).faults("supervisor.removeProcessGroup", FaultCode::StillRunning, "c");
    server
        .ctl("update")
        .is(1, "c: stopped\nerror: <class 'xmlrpc.client.Fault'>, <Fault 91: 'STILL_RUNNING: c'>\n");
}

/// CTL-33
#[test]
fn add_and_remove_tell_each_outcome() {
    let server = Fake::new()
        .per_name(
            "supervisor.addProcessGroup",
            &[
                ("active", FaultCode::AlreadyAdded),
                ("nope", FaultCode::BadName),
                ("late", FaultCode::ShutdownState),
            ],
        )
        .per_name(
            "supervisor.removeProcessGroup",
            &[("running", FaultCode::StillRunning), ("nope", FaultCode::BadName)],
        );
    server.ctl("add new").is(0, "new: added process group\n");
    server.ctl("add active").is(0, "ERROR: process group already active\n");
    server.ctl("add nope new").is(1, "ERROR: no such process/group: nope\nnew: added process group\n");
    server.ctl("add late").is(1, "ERROR: shutting down\n");
    server.ctl("add").is(0, "");
    server.ctl("remove old").is(0, "old: removed process group\n");
    server.ctl("remove running").is(1, "ERROR: process/group still running: running\n");
    server.ctl("remove nope").is(1, "ERROR: no such process/group: nope\n");
    server.ctl("remove").is(0, "");
}
