//! What keeps a value from being expanded, in upstream's words and ours.

use crate::format::Malformed;
use crate::limits;
use crate::spelling::nearest;
use crate::template;
use crate::text::{self, shown};
use std::ops::Range;
use supervisor_core::repr;

/// Why a value cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExpandError {
    /// An unknown name.
    Unknown {
        /// The name.
        name: String,
        /// Where it stands.
        place: Range<usize>,
        /// The sorted names that may be used.
        available: Vec<String>,
        /// The program whose environment has to have it.
        program: &'static str,
        /// It is an environment variable, and some `environment` could not be read.
        is_excusable: bool,
    },
    /// Not a format string.
    Malformed(Malformed),
    /// The result would be larger than [`limits::VALUE_BYTES`].
    TooLong,
}

const HERE: &str = "%(here)s";

/// The text with each literal `%(here)s` replaced: how upstream shows a value of a configuration with `[include]`.
pub(crate) fn with_here_shown(raw: &str, here: Option<&[u8]>) -> String {
    match here {
        Some(here) => raw.replace(HERE, &shown(here)),
        None => raw.to_string(),
    }
}

impl Malformed {
    /// Python's reason, with positions counted in the text that [`with_here_shown`] shows.
    pub(super) fn reason_in(&self, raw: &str, here: Option<&[u8]>) -> String {
        let Some(index) = self.index else { return self.reason.clone() };
        let Some(here) = here else { return format!("{}{index}", self.reason) };
        let before: String = raw.chars().take(index).collect();
        let replaced = before.matches(HERE).count();
        let shift = text::chars(here).count();
        format!("{}{}", self.reason, index + replaced * shift - replaced * HERE.len())
    }
}

impl ExpandError {
    /// Upstream's text about the option it calls `context`, and the list of names that follows it.
    pub(crate) fn text(&self, raw: &str, here: Option<&[u8]>, context: &str) -> (String, String) {
        let value = repr::text(with_here_shown(raw, here).as_bytes());
        let context = repr::text(context);
        match self {
            Self::Unknown { name, available, .. } => {
                let name = repr::text(name);
                let head = format!(
                    "Format string {value} for {context} contains names ({name}) which cannot be expanded."
                );
                (head, format!(" Available names: {}", available.join(", ")))
            }
            Self::Malformed(malformed) => {
                let reason = malformed.reason_in(raw, here);
                (format!("Format string {value} for {context} is badly formatted: {reason}"), String::new())
            }
            Self::TooLong => (format!("The value of {context} is too long once expanded"), String::new()),
        }
    }

    /// The part of the value that is meant.
    pub(crate) fn place(&self, raw: &str) -> Range<usize> {
        match self {
            Self::Unknown { place, .. } => place.clone(),
            Self::Malformed(malformed) => malformed.place.clone(),
            Self::TooLong => 0..raw.len(),
        }
    }

    /// What is behind it.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::Unknown { name, .. } => format!("nothing that may be used here is called {name}"),
            Self::Malformed(_) => "% begins a name to fill in, such as %(program_name)s".to_string(),
            Self::TooLong => format!("a value may have {} bytes", limits::VALUE_BYTES),
        }
    }

    /// What to do about it; `raw` is the text it is about.
    pub(crate) fn hint(&self, raw: &str) -> Option<String> {
        match self {
            Self::Unknown { name, available, program, .. } => Some(hint_for_name(name, available, program)),
            Self::Malformed(malformed) => Some(hint_for_conversion(raw, malformed)),
            Self::TooLong => None,
        }
    }

    /// Whether [`hint`](Self::hint) names a variable of supervisord's environment that the configuration does not.
    pub(crate) fn hint_names_a_variable(&self) -> bool {
        match self {
            Self::Unknown { name, available, .. } => {
                near_name(name, available).is_some_and(|meant| meant.starts_with("ENV_"))
            }
            Self::Malformed(_) | Self::TooLong => false,
        }
    }

    /// Whether it may only follow from an `environment` that could not be read.
    pub(crate) fn is_excusable(&self) -> bool {
        matches!(self, Self::Unknown { is_excusable: true, .. })
    }
}

/// The name that was meant. Names of variables are compared without what all of them begin with, which makes any two look
/// alike; one whose `ENV_` was forgotten is found.
fn near_name<'a>(name: &str, available: &'a [String]) -> Option<&'a str> {
    const PREFIX: &str = "ENV_";
    let names = available.iter().map(String::as_str);
    let variables = || names.clone().filter_map(|known| known.strip_prefix(PREFIX));
    let whole = |variable: &str| names.clone().find(|known| known.strip_prefix(PREFIX) == Some(variable));
    match name.strip_prefix(PREFIX) {
        Some(variable) => nearest(variable, variables()).and_then(whole),
        None => whole(name).or_else(|| nearest(name, names.clone())),
    }
}

fn hint_for_name(name: &str, available: &[String], program: &str) -> String {
    if let Some(meant) = near_name(name, available) {
        return format!("did you mean %({meant})s?");
    }
    match name.strip_prefix("ENV_") {
        Some(variable) => format!("set {variable} in the environment {program} starts with"),
        None => "use one of the available names, or write %% for a percent sign".to_string(),
    }
}

/// `%(NAME)` is most often a name whose `s` was forgotten; `%` by itself is a percent sign.
fn hint_for_conversion(raw: &str, malformed: &Malformed) -> String {
    if template::is_sign(raw, malformed.place.start) {
        return template::HINT.to_string();
    }
    if let Some(name) = braced(raw.get(malformed.place.start..).unwrap_or_default()) {
        return format!("write %({name})s, with parentheses");
    }
    let inner = raw.get(malformed.place.start..).and_then(|text| text.strip_prefix("%("));
    let name = inner.map(|inner| inner.split([')', ' ', '/']).next().unwrap_or_default());
    match name {
        Some(name @ ("process_num" | "numprocs")) => format!("write %({name})d, with a d"),
        Some(name) if !name.is_empty() => format!("write %({name})s, with an s"),
        Some(_) | None => "write %% for a percent sign".to_string(),
    }
}

/// The name in `%{NAME}`.
fn braced(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix("%{")?.split_once('}')?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && !name.is_empty()).then_some(name)
}
