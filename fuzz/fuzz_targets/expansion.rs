//! Any text as a command, an environment and a log path, with any bytes in a variable they may name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use supervisor_config::{CommandLine, MemoryHost, load, words};

fuzz_target!(|input: (String, Vec<u8>)| {
    let (text, variable) = input;
    let text = text.replace(['\n', '\r'], " ");
    let config = format!(
        "[supervisord]\n[program:x]\nnumprocs=2\nprocess_name=%(process_num)d\ncommand={text}\nenvironment=A=\"{text}\"\n\
         stdout_logfile={text}\n"
    );
    let host =
        MemoryHost::new().with_variable("X", OsString::from_vec(variable)).with_file("/srv/s.conf", config);
    let line = CommandLine { configuration: Some("s.conf".into()), ..CommandLine::new("supervisord") };
    if let Ok(config) = load(&line, &host) {
        for process in config.groups.iter().flat_map(|group| &group.processes) {
            let _ = words::split(&process.command);
        }
    }
});
