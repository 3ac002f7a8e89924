//! Going into the background, giving up privileges, limits.

use crate::support::{STRATEGIES, Sandbox, is_root, run, shell, wait_until};
use crate::{Role, Test, play};
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use supervisor_sys::daemonize::{Side, exit_at_once, fork_to_background, new_session};
use supervisor_sys::limits::{Limit, Resource, limit, replace_umask, set_limit};
use supervisor_sys::spawn::{ChildUser, Strategy};
use supervisor_sys::{fd, user};

pub(crate) const TESTS: &[Test] = &[
    ("daemon_leads_its_own_session_on_null_streams", daemon_leads_its_own_session),
    ("fork_with_a_second_thread_is_refused", fork_with_a_second_thread_is_refused),
    ("dropped_privileges_are_gone_for_good", dropped_privileges_are_gone),
    ("switch_to_an_unknown_user_is_refused", switch_is_refused),
    ("child_of_another_user_keeps_none_of_our_groups", child_keeps_none_of_our_groups),
    ("raised_limit_reaches_children", raised_limit_reaches_children),
];
pub(crate) const ROLES: &[Role] = &[
    ("daemon", become_daemon),
    ("threaded_daemon", become_daemon_with_threads),
    ("drop_privileges", drop_privileges),
    ("refused_user", refused_user),
    ("foreign_groups", foreign_groups),
    ("limited", limited),
];

const REPORT: &str = "SYS_TEST_REPORT";

fn become_daemon() -> u8 {
    match fork_to_background().unwrap() {
        Side::Launcher { daemon } => {
            fs::write(format!("{}.launcher", env::var(REPORT).unwrap()), daemon.to_string()).unwrap();
            exit_at_once(0)
        }
        Side::Daemon => {
            env::set_current_dir("/").unwrap();
            fd::redirect_standard_streams_to_null().unwrap();
            new_session().unwrap();
            let former = replace_umask(0o27);
            let report = env::var(REPORT).unwrap();
            let streams = [0, 1, 2].map(|number| fs::read_link(format!("/proc/self/fd/{number}")).unwrap());
            let stat = fs::read_to_string("/proc/self/stat").unwrap();
            let draft = format!("{report}.draft");
            fs::write(&draft, format!("{stat}{streams:?} {former:o}")).unwrap();
            fs::rename(draft, report).unwrap();
            0
        }
    }
}

/// PROC-8.
fn daemon_leads_its_own_session() {
    let sandbox = Sandbox::new();
    let report = sandbox.join("report");
    let launched = play("daemon").env(REPORT, &report).status().unwrap();
    assert!(launched.success());
    let text = wait_until("the daemon has reported", || fs::read_to_string(&report).ok());
    let (stat, rest) = text.split_once('\n').unwrap();
    let fields: Vec<&str> = stat.split_whitespace().collect();
    let daemon = fs::read_to_string(sandbox.join("report.launcher")).unwrap();
    assert_eq!((fields[0], fields[4], fields[5]), (&*daemon, &*daemon, &*daemon), "pid, group, session");
    assert!(rest.starts_with(r#"["/dev/null", "/dev/null", "/dev/null"]"#), "{rest}");
    assert_eq!(fs::metadata(&report).unwrap().permissions().mode() & 0o777, 0o640, "umask 027");
}

fn become_daemon_with_threads() -> u8 {
    std::thread::spawn(std::thread::park);
    u8::from(fork_to_background().is_ok())
}

fn fork_with_a_second_thread_is_refused() {
    assert!(play("threaded_daemon").status().unwrap().success());
}

fn drop_privileges() -> u8 {
    let nobody = user::user_by_name(b"nobody").unwrap().unwrap();
    let thread = std::thread::spawn(|| {
        std::thread::park();
        user::effective_uid()
    });
    user::drop_privileges(nobody.uid).unwrap();
    thread.thread().unpark();
    assert_eq!(thread.join().unwrap(), nobody.uid);
    assert_eq!(
        (user::real_uid(), user::effective_uid(), user::real_gid()),
        (nobody.uid, nobody.uid, nobody.gid)
    );
    assert!(fs::read("/etc/shadow").is_err());
    let error = user::drop_privileges(0).unwrap_err();
    assert_eq!(error.to_string(), "Can't drop privilege as nonroot user");
    // The own user is granted to everybody.
    user::drop_privileges(nobody.uid).unwrap();
    0
}

/// PROC-4 and PROC-5.
fn dropped_privileges_are_gone() {
    if is_root("dropped_privileges_are_gone_for_good") {
        assert!(play("drop_privileges").status().unwrap().success());
    }
}

fn refused_user() -> u8 {
    let unknown = 3_999_999_998;
    let error = user::drop_privileges(unknown).unwrap_err();
    assert_eq!(error.to_string(), "Can't find uid 3999999998");
    0
}

fn switch_is_refused() {
    assert!(play("refused_user").status().unwrap().success());
}

fn foreign_groups() -> u8 {
    let group: libc::gid_t = 54_321;
    // SAFETY: one group, as counted.
    assert_eq!(unsafe { libc::setgroups(1, &raw const group) }, 0);
    let nobody = user::user_by_name(b"nobody").unwrap().unwrap();
    for strategy in STRATEGIES {
        let same = shell(strategy, "id -G");
        assert!(same.stdout.split_whitespace().any(|id| id == "54321"), "{same:?}");
        let other = run(strategy, &["/usr/bin/id", "-G"], |plan| plan.user = ChildUser::from_uid(nobody.uid));
        assert!(!other.stdout.is_empty());
        assert!(!other.stdout.split_whitespace().any(|id| id == "54321"), "{other:?}");
    }
    0
}

fn child_keeps_none_of_our_groups() {
    if is_root("child_of_another_user_keeps_none_of_our_groups") {
        assert!(play("foreign_groups").status().unwrap().success());
    }
}

fn limited() -> u8 {
    let before = limit(Resource::OpenFiles).unwrap();
    set_limit(Resource::OpenFiles, Limit { soft: Some(123), ..before }).unwrap();
    let outcome = shell(Strategy::SharedMemory, "ulimit -n");
    assert_eq!(outcome.stdout, "123\n");
    assert_eq!(limit(Resource::OpenFiles).unwrap(), Limit { soft: Some(123), hard: before.hard });
    0
}

/// PROC-7.
fn raised_limit_reaches_children() {
    assert!(play("limited").status().unwrap().success());
}
