//! The types a value can have: text in, a typed value or a reason out, in upstream's words.

use crate::host::{Account, Host};
use crate::paths;
use crate::section::program::stream::LogFile;
use crate::spelling::nearest;
use crate::template;
use crate::text::{self, shown};
use std::ffi::OsStr;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use supervisor_core::{Autorestart, EventKind, EventLength, Level, Signal, repr};

mod network;
mod number;
pub(crate) mod types;

pub(crate) use network::{InetAddress, fastcgi_address, host_in_url, host_names, inet_address, url};
pub(crate) use number::{byte_size, count, exit_codes, integer, octal, retries, small_count};

/// Why a value is not of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// Upstream's text.
    pub(crate) message: String,
    /// What the user most likely meant.
    pub(crate) hint: Option<String>,
    /// That is a guess from the spelling.
    pub(crate) is_guess: bool,
}

impl Rejection {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, is_guess: false }
    }

    /// Under a text that does not say what is wrong in detail, as upstream has it for some options.
    pub(crate) fn hidden_by(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    fn or_mean(mut self, candidate: Option<&str>) -> Self {
        self.hint = candidate.map(|candidate| format!("did you mean {candidate}?"));
        self.is_guess = true;
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A value of its type, or why it is invalid.
pub(crate) type Parsed<T> = Result<T, Rejection>;

/// What a value is read with: the machine, where variables were substituted, and a place for remarks about values that
/// are accepted as something other than what they say.
pub(crate) struct ParseContext<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) substitutions: Vec<Range<usize>>,
    pub(crate) remarks: Vec<String>,
}

impl<'a> ParseContext<'a> {
    pub(crate) fn new(host: &'a dyn Host) -> Self {
        Self { host, substitutions: Vec::new(), remarks: Vec::new() }
    }
}

