//! The configuration the README starts with.

use std::path::Path;
use support::{Address, Launch, Port, RpcClient, Sandbox, processes, wait_until};

#[test]
fn quick_start_runs_and_restarts_crashed_programs() {
    let sandbox = Sandbox::new();
    sandbox.copy_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart"));
    let port = Port::reserve();
    let config =
        sandbox.text("supervisord.conf").replace("127.0.0.1:9001", &format!("127.0.0.1:{}", port.number()));
    sandbox.write("supervisord.conf", config);
    let mut daemon = Launch::new().arguments(["-n"]).start(sandbox);

    let status = || daemon.ctl(&["status"]).stdout;
    wait_until("all six to run", || status().matches(" RUNNING ").count() == 6);
    assert_eq!(status().lines().count(), 6);
    daemon.wait_for_file("logs/ticker.log", "tick\n");

    let client = RpcClient::new(Address::Tcp(port.number()));
    let pid = || {
        u32::try_from(client.call("supervisor.getProcessInfo", &["ticker".into()]).unwrap()["pid"].int())
            .unwrap()
    };
    let first = pid();
    processes::signal(first, "KILL");
    wait_until("another ticker", || pid() != 0 && pid() != first);

    daemon.wait_for_file("logs/supervisord.log", "WARN exited: flaky (exit status 1; not expected)\n");
    wait_until("flaky to be back", || daemon.ctl(&["status", "flaky"]).stdout.contains(" RUNNING "));

    assert_eq!(daemon.ctl(&["shutdown"]).stdout, "Shut down\n");
    assert_eq!(daemon.wait_for_exit(), 0);
    // The workers end with an expected code, because they finish their round.
    daemon.wait_for_file("logs/supervisord.log", "INFO stopped: worker_03 (exit status 0)\n");
}
