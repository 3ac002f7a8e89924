//! `user=` in `[supervisord]` and in a program. Each test says what happens with and without root.

use support::{Account, Daemon, Launch, Sandbox, is_root, processes};

const ROOT_WARNING: &str = "CRIT Supervisor is running as root.  Privileges were not dropped because no user is \
    specified in the config file.  If you intend to run as root, you can set user=root in the config file to avoid \
    this message.";

/// A daemon without root, also when root runs the tests.
fn unprivileged_launch() -> Launch {
    if is_root() { Launch::new().as_account(Account::unprivileged()) } else { Launch::new() }
}

/// PROC-3
#[test]
fn root_without_a_user_is_warned() {
    let daemon = Daemon::start("");
    let warnings = daemon.messages_with("running as root");
    assert_eq!(warnings, if is_root() { vec![ROOT_WARNING] } else { vec![] });
}

/// PROC-3
#[test]
fn naming_the_own_user_silences_the_warning() {
    let own = Account::own();
    let daemon = Daemon::start(&format!("[supervisord]\nuser={}\n", own.name));
    assert_eq!(daemon.messages_with("running as root"), Vec::<String>::new());
    if is_root() {
        assert_eq!(daemon.messages()[0], "INFO Set uid to user 0 succeeded");
    }
}

/// PROC-4
#[test]
fn root_becomes_the_configured_user_before_it_opens_its_log() {
    let sandbox = Sandbox::new();
    let nobody = Account::unprivileged();
    if !is_root() {
        let said = Launch::new().configure(&sandbox, "[supervisord]\nuser=root\n").refusal(&sandbox);
        assert!(said.starts_with("Error: Can't drop privilege as nonroot user\n"), "{said}");
        return;
    }
    let config = "[supervisord]\nuser=nobody\n[program:x]\ncommand=sleep 1000\nstartsecs=0\n";
    std::os::unix::fs::chown(sandbox.root(), Some(nobody.uid), Some(nobody.gid)).unwrap();
    let daemon = Daemon::start_in(sandbox, config);
    assert_eq!(daemon.messages()[0], format!("INFO Set uid to user {} succeeded", nobody.uid));
    let info = daemon.wait_for_state("x", "RUNNING");
    let child = u32::try_from(info["pid"].int()).unwrap();
    let all_four = [nobody.uid; 4].map(|uid| uid.to_string()).join("\t");
    assert_eq!(processes::status_field(daemon.pid(), "Uid"), Some(all_four.clone()));
    assert_eq!(processes::status_field(child, "Uid"), Some(all_four));
    for path in [daemon.sandbox().path("main.log"), info["stdout_logfile"].text().into()] {
        let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&path).unwrap());
        assert_eq!(owner, nobody.uid, "{}", path.display());
    }
}

/// PROC-5
#[test]
fn another_user_is_rejected_without_root() {
    let sandbox = Sandbox::new();
    let outcome = unprivileged_launch().configure(&sandbox, "[supervisord]\nuser=root\n").run(&sandbox);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.starts_with("Error: Can't drop privilege as nonroot user\n"),
        "{}",
        outcome.stderr
    );
    assert!(!sandbox.path("main.log").exists(), "nothing is created before the user is known to be possible");
}

/// PROC-29
#[test]
fn program_of_another_user_is_not_spawned_without_root() {
    let sandbox = Sandbox::new();
    let config =
        "[program:x]\ncommand=sleep 1000\nuser=root\nstartretries=0\nstderr_logfile=%(here)s/x.err\n";
    let daemon = unprivileged_launch().configure(&sandbox, config).start(sandbox);
    daemon.wait_for_message("gave up: x");
    daemon.assert_order(&["WARN exited: x (exit status 127; not expected)"]);
    assert_eq!(
        daemon.wait_for_file("x.err", "not spawned\n"),
        "supervisor: couldn't setuid to 0: Can't drop privilege as nonroot user\n\
         supervisor: child process was not spawned\n"
    );
}

/// CFG-62
#[test]
fn unknown_user_is_named_with_its_section_only_in_a_program() {
    let refusal = |config: &str| {
        let sandbox = Sandbox::new();
        let outcome = Launch::new().configure(&sandbox, config).run(&sandbox);
        assert_eq!(outcome.code, 2);
        let file = sandbox.path("supervisord.conf").display().to_string();
        outcome.stderr.lines().next().unwrap().replace(&file, "FILE")
    };
    assert_eq!(refusal("[supervisord]\nuser=nosuch\n"), "Error: Invalid user name nosuch");
    assert_eq!(
        refusal("[program:x]\ncommand=sleep 1\nuser=nosuch\n"),
        "Error: Invalid user name nosuch in section 'program:x' (file: 'FILE')"
    );
}
