//! Each type against what upstream makes of the same text. Texts of faults that other files show are not repeated.

use super::*;
use crate::FastCgiAddress;
use crate::host::MemoryHost;

fn read<T>(parse: Parser<T>, text: &str) -> Result<T, String> {
    let host = MemoryHost::new().with_variable("HOME", "/srv");
    parse(text.as_bytes(), &mut ParseContext::new(&host)).map_err(|rejection| rejection.message)
}

fn accepts<T: PartialEq + std::fmt::Debug>(parse: Parser<T>, cases: &[(&str, T)]) {
    for (text, expected) in cases {
        match read(parse, text) {
            Ok(value) => assert_eq!(value, *expected, "{text:?}"),
            Err(message) => panic!("{text:?}: {message}"),
        }
    }
}

fn refuses<T: std::fmt::Debug>(parse: Parser<T>, cases: &[(&str, &str)]) {
    for (text, message) in cases {
        assert_eq!(read(parse, text).unwrap_err(), *message, "{text:?}");
    }
}

#[test]
fn integers() {
    accepts(integer, &[("7", 7), (" -1_0 ", -10), ("٣", 3)]);
    let message = |text: &str| format!("invalid literal for int() with base 10: {text}");
    refuses(integer, &[("", &message("''")), ("0x1", &message("'0x1'")), ("it's", &message("\"it's\""))]);
}

#[test]
fn byte_sizes() {
    accepts(
        byte_size,
        &[
            ("1KB", 1024),
            ("1 kb", 1024),
            ("2gb", 2 << 30),
            (" 3 ", 3),
            ("-1", 0),
            ("9999999999gb", i64::MAX.unsigned_abs()),
        ],
    );
    refuses(
        byte_size,
        &[
            ("1K", "invalid literal for int() with base 10: '1k'"),
            ("kb", "invalid literal for int() with base 10: ''"),
            ("1kb ", "invalid literal for int() with base 10: '1kb '"),
        ],
    );
}

#[test]
fn octal_numbers() {
    accepts(octal, &[("022", 0o22), ("0o22", 0o22), (" 7_7 ", 0o77), ("-1", 0o7777)]);
    refuses(
        octal,
        &[("9", "9 can not be converted to an octal type"), ("", " can not be converted to an octal type")],
    );
}

/// `SIG_DFL` and the like are names in Python's module, too; upstream takes them by accident, we do not.
#[test]
fn signals() {
    let numbers = [("0", 0), ("٣", 3), (" TERM ", 15), ("sigCld", 17), ("IOT", 6), ("RTMAX", 64)];
    #[cfg(target_os = "linux")]
    accepts(signal, &numbers.map(|(text, number)| (text, Signal(number))));
    for name in ["SIG", "RTMIN+1", "_DFL", "_IGN", "_BLOCK", ""] {
        let message = format!("value '{name}' is not a valid signal name");
        refuses(signal, &[(name, &message)]);
    }
    for number in ["32", "33", "65", "-1", "99999999999999999999"] {
        let message = format!("value '{number}' is not a valid signal number");
        refuses(signal, &[(number, &message)]);
    }
}

#[test]
fn restart_policies() {
    accepts(
        autorestart,
        &[("TRUE", Autorestart::Always), ("0", Autorestart::Never), ("Unexpected", Autorestart::Unexpected)],
    );
    refuses(autorestart, &[("Foo", "invalid 'autorestart' value 'foo'")]);
}

#[test]
fn log_levels() {
    accepts(level, &[("WARN", Level::Warn), ("blather", Level::Blather)]);
    refuses(
        level,
        &[("warning", "bad logging level name 'warning'"), (" info", "bad logging level name ' info'")],
    );
}

#[test]
fn lists() {
    let list = |items: &[&str]| items.iter().map(ToString::to_string).collect::<Vec<_>>();
    accepts(
        strings,
        &[("", list(&[])), ("a,", list(&["a", ""])), (" a , b ", list(&["a", "b"])), (" ", list(&[""]))],
    );
    accepts(exit_codes, &[("", vec![]), (" 1 , 255", vec![1, 255])]);
}

