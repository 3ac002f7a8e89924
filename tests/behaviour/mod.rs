//! One file per feature.

mod attacks;
mod capture;
mod child_logs;
mod command_line;
mod config_file;
mod containers;
mod control;
mod daemonize;
mod descriptor_shortage;
mod descriptors;
mod environment;
mod events;
mod exits;
mod expansion;
mod fastcgi;
mod groups;
mod hostile;
mod http_listeners;
mod include;
mod limits;
mod listeners;
mod listening;
mod main_log;
mod memory;
mod options;
mod order;
mod pidfile;
mod pidproxy;
mod privileges;
mod process_groups;
mod quickstart;
mod reread;
mod rotation;
mod rpc;
mod rpc_wire;
mod sample;
mod search;
mod signals;
mod spawn;
mod start;
mod stopping;
mod syslog;
mod web;

use support::{Launch, Sandbox};

/// What supervisord says to a configuration it has to refuse: the text begins with upstream's sentence.
#[track_caller]
fn assert_refused(config: &str, sentence: &str) {
    let sandbox = Sandbox::new();
    let said = Launch::new().configure(&sandbox, config).refusal(&sandbox);
    assert!(said.starts_with(&format!("Error: {sentence}\n")), "expected {sentence:?}, got\n{said}");
}

/// The same for a whole file, without the sections every daemon of the tests has.
#[track_caller]
fn assert_file_refused(file: impl AsRef<[u8]>, sentence: &str) {
    let sandbox = Sandbox::new();
    sandbox.write("supervisord.conf", file);
    let said = Launch::new().refusal(&sandbox);
    assert!(said.starts_with(&format!("Error: {sentence}\n")), "expected {sentence:?}, got\n{said}");
}
