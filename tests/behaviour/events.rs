//! Events: when they are sent and what they say, as a listener reads them.

use super::listening::{Event, Puppet, emit, puppet, recorded, recorded_until, recorder, sandbox, start};
use std::fs::File;
use std::io::Read;
use support::{Daemon, wait_for};

fn summaries(events: &[Event]) -> Vec<String> {
    events.iter().map(Event::summary).collect()
}

/// EVT-1, EVT-6: the groups, then the daemon, then the programs, each with a header of the same form.
#[test]
fn the_first_events_are_those_of_the_groups_and_the_daemon() {
    let daemon = start(
        &(recorder("rec", "events=EVENT\nbuffer_size=100")
            + "[program:x]\ncommand=sleep 1000\nstartsecs=0\n"),
    );
    let events = recorded_until(&daemon, "rec", |event| event.summary().contains("STARTING processname:x"));
    let names = summaries(&events);
    assert_eq!(
        names[..3],
        [
            "PROCESS_GROUP_ADDED groupname:rec\n",
            "PROCESS_GROUP_ADDED groupname:x\n",
            "SUPERVISOR_STATE_CHANGE_RUNNING "
        ]
    );
    assert_eq!(
        names.last().unwrap(),
        "PROCESS_STATE_STARTING processname:x groupname:x from_state:STOPPED tries:0"
    );
    for (serial, event) in events.iter().enumerate() {
        let (name, length) = (event.field("eventname"), event.payload.len());
        let header = format!(
            "ver:3.0 server:supervisor serial:{serial} pool:rec poolserial:{serial} eventname:{name} len:{length}"
        );
        assert_eq!(event.header, header);
    }
}

/// EVT-2, EVT-4, EVT-5, EVT-8
#[test]
fn each_state_change_of_a_program_is_an_event() {
    let sandbox = sandbox();
    sandbox.write("x.sh", "[ -e leave ] && exit 3\nexec sleep 1000\n");
    let config = "[program:x]\ncommand=/bin/sh x.sh\ndirectory=%(here)s\nstartsecs=0\nautorestart=false\n\
        autostart=false\n";
    let daemon =
        Daemon::start_in(sandbox, &(recorder("rec", "events=PROCESS_STATE\nbuffer_size=100") + config));
    daemon.ask("startProcess", &["x".into()]);
    let pid = daemon.pid_of("x");
    daemon.ask("stopProcess", &["x".into()]);
    daemon.sandbox().write("leave", "");
    daemon.ask("startProcess", &["x".into(), false.into()]);
    let of_x = |event: &Event| event.text().starts_with("processname:x groupname:x ");
    let events = recorded_until(&daemon, "rec", |event| of_x(event) && event.summary().contains("EXITED"));
    let events: Vec<_> = events.into_iter().filter(of_x).collect();
    let texts: Vec<_> =
        events.iter().map(|event| event.text().split_off("processname:x groupname:x ".len())).collect();
    assert_eq!(
        texts[..4],
        [
            "from_state:STOPPED tries:0".to_owned(),
            format!("from_state:STARTING pid:{pid}"),
            format!("from_state:RUNNING pid:{pid}"),
            format!("from_state:STOPPING pid:{pid}"),
        ]
    );
    assert!(texts[6].starts_with("from_state:RUNNING expected:0 pid:"), "{texts:?}");
    let names: Vec<_> = events.iter().map(|event| event.field("eventname").to_owned()).collect();
    let expected = ["STARTING", "RUNNING", "STOPPING", "STOPPED", "STARTING", "RUNNING", "EXITED"];
    assert_eq!(names, expected.map(|state| format!("PROCESS_STATE_{state}")));
}

