//! `[include]`.

use super::assert_refused;
use support::{Daemon, Launch, Sandbox};

/// CFG-15
#[test]
fn include_without_files_is_refused() {
    assert_refused("[include]\n", ".ini file has [include] section, but no files setting");
}

/// CFG-15
#[test]
fn pattern_without_a_match_is_a_warning() {
    let daemon = Daemon::start("[include]\nfiles=conf.d/*.ini\n");
    let pattern = daemon.sandbox().path("conf.d/*.ini");
    daemon
        .assert_messages("include", &[format!("WARN No file matches via include \"{}\"", pattern.display())]);
}

/// CFG-16
#[test]
fn matches_are_read_and_logged_in_order() {
    let sandbox = Sandbox::new();
    for name in ["b", "a", "a10"] {
        sandbox
            .write(&format!("conf.d/{name}.ini"), format!("[program:{name}]\ncommand=x\nautostart=false\n"));
    }
    let daemon = Daemon::start_in(sandbox, "[include]\nfiles=conf.d/*.ini\n");
    let line = |name: &str| {
        let path = daemon.sandbox().path(&format!("conf.d/{name}.ini"));
        format!("INFO Included extra file \"{}\" during parsing", path.display())
    };
    daemon.assert_messages("Included extra file", &["a", "a10", "b"].map(line));
    assert_eq!(daemon.ask("getAllConfigInfo", &[]).items().len(), 3);
}

/// CFG-17
#[test]
fn include_inside_an_included_file_has_no_effect() {
    let sandbox = Sandbox::new();
    sandbox.write("one.ini", "[include]\nfiles=two.ini\n[program:one]\ncommand=x\nautostart=false\n");
    sandbox.write("two.ini", "[program:two]\ncommand=x\nautostart=false\n");
    let daemon = Daemon::start_in(sandbox, "[include]\nfiles=one.ini\n");
    daemon.configured("one");
    assert_eq!(daemon.ask("getAllConfigInfo", &[]).items().len(), 1);
}

/// CFG-18
#[test]
fn included_file_may_override_the_daemons_options() {
    let sandbox = Sandbox::new();
    sandbox.write("debug.ini", "[supervisord]\nloglevel=debug\n");
    let daemon = Daemon::start_in(
        sandbox,
        "[supervisord]\nloglevel=warn\n[include]\nfiles=debug.ini\n[program:x]\ncommand=sleep 1000\nstartsecs=0\n",
    );
    daemon.wait_for_state("x", "RUNNING");
    daemon.ask("stopProcess", &["x".into()]);
    daemon.wait_for_message("DEBG killing x");
}

/// CFG-19
#[test]
fn here_is_the_directory_of_the_included_file() {
    let sandbox = Sandbox::new();
    sandbox.write("sub/x.ini", "[program:x]\ncommand=%(here)s/tool\nautostart=false\n");
    let daemon = Daemon::start_in(
        sandbox,
        "[include]\nfiles=sub/x.ini\n[program:y]\ncommand=%(here)s/tool\nautostart=false\n",
    );
    let tool = |path: &str| daemon.sandbox().path(path).display().to_string();
    assert_eq!(daemon.configured("x")["command"].text(), tool("sub/tool"));
    assert_eq!(daemon.configured("y")["command"].text(), tool("tool"));
}

/// CFG-20
#[test]
fn fault_in_an_included_file_names_that_file() {
    let refusal = |included: &str| {
        let sandbox = Sandbox::new();
        sandbox.write("x.ini", included);
        Launch::new().configure(&sandbox, "[include]\nfiles=x.ini\n").refusal(&sandbox)
    };
    let said = refusal("[program:x]\nfoo\n");
    assert!(
        said.starts_with("Error: Source contains parsing errors: 'DIR/x.ini'\n\t[line  2]: 'foo\\n'\n"),
        "{said}"
    );
    let said = refusal("[program:x]\ncommand=x\nstartsecs=soon\n");
    assert!(
        said.starts_with(
            "Error: invalid literal for int() with base 10: 'soon' in section 'program:x' (file: 'DIR/x.ini')\n"
        ),
        "{said}"
    );
}
