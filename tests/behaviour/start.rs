//! Starting the daemon: the order of its steps, as the log shows it.

use support::Daemon;

/// PROC-1
#[test]
fn foreground_start_logs_its_steps_in_order() {
    let daemon = Daemon::start("[program:x]\ncommand=sleep 1000\n");
    daemon.wait_for_message("spawned: 'x'");
    daemon.assert_order(&[
        "INFO RPC interface 'supervisor' initialized",
        "CRIT Server 'unix_http_server' running without any HTTP authentication checking",
        "INFO supervisord started with pid <pid>",
        "INFO spawned: 'x' with pid <pid>",
    ]);
}
