//! Text that a shell or a template engine would fill in, and that arrives as it is written.

use super::{loaded, messages, try_load, with_program};
use supervisor_config::Severity;

const TEMPLATE: &str = "this is a template; name the file that it makes";

/// The hint of the first fault of a program with these options.
fn hint(options: &str) -> String {
    let failure = try_load(&with_program(options)).expect_err("it should have been refused");
    failure.first().hint().unwrap_or_default().to_string()
}

fn warnings(options: &str) -> Vec<String> {
    let prefix = "in section 'program:x' (file: 's.conf', line 4): ";
    messages(&loaded(&with_program(options)), Severity::Warning)
        .iter()
        .map(|text| text.replace(prefix, ""))
        .collect()
}

#[test]
fn a_value_that_a_template_engine_should_have_filled_in_is_known() {
    assert_eq!(hint("stdout_logfile={{ remote_dir }}/x.log"), TEMPLATE);
    assert_eq!(hint("stopsignal={{sig}}"), TEMPLATE);
    assert_eq!(hint("user={% if dev %}me{% endif %}"), TEMPLATE);
    assert_eq!(hint("numprocs=<%= n %>"), TEMPLATE);
    assert_eq!(hint("stdout_logfile=<%- @dir -%>/x.log"), TEMPLATE);
    let directory = try_load("[supervisord]\nchildlogdir={{ dir }}\n").unwrap_err();
    assert_eq!(directory.first().hint(), Some(TEMPLATE));
}

#[test]
fn a_percent_sign_beside_braces_is_no_template() {
    assert_eq!(hint("environment=A=\"{{x}} 100%\""), "write %% for a percent sign");
    assert_eq!(hint("environment=A=\"<%Y>\""), "write %% for a percent sign");
    assert_eq!(hint("environment=A=\"{%Y}\""), "write %% for a percent sign");
}

#[test]
fn braces_around_a_name_are_no_parentheses() {
    assert_eq!(hint("environment=A=\"%{ENV_X}s\""), "write %(ENV_X)s, with parentheses");
    assert_eq!(hint("numprocs=%{N}"), "write %(N)s, with parentheses");
    assert_eq!(hint("environment=A=\"%{a b}\""), "write %% for a percent sign");
}

#[test]
fn a_variable_of_a_shell_in_environment_is_known() {
    let quotes =
        "put each value in double quotes and a comma between the pairs: KEY=\"value\",OTHER=\"value\"";
    let shell = "no shell reads this; write %(ENV_HOME)s for";
    assert_eq!(hint("environment=A=${HOME},B=1"), format!("{shell} ${{HOME}}, and {quotes}"));
    assert_eq!(hint("environment=A=\"pa$word\" B=1"), quotes);
}

#[test]
fn a_variable_that_is_to_hold_itself_holds_its_name() {
    let warning = |written: &str| {
        vec![format!("environment no shell reads the value of PATH; write %(ENV_PATH)s for {written}")]
    };
    assert_eq!(warnings("environment=PATH=\"/opt/bin:$PATH\""), warning("$PATH"));
    assert_eq!(warnings("environment=A=\"1\",PATH='/opt/bin:${PATH}'"), warning("${PATH}"));
    assert_eq!(warnings("environment=PATH=\"/opt:$PATHS:$HOME\",PW=\"a$x\""), Vec::<String>::new());
}

#[test]
fn a_comma_of_a_chinese_input_method_between_pairs_is_named() {
    assert_eq!(
        warnings("environment=A=\"1\"，B=\"2\""),
        ["environment ， after the value of A is not read; write , for U+FF0C FULLWIDTH COMMA"]
    );
    assert_eq!(
        warnings("environment=A=$HOME"),
        [
            "environment HOME after the value of A is not read; no shell reads this; write %(ENV_HOME)s for $HOME"
        ]
    );
}
