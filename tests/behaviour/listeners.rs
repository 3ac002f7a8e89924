//! Event listeners: the protocol, and the delivery of events when a listener misbehaves.

use super::listening::{Puppet, emit, puppet, recorded, recorded_until, recorder, sandbox, start};
use super::rpc::call;
use super::{assert_file_refused, assert_refused};
use std::time::Duration;
use support::{Daemon, Value, processes, stays_true_for, wait_for, wait_until};

const REMOTE: &str = "events=REMOTE_COMMUNICATION";

/// What the log says of a listener that broke the protocol.
const UNKNOWN: &str = "has entered the UNKNOWN state and will no longer receive events, this usually indicates the \
    process violated the eventlistener protocol";

/// A daemon with one puppet in the pool `p`, not yet ready.
fn with_puppet(config: &str) -> (Daemon, Puppet) {
    let sandbox = sandbox();
    let listener = Puppet::new(&sandbox, "p");
    let daemon = Daemon::start_in(sandbox, config);
    daemon.wait_for_state("p", "RUNNING");
    (daemon, listener)
}

/// Checks that the daemon still does its work: a program starts and an event reaches the recorder `rec`.
fn assert_well(daemon: &Daemon) {
    emit(daemon, "still there");
    recorded_until(daemon, "rec", |event| event.text().ends_with("still there"));
}

/// EVT-21: the same event is delivered again.
#[test]
fn a_rejected_event_is_sent_again_with_its_serials() {
    let (daemon, mut listener) = with_puppet(&puppet("p", REMOTE));
    emit(&daemon, "one");
    let first = listener.take_event(&daemon);
    listener.say("RESULT 4\nFAIL");
    daemon.wait_for_message("WARN p: event was rejected");
    let second = listener.take_event(&daemon);
    assert_eq!(second, first);
    assert_eq!(first.text(), "type:test\none");
    listener.finish();
    emit(&daemon, "two");
    assert_eq!(listener.take_event(&daemon).text(), "type:test\ntwo");
}

/// EVT-22: upstream sends it again thousands of times in a second.
#[test]
fn rejected_events_are_redelivered_with_growing_delays_unlike_upstream() {
    let (daemon, mut listener) = with_puppet(&puppet("p", REMOTE));
    emit(&daemon, "poison");
    listener.take_event(&daemon);
    // In one write, so that no part arrives later.
    listener.say("RESULT 4\nFAILREADY\n".repeat(50));
    daemon.wait_for_message("WARN p: event was rejected");
    // The first rejection makes the event rest; what is said meanwhile is out of turn.
    daemon.wait_for_message(&format!("WARN p: {UNKNOWN}"));
    assert_eq!(listener.heard(&daemon).len(), 1);
}

/// EVT-28.
#[test]
fn an_event_whose_listener_dies_is_redelivered_after_the_restart() {
    let (daemon, mut listener) = with_puppet(&puppet("p", REMOTE));
    emit(&daemon, "one");
    emit(&daemon, "two");
    let first = listener.take_event(&daemon);
    let pid = daemon.pid_of("p");
    processes::signal(pid, "KILL");
    wait_until("another listener", || daemon.pid_of("p") != pid);
    assert_eq!(listener.take_event(&daemon), first);
    listener.finish();
    assert_eq!(listener.take_event(&daemon).text(), "type:test\ntwo");
}

/// EVT-24, EVT-27.
#[test]
fn a_listener_that_breaks_the_protocol_gets_no_events_until_its_restart() {
    let (daemon, mut listener) = with_puppet(&puppet("p", REMOTE));
    listener.say("hello\n");
    daemon.wait_for_message(&format!("WARN p: {UNKNOWN}"));
    emit(&daemon, "one");
    listener.say("READY\n");
    stays_true_for(Duration::from_millis(300), "no event", || listener.heard(&daemon).is_empty());
    assert_eq!(daemon.state("p"), "RUNNING");
    assert_eq!(daemon.ctl(&["restart", "p"]).code, 0);
    assert_eq!(listener.take_event(&daemon).text(), "type:test\none");
}

/// EVT-25
#[test]
fn a_listener_that_writes_in_ready_state_breaks_the_protocol() {
    let (daemon, mut listener) = with_puppet(&puppet("p", REMOTE));
    listener.say("READY\nbye");
    daemon.wait_for_message(&format!("WARN p: {UNKNOWN}"));
}

