//! `%(here)s`, `%(ENV_X)s`, `%(process_num)02d`: filling names into a value.
//!
//! Values are expanded once; what a name stands for is not looked at again. Where each of them lies in the result is
//! kept ([`Substitution`]), so that a later parser can tell the text of the file from the text of a variable.

mod error;

pub(crate) use error::{ExpandError, with_here_shown};

use crate::format::{self, Conversion, Malformed, Named, Piece};
use crate::limits;
use crate::text::shown;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;

/// Names that may be expanded, in layers: an inner layer hides what it redefines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names<'a> {
    outer: Option<&'a Names<'a>>,
    own: BTreeMap<Vec<u8>, Named>,
    /// The variables of this layer come from the environment the program was started with.
    is_inherited: bool,
    /// The program that reads the file; `None`: as the outer layer says, in the end `supervisord`.
    program: Option<&'static str>,
    /// Some `environment` could not be read, so a variable that is missing here may well be meant to exist.
    is_incomplete: bool,
}

impl<'a> Names<'a> {
    /// A layer over `outer`.
    pub(crate) fn over(outer: &'a Names<'a>) -> Self {
        Self { outer: Some(outer), ..Self::default() }
    }

    /// With one more name that stands for text.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.own.insert(name.into(), Named::Text(value.as_ref().to_vec()));
        self
    }

    /// With one more name that stands for a number.
    pub(crate) fn with_number(mut self, name: &str, value: i64) -> Self {
        self.own.insert(name.into(), Named::Number(value));
        self
    }

    /// With `ENV_<name>` for each variable of the environment the program was started with.
    pub(crate) fn with_inherited<'v>(
        self,
        variables: impl IntoIterator<Item = (&'v OsStr, &'v OsStr)>,
    ) -> Self {
        Self { is_inherited: true, ..self.with_variables(variables) }
    }

    /// For a file that another program than supervisord reads.
    pub(crate) fn read_by(mut self, program: &'static str) -> Self {
        self.program = Some(program);
        self
    }

    /// The program whose environment is meant.
    pub(crate) fn program(&self) -> &'static str {
        self.program.or_else(|| self.outer.map(Names::program)).unwrap_or("supervisord")
    }

    /// Whether a name stands for a variable of the environment the program was started with.
    pub(crate) fn is_inherited(&self, name: &[u8]) -> bool {
        if self.own.contains_key(name) {
            return self.is_inherited && name.starts_with(b"ENV_");
        }
        self.outer.is_some_and(|outer| outer.is_inherited(name))
    }

    /// With `ENV_<name>` for each variable.
    pub(crate) fn with_variables<'v>(
        mut self,
        variables: impl IntoIterator<Item = (&'v OsStr, &'v OsStr)>,
    ) -> Self {
        for (name, value) in variables {
            let name = [b"ENV_", name.as_bytes()].concat();
            self.own.insert(name, Named::Text(value.as_bytes().to_vec()));
        }
        self
    }

    /// The same, but a missing variable is not reported as a fault.
    pub(crate) fn made_incomplete(mut self) -> Self {
        self.is_incomplete = true;
        self
    }

    fn value(&self, name: &[u8]) -> Option<&Named> {
        self.own.get(name).or_else(|| self.outer.and_then(|outer| outer.value(name)))
    }

    fn is_incomplete(&self) -> bool {
        self.is_incomplete || self.outer.is_some_and(Names::is_incomplete)
    }

    /// Every name, sorted.
    fn all(&self) -> BTreeSet<&[u8]> {
        let mut names = self.outer.map(Names::all).unwrap_or_default();
        names.extend(self.own.keys().map(Vec::as_slice));
        names
    }
}

/// A text with all names expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expanded<'t> {
    /// The whole text.
    pub(crate) text: Cow<'t, [u8]>,
    /// What of it stands for a name, from left to right.
    pub(crate) substitutions: Vec<Substitution>,
}

/// The part of a text that stands for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Substitution {
    /// The name.
    pub(crate) name: String,
    /// Where its value lies in the text; may be empty.
    pub(crate) place: Range<usize>,
}