#[test]
fn directories_and_paths() {
    accepts(existing_directory, &[("~", "/srv".into()), ("/tmp/", "/tmp/".into())]);
    refuses(
        existing_directory,
        &[("/nosuch", "/nosuch is not an existing directory"), ("", " is not an existing directory")],
    );
    accepts(
        existing_dirpath,
        &[("", "".into()), ("x", "x".into()), ("~/x", "/srv/x".into()), ("/", "/".into())],
    );
    refuses(
        existing_dirpath,
        &[("~nosuch/x", "The directory named as part of the path ~nosuch/x does not exist")],
    );
}

#[test]
fn users_and_groups() {
    accepts(
        user_and_group,
        &[
            ("root", Owner { uid: 0, gid: None }),
            ("65534:root", Owner { uid: 65534, gid: Some(0) }),
            ("nobody: 0 ", Owner { uid: 65534, gid: Some(0) }),
        ],
    );
    refuses(
        user,
        &[
            ("", "Invalid user name "),
            ("-1", "Invalid user id -1"),
            ("4294967296", "Invalid user id 4294967296"),
        ],
    );
    refuses(user_and_group, &[("root:", "Invalid group name "), ("root:9", "Invalid group id 9")]);
}

#[test]
fn process_names() {
    accepts(name, &[(" a\tb; ", "a\tb;".to_string()), ("", String::new()), ("é", "é".to_string())]);
    refuses(name, &[("a :/", "Invalid name: 'a :/' because of character: ' '")]);
}

#[test]
fn inet_addresses() {
    let address = |host: &str, port| InetAddress { host: host.to_string(), port };
    accepts(
        inet_address,
        &[
            ("1", address("", 1)),
            ("*:1", address("", 1)),
            ("HOST: 007 ", address("host", 7)),
            ("a:b:5", address("a:b", 5)),
        ],
    );
    refuses(inet_address, &[("h:99999999999999999999", "99999999999999999999 is above upper bound (65535)")]);
}

#[test]
fn fastcgi_addresses() {
    let tcp = |host: &str, port| FastCgiAddress::Tcp { host: host.to_string(), port };
    accepts(
        fastcgi_address,
        &[
            ("unix:///a/../b", FastCgiAddress::Unix("/b".into())),
            ("unix:////a", FastCgiAddress::Unix("//a".into())),
            ("tcp://*:9000", tcp("*", 9000)),
            ("tcp://H:0007", tcp("h", 7)),
            ("tcp://h:٣", tcp("h", 3)),
            ("tcp://[::1]:1", tcp("::1", 1)),
        ],
    );
    for bad in [
        "tcp://h",
        "tcp://h:x",
        "tcp://a b:1",
        "tcp://::1:1",
        "tcp://[h]:1:2",
        "tcp://h: 1",
        "TCP://h:1",
        " tcp://h:1",
        "tcp://:1",
    ] {
        refuses(fastcgi_address, &[(bad, &format!("Bad socket format {bad}"))]);
    }
    refuses(fastcgi_address, &[("tcp://h:0", "0 is below lower bound (1)")]);
}

#[test]
fn urls() {
    for good in ["http://x", "a:b", "unix:///x", "http:/", "HTTP://x", "file:x", " http://x"] {
        accepts(url, &[(good, good.as_bytes().to_vec())]);
    }
    for bad in ["x", "http:", "http://", "1a:b", "http:?x", "http://?x", "http:#x", "://x", "ht_tp://x", ""] {
        refuses(url, &[(bad, &format!("value '{bad}' is not a URL"))]);
    }
}

#[test]
fn near_misses_are_suggested() {
    fn hint<T: std::fmt::Debug>(parse: Parser<T>, text: &str) -> Option<String> {
        let host = MemoryHost::new();
        parse(text.as_bytes(), &mut ParseContext::new(&host)).unwrap_err().hint
    }
    assert_eq!(hint(signal, "SIGTREM").as_deref(), Some("did you mean TERM?"));
    assert_eq!(hint(level, "warning").as_deref(), Some("did you mean warn?"));
    assert_eq!(hint(boolean, "flase").as_deref(), Some("did you mean false?"));
    assert_eq!(hint(byte_size, "10M").as_deref(), Some("write 10mb"));
    assert_eq!(hint(exit_codes, "0,2,").as_deref(), Some("remove the last comma"));
    assert_eq!(hint(boolean, "perhaps"), None);
}
