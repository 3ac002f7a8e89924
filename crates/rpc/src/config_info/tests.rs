use super::*;
use crate::{decode, encode};

fn sample(autorestart: Autorestart) -> ConfigInfo<'static> {
    ConfigInfo {
        autostart: true,
        autorestart,
        directory: None,
        uid: Some(1000),
        command: "/bin/cat -u".into(),
        exitcodes: vec![0, 2],
        group: "g".into(),
        group_prio: 999,
        inuse: true,
        killasgroup: false,
        name: "p".into(),
        process_prio: 5,
        redirect_stderr: false,
        startretries: 3,
        startsecs: 1,
        stdout: StreamInfo {
            capture_maxbytes: 0,
            events_enabled: false,
            logfile: LogFile::Auto,
            logfile_backups: 10,
            logfile_maxbytes: 52_428_800,
            syslog: false,
        },
        stopsignal: 15,
        stopwaitsecs: 10,
        stderr: StreamInfo { logfile: LogFile::Path("/var/log/e".into()), ..StreamInfo::default() },
        serverurl: Some("unix:///run/s".into()),
    }
}

fn through_the_wire(info: &ConfigInfo<'_>) -> Value {
    decode::response(&encode::response(info)).unwrap().unwrap()
}

/// RPC-43
#[test]
fn autorestart_is_a_boolean_or_the_word_unexpected() {
    let shown = |autorestart| through_the_wire(&sample(autorestart)).member("autorestart").cloned();
    assert_eq!(shown(Autorestart::Always), Some(Value::Bool(true)));
    assert_eq!(shown(Autorestart::Never), Some(Value::Bool(false)));
    assert_eq!(shown(Autorestart::Unexpected), Some(Value::from("unexpected")));
}

/// RPC-44: `auto`, `none` and the array of exit codes; the order of the members is the contract's.
#[test]
fn members_stand_in_the_order_of_the_contract() {
    let value = through_the_wire(&sample(Autorestart::Always));
    let Value::Struct(members) = &value else { panic!("{value:?}") };
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    let expected = "autostart autorestart directory uid command exitcodes group group_prio inuse killasgroup name \
        process_prio redirect_stderr startretries startsecs stdout_capture_maxbytes stdout_events_enabled \
        stdout_logfile stdout_logfile_backups stdout_logfile_maxbytes stdout_syslog stopsignal stopwaitsecs \
        stderr_capture_maxbytes stderr_events_enabled stderr_logfile stderr_logfile_backups \
        stderr_logfile_maxbytes stderr_syslog serverurl";
    assert_eq!(names.join(" "), expected);
    assert_eq!(value.member("directory"), Some(&Value::from("none")));
    assert_eq!(value.member("stdout_logfile"), Some(&Value::from("auto")));
    assert_eq!(value.member("exitcodes"), Some(&Value::Array(vec![Value::Int(0), Value::Int(2)])));
}

#[test]
fn what_is_encoded_is_read_back() {
    for autorestart in [Autorestart::Always, Autorestart::Never, Autorestart::Unexpected] {
        let info = sample(autorestart);
        assert_eq!(ConfigInfo::from_value(through_the_wire(&info)).unwrap(), info);
    }
}
