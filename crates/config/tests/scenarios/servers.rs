//! HTTP servers and RPC interfaces.

use super::{loaded, messages, refused, try_load};
use std::path::PathBuf;
use supervisor_config::{Owner, ServerAddress, Severity};

fn with(sections: &str) -> String {
    format!("[supervisord]\n{sections}\n")
}

fn inet(host: &str, port: u16) -> ServerAddress {
    ServerAddress::Inet { host: host.to_string(), port }
}

/// CFG-35, CFG-36.
#[test]
fn several_servers_listen_and_children_are_told_of_one() {
    let two = "[inet_http_server:b]\nport=B:9002\n[inet_http_server]\nport=*:9001\n";
    let config = loaded(&with(two));
    let addresses: Vec<_> = config.servers.iter().map(|server| server.address.clone()).collect();
    assert_eq!(addresses, [inet("b", 9002), inet("", 9001)]);
    assert_eq!(config.server_url.as_deref(), Some("http://localhost:9001".as_ref()));
    let config =
        loaded(&with(&format!("[unix_http_server]\nfile=/tmp/s\n[unix_http_server:2]\nfile=/tmp/t\n{two}")));
    assert_eq!(config.servers.len(), 4);
    assert!(matches!(config.servers[0].address, ServerAddress::Inet { .. }));
    assert_eq!(config.server_url.as_deref(), Some("unix:///tmp/s".as_ref()));
}

/// Upstream listens by IPv4 only.
#[test]
fn an_ipv6_address_stands_in_brackets() {
    let cases = [
        ("[::1]:9001", inet("::1", 9001), "http://[::1]:9001"),
        ("[2001:DB8::2]:80", inet("2001:db8::2", 80), "http://[2001:db8::2]:80"),
        ("[::]:9001", inet("::", 9001), "http://localhost:9001"),
        ("[fe80::1%%eth0]:9001", inet("fe80::1%eth0", 9001), "http://[fe80::1%eth0]:9001"),
        ("[nohost]:1", inet("[nohost]", 1), "http://[nohost]:1"),
    ];
    for (port, address, url) in cases {
        let config = loaded(&with(&format!("[inet_http_server]\nport={port}")));
        assert_eq!(config.servers[0].address, address);
        assert_eq!(config.server_url.as_deref(), Some(url.as_ref()));
    }
    assert_eq!(
        refused(&with("[inet_http_server]\nport=[::1]")),
        "invalid literal for int() with base 10: '1]'"
    );
}

/// CFG-61.
#[test]
fn a_relative_socket_starts_where_the_program_was_started() {
    let config = loaded(&with("[unix_http_server]\nfile= ./rel.sock \nchmod=0770\nchown=nobody:root\n"));
    let expected = ServerAddress::Unix {
        path: PathBuf::from("/srv/rel.sock"),
        mode: 0o770,
        owner: Some(Owner { uid: 65534, gid: Some(0) }),
    };
    assert_eq!(config.servers[0].address, expected);
}

/// CFG-37.
#[test]
fn a_port_is_a_number_in_range() {
    let cases = [
        ("abc", "not a valid port number: 'abc' "),
        ("0", "not a valid port number: '0' "),
        ("host:0", "0 is below lower bound (1)"),
        ("host:70000", "70000 is above upper bound (65535)"),
        ("host:x", "invalid literal for int() with base 10: 'x'"),
        ("host:", "no port number specified in ''"),
    ];
    for (port, message) in cases {
        assert_eq!(refused(&with(&format!("[inet_http_server]\nport={port}"))), message);
    }
}

/// Ours: the names under which browsers may use a server.
#[test]
fn allowed_hosts_are_names_without_scheme_or_port() {
    let hosts = |value: &str| {
        let config = loaded(&with(&format!("[inet_http_server]\nport=1\nallowed_hosts={value}\n")));
        config.servers[0].allowed_hosts.clone()
    };
    assert_eq!(
        hosts("Status.Example.com, .corp.example,,my_host."),
        ["status.example.com", ".corp.example", "my_host"]
    );
    assert_eq!((hosts("*"), hosts("")), (vec!["*".to_owned()], vec![]));
    for value in ["http://s.example", "s.example:80", "s.example/x", "*.example", ".", "a b", "服务"] {
        let message =
            refused(&with(&format!("[inet_http_server]\nport=1\nallowed_hosts=ok.example, {value}")));
        assert_eq!(message, format!("not a valid host name: '{value}'"));
    }
}