impl<'t> Expanded<'t> {
    /// A text without names.
    pub(crate) fn plain(text: impl Into<Cow<'t, [u8]>>) -> Self {
        Self { text: text.into(), substitutions: Vec::new() }
    }

    /// The same, with a text of its own.
    pub(crate) fn into_owned(self) -> Expanded<'static> {
        Expanded { text: Cow::Owned(self.text.into_owned()), substitutions: self.substitutions }
    }

    /// Where values lie in the text.
    pub(crate) fn places(&self) -> Vec<Range<usize>> {
        self.substitutions.iter().map(|one| one.place.clone()).collect()
    }
}

/// Mistakes of one value that are reported at most.
const MOST_ERRORS: usize = 16;

/// Expands the names in a value. `here`, where given, is the directory `%(here)s` stands for whatever `names` say: the
/// one of the included file that the value comes from. What cannot be expanded is left out, so that every mistake of
/// the value is found; there is at least one in the error, and Python stops at the first.
pub(crate) fn expand<'t>(
    raw: &'t str,
    names: &Names<'_>,
    here: Option<&[u8]>,
) -> Result<Expanded<'t>, Vec<ExpandError>> {
    if raw.len() <= limits::VALUE_BYTES && memchr::memchr(b'%', raw.as_bytes()).is_none() {
        return Ok(Expanded::plain(raw.as_bytes()));
    }
    let mut text = Vec::with_capacity(raw.len());
    let mut substitutions = Vec::new();
    let mut errors = Vec::new();
    let mut at = 0;
    let mut is_first = true;
    while let Some(piece) = format::next_piece(raw, at) {
        let (piece, next) = match piece {
            Ok(found) => found,
            Err(malformed) => {
                // Where such a conversion ends is unknown.
                errors.push(unfinished(malformed, names, here));
                break;
            }
        };
        at = next;
        match piece {
            Piece::Literal(literal) => text.extend_from_slice(literal.as_bytes()),
            Piece::Conversion(conversion) => {
                match substitute(&conversion, raw, names, here, is_first) {
                    Ok(value) => {
                        let place = text.len()..text.len() + value.len();
                        text.extend(value);
                        substitutions.push(Substitution {
                            name: conversion.name.unwrap_or_default().to_string(),
                            place,
                        });
                    }
                    Err(error) => errors.push(error),
                }
                is_first = false;
            }
        }
        if text.len() > limits::VALUE_BYTES {
            errors.push(ExpandError::TooLong);
            break;
        }
        if errors.len() >= MOST_ERRORS {
            break;
        }
    }
    if errors.is_empty() { Ok(Expanded { text: text.into(), substitutions }) } else { Err(errors) }
}

fn substitute(
    conversion: &Conversion<'_>,
    raw: &str,
    names: &Names<'_>,
    here: Option<&[u8]>,
    is_first: bool,
) -> Result<Vec<u8>, ExpandError> {
    let Some(name) = conversion.name else {
        return Err(ExpandError::Malformed(conversion.unnamed(raw, is_first)));
    };
    let own_here = here.filter(|_| name == "here").map(|here| Named::Text(here.to_vec()));
    let value = own_here.as_ref().or_else(|| names.value(name.as_bytes()));
    let value = value.ok_or_else(|| unknown(name, conversion.place.clone(), names))?;
    conversion.apply(raw, value).map_err(ExpandError::Malformed)
}

/// A conversion without an end; Python looks its name up first.
fn unfinished(malformed: Malformed, names: &Names<'_>, here: Option<&[u8]>) -> ExpandError {
    let known = |name: &str| (name == "here" && here.is_some()) || names.value(name.as_bytes()).is_some();
    match &malformed.name {
        Some(name) if !known(name) => unknown(name, malformed.place.clone(), names),
        Some(_) | None => ExpandError::Malformed(malformed),
    }
}

fn unknown(name: &str, place: Range<usize>, names: &Names<'_>) -> ExpandError {
    ExpandError::Unknown {
        name: name.to_string(),
        place,
        available: names.all().into_iter().map(|name| shown(name).into_owned()).collect(),
        program: names.program(),
        is_excusable: name.starts_with("ENV_") && names.is_incomplete(),
    }
}

#[cfg(test)]
mod tests;
