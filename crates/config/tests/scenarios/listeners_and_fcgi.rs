//! `[eventlistener:x]` and `[fcgi-program:x]`.

use super::{host, load_on, loaded, messages, refused};
use supervisor_config::{FastCgiAddress, FastCgiSocket, GroupKind, ListenerPool, Owner, Severity};
use supervisor_core::{EventKind, EventLength, EventSet};

fn listener(options: &str) -> String {
    format!("[supervisord]\n[eventlistener:e]\ncommand=a\n{options}\n")
}

fn pool(options: &str) -> ListenerPool {
    match &loaded(&listener(options)).groups[0].kind {
        GroupKind::EventListener(pool) => ListenerPool::clone(pool),
        GroupKind::Program | GroupKind::FastCgi(_) => panic!("a listener was expected"),
    }
}

#[test]
fn a_listener_has_a_pool_and_two_priorities() {
    let config = loaded(&listener("events=TICK_60,process_state, TICK_60"));
    assert_eq!((config.groups[0].priority, config.groups[0].processes[0].policy.priority), (-1, 999));
    let pool = pool("events=TICK_60,process_state, TICK_60");
    assert_eq!(
        (pool.buffer_size, pool.events),
        (10, EventSet::from_iter([EventKind::ProcessState, EventKind::Tick60]))
    );
    assert_eq!(pool.result_handler, "supervisor.dispatchers:default_handler");
    assert_eq!(&*loaded("[supervisord]\n[eventlistener: e ]\ncommand=a\nevents=EVENT\n").groups[0].name, "e");
}

/// Upstream has no such option: its lengths are in characters.
#[test]
fn lengths_of_events_are_in_characters_unless_bytes_are_wanted() {
    assert_eq!(pool("events=EVENT").length, EventLength::Characters);
    assert_eq!(pool("events=EVENT\nevent_length=Characters").length, EventLength::Characters);
    assert_eq!(pool("events=EVENT\nevent_length=bytes").length, EventLength::Bytes);
    assert_eq!(
        refused(&listener("events=EVENT\nevent_length=octets")),
        "invalid 'event_length' value 'octets' in section 'eventlistener:e' (file: 's.conf')"
    );
}

#[test]
fn a_listener_sees_in_its_environment_that_lengths_are_in_bytes() {
    let variable = |options: &str| {
        let config = loaded(&listener(&format!("events=EVENT\n{options}")));
        let value = config.groups[0].processes[0].environment.value("SUPERVISOR_EVENT_LENGTH".as_ref());
        value.map(|value| value.to_owned().into_string().unwrap())
    };
    assert_eq!(variable(""), None);
    assert_eq!(variable("event_length=bytes").as_deref(), Some("bytes"));
    let own = "event_length=bytes\nenvironment=SUPERVISOR_EVENT_LENGTH=\"mine\"";
    assert_eq!(variable(own).as_deref(), Some("mine"));
}

/// CFG-48.
#[test]
fn what_a_listener_must_not_lack_or_have() {
    assert_eq!(refused(&listener("")), "[eventlistener:e] section requires an \"events\" line");
    assert_eq!(refused(&listener("events=foo")), "Unknown event type FOO in [eventlistener:e] events");
    assert_eq!(refused(&listener("events=EVENT,")), "Unknown event type  in [eventlistener:e] events");
    assert_eq!(
        refused(&listener("events=EVENT\nbuffer_size=0")),
        "[eventlistener:e] section sets invalid buffer_size (0)"
    );
    assert_eq!(
        refused(&listener("events=EVENT\nredirect_stderr=true")),
        "[eventlistener:e] section sets redirect_stderr=true but this is not allowed because it will interfere with \
         the eventlistener protocol"
    );
    assert_eq!(
        refused(&listener("events=EVENT\nresult_handler=foo:bar")),
        "foo:bar cannot be resolved within [eventlistener:e]"
    );
    assert_eq!(
        refused("[supervisord]\n[eventlistener:a b]\ncommand=a\nevents=EVENT\n"),
        "Invalid name: 'a b' because of character: ' ' in section 'eventlistener:a b' (file: 's.conf')"
    );
}

fn fcgi(options: &str) -> String {
    format!("[supervisord]\n[fcgi-program:f]\ncommand=a\n{options}\n")
}