/// Reads one type of value.
pub(crate) type Parser<T> = fn(&[u8], &mut ParseContext<'_>) -> Parsed<T>;

/// Any bytes.
#[expect(clippy::unnecessary_wraps, reason = "it has the signature of every parser")]
pub(crate) fn bytes(value: &[u8], _: &mut ParseContext<'_>) -> Parsed<Vec<u8>> {
    Ok(value.to_vec())
}

/// Text that will be shown or compared, so it has to be UTF-8.
pub(crate) fn string(value: &[u8], _: &mut ParseContext<'_>) -> Parsed<String> {
    match std::str::from_utf8(value) {
        Ok(text) => Ok(text.to_string()),
        Err(_) => Err(Rejection::new(format!("value {} is not valid UTF-8", repr::text(value)))),
    }
}

const TRUE: [&str; 4] = ["yes", "true", "on", "1"];
const FALSE: [&str; 4] = ["no", "false", "off", "0"];

fn truth(lower: &str) -> Option<bool> {
    if TRUE.contains(&lower) { Some(true) } else { FALSE.contains(&lower).then_some(false) }
}

/// A truth value.
pub(crate) fn boolean(value: &[u8], _: &mut ParseContext<'_>) -> Parsed<bool> {
    let lower = text::lower(value);
    truth(&lower).ok_or_else(|| {
        let meant = match text::strip(&lower) {
            "y" | "t" | "enable" | "enabled" => Some("true"),
            "n" | "f" | "none" | "disable" | "disabled" => Some("false"),
            other => nearest(other, TRUE.into_iter().chain(FALSE)),
        };
        Rejection::new(format!("not a valid boolean value: {}", repr::text(value))).or_mean(meant)
    })
}

/// When an exit leads to a restart.
pub(crate) fn autorestart(value: &[u8], _: &mut ParseContext<'_>) -> Parsed<Autorestart> {
    let lower = text::lower(value);
    match truth(&lower) {
        Some(true) => Ok(Autorestart::Always),
        Some(false) => Ok(Autorestart::Never),
        None if lower == "unexpected" => Ok(Autorestart::Unexpected),
        None => Err(Rejection::new(format!("invalid 'autorestart' value {}", repr::text(&*lower)))
            .or_mean(nearest(&lower, ["unexpected", "true", "false"]))),
    }
}

/// What the length of an event counts.
pub(crate) fn event_length(value: &[u8], _: &mut ParseContext<'_>) -> Parsed<EventLength> {
    match &*text::lower(value) {
        "characters" => Ok(EventLength::Characters),
        "bytes" => Ok(EventLength::Bytes),
        other => Err(Rejection::new(format!("invalid 'event_length' value {}", repr::text(other)))
            .or_mean(nearest(other, ["characters", "bytes"]))),
    }
}

/// A signal, by name or number.
pub(crate) fn signal(value: &[u8], _: &mut ParseContext<'_>) -> Parsed<Signal> {
    if let Some(number) = text::integer(value, 10) {
        return Signal::from_number(number.value).ok_or_else(|| {
            Rejection::new(format!("value {} is not a valid signal number", repr::text(value)))
        });
    }
    let name = shown(text::strip_bytes(value)).to_uppercase();
    Signal::from_name(&name).ok_or_else(|| {
        let bare = name.strip_prefix("SIG").unwrap_or(&name);
        let known: Vec<&str> =
            (1..=64).filter_map(|n| Signal(n).name()).filter_map(|name| name.strip_prefix("SIG")).collect();
        Rejection::new(format!("value {} is not a valid signal name", repr::text(value)))
            .or_mean(nearest(bare, known))
    })
}

/// Items separated by commas, blanks around each removed.
pub(crate) fn strings(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<Vec<String>> {
    if value.is_empty() {
        return Ok(Vec::new());
    }
    let text = string(value, context)?;
    Ok(text.split(',').map(|item| text::strip(item).to_string()).collect())
}

/// A log level.
pub(crate) fn level(value: &[u8], _: &mut ParseContext<'_>) -> Parsed<Level> {
    let lower = text::lower(value);
    let known = Level::ALL.into_iter().find(|level| level.name() == lower);
    known.ok_or_else(|| {
        let meant = match &*lower {
            "warning" => Some("warn"),
            "crit" | "fatal" => Some("critical"),
            "err" => Some("error"),
            other => nearest(other, Level::ALL.map(Level::name)),
        };
        Rejection::new(format!("bad logging level name {}", repr::text(value))).or_mean(meant)
    })
}

/// A directory that is there.
pub(crate) fn existing_directory(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<PathBuf> {
    let expanded = paths::expand_user(value, context.host);
    if paths::is_dir(&expanded, context.host) {
        return Ok(paths::from_bytes(&expanded));
    }
    Err(Rejection::new(format!("{} is not an existing directory", shown(value)))
        .with_hint(format!("create it: mkdir -p {}", shown(&expanded))))
}

/// A path whose directory is there, if it names one.
pub(crate) fn existing_dirpath(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<PathBuf> {
    let expanded = paths::expand_user(value, context.host);
    let directory = paths::dirname(&expanded);
    if directory.is_empty() || paths::is_dir(directory, context.host) {
        return Ok(paths::from_bytes(&expanded));
    }
    Err(Rejection::new(format!("The directory named as part of the path {} does not exist", shown(value)))
        .with_hint(format!("create it: mkdir -p {}", shown(directory))))
}

/// What a child's log file option says; the deprecated `syslog` is a separate answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogFileName {
    /// A file, or none.
    File(LogFile),
    /// An empty value: no file either, but upstream takes it for a file name where that matters for a warning.
    Empty,
    /// The old way to write `stdout_syslog=true`.
    Syslog,
}

/// The log file of a child.
pub(crate) fn logfile_name(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<LogFileName> {
    if value.is_empty() {
        return Ok(LogFileName::Empty);
    }
    match &*text::lower(value) {
        "none" | "off" => Ok(LogFileName::File(LogFile::None)),
        "auto" => Ok(LogFileName::File(LogFile::Auto)),
        "syslog" => Ok(LogFileName::Syslog),
        _ => existing_dirpath(value, context).map(|path| LogFileName::File(LogFile::Path(path.into()))),
    }
}

/// A user, by name or number.
pub(crate) fn user(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<Account> {
    match text::integer(value, 10) {
        Some(number) => u32::try_from(number.value)
            .ok()
            .and_then(|uid| context.host.user_with_id(uid))
            .ok_or_else(|| Rejection::new(format!("Invalid user id {}", shown(value)))),
        None => context.host.user_named(OsStr::from_bytes(value)).ok_or_else(|| {
            Rejection::new(format!("Invalid user name {}", shown(value)))
                .with_hint("name a user that exists; getent passwd lists them")
        }),
    }
}

/// User and group to give a socket file to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id; `None`: leave the group as it is.
    pub gid: Option<u32>,
}

/// A user, or a user and a group with a colon between.
pub(crate) fn user_and_group(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<Owner> {
    let colon = value.iter().position(|&byte| byte == b':');
    let uid = user(&value[..colon.unwrap_or(value.len())], context)?.uid;
    let gid = colon.map(|colon| group(&value[colon + 1..], context)).transpose()?;
    Ok(Owner { uid, gid })
}

fn group(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<u32> {
    match text::integer(value, 10) {
        Some(number) => u32::try_from(number.value)
            .ok()
            .filter(|&gid| context.host.has_group_id(gid))
            .ok_or_else(|| Rejection::new(format!("Invalid group id {}", shown(value)))),
        None => context
            .host
            .group_named(OsStr::from_bytes(value))
            .ok_or_else(|| Rejection::new(format!("Invalid group name {}", shown(value)))),
    }
}

/// The name of a process or group: anything without a blank, a colon or a slash; blanks at its ends do not count.
pub(crate) fn name(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<String> {
    let stripped = text::strip_bytes(value);
    if let Some(bad) = [b' ', b':', b'/'].into_iter().find(|bad| stripped.contains(bad)) {
        let rejection = Rejection::new(format!(
            "Invalid name: {} because of character: {}",
            repr::text(value),
            repr::text([bad])
        ));
        let is_template = memchr::memmem::find(stripped, b"{{").is_some();
        return Err(if is_template { rejection.with_hint(template::HINT) } else { rejection });
    }
    string(stripped, context)
}

/// An event type by its name in upper case, or the name that was probably meant.
pub(crate) fn event_kind(upper: &str) -> Result<EventKind, Option<&'static str>> {
    EventKind::from_name(upper).ok_or_else(|| {
        let mut names: Vec<&str> = EventKind::all().map(EventKind::name).collect();
        names.sort_unstable();
        nearest(upper, names)
    })
}

#[cfg(test)]
mod tests;
