//! Any bytes as a configuration, as a file it includes, and as supervisorctl's file: a result or a report, no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use supervisor_config::{CommandLine, Diff, MemoryHost, ctl, diff, load};

fuzz_target!(|text: &[u8]| {
    let host = MemoryHost::new().with_file("/srv/s.conf", text).with_file("/srv/d/i.conf", text);
    let line = CommandLine { configuration: Some("s.conf".into()), ..CommandLine::new("supervisord") };
    match load(&line, &host) {
        Ok(config) => assert_eq!(diff(&config.groups, &config.groups), Diff::default()),
        Err(failure) => assert!(failure.to_string().starts_with("Error: ")),
    }
    let client = ctl::parse(&["supervisorctl".into(), "-c".into(), "s.conf".into()], &host)
        .expect("the options are right");
    let _ = ctl::load(&client, &host);
});
