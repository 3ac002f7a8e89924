//! A log of a program that cannot be opened, told so that it can be mended: `spawnerr`, which is upstream's, has the
//! error's name only.

use std::io::{self, ErrorKind};
use supervisor_log::SinkSpec;
use supervisor_sys::entry::Refusal;
use supervisor_sys::{errno, user};

/// Which log, as which user, why not, and what to do. May ask the network for the user's name.
pub(crate) fn explain(spec: &SinkSpec, error: &io::Error) -> Option<String> {
    let path = spec.file.as_ref()?.path.display();
    let channel = spec.channel.name();
    let what = format!("cannot open the {channel} log of '{}'", spec.process_name);
    if let Some(refusal) = Refusal::behind(error) {
        return Some(format!("{what}: {refusal}"));
    }
    let us = user::shown(user::effective_uid());
    let help = match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "supervisord opens the logs: let {us} write the file and its directory, or set {channel}_logfile to a path \
             that this user can write"
        ),
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            "make the directory: supervisord makes the file only".to_owned()
        }
        ErrorKind::IsADirectory => format!("set {channel}_logfile to the path of a file in that directory"),
        ErrorKind::ReadOnlyFilesystem => {
            format!("set {channel}_logfile to a path on a file system that is writable")
        }
        _ => match errno::code_text(error).as_str() {
            "ENXIO" => "start a reader of this FIFO first".to_owned(),
            "EMFILE" => "raise minfds in [supervisord], or the limit of open files of supervisord".to_owned(),
            _ => format!("look at the file system, or set {channel}_logfile to another path"),
        },
    };
    Some(format!("{what} ('{path}') as {us}: {}; help: {help}", errno::text(error)))
}
