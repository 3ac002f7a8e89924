//! `[include]`.

use super::{host, load_on, messages, refused};
use supervisor_config::{Config, Failure, MemoryHost, Severity};
use supervisor_core::Level;

const MAIN: &str = "[supervisord]\n[include]\nfiles=";

fn try_with(files: &[(&str, &str)], patterns: &str, more: &str) -> Result<Config, Failure> {
    let host =
        files.iter().fold(host(), |host, (path, text)| host.with_file(format!("/etc/sv/{path}"), text));
    load_on(host.with_file("/etc/sv/s.conf", format!("{MAIN}{patterns}\n{more}")), &["-c", "/etc/sv/s.conf"])
}

fn with(files: &[(&str, &str)], patterns: &str) -> Config {
    try_with(files, patterns, "").unwrap_or_else(|failure| panic!("{failure}"))
}

/// CFG-15.
#[test]
fn files_is_required_and_a_pattern_without_match_is_a_warning() {
    assert_eq!(
        refused("[supervisord]\n[include]\n"),
        ".ini file has [include] section, but no files setting"
    );
    let config = with(&[], "conf.d/*.ini");
    assert_eq!(
        messages(&config, Severity::Warning),
        ["No file matches via include \"/etc/sv/conf.d/*.ini\""]
    );
}

/// CFG-16.
#[test]
fn matches_are_read_in_order_and_named() {
    let config = with(
        &[("d/b.ini", ""), ("d/a10.ini", ""), ("d/a.ini", ""), ("z.ini", "")],
        "z.ini\n  d/*.ini ./d/../z.ini",
    );
    assert_eq!(
        messages(&config, Severity::Info),
        [
            "Included extra file \"/etc/sv/z.ini\" during parsing",
            "Included extra file \"/etc/sv/d/a.ini\" during parsing",
            "Included extra file \"/etc/sv/d/a10.ini\" during parsing",
            "Included extra file \"/etc/sv/d/b.ini\" during parsing",
            "Included extra file \"/etc/sv/./d/../z.ini\" during parsing",
        ]
    );
    assert_eq!(messages(&config, Severity::Warning), Vec::<&str>::new());
}

/// CFG-17.
#[test]
fn an_included_file_includes_nothing() {
    let config =
        with(&[("a.ini", "[include]\nfiles=b.ini\n"), ("b.ini", "[program:b]\ncommand=b\n")], "a.ini");
    assert_eq!(config.groups, []);
    assert_eq!(
        messages(&config, Severity::Warning),
        [
            "[include] in an included file (file: '/etc/sv/a.ini', line 2) has no effect; only the main file includes"
        ]
    );
}

/// CFG-18.
#[test]
fn an_include_overrides_what_was_read_before() {
    let files = [("a.ini", "[supervisord]\nloglevel=debug\n"), ("b.ini", "[supervisord]\nloglevel=trace\n")];
    assert_eq!(with(&files, "a.ini").supervisord.loglevel, Level::Debug);
    assert_eq!(with(&files, "*.ini").supervisord.loglevel, Level::Trace);
}

#[test]
fn the_section_may_be_in_an_included_file_only() {
    let host = host()
        .with_file("/etc/s.conf", "[include]\nfiles=a.ini\n")
        .with_file("/etc/a.ini", "[supervisord]\nidentifier=a\n");
    let config = load_on(host, &["-c", "/etc/s.conf"]).unwrap();
    assert_eq!(config.supervisord.identifier, "a");
}

/// CFG-19.
#[test]
fn here_is_the_directory_of_each_file() {
    let included = "[program:a]\ncommand=%(here)s/run %%(here)s\n[inet_http_server]\nport=*:1\nusername=%(here)s\npassword=x\n";
    let more = "[program:m]\ncommand=%(here)s/run\n";
    let config = try_with(&[("d%/a.ini", included)], "d*/a.ini", more).unwrap();
    let command =
        |group: &str| String::from_utf8(config.group(group).unwrap().processes[0].command.clone()).unwrap();
    assert_eq!(command("m"), "/etc/sv/run");
    // Upstream replaces the text before it expands it, so that %% and a % in a directory's name go wrong.
    assert_eq!(command("a"), "/etc/sv/d%/run %(here)s");
    assert_eq!(config.servers[0].credentials.as_ref().unwrap().username, b"/etc/sv/d%");
}

/// CFG-20.
#[test]
fn a_fault_in_an_include_names_its_file() {
    let message = |text: &str| try_with(&[("d/a.ini", text)], "d/*.ini", "").unwrap_err().first().message();
    assert_eq!(
        message("[program:a]\ncommand=a\nautostart=maybe\n"),
        "not a valid boolean value: 'maybe' in section 'program:a' (file: '/etc/sv/d/a.ini')"
    );
    assert_eq!(
        message("[a]\nfoo\n"),
        "Source contains parsing errors: '/etc/sv/d/a.ini'\n\t[line  2]: 'foo\\n'"
    );
    assert_eq!(
        message("x=1\n"),
        "File contains no section headers.\nfile: '/etc/sv/d/a.ini', line: 1\n'x=1\\n'"
    );
}

#[test]
fn a_section_opened_again_in_an_include_keeps_the_name_of_the_main_file() {
    let failure =
        try_with(&[("a.ini", "[program:a]\nautostart=maybe\n")], "a.ini", "[program:a]\ncommand=a\n")
            .unwrap_err();
    let fault = failure.first();
    assert_eq!(
        fault.message(),
        "not a valid boolean value: 'maybe' in section 'program:a' (file: '/etc/sv/s.conf')"
    );
    assert_eq!(fault.place().unwrap().file, "/etc/sv/a.ini");
}

/// CFG-27.
#[test]
fn files_knows_the_environment_of_the_machine_only() {
    let config = try_with(&[("foo.ini", "")], "%(ENV_FOO)s.ini", "").unwrap();
    assert_eq!(messages(&config, Severity::Info).len(), 1);
    let host =
        host().with_file("/srv/s.conf", "[supervisord]\nenvironment=X=\"x\"\n[include]\nfiles=%(ENV_X)s\n");
    assert_eq!(
        load_on(host, &["-c", "s.conf"]).unwrap_err().first().message(),
        "Format string '%(ENV_X)s' for 'include.files' contains names ('ENV_X') which cannot be expanded. \
         Available names: ENV_FOO, ENV_HOME, here, host_node_name"
    );
}

/// Upstream passes over it in silence.
#[test]
fn a_file_that_cannot_be_read_is_a_warning() {
    let host = host()
        .with_file("/srv/s.conf", "[supervisord]\n[include]\nfiles=locked.ini d*\n")
        .with_file_of_mode("/srv/locked.ini", "", 0o000)
        .with_dir("/srv/d");
    let config = load_on(host, &["-c", "s.conf"]).unwrap();
    assert_eq!(messages(&config, Severity::Info).len(), 2);
    assert_eq!(
        messages(&config, Severity::Warning),
        [
            "Included file '/srv/locked.ini' is left out: user 1000 may not read it; give that user the right, or start \
             supervisord as one who has it",
            "Included file '/srv/d' is a directory and is left out; write /srv/d/*.conf",
        ]
    );
}

#[test]
fn too_many_files_are_refused() {
    let host =
        (0..=10_000).fold(MemoryHost::new(), |host, number| host.with_file(format!("/srv/d/{number}"), ""));
    let host = host.with_file("/srv/s.conf", "[supervisord]\n[include]\nfiles=d/*\n");
    assert_eq!(
        load_on(host, &["-c", "s.conf"]).unwrap_err().first().message(),
        "too many files are included"
    );
}
