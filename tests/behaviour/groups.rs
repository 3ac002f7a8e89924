//! `[group:x]`.

use super::assert_refused;
use support::Daemon;

/// CFG-46
#[test]
fn group_of_an_unknown_program_is_refused() {
    assert_refused("[group:g]\nprograms=zz\n", "[group:g] names unknown program or fcgi-program zz");
}

/// CFG-46: upstream names the program before the comma in place of the group.
#[test]
fn trailing_comma_in_a_group_is_refused_unlike_upstream() {
    assert_refused(
        "[program:a]\ncommand=x\n[group:g]\nprograms=a,\n",
        "[group:g] names unknown program or fcgi-program ",
    );
}

/// CFG-47
#[test]
fn grouped_programs_have_no_group_of_their_own() {
    let daemon = Daemon::start(
        "[program:a]\ncommand=x\nautostart=false\n[program:b]\ncommand=x\nautostart=false\n\
         [group:g]\nprograms=a,b\n",
    );
    let all = daemon.ask("getAllProcessInfo", &[]);
    let names: Vec<_> = all.items().iter().map(|info| (info["group"].text(), info["name"].text())).collect();
    assert_eq!(names, [("g", "a"), ("g", "b")]);
    assert_eq!(daemon.state("g:a"), "STOPPED");
    assert_eq!(daemon.call("getProcessInfo", &["a".into()]).unwrap_err().to_string(), "10 BAD_NAME: a");
}
