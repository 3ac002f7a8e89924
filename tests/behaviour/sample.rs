//! `echo_supervisord_conf`.

use support::{Flavour, Launch, Sandbox};

/// CFG-60. The sample puts its files into /tmp; only their paths are changed.
#[test]
fn sample_starts_without_a_warning() {
    let sandbox = Sandbox::new();
    let program = Flavour::under_test().program("echo_supervisord_conf");
    let output = sandbox.command(program).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let sample = String::from_utf8(output.stdout).unwrap();
    for section in ["[unix_http_server]", "[supervisord]", "[rpcinterface:supervisor]", "[supervisorctl]"] {
        assert!(sample.lines().any(|line| line.starts_with(section)), "no {section}");
    }
    let here = sandbox.root().display().to_string();
    let moved = sample
        .replace("/tmp/supervisor.sock", &format!("{here}/s"))
        .replace("/tmp/supervisord.log", &format!("{here}/main.log"))
        .replace("/tmp/supervisord.pid", &format!("{here}/supervisord.pid"));
    sandbox.write("supervisord.conf", moved);
    let daemon = Launch::new().arguments(["-n"]).start(sandbox);
    assert_eq!(daemon.ask("getAllProcessInfo", &[]).items().len(), 0);
    assert_eq!(daemon.messages_with("WARN "), Vec::<String>::new());
    assert_eq!(daemon.ctl(&["version"]).stdout, "4.3.0\n");
}