/// EVT-3
#[test]
fn failed_starts_are_counted_in_the_events() {
    let config = "[program:x]\ncommand=/bin/false\nstartsecs=1\nstartretries=1\n";
    let daemon = start(&(recorder("rec", "events=PROCESS_STATE\nbuffer_size=100") + config));
    let of_x = |event: &Event| event.text().starts_with("processname:x ");
    let events = recorded_until(&daemon, "rec", |event| event.summary().contains("FATAL"));
    let events: Vec<_> = events.into_iter().filter(of_x).collect();
    let names = "processname:x groupname:x";
    assert_eq!(
        summaries(&events),
        [
            format!("PROCESS_STATE_STARTING {names} from_state:STOPPED tries:0"),
            format!("PROCESS_STATE_BACKOFF {names} from_state:STARTING tries:1"),
            format!("PROCESS_STATE_STARTING {names} from_state:BACKOFF tries:1"),
            format!("PROCESS_STATE_BACKOFF {names} from_state:STARTING tries:2"),
            format!("PROCESS_STATE_FATAL {names} from_state:BACKOFF"),
        ]
    );
}

/// EVT-7
#[test]
fn two_pools_share_the_serial_and_count_for_themselves() {
    let daemon = start(
        &(recorder("a", "events=REMOTE_COMMUNICATION,PROCESS_GROUP")
            + &recorder("b", "events=REMOTE_COMMUNICATION")),
    );
    emit(&daemon, "x");
    let is_remote = |event: &Event| event.field("eventname") == "REMOTE_COMMUNICATION";
    let [a, b] = ["a", "b"].map(|pool| recorded_until(&daemon, pool, is_remote).pop().unwrap());
    assert_eq!(a.serial(), b.serial());
    assert_eq!((a.field("poolserial"), b.field("poolserial")), ("2", "0"));
    assert_eq!((a.field("pool"), b.field("pool")), ("a", "b"));
}

