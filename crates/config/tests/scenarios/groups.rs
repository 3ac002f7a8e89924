//! `[group:x]`, and how groups come to be.

use super::{loaded, messages, process_names, refused, try_load};
use supervisor_config::{Config, Severity};

const PROGRAMS: &str =
    "[supervisord]\n[program:a]\ncommand=a\n[program:b]\ncommand=b\n[program:c]\ncommand=c\n";

fn names(config: &Config) -> Vec<&str> {
    config.groups.iter().map(|group| &*group.name).collect()
}

/// CFG-46.
#[test]
fn a_group_names_programs_that_exist() {
    assert_eq!(
        refused(&format!("{PROGRAMS}[group:g]\nprograms=zz\n")),
        "[group:g] names unknown program or fcgi-program zz"
    );
    // Upstream puts the section of the program before it here.
    assert_eq!(
        refused(&format!("{PROGRAMS}[group:g]\nprograms=a,\n")),
        "[group:g] names unknown program or fcgi-program "
    );
    let both = "[fcgi-program:a]\ncommand=a\nsocket=tcp://h:1\n[group:g]\nprograms=a\n";
    assert_eq!(
        refused(&format!("{PROGRAMS}{both}")),
        "[group:g] name a is ambiguous (exists as program and fcgi-program)"
    );
}

#[test]
fn a_group_whose_program_is_in_a_misspelled_section_gets_a_hint() {
    let failure = try_load("[supervisord]\n[group:x]\nprograms=a\n[programs:a]\ncommand=a\n").unwrap_err();
    assert_eq!(failure.first().hint(), Some("nothing reads [programs:a]; did you mean [program:a]?"));
    let failure = try_load("[supervisord]\n[group:x]\nprograms=a\n").unwrap_err();
    assert_eq!(failure.first().hint(), Some("add a section [program:a]"));
}

/// CFG-47.
#[test]
fn a_program_in_a_group_has_no_group_of_its_own() {
    let config = loaded(&format!("{PROGRAMS}[group:g]\nprograms = b , a\n"));
    assert_eq!(process_names(&config), ["c:c", "g:b", "g:a"]);
    let twice = loaded(&format!("{PROGRAMS}[group:g]\nprograms=a\n[group:h]\nprograms=a\n"));
    assert_eq!(process_names(&twice), ["b:b", "c:c", "g:a", "h:a"]);
}

#[test]
fn processes_of_a_group_stay_in_the_order_of_its_list() {
    let text = format!(
        "{PROGRAMS}[program:a]\npriority=1\n[program:c]\npriority=5\nnumprocs=2\nprocess_name=c%(process_num)d\n"
    );
    let config = loaded(&format!("{text}[group:g]\nprograms=c,b,a\npriority=3\n"));
    assert_eq!(process_names(&config), ["g:c0", "g:c1", "g:b", "g:a"]);
    assert_eq!(config.groups[0].priority, 3);
}

#[test]
fn an_empty_group_is_a_group() {
    assert_eq!(loaded("[supervisord]\n[group:g]\n").groups[0].processes, []);
    assert_eq!(&*loaded("[supervisord]\n[group: g ]\nprograms=\n").groups[0].name, "g");
}

/// CFG-58.
#[test]
fn equal_priorities_are_sorted_by_name_upper_case_first() {
    let sections = ["b", "a9", "a10", "B", "a"].map(|name| format!("[program:{name}]\ncommand=x\n")).concat();
    let config = loaded(&format!("[supervisord]\n{sections}[program:z]\ncommand=x\npriority=1\n"));
    assert_eq!(names(&config), ["z", "B", "a", "a10", "a9", "b"]);
}

/// Upstream starts one of the two and reports the other as changed for ever.
#[test]
fn two_groups_of_one_name_are_refused() {
    let text = "[supervisord]\n[program:x]\ncommand=a\n[eventlistener:x]\ncommand=a\nevents=EVENT\n";
    let failure = try_load(text).unwrap_err();
    assert_eq!(failure.first().message(), "[eventlistener:x] and [program:x] both make a group named 'x'");
    assert_eq!(failure.first().place().unwrap().line, 2);
}

/// Upstream does the same without a word.
#[test]
fn of_two_processes_of_one_name_the_last_one_stays() {
    let text = "[supervisord]\n[program:a]\ncommand=one\nprocess_name=p\n[program:b]\ncommand=q\n[program:c]\ncommand=two\nprocess_name=p\n[group:g]\nprograms=a,b,c\n";
    let config = loaded(text);
    assert_eq!(process_names(&config), ["g:p", "g:b"]);
    assert_eq!(config.groups[0].processes[0].command, b"two");
    assert_eq!(
        messages(&config, Severity::Warning),
        ["Two processes of [group:g] are called p; only the last one will run"]
    );
}

#[test]
fn names_of_groups_are_checked_without_naming_the_file() {
    assert_eq!(refused("[supervisord]\n[group:a b]\n"), "Invalid name: 'a b' because of character: ' '");
    assert_eq!(
        refused("[supervisord]\n[group:g]\npriority=x\n"),
        "invalid literal for int() with base 10: 'x'"
    );
}