/// EVT-26, EVT-32
#[test]
fn an_event_answered_with_a_bad_line_goes_to_another_member_of_the_pool() {
    let sandbox = sandbox();
    let mut listeners = ["p_0", "p_1"].map(|name| Puppet::new(&sandbox, name));
    let options = format!("numprocs=2\nprocess_name=%(program_name)s_%(process_num)d\n{REMOTE}");
    let section = puppet("p", &options).replace("%(here)s/p\n", "%(here)s/p_%(process_num)d\n");
    let daemon = Daemon::start_in(sandbox, &format!("[supervisord]\nloglevel=debug\n{section}"));
    for (name, listener) in ["p_0", "p_1"].iter().zip(&mut listeners) {
        daemon.wait_for_state(&format!("p:{name}"), "RUNNING");
        listener.say("READY\n");
        daemon.wait_for_message(&format!("DEBG {name}: ACKNOWLEDGED -> READY"));
    }
    emit(&daemon, "one");
    let first = listeners[0].wait_for_events(&daemon, 1);
    assert!(listeners[1].heard(&daemon).is_empty());
    listeners[0].say("WHATEVER xx\n");
    daemon.assert_order(&["WARN p_0: bad result line: 'WHATEVER xx'", UNKNOWN]);
    assert_eq!(listeners[1].wait_for_events(&daemon, 1), first);
}

/// `RESULT 0` and answers that only look like OK; what upstream's `int()` takes for a number is no number here.
#[test]
fn results_may_arrive_in_any_pieces() {
    let (daemon, mut listener) =
        with_puppet(&format!("[supervisord]\nloglevel=debug\n{}", puppet("p", REMOTE)));
    emit(&daemon, "one");
    emit(&daemon, "two");
    listener.take_event(&daemon);
    for part in ["RES", "ULT", " ", "2", "\n", "O"] {
        let before = daemon.messages_with("stdout output:").len();
        listener.say(part);
        daemon.wait_for_messages("stdout output:", before + 1);
    }
    assert_eq!(daemon.messages_with("was processed"), [""; 0]);
    listener.say("K");
    daemon.wait_for_message("DEBG p: event was processed");
    assert_eq!(listener.take_event(&daemon).text(), "type:test\ntwo");
}

/// EVT-20: a slow listener costs its own pool events, and no other.
#[test]
fn a_slow_listener_makes_only_its_own_pool_overflow() {
    let (daemon, mut listener) =
        with_puppet(&(puppet("p", &format!("{REMOTE}\nbuffer_size=2")) + &recorder("rec", REMOTE)));
    emit(&daemon, "held");
    let held = listener.take_event(&daemon).serial();
    for data in ["1", "2", "3", "4"] {
        emit(&daemon, data);
        recorded_until(&daemon, "rec", |event| event.text().ends_with(data));
    }
    let lost = |serial| format!("ERRO pool p event buffer overflowed, discarding event {serial}");
    daemon.assert_messages("overflowed", &[lost(held + 1), lost(held + 2)]);
    listener.finish();
    let next = listener.take_event(&daemon);
    assert_eq!((next.text().as_str(), next.serial()), ("type:test\n3", held + 3));
}

#[test]
fn a_pool_may_have_a_buffer_of_one() {
    let (daemon, mut listener) = with_puppet(&puppet("p", &format!("{REMOTE}\nbuffer_size=1")));
    emit(&daemon, "1");
    emit(&daemon, "2");
    daemon.assert_messages("overflowed", &["ERRO pool p event buffer overflowed, discarding event 0"]);
    assert_eq!(listener.take_event(&daemon).text(), "type:test\n2");
    emit(&daemon, "3");
    listener.finish();
    assert_eq!(listener.take_event(&daemon).text(), "type:test\n3");
}

/// SIGUSR2 writes the counters of each pool to the log.
#[test]
fn sigusr2_logs_lost_and_redelivered_events_of_each_pool_unlike_upstream() {
    let config = puppet("p", &format!("{REMOTE}\nbuffer_size=1")) + &recorder("well", REMOTE);
    let (daemon, mut listener) = with_puppet(&config);
    for data in ["1", "2"] {
        emit(&daemon, data);
        recorded_until(&daemon, "well", |event| event.text().ends_with(data));
    }
    listener.take_event(&daemon);
    listener.say("RESULT 4\nFAIL");
    daemon.wait_for_message("WARN p: event was rejected");
    daemon.signal("USR2");
    daemon.assert_messages(
        " sent, ",
        &["INFO pool p: 1 events waiting, 1 sent, 1 put back to be sent again, 1 discarded for want of room, 0 given up"],
    );
}