/// CFG-34.
#[test]
fn a_user_name_needs_a_password_and_the_other_way_round() {
    let message = "Section [inet_http_server] contains incomplete authentication: If a username or a password is \
                   specified, both the username and password must be specified";
    for option in ["username=u", "password=p"] {
        assert_eq!(refused(&with(&format!("[inet_http_server]\nport=1\n{option}"))), message);
    }
    let config = loaded(&with(
        "[inet_http_server]\nport=1\nusername=u\npassword=\n[unix_http_server]\nfile=s\nusername=\npassword=p\n",
    ));
    let credentials = config.servers[0].credentials.as_ref().unwrap();
    assert_eq!((&credentials.username[..], &credentials.password[..]), (&b"u"[..], &b""[..]));
    assert_eq!(config.servers[1].credentials, None);
    assert!(!format!("{config:?}").contains("[117]"), "credentials must not show in debug output");
}

/// CFG-33.
#[test]
fn a_percent_sign_in_a_password_is_doubled() {
    let config = loaded(&with("[inet_http_server]\nport=1\nusername=u\npassword=a%%b\n"));
    assert_eq!(config.servers[0].credentials.as_ref().unwrap().password, b"a%b");
    assert_eq!(
        refused(&with("[inet_http_server]\nport=1\nusername=u\npassword=a%b\n")),
        "Format string 'a%b' for 'inet_http_server.password' is badly formatted: unsupported format character 'b' \
         (0x62) at index 2"
    );
}

#[test]
fn what_a_server_must_not_lack_or_have() {
    let cases = [
        ("[inet_http_server:b]", "section [inet_http_server:b] has no port value"),
        ("[unix_http_server]", "section [unix_http_server] has no file value"),
        ("[unix_http_server]\nfile=s\nchmod=9", "Invalid chmod value 9"),
        ("[unix_http_server]\nfile=s\nchown=nosuch", "Invalid sockchown value nosuch"),
        ("[unix_http_server]\nfile=s\nchown=root:nosuch", "Invalid sockchown value root:nosuch"),
    ];
    for (section, message) in cases {
        assert_eq!(refused(&with(section)), message);
    }
}

#[test]
fn any_section_that_begins_so_is_a_server() {
    let config = loaded(&with("[inet_http_serverfoo]\nport=1\n"));
    assert_eq!(config.servers[0].section, "inet_http_serverfoo");
    assert_eq!(
        messages(&config, Severity::Warning),
        ["Section 'inet_http_serverfoo' (file: 's.conf', line 2) is read as a server; did you mean \
          [inet_http_server:foo]?"]
    );
}

/// CFG-50.
#[test]
fn an_rpc_interface_has_a_factory_that_is_built_in() {
    assert_eq!(
        refused(&with("[rpcinterface:x]")),
        "section [rpcinterface:x] does not specify a supervisor.rpcinterface_factory"
    );
    let unknown = with("[rpcinterface:x]\nsupervisor.rpcinterface_factory=foo:bar");
    assert_eq!(refused(&unknown), "foo:bar cannot be resolved within [rpcinterface:x]");
    let main = "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface";
    let config = loaded(&with(&format!("[rpcinterface:supervisor]\n{main}\nother=%(ENV_FOO)s\n")));
    assert_eq!(config.rpcinterfaces[0].name, "supervisor");
    assert_eq!(config.rpcinterfaces[0].options, [("other".to_string(), b"foo".to_vec())]);
}

#[test]
fn known_python_extensions_are_recognised_with_a_way_out() {
    let packages = [
        "supervisor_twiddler.rpcinterface:make_twiddler_rpcinterface",
        "supervisor_cache.rpcinterface:make_cache_rpcinterface",
        "supervisor_quick:make_quick_rpcinterface",
        "supervisor_checks.x:y",
        "supervisor_serialrestart.rpcinterface:x",
        "supvisors.plugin:make_supvisors_rpcinterface",
        "superlance.x:y",
        "mr.laforge.rpcinterface:make_laforge_rpcinterface",
    ];
    for package in packages {
        let failure =
            try_load(&with(&format!("[rpcinterface:x]\nsupervisor.rpcinterface_factory={package}")))
                .unwrap_err();
        let fault = failure.first();
        assert_eq!(fault.message(), format!("{package} cannot be resolved within [rpcinterface:x]"));
        assert!(
            fault.why().unwrap().ends_with("is a Python package, and this supervisor loads no Python code")
        );
        assert!(fault.hint().is_some());
    }
}
