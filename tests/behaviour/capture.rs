//! Capture mode: tagged output becomes an event instead of log text.

use support::{Daemon, Sandbox};

fn start_script(script: &str, options: &str) -> Daemon {
    let sandbox = Sandbox::new();
    sandbox.write("x.sh", script);
    Daemon::start_in(
        sandbox,
        &format!(
            "[supervisord]\nloglevel=debug\n\
             [program:x]\ncommand=/bin/sh %(here)s/x.sh\nstdout_logfile=%(here)s/x.log\nstartsecs=0\n{options}\n"
        ),
    )
}

/// PROC-59: the log holds only what stood outside the tags, though each tag came in three pieces.
#[test]
fn split_tags_are_recognised_and_kept_out_of_the_log() {
    // Each piece is written once the one before is known to have been read: the text before the tag shows up in the
    // log, and the daemon holds back the piece of the tag.
    let script = "\
        printf 'enough text before the tag <!--XSUPER'\n\
        until grep -q 'before the tag' x.log; do sleep 0.01; done\n\
        printf 'VISOR:BEG'\n\
        printf 'IN-->secret<!--XSUPERVISOR:'\n\
        printf 'END-->enough text after the second tag\\n'\n\
        exec sleep 1000\n";
    let daemon = start_script(script, "stdout_capture_maxbytes=1MB\ndirectory=%(here)s");
    let log = daemon.wait_for_file("x.log", "second tag\n");
    assert_eq!(log, "enough text before the tag enough text after the second tag\n");
    daemon.wait_for_message("DEBG 'x' stdout emitted a comm event");
    assert_eq!(daemon.wait_for_messages("comm event", 1).len(), 1);
}

/// PROC-60: upstream holds back as many bytes as a tag has and forgets them at the exit.
#[test]
fn short_output_is_not_lost_at_the_exit_unlike_upstream() {
    let daemon = start_script("echo hi\n", "stdout_capture_maxbytes=1MB");
    daemon.wait_for_state("x", "EXITED");
    assert_eq!(daemon.wait_for_file("x.log", "hi\n"), "hi\n");
}

/// PROC-60: an opening tag without its end.
#[test]
fn unfinished_capture_goes_to_the_log_at_the_exit_unlike_upstream() {
    let daemon = start_script(
        "printf 'before <!--XSUPERVISOR:BEGIN-->inside the tag, and more of it\\n'\n",
        "stdout_capture_maxbytes=1MB",
    );
    daemon.wait_for_state("x", "EXITED");
    let log = daemon.wait_for_file("x.log", "inside the tag, and more of it\n");
    assert!(log.starts_with("before "), "{log}");
}

/// Without the option the tags are text like any other.
#[test]
fn tags_are_plain_output_when_capture_is_off() {
    let text = "<!--XSUPERVISOR:BEGIN-->not captured<!--XSUPERVISOR:END-->\n";
    let daemon = start_script(&format!("printf '{}'\n", text.replace('\n', "\\n")), "");
    assert_eq!(daemon.wait_for_file("x.log", "END-->\n"), text);
}