/// EVT-29: upstream's supervisord ends when the pipe is full and leaves all its children behind.
#[test]
fn a_listener_that_never_reads_affects_only_itself_unlike_upstream() {
    let sandbox = sandbox();
    sandbox.write("deaf.sh", "printf 'READY\\n'\nexec sleep 1000\n");
    let config = "[supervisord]\nloglevel=debug\n\
        [eventlistener:deaf]\ncommand=/bin/sh %(here)s/deaf.sh\nevents=REMOTE_COMMUNICATION\nstartsecs=0\n";
    let daemon = Daemon::start_in(sandbox, &(config.to_owned() + &recorder("rec", REMOTE)));
    daemon.wait_for_message("DEBG deaf: ACKNOWLEDGED -> READY");
    let large = "x".repeat(200_000);
    for _ in 0..12 {
        emit(&daemon, &large);
    }
    assert_well(&daemon);
    // One event is on its way, ten wait.
    daemon.assert_messages(
        "pool deaf event",
        &[0, 1].map(|i| format!("ERRO pool deaf event buffer overflowed, discarding event {}", i + 1)),
    );
    assert_eq!(daemon.state("deaf"), "RUNNING");
    assert_eq!(daemon.ctl(&["stop", "deaf"]).stdout, "deaf: stopped\n");
}

/// Megabytes before READY, and without end: the pool is lost, the daemon is not.
#[test]
fn a_listener_that_floods_its_output_affects_only_itself() {
    let sandbox = sandbox();
    sandbox.write("flood.sh", "head -c 3000000 /dev/zero\nexec yes READY\n");
    let config = "[eventlistener:flood]\ncommand=/bin/sh %(here)s/flood.sh\nevents=EVENT\nstartsecs=0\n\
        stdout_logfile=NONE\n";
    let daemon = Daemon::start_in(sandbox, &(config.to_owned() + &recorder("rec", REMOTE)));
    daemon.wait_for_message(&format!("WARN flood: {UNKNOWN}"));
    assert_well(&daemon);
    assert_eq!(daemon.ctl(&["stop", "flood"]).stdout, "flood: stopped\n");
}

#[test]
fn an_event_for_a_listener_with_closed_input_waits_for_one_that_reads() {
    let sandbox = sandbox();
    // It says READY after it has closed its input; restarted, it reads.
    sandbox.write(
        "closed.sh",
        "if [ -e was.here ]; then exec /bin/sh recorder.sh closed.events; fi\n\
         : >was.here\nexec <&-\nprintf 'READY\\n'\nexec sleep 1000\n",
    );
    let config = "[supervisord]\nloglevel=debug\n[eventlistener:closed]\ncommand=/bin/sh %(here)s/closed.sh\n\
        events=REMOTE_COMMUNICATION\nstartsecs=0\ndirectory=%(here)s\nstdout_logfile=NONE\n";
    let daemon = Daemon::start_in(sandbox, config);
    daemon.wait_for_message("DEBG closed: ACKNOWLEDGED -> READY");
    emit(&daemon, "one");
    daemon.wait_for_message(
        "DEBG epipe occurred while sending event 0 to listener closed, listener state unchanged",
    );
    assert_eq!(daemon.ctl(&["restart", "closed"]).code, 0);
    let events = recorded_until(&daemon, "closed", |event| event.text().ends_with("one"));
    assert_eq!(events[0].serial(), 0);
}

/// EVT-31: events are kept before any listener runs, the newest ones.
#[test]
fn a_pool_started_later_gets_the_events_of_before() {
    let daemon = start(&recorder("rec", &format!("{REMOTE}\nautostart=false\nbuffer_size=2")));
    for data in ["1", "2", "3"] {
        emit(&daemon, data);
    }
    daemon.ask("startProcess", &["rec".into()]);
    recorded_until(&daemon, "rec", |event| event.text().ends_with('2'));
    emit(&daemon, "4");
    let events = recorded_until(&daemon, "rec", |event| event.text().ends_with('4'));
    let texts: Vec<_> = events.iter().map(|event| event.text().split_off("type:test\n".len())).collect();
    assert_eq!(texts, ["2", "3", "4"]);
}

