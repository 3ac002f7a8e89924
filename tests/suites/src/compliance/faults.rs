//! Configurations and command lines that have to be refused: the first line of what each says.

use support::{Flavour, Launch, Sandbox};

use super::report::Report;

/// One fault each, below the sections that make the rest of the file complete.
const FAULTS: &[&str] = &[
    "[supervisord]\nloglevel=warning",
    "[supervisord]\nminfds=many",
    "[supervisord]\nminprocs=0x10",
    "[supervisord]\numask=999",
    "[supervisord]\ndirectory=/nonexist",
    "[supervisord]\nlogfile=/nonexist/x.log",
    "[supervisord]\nlogfile_maxbytes=1K",
    "[supervisord]\nlogfile_backups=ten",
    "[supervisord]\nnocleanup=maybe",
    "[supervisord]\nchildlogdir=/nonexist",
    "[supervisord]\npidfile=/nonexist/x.pid",
    "[supervisord]\nuser=nosuch",
    "[supervisord]\nuser=99999",
    "[supervisord]\nenvironment=A",
    "[supervisord]\nidentifier=%(nosuch",
    "[unix_http_server]\nchmod=9",
    "[unix_http_server]\nchown=nosuch",
    "[unix_http_server]\nusername=a",
    "[inet_http_server]",
    "[inet_http_server]\nport=abc",
    "[inet_http_server]\nport=",
    "[inet_http_server]\nport=localhost:http",
    "[inet_http_server]\nport=70000",
    "[inet_http_server]\nport=1:70000",
    "[inet_http_server]\nport=1\npassword=a",
    "[inet_http_server]\nport=1\nusername=a\npassword=50%",
    "[include]",
    "[rpcinterface:x]",
    "[group:g]\nprograms=nosuch",
    "[group:g]\npriority=high",
    "[group:a b]\nprograms=",
    "[program:x]",
    "[program:a b]\ncommand=x",
    "[program:a:b]\ncommand=x",
    "[program:a/b]\ncommand=x",
    "[program:x]\ncommand=x %Y",
    "[program:x]\ncommand=x %(process_num",
    "[program:x]\ncommand=x %(program_name)d",
    "[program:x]\ncommand=x %",
    "[program:x]\ncommand=x\npriority=high",
    "[program:x]\ncommand=x\nautostart=maybe",
    "[program:x]\ncommand=x\nautorestart=Sometimes",
    "[program:x]\ncommand=x\nstartsecs=1.5",
    "[program:x]\ncommand=x\nstartretries=",
    "[program:x]\ncommand=x\nstopsignal=FOO",
    "[program:x]\ncommand=x\nstopsignal=99",
    "[program:x]\ncommand=x\nstopwaitsecs=long",
    "[program:x]\ncommand=x\nstopasgroup=true\nkillasgroup=false",
    "[program:x]\ncommand=x\nexitcodes=0,256",
    "[program:x]\ncommand=x\nexitcodes=0,",
    "[program:x]\ncommand=x\nredirect_stderr=2",
    "[program:x]\ncommand=x\nnumprocs=2",
    "[program:x]\ncommand=x\nnumprocs=two",
    "[program:x]\ncommand=x\nnumprocs_start=one",
    "[program:x]\ncommand=x\nenvironment=A=",
    "[program:x]\ncommand=x\nenvironment=A=b@c",
    "[program:x]\ncommand=x\nenvironment=A=\"b",
    "[program:x]\ncommand=x\nstdout_logfile=/nonexist/x",
    "[program:x]\ncommand=x\nstdout_logfile_maxbytes=1.5MB",
    "[program:x]\ncommand=x\nstderr_logfile_backups=x",
    "[program:x]\ncommand=x\nstdout_capture_maxbytes=1tb",
    "[program:x]\ncommand=x\nstdout_events_enabled=x",
    "[program:x]\ncommand=x\nstdout_syslog=x",
    "[program:x]\ncommand=x\numask=8",
    "[program:x]\ncommand=x\nuser=nosuch",
    "[program:x]\ncommand=x\nuser=99999",
    "[program:x]\ncommand=x\nprocess_name=a b",
    "[eventlistener:e]\ncommand=x",
    "[eventlistener:e]\ncommand=x\nevents=FOO",
    "[eventlistener:e]\ncommand=x\nevents=TICK,",
    "[eventlistener:e]\ncommand=x\nevents=TICK\nbuffer_size=0",
    "[eventlistener:e]\ncommand=x\nevents=TICK\nbuffer_size=big",
    "[eventlistener:e]\ncommand=x\nevents=TICK\nredirect_stderr=true",
    "[fcgi-program:f]\ncommand=x",
    "[fcgi-program:f]\ncommand=x\nsocket=tcp://localhost:99999",
    "[fcgi-program:f]\ncommand=x\nsocket=tcp://localhost:9000\nsocket_mode=0700",
    "[fcgi-program:f]\ncommand=x\nsocket=unix:///tmp/f\nsocket_mode=9",
    "[fcgi-program:f]\ncommand=x\nsocket=unix:///tmp/f\nsocket_owner=nosuch",
    "[fcgi-program:f]\ncommand=x\nsocket=unix:///tmp/f\nsocket_backlog=0",
    "no option",
    "[x]\n=1\nfoo",
];

/// Command lines with one fault each, besides a sound configuration.
const COMMAND_LINES: &[&[&str]] = &[
    &["-n", "-n"],
    &["--nodaemon", "-n"],
    &["--log", "x"],
    &["--bogus"],
    &["-x"],
    &["-m"],
    &["--umask"],
    &["--nodaemon=1"],
    &["extra", "two"],
    &["it's"],
    &["-m", "9"],
    &["-e", "bogus"],
    &["-y", "1x"],
    &["-z", ""],
    &["-d", "/nonexist"],
    &["-l", "/nonexist/x"],
    &["-u", "nosuch"],
    &["-u", "99999"],
    &["-a", "1.5"],
];

pub(super) fn compare(report: &mut Report) {
    for fault in FAULTS {
        let refused = |flavour| {
            let sandbox = Sandbox::new();
            first_line(&Launch::of(flavour).configure(&sandbox, &format!("{fault}\n")), &sandbox)
        };
        let name = format!("refused: {}", fault.replace('\n', " | "));
        report.compare(name, &refused(Flavour::Upstream), &refused(Flavour::Ours));
    }
    for arguments in COMMAND_LINES {
        let refused = |flavour| {
            let sandbox = Sandbox::new();
            let launch = Launch::of(flavour).configure(&sandbox, "").arguments(arguments.to_vec());
            first_line(&launch, &sandbox)
        };
        let name = format!("refused: supervisord {}", arguments.join(" "));
        report.compare(name, &refused(Flavour::Upstream), &refused(Flavour::Ours));
    }
}

/// The exit code and the first line of standard error.
fn first_line(launch: &Launch, sandbox: &Sandbox) -> String {
    let outcome = launch.clone().run(sandbox);
    let line = outcome.stderr.lines().next().unwrap_or_default();
    format!("{} {}", outcome.code, line.replace(&sandbox.root().display().to_string(), "DIR"))
}