fn socket(options: &str) -> FastCgiSocket {
    let config = loaded(&fcgi(options));
    let GroupKind::FastCgi(socket) = &config.groups[0].kind else { panic!("a FastCGI group was expected") };
    assert_eq!(config.groups[0].processes[0].socket.as_ref(), Some(socket));
    FastCgiSocket::clone(socket)
}

#[test]
fn a_socket_is_a_path_or_a_port() {
    let unix = socket("socket=unix:///run/../tmp/%(program_name)s.sock\nsocket_backlog=5");
    assert_eq!(unix.address, FastCgiAddress::Unix("/tmp/f.sock".into()));
    assert_eq!(
        (unix.url().to_str(), unix.mode, unix.owner, unix.backlog),
        (Some("unix:///tmp/f.sock"), 0o700, None, Some(5))
    );
    assert_eq!(socket("socket=tcp://[::1]:9000").url().to_str(), Some("tcp://[::1]:9000"));
    let tcp = socket("socket=tcp://LocalHost:9000\nuser=nobody");
    assert_eq!(tcp.url().to_str(), Some("tcp://localhost:9000"));
}

#[test]
fn a_socket_belongs_to_its_owner_or_the_programs_user() {
    let nobody = Some(Owner { uid: 65534, gid: Some(65534) });
    assert_eq!(socket("socket=unix:///s\nuser=nobody").owner, nobody);
    assert_eq!(
        socket("socket=unix:///s\nuser=nobody\nsocket_owner=root").owner,
        Some(Owner { uid: 0, gid: None })
    );
    let own = host().run_by(65534).with_file("/srv/s.conf", fcgi("socket=unix:///s\nuser=nobody"));
    let config = load_on(own, &["-c", "s.conf"]).unwrap();
    assert_eq!(config.groups[0].processes[0].socket.as_ref().unwrap().owner, None);
}

/// CFG-49; upstream shows tuples where the format and the path are wrong.
#[test]
fn what_is_no_socket_is_refused() {
    let cases = [
        ("", "[fcgi-program:f] section requires a \"socket\" line"),
        ("socket=", "[fcgi-program:f] section requires a \"socket\" line"),
        ("socket=foo", "Bad socket format foo in [fcgi-program:f] socket"),
        ("socket=tcp://::1:1", "Bad socket format tcp://::1:1 in [fcgi-program:f] socket"),
        ("socket=unix://rel", "Unix socket path rel is not an absolute path in [fcgi-program:f] socket"),
        ("socket=tcp://h:99999", "99999 is above upper bound (65535) in [fcgi-program:f] socket"),
        (
            "socket=tcp://h:1\nsocket_mode=0700",
            "socket_owner and socket_mode params should only be used with a Unix domain socket in [fcgi-program:f] socket",
        ),
        ("socket=unix:///s\nsocket_backlog=0", "Invalid socket_backlog value 0"),
        ("socket=unix:///s\nsocket_owner=nosuch", "Invalid socket_owner value nosuch"),
        ("socket=unix:///s\nsocket_mode=9", "Invalid socket_mode value 9"),
    ];
    for (options, message) in cases {
        assert_eq!(refused(&fcgi(options)), message);
    }
    let message = refused(&fcgi("socket=unix:///%(group_name)s"));
    assert!(message.ends_with("Available names: ENV_FOO, ENV_HOME, here, program_name"), "{message}");
}

/// Upstream forgets the socket without a word.
#[test]
fn an_fcgi_program_in_a_group_keeps_its_socket() {
    let config = loaded(&(fcgi("socket=tcp://h:1") + "[group:g]\nprograms=f\n"));
    assert_eq!(config.groups[0].kind, GroupKind::Program);
    assert_eq!(config.groups[0].processes[0].socket.as_ref().unwrap().url(), "tcp://h:1");
    let config = loaded(&(fcgi("socket=foo") + "[group:g]\nprograms=f\n"));
    assert_eq!(config.groups[0].processes[0].socket, None);
    assert_eq!(
        messages(&config, Severity::Warning),
        [
            "[fcgi-program:f] runs without a socket in [group:g]: Bad socket format foo in [fcgi-program:f] socket"
        ]
    );
}