/// EVT-20: of thousands of events at once each one is delivered, or its loss is in the log.
#[test]
fn every_event_of_a_flood_is_delivered_or_its_loss_is_logged_unlike_upstream() {
    let daemon = start(&recorder("rec", &format!("{REMOTE}\nbuffer_size=100")));
    // One request for many of them, so that they are faster than any listener reads.
    for first in (0..5000).step_by(1000) {
        let event = |number: i32| ["test".into(), Value::from(&*number.to_string())];
        let calls =
            (first..first + 1000).map(|number| call("supervisor.sendRemoteCommEvent", &event(number)));
        let calls = calls.collect();
        daemon.rpc().call("system.multicall", &[Value::Array(calls)]).unwrap();
    }
    emit(&daemon, "end");
    let events = recorded_until(&daemon, "rec", |event| event.text().ends_with("end"));
    assert_eq!(events.last().unwrap().serial(), 5000);
    let discarded = wait_for("every loss to be in the log", || {
        let discarded = daemon.messages_with("ERRO pool rec event buffer overflowed, discarding event");
        (events.len() + discarded.len() == 5001).then_some(discarded)
    });
    assert!(!discarded.is_empty());
    assert!(events.windows(2).all(|pair| pair[0].serial() < pair[1].serial()));
}

/// An event larger than anything the daemon keeps for other purposes; upstream ends at its first full pipe.
#[test]
fn an_event_of_megabytes_arrives_whole_unlike_upstream() {
    let sandbox = sandbox();
    sandbox.write(
        "x.sh",
        "printf '<!--XSUPERVISOR:BEGIN-->'\nhead -c 3000000 /dev/zero | tr '\\0' x\n\
         printf '<!--XSUPERVISOR:END-->'\nexec sleep 1000\n",
    );
    let config = "[program:x]\ncommand=/bin/sh %(here)s/x.sh\nstdout_capture_maxbytes=4MB\nstartsecs=0\n";
    let daemon = Daemon::start_in(sandbox, &(recorder("rec", "events=PROCESS_COMMUNICATION") + config));
    let event = recorded_until(&daemon, "rec", |_| true).remove(0);
    let (head, data) =
        event.payload.split_at(event.payload.iter().position(|byte| *byte == b'\n').unwrap() + 1);
    assert!(head.starts_with(b"processname:x groupname:x pid:"));
    assert_eq!(data.len(), 3_000_000);
}

/// EVT-35: a listener gets the events of every stop before its own.
#[test]
fn listeners_receive_the_events_of_everything_that_stops_before_them_unlike_upstream() {
    let config = "[program:a]\ncommand=sleep 1000\nstartsecs=0\npriority=2\n\
        [program:b]\ncommand=sleep 1000\nstartsecs=0\npriority=1\n";
    let options = "events=PROCESS_STATE,SUPERVISOR_STATE_CHANGE\nbuffer_size=100";
    let mut daemon = start(&(recorder("rec", options) + config));
    daemon.wait_for_state("a", "RUNNING");
    daemon.wait_for_state("b", "RUNNING");
    assert_eq!(daemon.terminate(), 0);
    let all: Vec<_> = recorded(&daemon, "rec").iter().map(super::listening::Event::summary).collect();
    let stopping = all.iter().position(|event| event == "SUPERVISOR_STATE_CHANGE_STOPPING ").unwrap();
    let last = &all[stopping..];
    assert_eq!(
        last,
        [
            "SUPERVISOR_STATE_CHANGE_STOPPING ",
            "PROCESS_STATE_STOPPING processname:a groupname:a from_state:RUNNING pid:N",
            "PROCESS_STATE_STOPPED processname:a groupname:a from_state:STOPPING pid:N",
            "PROCESS_STATE_STOPPING processname:b groupname:b from_state:RUNNING pid:N",
            "PROCESS_STATE_STOPPED processname:b groupname:b from_state:STOPPING pid:N",
        ]
    );
    daemon.assert_order(&["stopped: a", "stopped: b", "stopped: rec"]);
}

/// Each is sent the news of the shutdown and never deals with it.
#[test]
fn five_stuck_pools_together_delay_the_shutdown_by_two_seconds_unlike_upstream() {
    const POOLS: [&str; 5] = ["p1", "p2", "p3", "p4", "p5"];
    let sandbox = sandbox();
    let mut puppets = POOLS.map(|name| Puppet::new(&sandbox, name));
    let config = POOLS.map(|name| puppet(name, "events=SUPERVISOR_STATE_CHANGE_STOPPING"));
    let mut daemon =
        Daemon::start_in(sandbox, &format!("[supervisord]\nloglevel=debug\n{}", config.concat()));
    for (name, puppet) in POOLS.iter().zip(&mut puppets) {
        puppet.say("READY\n");
        daemon.wait_for_message(&format!("DEBG {name}: ACKNOWLEDGED -> READY"));
    }
    assert_eq!(daemon.terminate(), 0);
    let first = daemon.line_with("indicating exit request");
    let last_told = |name: &str| first.until(&daemon.line_with(&format!("killing {name} (pid ")));
    let waits: Vec<_> = POOLS.iter().map(|name| last_told(name)).collect();
    let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    // Each of them had two seconds of its own once: ten for the last.
    assert!(*least >= Duration::from_secs(2) && *most < Duration::from_secs(6), "{waits:?}");
}

