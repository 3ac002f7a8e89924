//! Loads a configuration with this machine's files and users and prints it as JSON, or prints why it is refused.
//!
//! `cargo run -p supervisor-config --example show_config -- -c FILE`
//!
//! For comparing two implementations, and as an example of a `Host` that needs nothing but the standard library.
#![allow(clippy::print_stdout, reason = "printing is what this example is for")]

use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use supervisor_config::{
    Account, Config, Group, GroupKind, Host, LogFile, LogTarget, Process, Severity, StreamLog, command_line,
    load,
};

struct ThisMachine;

impl ThisMachine {
    fn accounts() -> Vec<Account> {
        let text = std::fs::read("/etc/passwd").unwrap_or_default();
        let lines = text.split(|&byte| byte == b'\n');
        let fields = lines.map(|line| line.split(|&byte| byte == b':').collect::<Vec<_>>());
        let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse().ok();
        let account = |fields: Vec<&[u8]>| {
            Some(Account {
                name: OsString::from_vec(fields.first()?.to_vec()),
                uid: number(fields.get(2)?)?,
                gid: number(fields.get(3)?)?,
                home: PathBuf::from(OsStr::from_bytes(fields.get(5)?)),
            })
        };
        fields.filter_map(account).collect()
    }

    fn groups() -> Vec<(OsString, u32)> {
        let text = std::fs::read_to_string("/etc/group").unwrap_or_default();
        let group = |line: &str| {
            let mut fields = line.split(':');
            Some((OsString::from(fields.next()?), fields.nth(1)?.parse().ok()?))
        };
        text.lines().filter_map(group).collect()
    }
}

impl Host for ThisMachine {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        std::fs::File::open(path)?.take(limit + 1).read_to_end(&mut content)?;
        Ok(content)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn names_in(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        std::fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    fn mode(&self, path: &Path) -> Option<u32> {
        Some(path.metadata().ok()?.permissions().mode())
    }

    fn is_writable_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn user_named(&self, name: &OsStr) -> Option<Account> {
        Self::accounts().into_iter().find(|account| account.name == name)
    }

    fn user_with_id(&self, uid: u32) -> Option<Account> {
        Self::accounts().into_iter().find(|account| account.uid == uid)
    }

    fn group_named(&self, name: &OsStr) -> Option<u32> {
        Self::groups().into_iter().find(|(known, _)| known == name).map(|(_, gid)| gid)
    }

    fn has_group_id(&self, gid: u32) -> bool {
        Self::groups().iter().any(|&(_, known)| known == gid)
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        std::env::vars_os().collect()
    }

    fn hostname(&self) -> OsString {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        name.trim_end().into()
    }

    fn current_dir(&self) -> PathBuf {
        std::env::current_dir().unwrap_or_else(|_| "/".into())
    }

    fn uid(&self) -> u32 {
        std::fs::metadata("/proc/self").map_or(0, |metadata| metadata.uid())
    }
}

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let config = command_line::parse(&arguments, &ThisMachine).and_then(|line| load(&line, &ThisMachine));
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

fn group(group: &Group) -> String {
    let object = Object::new()
        .text("name", &*group.name)
        .raw("priority", group.priority)
        .raw("processes", list(group.processes.iter().map(|one| process(one))));
    match &group.kind {
        GroupKind::Program => object,
        GroupKind::EventListener(pool) => object
            .raw("buffer_size", pool.buffer_size)
            .raw("events", list(pool.events.iter().map(|event| quoted(event.as_bytes())))),
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
