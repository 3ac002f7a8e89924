//! Where a configuration file is looked for, and opening it.

use crate::diagnostic::Fault;
use crate::host::Host;
use crate::limits;
use crate::paths;
use crate::section::include::within_limit;
use crate::text::shown;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What to print on standard error before anything else when root lets a program search for its file: one of the
/// places searched is the current directory, where others may have put one.
pub const ROOT_WARNING: &str = "Supervisord is running as root and it is searching for its configuration file in \
    default locations (including its current working directory); you probably want to specify a \"-c\" argument \
    specifying an absolute path to a configuration file for improved security.";

/// [`ROOT_WARNING`] if it applies: no file was named, and this runs as root.
pub fn root_warning(configuration: Option<&OsStr>, host: &dyn Host) -> Option<&'static str> {
    (configuration.is_none() && host.uid() == 0).then_some(ROOT_WARNING)
}

/// A configuration file that could be read.
pub(crate) struct Found {
    /// As it was named, or as the search spells it.
    pub(crate) path: PathBuf,
    /// Its directory, absolute.
    pub(crate) here: PathBuf,
    pub(crate) content: Vec<u8>,
}

/// The path of a program that was called by this name. A shell and `execvp(3)` find a bare name along PATH and hand the
/// program the name alone, where the kernel hands a script, as upstream's programs are, the path that was found.
pub(crate) fn program_path(argv0: &OsStr, host: &dyn Host) -> OsString {
    /// What `execvp(3)` searches without a PATH.
    const DEFAULT_PATH: &str = "/bin:/usr/bin";
    if argv0.is_empty() || argv0.as_bytes().contains(&b'/') {
        return argv0.to_os_string();
    }
    let path = paths::variable(host, "PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let directories = path.as_bytes().split(|&byte| byte == b':').map(paths::from_bytes);
    let mut candidates = directories.map(|directory| directory.join(argv0));
    let found = candidates.find(|candidate| is_program(&host.current_dir().join(candidate), host));
    found.map_or_else(|| argv0.to_os_string(), PathBuf::into_os_string)
}

fn is_program(path: &Path, host: &dyn Host) -> bool {
    host.mode(path).is_some_and(|mode| mode & 0o111 != 0) && !host.is_dir(path)
}

/// The six places, in order. The first two are beside the directory the program was called from.
pub(crate) fn places(argv0: &OsStr) -> [PathBuf; 6] {
    let above = paths::dirname(paths::dirname(argv0.as_bytes()));
    let above = paths::from_bytes(above);
    [
        above.join("etc/supervisord.conf"),
        above.join("supervisord.conf"),
        "supervisord.conf".into(),
        "etc/supervisord.conf".into(),
        "/etc/supervisord.conf".into(),
        "/etc/supervisor/supervisord.conf".into(),
    ]
}

/// The first of the places that exists.
pub(crate) fn search(argv0: &OsStr, host: &dyn Host) -> Option<OsString> {
    let mut places = places(argv0).into_iter();
    places.find(|place| host.exists(&host.current_dir().join(place))).map(PathBuf::into_os_string)
}

/// The fault of a search without a result.
pub(crate) fn nothing_found(argv0: &OsStr) -> Fault {
    let places = places(argv0).map(|place| shown(place.as_os_str().as_bytes()).into_owned());
    Fault::new(format!(
        "No config file found at default paths ({}); use the -c option to specify a config file at a different path",
        places.join(", ")
    ))
    .with_hint(Some("echo_supervisord_conf > supervisord.conf writes one to begin with".to_string()))
}

/// Reads the file at this path.
pub(crate) fn open(path: &OsStr, host: &dyn Host) -> Result<Found, Fault> {
    let absolute = host.current_dir().join(path);
    let name = shown(path.as_bytes());
    let has_nul = path.as_bytes().contains(&0);
    if path.is_empty() || has_nul || !host.exists(&absolute) {
        return Err(Fault::new(format!("could not find config file {name}"))
            .with_hint(Some("name a file that exists after -c, or leave -c out to search".to_string())));
    }
    let content = host.read(&absolute, limits::FILE_BYTES).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied => Some("start as a user who may read it, or let this one"),
            io::ErrorKind::IsADirectory => Some("name a file in it"),
            _ => None,
        };
        Fault::new(format!("could not read config file {name}"))
            .because(error.to_string())
            .with_hint(hint.map(str::to_string))
    })?;
    let content = within_limit(path.as_bytes(), content)?;
    let here =
        paths::from_bytes(paths::dirname(paths::absolute(path.as_bytes(), host).as_os_str().as_bytes()));
    Ok(Found { path: path.into(), here, content })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::MemoryHost;

    fn found(files: &[&str], argv0: &str) -> Option<String> {
        let host = files.iter().fold(MemoryHost::new(), |host, file| host.with_file(file, ""));
        search(OsStr::new(argv0), &host).map(|path| path.into_string().unwrap())
    }

    #[test]
    fn the_first_place_that_exists_wins() {
        let all = [
            "/usr/etc/supervisord.conf",
            "/usr/supervisord.conf",
            "/srv/supervisord.conf",
            "/srv/etc/supervisord.conf",
            "/etc/supervisord.conf",
            "/etc/supervisor/supervisord.conf",
        ];
        let expected = [
            "/usr/etc/supervisord.conf",
            "/usr/supervisord.conf",
            "supervisord.conf",
            "etc/supervisord.conf",
            "/etc/supervisord.conf",
            "/etc/supervisor/supervisord.conf",
        ];
        for first in 0..all.len() {
            assert_eq!(found(&all[first..], "/usr/bin/supervisord").as_deref(), Some(expected[first]));
        }
        assert_eq!(found(&[], "/usr/bin/supervisord"), None);
    }

    #[test]
    fn a_program_called_by_a_relative_name_searches_beside_it() {
        assert_eq!(places(OsStr::new("./supervisord"))[0], PathBuf::from("etc/supervisord.conf"));
        assert_eq!(places(OsStr::new("venv/bin/supervisord"))[1], PathBuf::from("venv/supervisord.conf"));
    }

    #[test]
    fn a_bare_name_is_found_along_path() {
        let program = |host: MemoryHost, path: &str| {
            host.with_file_of_mode(path, "", 0o755).with_file_of_mode("/data/supervisord", "", 0o644)
        };
        let host = || program(MemoryHost::new(), "/usr/local/bin/supervisord").with_dir("/dirs/supervisord");
        let path =
            |host: &MemoryHost, argv0: &str| program_path(OsStr::new(argv0), host).into_string().unwrap();
        let searching = host().with_variable("PATH", "/none:/data:/dirs:/usr/local/bin:/usr/bin");
        assert_eq!(path(&searching, "supervisord"), "/usr/local/bin/supervisord");
        for as_it_is in ["./supervisord", "bin/supervisord", "/supervisord", "other", ""] {
            assert_eq!(path(&searching, as_it_is), as_it_is);
        }
        // Relative ones, an empty one among them, start where the program does.
        let here = program(MemoryHost::new(), "/srv/bin/supervisord");
        assert_eq!(path(&here.clone().with_variable("PATH", "bin"), "supervisord"), "bin/supervisord");
        let here = program(here, "/srv/supervisord");
        assert_eq!(path(&here.with_variable("PATH", "/none:"), "supervisord"), "supervisord");
        assert_eq!(path(&program(host(), "/usr/bin/supervisord"), "supervisord"), "/usr/bin/supervisord");
    }

    /// CFG-1.
    #[test]
    fn a_named_file_must_exist_and_be_readable() {
        let host = MemoryHost::new().with_file_of_mode("/srv/locked.conf", "", 0o000).with_dir("/srv/d");
        let message = |path: &str| open(OsStr::new(path), &host).map(|_| ()).unwrap_err().message();
        assert_eq!(message("/nonexistent"), "could not find config file /nonexistent");
        assert_eq!(message(""), "could not find config file ");
        assert_eq!(message("locked.conf"), "could not read config file locked.conf");
        assert_eq!(message("d"), "could not read config file d");
        let hint =
            |path: &str| open(OsStr::new(path), &host).map(|_| ()).unwrap_err().hint().map(str::to_string);
        assert_eq!(hint("locked.conf").as_deref(), Some("start as a user who may read it, or let this one"));
        assert_eq!(hint("d").as_deref(), Some("name a file in it"));
    }

    #[test]
    fn only_root_that_searches_is_warned() {
        let root = MemoryHost::new().run_by(0);
        assert_eq!(root_warning(None, &root), Some(ROOT_WARNING));
        assert_eq!(root_warning(Some(OsStr::new("f")), &root), None);
        assert_eq!(root_warning(None, &MemoryHost::new()), None);
    }
}
