//! Loads a configuration with this machine's files and users and prints it as JSON, or prints why it is refused.
//!
//! `cargo run -p supervisor-host --example show_config -- -c FILE`
//!
//! For comparing two implementations.
#![allow(clippy::print_stdout, reason = "printing is what this example is for")]

use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;
use supervisor_config::{
    Config, Group, GroupKind, ListenerPool, LogFile, LogTarget, Process, Severity, StreamLog, command_line,
    load,
};
use supervisor_host::SystemHost;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let host = SystemHost::at_startup();
    let config = command_line::parse(&arguments, &host).and_then(|line| load(&line, &host));
    match config {
        Ok(config) => {
            println!("{}", shown(&config));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::from(2)
        }
    }
}

/// Writes JSON objects key by key.
struct Object(String);

impl Object {
    fn new() -> Self {
        Self("{".to_string())
    }

    fn raw(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        let comma = if self.0.len() > 1 { "," } else { "" };
        write!(self.0, "{comma}{}:{value}", quoted(key.as_bytes())).expect("writing to a String cannot fail");
        self
    }

    fn text(self, key: &str, value: impl AsRef<OsStr>) -> Self {
        let value = quoted(value.as_ref().as_bytes());
        self.raw(key, value)
    }

    fn optional(self, key: &str, value: Option<impl std::fmt::Display>) -> Self {
        let value = value.map_or_else(|| "null".to_string(), |value| value.to_string());
        self.raw(key, value)
    }

    fn end(self) -> String {
        self.0 + "}"
    }
}

fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for letter in String::from_utf8_lossy(bytes).chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            ' '..='~' => text.push(letter),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    write!(text, "\\u{unit:04x}").expect("writing to a String cannot fail");
                }
            }
        }
    }
    text + "\""
}

fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(","))
}

fn shown(config: &Config) -> String {
    let main = &config.supervisord;
    let logfile = match &main.logfile {
        LogTarget::Syslog => OsStr::new("syslog"),
        LogTarget::Path(path) => path.as_os_str(),
    };
    let messages = |severity| {
        let chosen = config.messages.iter().filter(move |message| message.severity == severity);
        list(chosen.map(|message| quoted(message.text.as_bytes())))
    };
    Object::new()
        .raw("groups", list(config.groups.iter().map(|one| group(one))))
        .text("logfile", logfile)
        .raw("logfile_maxbytes", main.logfile_maxbytes)
        .raw("logfile_backups", main.logfile_backups)
        .raw("loglevel", main.loglevel.number())
        .text("pidfile", &main.pidfile)
        .text("identifier", &main.identifier)
        .text("childlogdir", &main.childlogdir)
        .raw("umask", main.umask)
        .raw("minfds", main.minfds)
        .raw("minprocs", main.minprocs)
        .optional("user", main.user.as_ref().map(|user| user.uid))
        .optional("directory", main.directory.as_ref().map(|path| quoted(path.as_os_str().as_bytes())))
        .optional("server_url", config.server_url.as_ref().map(|url| quoted(url.as_bytes())))
        .raw(
            "servers",
            list(config.servers.iter().map(|server| quoted(format!("{:?}", server.address).as_bytes()))),
        )
        .raw("warnings", messages(Severity::Warning))
        .raw("notes", messages(Severity::Info))
        .end()
}

fn event_names(pool: &ListenerPool) -> Vec<String> {
    let mut names: Vec<_> = pool.events.iter().map(|kind| kind.name().to_owned()).collect();
    names.sort_unstable();
    names
}

fn group(group: &Group) -> String {
    let object = Object::new()
        .text("name", &*group.name)
        .raw("priority", group.priority)
        .raw("processes", list(group.processes.iter().map(|one| process(one))));
    match &group.kind {
        GroupKind::Program => object,
        GroupKind::EventListener(pool) => object
            .raw("buffer_size", pool.buffer_size)
            .raw("events", list(event_names(pool).into_iter().map(|name| quoted(name.as_bytes())))),
        GroupKind::FastCgi(socket) => object.text("socket", socket.url()).raw("mode", socket.mode),
    }
    .end()
}

fn process(process: &Process) -> String {
    let policy = &process.policy;
    let environment = process.environment.iter().fold(Object::new(), |object, (name, value)| {
        object.raw(&name.to_string_lossy(), quoted(value.as_bytes()))
    });
    Object::new()
        .text("name", &*process.name)
        .text("group", &*process.group)
        .raw("priority", policy.priority)
        .raw("autostart", policy.autostart)
        .text("autorestart", format!("{:?}", policy.autorestart))
        .raw("startsecs", policy.startsecs)
        .raw("startretries", policy.startretries)
        .raw("stopsignal", policy.stopsignal.0)
        .raw("stopwaitsecs", policy.stopwaitsecs)
        .raw("stopasgroup", policy.stopasgroup)
        .raw("killasgroup", policy.killasgroup)
        .raw("exitcodes", list(policy.exitcodes.iter().map(u8::to_string)))
        .optional("uid", process.uid)
        .text("command", OsStr::from_bytes(&process.command))
        .optional("directory", process.directory.as_ref().map(|path| quoted(path.as_os_str().as_bytes())))
        .optional("umask", process.umask)
        .raw("stdout", stream(&process.stdout))
        .raw("stderr", stream(&process.stderr))
        .raw("redirect_stderr", process.redirect_stderr)
        .raw("environment", environment.end())
        .optional("serverurl", process.serverurl.as_ref().map(|url| quoted(url.as_bytes())))
        .end()
}

fn stream(stream: &StreamLog) -> String {
    let logfile = match &stream.logfile {
        LogFile::None => "null".to_string(),
        LogFile::Auto => "\"auto\"".to_string(),
        LogFile::Path(path) => quoted(path.as_os_str().as_bytes()),
    };
    Object::new()
        .raw("logfile", logfile)
        .raw("maxbytes", stream.maxbytes)
        .raw("backups", stream.backups)
        .raw("syslog", stream.syslog)
        .raw("capture_maxbytes", stream.capture_maxbytes)
        .raw("events_enabled", stream.events_enabled)
        .end()
}
