//! Where a configuration file is looked for, and opening it.

use crate::diagnostic::Fault;
use crate::host::Host;
use crate::limits;
use crate::paths;
use crate::section::include::within_limit;
use crate::text::shown;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

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

/// The first of the places where something stands.
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
    .mended_by(Some("echo_supervisord_conf > supervisord.conf writes one to begin with".to_string()))
}

/// Reads the file at this path.
pub(crate) fn open(path: &OsStr, host: &dyn Host) -> Result<Found, Fault> {
    let absolute = host.current_dir().join(path);
    let name = shown(path.as_bytes());
    let has_nul = path.as_bytes().contains(&0);
    if path.is_empty() || has_nul || !host.exists(&absolute) {
        return Err(Fault::new(format!("could not find config file {name}"))
            .mended_by(Some("name a file that exists after -c, or leave -c out to search".to_string())));
    }
    let content = host.read(&absolute, limits::FILE_BYTES).map_err(|error| {
        Fault::new(format!("could not read config file {name}")).because(error.to_string())
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

    /// CFG-1.
    #[test]
    fn a_named_file_must_exist_and_be_readable() {
        let host = MemoryHost::new().with_file_of_mode("/srv/locked.conf", "", 0o000).with_dir("/srv/d");
        let message = |path: &str| open(OsStr::new(path), &host).map(|_| ()).unwrap_err().message();
        assert_eq!(message("/nonexistent"), "could not find config file /nonexistent");
        assert_eq!(message(""), "could not find config file ");
        assert_eq!(message("locked.conf"), "could not read config file locked.conf");
        assert_eq!(message("d"), "could not read config file d");
    }

    #[test]
    fn only_root_that_searches_is_warned() {
        let root = MemoryHost::new().run_by(0);
        assert_eq!(root_warning(None, &root), Some(ROOT_WARNING));
        assert_eq!(root_warning(Some(OsStr::new("f")), &root), None);
        assert_eq!(root_warning(None, &MemoryHost::new()), None);
    }
}
