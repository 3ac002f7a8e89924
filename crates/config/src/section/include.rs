//! `[include]`, and the files it names.

use super::SectionReader;
use super::table::{Applied, Opt, SectionKind, options};
use crate::diagnostic::Fault;
use crate::expand::{Expanded, Names};
use crate::glob;
use crate::host::Host;
use crate::ini::Document;
use crate::limits;
use crate::paths;
use crate::report::Report;
use crate::source::FileId;
use crate::text::{self, shown};
use crate::value;
use crate::value::types::Type;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use supervisor_core::repr;

/// Further files.
pub(crate) const SECTION: SectionKind =
    SectionKind::named("include", Applied::Reread).help("Further files to read.").options(&[OPTIONS]);

options! {
    OPTIONS;

    const FILES: Opt<Vec<u8>> =
        Opt::new("files", Type::new(value::bytes, "paths with *, ? and [abc], separated by blanks")).help(
            "Files to read after this one. Relative ones start at this file's directory. Only the main file includes.",
        );
}

/// Reads every included file into the document. `names` are those that [include] may use.
pub(crate) fn read(
    document: &mut Document,
    main: FileId,
    here: &Path,
    names: &Names<'_>,
    host: &dyn Host,
    report: &mut Report,
) {
    if document.section(SECTION.name).is_none() {
        return;
    }
    document.has_includes = true;
    let Some(patterns) = patterns(document, names, host, report) else { return };
    let mut count = 0;
    for pattern in patterns {
        let pattern = joined(here, &pattern);
        let matches = glob::matches(&pattern, host);
        if matches.is_empty() {
            report.warn(format!("No file matches via include \"{}\"", shown(&pattern)));
        }
        for path in matches {
            count += 1;
            if count > limits::INCLUDED_FILES {
                report.own_fault(too_many(document));
                return;
            }
            let Some(file) = read_file(document, &path, host, report) else { continue };
            if document.sources.are_equal(file, main) {
                report.note(format!(
                    "include \"{}\" matches the file it stands in, which is read a second time",
                    shown(&pattern)
                ));
            }
        }
    }
}

/// The words of `files`; `None` if there is nothing to include.
fn patterns(
    document: &Document,
    names: &Names<'_>,
    host: &dyn Host,
    report: &mut Report,
) -> Option<Vec<Vec<u8>>> {
    let section = document.section(SECTION.name)?;
    let mut reader = SectionReader { host, document, report, section, names, tail: "" };
    let Some(found) = reader.raw(FILES.key) else {
        let message = ".ini file has [include] section, but no files setting".to_string();
        reader.missing(&FILES.described(), message);
        return None;
    };
    let text = reader.expanded(found, format_args!("include.files")).ok()?;
    Some(blank_separated(&text))
}

/// The words of a text. A directory that `%(here)s` stands for is no list, whatever its name.
fn blank_separated(found: &Expanded<'_>) -> Vec<Vec<u8>> {
    let is_single =
        |at: usize| found.substitutions.iter().any(|one| one.name == "here" && one.place.contains(&at));
    let mut words = vec![Vec::new()];
    let mut at = 0;
    for (letter, own) in text::chars(&found.text) {
        let begins = at;
        at += own.len();
        if letter.is_some_and(text::is_blank) && !is_single(begins) {
            words.push(Vec::new());
        } else if let Some(word) = words.last_mut() {
            word.extend_from_slice(own);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A pattern at the main file's directory. It is not normalised, since the log shows it.
fn joined(here: &Path, pattern: &[u8]) -> Vec<u8> {
    here.join(paths::from_bytes(pattern)).into_os_string().as_bytes().to_vec()
}

/// `None` for one that is not taken in.
fn read_file(document: &mut Document, path: &[u8], host: &dyn Host, report: &mut Report) -> Option<FileId> {
    report.note(format!("Included extra file \"{}\" during parsing", shown(path)));
    let absolute = host.current_dir().join(paths::from_bytes(path));
    let content = match host.read(&absolute, limits::FILE_BYTES) {
        Ok(content) => content,
        Err(error) => {
            report.remark(unreadable(path, &absolute, &error, host));
            return None;
        }
    };
    let directory: PathBuf = paths::absolute(paths::dirname(path), host);
    let added = within_limit(path, content)
        .and_then(|content| document.sources.add(path, directory.as_os_str().as_bytes(), content));
    match added {
        Ok(file) => {
            let mut faults = Vec::new();
            document.read(file, &mut faults);
            for fault in faults {
                report.fault(fault);
            }
            Some(file)
        }
        Err(fault) => {
            report.fault(fault);
            None
        }
    }
}

/// Which file cannot be read by whom, and what to do.
fn unreadable(path: &[u8], absolute: &Path, error: &io::Error, host: &dyn Host) -> String {
    let shown_path = repr::text(path);
    if host.is_dir(absolute) {
        return format!(
            "Included file {shown_path} is a directory and is left out; write {}/*.conf",
            shown(path)
        );
    }
    if error.kind() == io::ErrorKind::PermissionDenied {
        let uid = host.uid();
        let user = host
            .user_with_id(uid)
            .map_or_else(|| uid.to_string(), |user| shown(user.name.as_bytes()).into_owned());
        return format!(
            "Included file {shown_path} is left out: user {user} may not read it; give that user the right, or start \
             supervisord as one who has it"
        );
    }
    let text = error.to_string();
    // The system's words are enough; the number behind them is Rust's.
    let words = text.split(" (os error").next().unwrap_or_default();
    format!("Included file {shown_path} is left out, as it cannot be read: {words}")
}

/// Refuses a file that is too long to be a configuration.
pub(crate) fn within_limit(path: &[u8], content: Vec<u8>) -> Result<Vec<u8>, Fault> {
    let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
    if length <= limits::FILE_BYTES {
        return Ok(content);
    }
    Err(Fault::new(format!("config file {} is too large", shown(path)))
        .because(format!("a file may have {} MiB", limits::FILE_BYTES >> 20))
        .with_hint(Some("check that this is a configuration file".to_string())))
}

fn too_many(document: &Document) -> Fault {
    let section = document.section(SECTION.name);
    Fault::new("too many files are included")
        .at(section.map(|section| document.sources.place(section.header)))
        .because(format!("{} files may be included", limits::INCLUDED_FILES))
        .with_hint(Some("check the patterns of files".to_string()))
}
