//! The example listener in Rust.

use std::process::Command;

use support::{Daemon, Failure, Sandbox, workspace};

use super::PythonEnvironment;

/// Crashes a program and waits for the report.
pub(super) fn run(_python: &PythonEnvironment) -> Result<(), Failure> {
    let arguments = ["build", "--quiet", "-p", "supervisor-listener", "--example", "crash_report"];
    workspace::run(Command::new("cargo").args(arguments).current_dir(workspace::root()))?;
    let example = workspace::build_directory()?.join("debug/examples/crash_report");
    let sandbox = Sandbox::new();
    sandbox.write("crash.sh", "echo 'cannot go on' >&2\nexit 7\n");
    let config = format!(
        "[program:crash]\ncommand=/bin/sh %(here)s/crash.sh\nstartsecs=0\nautorestart=false\n\
         [eventlistener:crash_report]\ncommand={}\nevents=PROCESS_STATE_EXITED\nstderr_logfile=%(here)s/report\n",
        example.display()
    );
    let daemon = Daemon::start_in(sandbox, &config);
    let report = daemon.wait_for_file("report", "cannot go on");
    assert!(
        report.starts_with("crash:crash (pid ") && report.contains(") exited unexpectedly\n"),
        "{report}"
    );
    println!("  the example has reported a crash");
    Ok(())
}
