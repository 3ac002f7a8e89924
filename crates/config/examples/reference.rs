//! Writes the reference of the configuration in `docs/reference` from the tables of this crate: an index, and a page for
//! each kind of section. `cargo xtask reference` runs it; with `--check` it fails if a page is not up to date.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line program")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use supervisor_config::{Applied, OptionDoc, SECTIONS, SectionKind};

/// Why it failed, for people.
type Failure = Box<dyn std::error::Error>;

/// Where the pages are.
const FOLDER: &str = "docs/reference";

const HEAD: &str =
    "<!-- Written by `cargo xtask reference` from the tables in crates/config/src/section. -->\n\n";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => write(),
        ["--check"] => check(),
        _ => Err("usage: reference [--check]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<(), Failure> {
    let (folder, pages) = (folder(), pages());
    fs::create_dir_all(&folder)?;
    for name in differences(&folder, &pages)? {
        match pages.get(&name) {
            Some(text) => fs::write(folder.join(&name), text)?,
            None => fs::remove_file(folder.join(&name))?,
        }
        println!("{FOLDER}/{name}");
    }
    Ok(())
}

fn check() -> Result<(), Failure> {
    let stale = differences(&folder(), &pages())?.join(", ");
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("{FOLDER} is not what the tables say: {stale}; `cargo xtask reference` writes it").into())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(FOLDER)
}

/// Names of pages that are missing, different, or too many.
fn differences(folder: &Path, pages: &BTreeMap<String, String>) -> Result<Vec<String>, Failure> {
    let is_as_written =
        |name: &str, text: &String| fs::read_to_string(folder.join(name)).is_ok_and(|now| now == *text);
    let mut stale: Vec<String> = pages
        .iter()
        .filter(|(name, text)| !is_as_written(name, text))
        .map(|(name, _)| name.clone())
        .collect();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !pages.contains_key(&name) {
            stale.push(name);
        }
    }
    Ok(stale)
}

/// The text of every page by its name.
fn pages() -> BTreeMap<String, String> {
    let sections = SECTIONS.iter().map(|kind| (file_of(kind), page(kind)));
    sections.chain([("README.md".to_owned(), index())]).collect()
}

/// `program.md` of `[program:x]`.
fn file_of(kind: &SectionKind) -> String {
    let title = kind.title();
    let name = title.trim_matches(['[', ']']);
    format!("{}.md", name.strip_suffix(":x").unwrap_or(name))
}

fn index() -> String {
    let mut text = format!(
        "{HEAD}# Reference of the configuration\n\n\
         Every section and option of `supervisord.conf`. `echo_supervisord_conf` prints a file to begin with.\n\n\
         | Section | What it is for |\n|---|---|\n"
    );
    for kind in &SECTIONS {
        line(&mut text, format_args!("| [`{}`]({}) | {} |", kind.title(), file_of(kind), kind.help));
    }
    text.push_str("\nSupervisor does not have these options, and ignores them:\n\n");
    for kind in &SECTIONS {
        for option in kind.own_options().filter(|option| option.is_ours) {
            line(&mut text, format_args!("- `{}` in [`{}`]({})", option.key, kind.title(), file_of(kind)));
        }
    }
    text
}

fn page(kind: &SectionKind) -> String {
    let mut text = format!(
        "{HEAD}# `{}`\n\n{}\n\nA change takes effect {}.\n",
        kind.title(),
        kind.help,
        applied(kind.applied)
    );
    table(&mut text, kind.own_options());
    let shared: Vec<&OptionDoc> = kind.shared_options().collect();
    if !shared.is_empty() {
        line(&mut text, format_args!("\nIt has these options of [`[program:x]`](program.md) as well:\n"));
        let keys: Vec<String> = shared.iter().map(|option| format!("`{}`", option.key)).collect();
        line(&mut text, format_args!("{}.", keys.join(", ")));
    }
    text
}

fn applied(applied: Applied) -> &'static str {
    match applied {
        Applied::Update => {
            "with `supervisorctl update`, which stops the group and starts it with the new options; other groups run on"
        }
        Applied::Reread => {
            "when the configuration is read again: `supervisorctl reread`, `update` or `reload`"
        }
        Applied::Reload => "with `supervisorctl reload` or SIGHUP, which stop and start everything",
        Applied::Start => "when supervisord is started again",
        Applied::NextCommand => "when `supervisorctl` is started the next time",
    }
}

fn table<'a>(text: &mut String, options: impl Iterator<Item = &'a OptionDoc>) {
    text.push_str("\n| Option | Takes | Default | What it does |\n|---|---|---|---|\n");
    for option in options {
        let default = match option.default {
            Some("") => "empty".to_owned(),
            Some(default) => format!("`{default}`"),
            None => String::new(),
        };
        let ours = if option.is_ours { " *Not in Supervisor.*" } else { "" };
        let change = option
            .applied
            .map_or_else(String::new, |other| format!(" *A change takes effect {}.*", applied(other)));
        let (takes, help) = (prose(option.takes), prose(option.help));
        line(text, format_args!("| `{}` | {takes} | {default} | {help}{ours}{change} |", option.key));
    }
}

/// Plain text as Markdown.
fn prose(text: &str) -> String {
    text.replace('*', "\\*").replace('|', "\\|").replace('<', "\\<")
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes every line");
}
