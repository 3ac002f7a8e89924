//! The shell without a terminal, and `help`, `open`, `version`.

use crate::fake::{Fake, options, process, run};

fn server() -> Fake {
    Fake::new().answers("supervisor.getAllProcessInfo", &[process("cat", 20, "up")][..])
}

const ROW: &str = "cat                              RUNNING   up\n";

/// CTL-37
#[test]
fn the_shell_shows_the_status_first_and_ignores_blank_lines() {
    server().shell("\n   \nbogus x\n").is(
        0,
        &format!("{ROW}supervisor> supervisor> supervisor> *** Unknown syntax: bogus x\nsupervisor> \n"),
    );
}

/// CTL-38
#[test]
fn each_way_out_of_the_shell_prints_an_empty_line() {
    for way in ["", "exit\n", "quit\n", "EOF\n"] {
        server().shell(way).is(0, &format!("{ROW}supervisor> \n"));
    }
    server().ctl("exit").is(0, "\n");
    server().ctl("quit").is(0, "\n");
}

/// CTL-39
#[test]
fn prompts_are_shown_to_a_pipe_and_the_shell_ends_in_success() {
    server()
        .shell("version\nbogus\n")
        .is(0, &format!("{ROW}supervisor> 4.3.0\nsupervisor> *** Unknown syntax: bogus\nsupervisor> \n"));
}

/// CTL-41
#[test]
fn a_command_with_i_is_run_without_a_shell() {
    let server = server();
    let mut options = options(&server.url(), "version");
    options.interactive = true;
    run(options, "").is(0, "4.3.0\n");
}

/// CTL-49
#[test]
fn the_prompt_can_be_chosen() {
    let server = server();
    let mut options = options(&server.url(), "");
    options.prompt = b"mysup".to_vec();
    run(options, "").is(0, &format!("{ROW}mysup> \n"));
}

#[test]
fn odd_lines_are_taken_apart_as_upstream_does() {
    let server = server();
    server.ctl("status-x").is(4, "-x: ERROR (no such process)\n");
    server.ctl("!ls").is(1, "*** Unknown syntax: !ls\n");
    server.ctl("-x").is(1, "*** Unknown syntax: -x\n");
    server.shell("?  version\n").is(
        0,
        &format!(
            "{ROW}supervisor> version\t\t\tShow the version of the remote supervisord process\nsupervisor> \n"
        ),
    );
}

const LIST: &str = "\ndefault commands (type help <topic>):\n=====================================\n\
    add    exit      open  reload  restart   start   tail   \n\
    avail  fg        pid   remove  shutdown  status  update \n\
    clear  maintail  quit  reread  signal    stop    version\n\n";

/// CTL-44
#[test]
fn help_lists_commands_and_explains_each() {
    let server = server();
    server.ctl("help").is(0, LIST);
    server.ctl("?").is(0, LIST);
    server
        .ctl("help help")
        .is(0, "help\t\tPrint a list of available actions\nhelp <action>\tPrint help for <action>\n");
    server.ctl("help bogus").is(0, "*** No help on bogus\n");
    server.ctl("help EOF").is(0, "*** No help on EOF\n");
    server.ctl("help status").is(
        0,
        "status <name>\t\tGet status for a single process\n\
         status <gname>:*\tGet status for all processes in a group\n\
         status <name> <name>\tGet status for multiple named processes\n\
         status\t\t\tGet all process status info\n",
    );
}

/// CTL-45
#[test]
fn open_goes_to_another_server_and_never_fails_for_what_it_finds_there() {
    let first = server();
    first.ctl("open foo").is(1, "ERROR: url must be http:// or unix://\n");
    let other = Fake::new().answers("supervisor.getAllProcessInfo", &[process("other", 0, "x")][..]);
    let row = "other                            STOPPED   x\n";
    first.ctl(&format!("open {}", other.url())).is(0, row);
    first.ctl("open unix:///nonexistent/s").is(0, "unix:///nonexistent/s no such file\n");
    first
        .shell(&format!("open {}\nstatus\n", other.url()))
        .is(0, &format!("{ROW}supervisor> {row}supervisor> {row}supervisor> \n"));
}

#[test]
fn version_accepts_no_arguments() {
    server().ctl("version x").is(
        1,
        "Error: version accepts no arguments\n\
         version\t\t\tShow the version of the remote supervisord process\n",
    );
}
