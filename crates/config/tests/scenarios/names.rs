//! Which names may be filled in where.

use super::{host, load_on, loaded, process_names, program, program_refused, refused, with_program};
use std::path::Path;

fn command(options: &str, text: &str) -> String {
    String::from_utf8(program(&format!("{options}\ncommand={text}")).command).unwrap()
}

/// CFG-21.
#[test]
fn an_unknown_name_is_reported_with_all_that_may_be_used() {
    let text = "[supervisord]\nenvironment=GLOBAL=\"g\"\n[program:x]\nenvironment=OWN=\"o\"\ncommand=/bin/%(foo)s %(bar)s\n";
    assert_eq!(
        refused(text),
        "Format string '/bin/%(foo)s %(bar)s' for 'program:x.command' contains names ('foo') which cannot be expanded. \
         Available names: ENV_FOO, ENV_GLOBAL, ENV_HOME, ENV_OWN, group_name, here, host_node_name, numprocs, \
         process_num, program_name in section 'program:x' (file: 's.conf')"
    );
}

/// CFG-22.
#[test]
fn a_lone_percent_sign_is_reported_with_its_place() {
    assert_eq!(
        program_refused("command=date +%Y"),
        "Format string 'date +%Y' for 'program:x.command' is badly formatted: unsupported format character 'Y' (0x59) \
         at index 7"
    );
}

/// CFG-23.
#[test]
fn a_doubled_percent_sign_is_one() {
    assert_eq!(command("", "date +%%Y"), "date +%Y");
}

#[test]
fn each_place_has_its_names() {
    assert_eq!(
        command(
            "environment=OWN=\"o\"",
            "%(here)s %(program_name)s %(group_name)s %(host_node_name)s %(ENV_FOO)s %(ENV_OWN)s %(process_num)d/%(numprocs)d"
        ),
        "/srv x x testhost foo o 0/1"
    );
    assert!(program_refused("umask=%(process_num)o").contains("contains names ('process_num')"));
    assert!(
        refused(&with_program("priority=%(program_name)s"))
            .ends_with("Available names: ENV_FOO, ENV_HOME, here")
    );
    assert!(
        refused("[supervisord]\nidentifier=%(host_node_name)s\n").contains("for 'supervisord.identifier'")
    );
    let config = loaded("[supervisord]\n[program:x]\ncommand=%(group_name)s\n[group:g]\nprograms=x\n");
    assert_eq!(config.groups[0].processes[0].command, b"g");
}

/// CFG-24.
#[test]
fn numbers_are_formatted() {
    let text = with_program("numprocs=3\nprocess_name=%(program_name)s_%(process_num)02d");
    assert_eq!(process_names(&loaded(&text)), ["x:x_00", "x:x_01", "x:x_02"]);
}

/// CFG-27.
#[test]
fn variables_of_the_section_extend_those_of_the_machine() {
    assert!(program_refused("command=%(ENV_X)s").contains("contains names ('ENV_X')"));
    let config = loaded(
        "[supervisord]\nenvironment=X=\"1\",FOO=\"over\"\n[program:x]\ncommand=%(ENV_X)s%(ENV_FOO)s\n",
    );
    assert_eq!(config.groups[0].processes[0].command, b"1over");
}

/// CFG-28: upstream 4.3.0 expands this option twice.
#[test]
fn environment_of_the_section_is_filled_in_once() {
    let config = loaded("[supervisord]\nenvironment=A=\"100%%\",B=\"%(host_node_name)s\"\n");
    let shown: Vec<_> =
        config.supervisord.environment.iter().map(|(_, value)| value.to_str().unwrap()).collect();
    assert_eq!(shown, ["100%", "testhost"]);
}

/// CFG-29.
#[test]
fn environment_of_a_program_lies_over_that_of_the_section() {
    let config = loaded(
        "[supervisord]\nenvironment=A=\"1\",FOO=\"2\"\n[program:x]\ncommand=%(ENV_FOO)s\nenvironment=FOO=\"3\"\n[program:y]\ncommand=%(ENV_FOO)s\n",
    );
    let of = |name: &str| {
        let process = &config.group(name).unwrap().processes[0];
        let pairs = process
            .environment
            .iter()
            .map(|(key, value)| format!("{}={}", key.to_str().unwrap(), value.to_str().unwrap()));
        (process.command.clone(), pairs.collect::<Vec<_>>().join(","))
    };
    assert_eq!(of("x"), (b"3".to_vec(), "A=1,FOO=3".to_string()));
    assert_eq!(of("y"), (b"2".to_vec(), "A=1,FOO=2".to_string()));
}

#[test]
fn values_from_the_environment_keep_their_bytes() {
    use std::os::unix::ffi::OsStringExt;
    let raw = std::ffi::OsString::from_vec(b"\xff\xfe%".to_vec());
    let host = host().with_variable("RAW", raw).with_file("/srv/s.conf", with_program("command=%(ENV_RAW)s\ndirectory=%(ENV_RAW)s\nenvironment=A=\"%(ENV_RAW)s\"\nstdout_logfile=%(ENV_RAW)s"));
    let process = load_on(host, &["-c", "s.conf"]).unwrap().groups[0].processes[0].clone();
    assert_eq!(process.command, b"\xff\xfe%");
    assert_eq!(process.directory.clone().unwrap().into_os_string().into_vec(), b"\xff\xfe%");
    assert_eq!(process.environment.iter().next().unwrap().1.to_os_string().into_vec(), b"\xff\xfe%");
}

/// Upstream would put the whole environment, secrets included, into the value.
#[test]
fn a_conversion_without_a_name_is_refused() {
    for conversion in ["%s", "%r", "%a"] {
        let message = program_refused(&format!("command=a {conversion}"));
        assert!(message.ends_with("is badly formatted: not enough arguments for format string"), "{message}");
    }
}

/// Upstream expands log paths twice; what it accepts means the same, and one percent sign more is accepted.
#[test]
fn log_paths_take_percent_signs_doubled_or_fourfold() {
    use supervisor_config::LogFile;
    assert_eq!(program("stdout_logfile=a%%%%b").stdout.logfile, LogFile::Path(Path::new("a%b").into()));
    assert_eq!(program("stdout_logfile=a%%b").stdout.logfile, LogFile::Path(Path::new("a%b").into()));
    assert_eq!(
        program("stdout_logfile=%%(program_name)s").stdout.logfile,
        LogFile::Path(Path::new("x").into())
    );
    assert_eq!(
        program_refused("stdout_logfile=/nosuch/a%%b"),
        "Format string '/nosuch/a%b' for 'stdout_logfile' is badly formatted: unsupported format character 'b' (0x62) \
         at index 10"
    );
}
