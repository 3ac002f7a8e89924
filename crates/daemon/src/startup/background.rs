//! Into the background, and the pid file.

use super::pidfile::PidFile;
use super::{StartError, advice};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use supervisor_config::Supervisord;
use supervisor_core::{Level, repr};
use supervisor_log::MainLog;
use supervisor_sys::daemonize::{self, Side};
use supervisor_sys::{fd, limits};

/// Detaches from the terminal. In the launcher this does not return.
pub(super) fn go_into_background(supervisord: &Supervisord, log: &MainLog) -> Result<(), StartError> {
    let failed = |what: &'static str| move |error: std::io::Error| StartError::of(what, &error);
    match daemonize::fork_to_background().map_err(failed("go into the background"))? {
        Side::Launcher { .. } => {
            log.log(Level::Blather, "supervisord forked; parent exiting");
            daemonize::exit_at_once(0);
        }
        Side::Daemon => {}
    }
    log.log(Level::Info, "daemonizing the supervisord process");
    if let Some(directory) = &supervisord.directory {
        change_directory(directory, log);
    }
    fd::redirect_standard_streams_to_null().map_err(failed("redirect the standard streams"))?;
    daemonize::new_session().map_err(failed("leave the session"))?;
    limits::replace_umask(supervisord.umask);
    Ok(())
}

fn change_directory(directory: &Path, log: &MainLog) {
    let shown = repr::text(directory.as_os_str().as_bytes());
    match std::env::set_current_dir(directory) {
        Ok(()) => log.log(Level::Info, format!("set current directory: {shown}")),
        Err(error) => {
            let error = supervisor_sys::errno::python_text(&error);
            log.log(Level::Critical, format!("can't chdir into {shown}: {error}"));
        }
    }
}

/// Writes the pid file; a failure is logged.
pub(super) fn write_pidfile(path: &Path, log: &MainLog) -> Option<PidFile> {
    let file = match PidFile::write(path) {
        Ok(file) => file,
        Err(error) => {
            log.log(Level::Critical, format!("could not write pidfile {}", path.display()));
            log.log(Level::Warn, advice::about_file(path, &error).in_a_line());
            return None;
        }
    };
    log.log(Level::Info, format!("supervisord started with pid {}", std::process::id()));
    Some(file)
}