/// EVT-35: a listener that never finishes does not keep the daemon from ending.
#[test]
fn a_listener_that_hangs_delays_the_shutdown_by_two_seconds_unlike_upstream() {
    let (mut daemon, mut listener) = with_puppet(&puppet("p", "events=SUPERVISOR_STATE_CHANGE"));
    listener.take_event(&daemon);
    assert_eq!(daemon.terminate(), 0);
    let waited = daemon.line_with("received SIGTERM").until(&daemon.line_with("stopped: p"));
    assert!((Duration::from_millis(1900)..Duration::from_secs(6)).contains(&waited), "{waited:?}");
    daemon.wait_for_message("INFO pool p ends, discarding 1 buffered events");
}

/// EVT-33
#[test]
fn what_a_listener_section_must_not_lack_or_have() {
    let with = |options: &str| format!("[eventlistener:l]\ncommand=x\n{options}\n");
    assert_refused(&with(""), "[eventlistener:l] section requires an \"events\" line");
    assert_refused(&with("events=EVENT,BOGUS"), "Unknown event type BOGUS in [eventlistener:l] events");
    assert_refused(
        &with("events=EVENT\nbuffer_size=0"),
        "[eventlistener:l] section sets invalid buffer_size (0)",
    );
    assert_refused(
        &with("events=EVENT\nredirect_stderr=true"),
        "[eventlistener:l] section sets redirect_stderr=true but this is not allowed because it will interfere with \
         the eventlistener protocol",
    );
    assert_file_refused(
        "[supervisord]\n[eventlistener:l]\ncommand=x\nevents=EVENT\n[group:g]\nprograms=l\n",
        "[group:g] names unknown program or fcgi-program l",
    );
}

/// EVT-9
#[test]
fn events_may_be_named_in_lower_case() {
    let daemon = start(&recorder("rec", "events=Remote_Communication"));
    emit(&daemon, "x");
    recorded_until(&daemon, "rec", |event| event.field("eventname") == "REMOTE_COMMUNICATION");
}

/// EVT-36
#[test]
fn changed_events_are_a_change_of_the_group() {
    let daemon = start(&recorder("rec", REMOTE));
    daemon.reconfigure(&recorder("rec", "events=TICK_60"));
    assert_eq!(daemon.ctl(&["reread"]).stdout, "rec: changed\n");
}

/// Two sections of one name are one pool with the later options.
#[test]
fn two_sections_of_one_name_are_one_pool() {
    let later = "[eventlistener:rec]\nevents=REMOTE_COMMUNICATION\n";
    let daemon = start(&(recorder("rec", "events=TICK_3600") + later));
    assert_eq!(daemon.ctl(&["status"]).stdout.lines().count(), 1);
    emit(&daemon, "x");
    recorded_until(&daemon, "rec", |event| event.text().ends_with('x'));
}

/// What names Python code is refused with what to do instead; commands of extensions are commands like any other.
#[test]
fn python_extensions_are_rejected_by_name_unlike_upstream() {
    let refusal = |config: &str| {
        let sandbox = support::Sandbox::new();
        support::Launch::new().configure(&sandbox, config).refusal(&sandbox)
    };
    let said = refusal("[eventlistener:l]\ncommand=x\nevents=EVENT\nresult_handler=my.module:handler\n");
    assert!(
        said.starts_with("Error: my.module:handler cannot be resolved within [eventlistener:l]\n"),
        "{said}"
    );
    assert!(said.contains("help: remove result_handler and answer RESULT 2 with OK, or FAIL"), "{said}");
    let said = refusal(
        "[rpcinterface:twiddler]\n\
         supervisor.rpcinterface_factory=supervisor_twiddler.rpcinterface:make_twiddler_rpcinterface\n",
    );
    assert!(
        said.contains("supervisor_twiddler.rpcinterface:make_twiddler_rpcinterface cannot be resolved"),
        "{said}"
    );
    assert!(said.contains("help: "), "{said}");
    let daemon = start("[eventlistener:memmon]\ncommand=memmon -a 200MB\nevents=TICK_60\nautostart=false\n");
    assert_eq!(daemon.state("memmon"), "STOPPED");
}