/// EVT-10
#[test]
fn ticks_are_multiples_of_their_period() {
    let daemon = start(&recorder("rec", "events=TICK_5"));
    let events = recorded_until(&daemon, "rec", |_| true);
    let when: u64 = events[0].text().strip_prefix("when:").unwrap().parse().unwrap();
    assert_eq!(when % 5, 0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!((when..when + 10).contains(&now), "{when} {now}");
}

/// EVT-11
#[test]
fn a_remote_event_carries_type_and_data() {
    let daemon = start(&recorder("rec", "events=REMOTE_COMMUNICATION"));
    daemon.ask("sendRemoteCommEvent", &["foo".into(), "bar".into()]);
    assert_eq!(recorded_until(&daemon, "rec", |_| true)[0].text(), "type:foo\nbar");
}

/// Sends text beyond ASCII to a listener with this option, and checks the bytes it gets and their length.
fn assert_lengths(option: &str, length: fn(&str) -> usize) {
    let sandbox = sandbox();
    let mut listener = Puppet::new(&sandbox, "p");
    let daemon = Daemon::start_in(sandbox, &puppet("p", &format!("events=REMOTE_COMMUNICATION\n{option}")));
    for text in ["plain", "café", "中文", "😀", "e\u{301}"] {
        emit(&daemon, text);
        let payload = format!("type:test\n{text}");
        listener.say("READY\n");
        daemon.wait_for_file(&listener.heard_file(), &format!(" len:{}\n{payload}", length(&payload)));
        listener.finish();
    }
}

/// EVT-12: listeners on `supervisor.childutils` read characters.
#[test]
fn the_length_counts_characters() {
    assert_lengths("", |payload| payload.chars().count());
}

/// EVT-12: an option of our own.
#[test]
fn the_length_counts_bytes_where_that_is_configured_unlike_upstream() {
    assert_lengths("event_length=bytes", str::len);
}

/// EVT-13, EVT-14, EVT-18: the log event of a captured text comes before its communication event.
#[test]
fn messages_and_output_of_a_program_are_events() {
    let sandbox = sandbox();
    let script = "\
        printf '<!--XSUPERVISOR:BEG' >&2\n\
        printf 'IN-->hello<!--XSUPERVISOR:END-->and much more than any tag has\\n' >&2\n\
        exec sleep 1000\n";
    sandbox.write("x.sh", script);
    let config = "[program:x]\ncommand=/bin/sh %(here)s/x.sh\nstartsecs=0\nstderr_events_enabled=true\n\
        stderr_capture_maxbytes=1KB\nstderr_logfile=%(here)s/x.log\n";
    let options = "events=PROCESS_COMMUNICATION,PROCESS_LOG,REMOTE_COMMUNICATION\nbuffer_size=100";
    let daemon = Daemon::start_in(sandbox, &(recorder("rec", options) + config));
    daemon.wait_for_file("x.log", "and much more than any tag has\n");
    let pid = daemon.pid_of("x");
    emit(&daemon, "end");
    let events = recorded_until(&daemon, "rec", |event| event.text().ends_with("end"));
    let of = |name: &str| -> Vec<String> {
        let of_name = events.iter().filter(|event| event.field("eventname") == name);
        of_name.map(Event::text).collect()
    };
    let head = format!("processname:x groupname:x pid:{pid}");
    assert_eq!(of("PROCESS_COMMUNICATION_STDERR"), [format!("{head}\nhello")]);
    let logged = of("PROCESS_LOG_STDERR");
    let data: Vec<_> =
        logged.iter().map(|text| text.strip_prefix(&*format!("{head} channel:stderr\n")).unwrap()).collect();
    assert!(
        data.concat().contains("hello") && data.concat().ends_with("and much more than any tag has\n"),
        "{data:?}"
    );
    assert_eq!(daemon.sandbox().text("x.log"), "and much more than any tag has\n");
}

/// What a child writes first may be read before the daemon's loop knows that there is a child.
#[test]
fn output_written_right_after_exec_is_an_event() {
    let config = "[program:x]\ncommand=/bin/echo hi\nnumprocs=40\nprocess_name=%(process_num)d\nstartsecs=0\n\
        autorestart=false\nstdout_events_enabled=true\n";
    let daemon = start(&(recorder("rec", "events=PROCESS_LOG_STDOUT\nbuffer_size=100") + config));
    wait_for("forty events", || (recorded(&daemon, "rec").len() == 40).then_some(()));
}

/// The event of an exit waits for a blocked log, but not for long; the rest of the output is read once the log unblocks.
#[test]
fn output_read_after_the_exit_event_is_an_event_unlike_upstream() {
    let sandbox = sandbox();
    // More than the pipe that is the log holds, and the end once that is full.
    let script =
        "head -c 80000 /dev/zero | tr '\\0' x\nuntil [ -e go ]; do sleep 0.01; done\nprintf 'end\\n'\n";
    sandbox.write("x.sh", script);
    let status = sandbox.command("mkfifo").arg(sandbox.path("fifo")).status().unwrap();
    assert!(status.success());
    let mut log = File::options().read(true).write(true).open(sandbox.path("fifo")).unwrap();
    let config = "[program:x]\ncommand=/bin/sh x.sh\ndirectory=%(here)s\nstartsecs=0\nautorestart=false\n\
        stdout_events_enabled=true\nstdout_logfile=%(here)s/fifo\nstdout_logfile_maxbytes=0\n";
    let daemon =
        Daemon::start_in(sandbox, &(recorder("rec", "events=PROCESS_LOG_STDOUT\nbuffer_size=100") + config));
    let told = || -> String {
        let events = recorded(&daemon, "rec");
        events.iter().map(|event| event.text().split_once('\n').unwrap().1.to_owned()).collect()
    };
    wait_for("the log to be full", || (told().len() >= 65_536).then_some(()));
    daemon.sandbox().write("go", "");
    daemon.wait_for_state("x", "EXITED");
    let mut logged = vec![0; 80_004];
    log.read_exact(&mut logged).unwrap();
    wait_for("the end", || (told().as_bytes() == logged).then_some(()));
}

/// EVT-19
#[test]
fn output_that_is_no_utf_8_is_shown_as_python_shows_bytes() {
    let sandbox = sandbox();
    sandbox.write("x.sh", "printf '\\377it'\"'\"'s\\n'\nexec sleep 1000\n");
    let config = "[program:x]\ncommand=/bin/sh %(here)s/x.sh\nstdout_events_enabled=true\nstartsecs=0\n";
    let daemon = Daemon::start_in(sandbox, &(recorder("rec", "events=PROCESS_LOG_STDOUT") + config));
    let text = recorded_until(&daemon, "rec", |_| true)[0].text();
    let data = text.split_once('\n').unwrap().1;
    assert_eq!(data, "Undecodable: b\"\\xffit's\\n\"");
}

/// EVT-16: upstream delivers what it read in one piece, whatever the limit.
#[test]
fn a_capture_keeps_the_newest_bytes_unlike_upstream() {
    let sandbox = sandbox();
    sandbox.write(
        "x.sh",
        "printf '<!--XSUPERVISOR:BEGIN-->0123456789012345678901234567890123456789<!--XSUPERVISOR:END-->'\n\
         exec sleep 1000\n",
    );
    let config = "[program:x]\ncommand=/bin/sh %(here)s/x.sh\nstdout_capture_maxbytes=20\nstartsecs=0\n";
    let daemon = Daemon::start_in(sandbox, &(recorder("rec", "events=PROCESS_COMMUNICATION") + config));
    let text = recorded_until(&daemon, "rec", |_| true)[0].text();
    assert_eq!(text.split_once('\n').unwrap().1, "01234567890123456789");
}

/// EVT-34
#[test]
fn added_and_removed_groups_are_events() {
    let daemon = start(&recorder("rec", "events=PROCESS_GROUP"));
    let with_x =
        recorder("rec", "events=PROCESS_GROUP") + "[program:x]\ncommand=sleep 1000\nautostart=false\n";
    daemon.reconfigure(&with_x);
    daemon.ctl(&["reread"]);
    assert_eq!(daemon.ctl(&["add", "x"]).stdout, "x: added process group\n");
    assert_eq!(daemon.ctl(&["remove", "x"]).stdout, "x: removed process group\n");
    let events =
        wait_for("three events", || Some(recorded(&daemon, "rec")).filter(|events| events.len() >= 3));
    assert_eq!(
        summaries(&events),
        [
            "PROCESS_GROUP_ADDED groupname:rec\n",
            "PROCESS_GROUP_ADDED groupname:x\n",
            "PROCESS_GROUP_REMOVED groupname:x\n"
        ]
    );
}

/// EVT-30: a listener that subscribes to a type and its parent gets the event once.
#[test]
fn overlapping_subscriptions_deliver_an_event_once_unlike_upstream() {
    let daemon = start(&recorder("rec", "events=EVENT,REMOTE_COMMUNICATION\nbuffer_size=100"));
    emit(&daemon, "once");
    emit(&daemon, "end");
    let events = recorded_until(&daemon, "rec", |event| event.text().ends_with("end"));
    assert_eq!(events.iter().filter(|event| event.text().ends_with("once")).count(), 1);
}

/// `serial` continues after a restart by SIGHUP.
#[test]
fn serials_go_on_after_a_restart_of_the_daemon() {
    let daemon = start(&recorder("rec", "events=REMOTE_COMMUNICATION,SUPERVISOR_STATE_CHANGE_RUNNING"));
    emit(&daemon, "before");
    recorded_until(&daemon, "rec", |event| event.text().ends_with("before"));
    daemon.signal("HUP");
    let started = |event: &Event| event.field("eventname") == "SUPERVISOR_STATE_CHANGE_RUNNING";
    let events = wait_for("the second start", || {
        let events = recorded(&daemon, "rec");
        (events.iter().filter(|event| started(event)).count() == 2).then_some(events)
    });
    let serials: Vec<_> = events.iter().map(|event| (event.serial(), event.field("poolserial"))).collect();
    assert_eq!(serials, [(0, "0"), (1, "1"), (2, "0")]);
}
