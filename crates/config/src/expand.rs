//! `%(here)s`, `%(ENV_X)s`, `%(process_num)02d`: filling names into a value.
//!
//! Values are filled in once; what a name stands for is not looked at again. Where each of them lies in the result is
//! kept ([`Filled`]), so that a later parser can tell the text of the file from the text of a variable.

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

/// Names that may be filled in, in layers: an inner layer hides what it redefines.
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

    /// The same, but a missing variable will not be held against anybody.
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

/// A text with all names filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expanded<'t> {
    /// The whole text.
    pub(crate) text: Cow<'t, [u8]>,
    /// What of it stands for a name, from left to right.
    pub(crate) filled: Vec<Filled>,
}

/// The part of a text that stands for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filled {
    /// The name.
    pub(crate) name: String,
    /// Where its value lies in the text; may be empty.
    pub(crate) place: Range<usize>,
}

impl<'t> Expanded<'t> {
    /// A text without names.
    pub(crate) fn plain(text: impl Into<Cow<'t, [u8]>>) -> Self {
        Self { text: text.into(), filled: Vec::new() }
    }

    /// The same, with a text of its own.
    pub(crate) fn into_owned(self) -> Expanded<'static> {
        Expanded { text: Cow::Owned(self.text.into_owned()), filled: self.filled }
    }

    /// Where values lie in the text.
    pub(crate) fn places(&self) -> Vec<Range<usize>> {
        self.filled.iter().map(|filled| filled.place.clone()).collect()
    }
}

/// Mistakes of one value that are reported at most.
const MOST_ERRORS: usize = 16;

/// Fills names into a value. `here`, where given, is the directory `%(here)s` stands for whatever `names` say: the
/// one of the included file that the value comes from. What cannot be filled in is left out, so that every mistake of
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
    let mut filled = Vec::new();
    let mut errors = Vec::new();
    let mut at = 0;
    let mut is_first = true;
    while let Some(piece) = format::next_piece(raw, at) {
        let (piece, next) = match piece {
            Ok(found) => found,
            Err(malformed) => {
                // Where such a conversion ends is anybody's guess.
                errors.push(unfinished(malformed, names, here));
                break;
            }
        };
        at = next;
        match piece {
            Piece::Literal(literal) => text.extend_from_slice(literal.as_bytes()),
            Piece::Conversion(conversion) => {
                match fill_in(&conversion, raw, names, here, is_first) {
                    Ok(value) => {
                        let place = text.len()..text.len() + value.len();
                        text.extend(value);
                        filled.push(Filled { name: conversion.name.unwrap_or_default().to_string(), place });
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
    if errors.is_empty() { Ok(Expanded { text: text.into(), filled }) } else { Err(errors) }
}

fn fill_in(
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names() -> Names<'static> {
        Names::default()
            .with("here", "/h")
            .with("ENV_C", "c")
            .with("ENV_RAW", b"\xff%s")
            .with_number("process_num", 3)
            .with_number("numprocs", 10)
    }

    fn fill(raw: &str) -> Result<String, String> {
        match expand(raw, &names(), None).map_err(|errors| errors.into_iter().next().unwrap()) {
            Ok(filled) => Ok(String::from_utf8(filled.text.into_owned()).unwrap()),
            Err(ExpandError::Malformed(malformed)) => Err(malformed.reason_in(raw, None)),
            Err(ExpandError::Unknown { name, .. }) => Err(format!("unknown {name}")),
            Err(ExpandError::TooLong) => Err("too long".into()),
        }
    }

    /// What Python 3.11 makes of the same format strings and names.
    #[test]
    fn conversions_are_pythons() {
        let cases = [
            ("%(process_num)5.3d", "  003"),
            ("%(process_num)-5dx", "3    x"),
            ("%(process_num)+d", "+3"),
            ("%(process_num)+ d", "+3"),
            ("%(process_num)#x", "0x3"),
            ("%(process_num)#X", "0X3"),
            ("%(process_num)#o", "0o3"),
            ("%(process_num)05d", "00003"),
            ("%(process_num)-05d|", "3    |"),
            ("%(process_num)010.4d|", "0000000003|"),
            ("%(process_num)#.4x", "0x0003"),
            ("%(numprocs)#+08x", "+0x0000a"),
            ("%(process_num)e", "3.000000e+00"),
            ("%(process_num)10e|", "3.000000e+00|"),
            ("%(numprocs)E", "1.000000E+01"),
            ("%(process_num)g", "3"),
            ("%(process_num)#g", "3.00000"),
            ("%(numprocs)G", "10"),
            ("%(numprocs).0g", "1e+01"),
            ("%(process_num)f", "3.000000"),
            ("%(process_num).2f", "3.00"),
            ("%(process_num)+08.2f|", "+0003.00|"),
            ("%(process_num)05.1f", "003.0"),
            ("%(numprocs).0f", "10"),
            ("%(numprocs)#.0f", "10."),
            ("%(numprocs).0e", "1e+01"),
            ("%(process_num)c", "\u{3}"),
            ("%(process_num)05c|", "    \u{3}|"),
            ("%(ENV_C)c", "c"),
            ("%(numprocs)r", "10"),
            ("%(process_num)05s", "    3"),
            ("%(process_num)+s", "3"),
            ("%(here)r", "'/h'"),
            ("%(here)a", "'/h'"),
            ("%(here)10s|", "        /h|"),
            ("%(here)-10s|", "/h        |"),
            ("%(here).1s|", "/|"),
            ("%(here).s", ""),
            ("%(process_num).d", "3"),
            ("%(process_num)ld", "3"),
            ("%(process_num)hs", "3"),
            ("100%% %(here)s", "100% /h"),
        ];
        for (raw, expected) in cases {
            assert_eq!(fill(raw).as_deref(), Ok(expected), "{raw:?}");
        }
    }

    /// Reasons of Python 3.11 for the same format strings; an unnamed `%s` is our refusal. CFG-22.
    #[test]
    fn reasons_are_pythons() {
        let cases = [
            ("%", "incomplete format"),
            ("a%", "incomplete format"),
            ("%(here)", "incomplete format"),
            ("%(here)l", "incomplete format"),
            ("%(here)5", "incomplete format"),
            ("%(here).", "incomplete format"),
            ("%(here", "incomplete format key"),
            ("date +%Y", "unsupported format character 'Y' (0x59) at index 7"),
            ("%(here)Y", "unsupported format character 'Y' (0x59) at index 7"),
            ("é%é", "unsupported format character '?' (0xe9) at index 2"),
            ("%\u{1F600}", "unsupported format character '?' (0x1f600) at index 1"),
            ("%\u{1f}", "unsupported format character '\u{1f}' (0x1f) at index 1"),
            ("%\u{7f}", "unsupported format character '?' (0x7f) at index 1"),
            ("%~", "unsupported format character '~' (0x7e) at index 1"),
            ("%(process_num)%", "unsupported format character '%' (0x25) at index 14"),
            ("% %", "unsupported format character '%' (0x25) at index 2"),
            ("%(process_num)lld", "unsupported format character 'l' (0x6c) at index 15"),
            ("%(here)s %Y", "not enough arguments for format string"),
            ("%(here)s %d", "not enough arguments for format string"),
            ("%s", "not enough arguments for format string"),
            ("%r", "not enough arguments for format string"),
            ("%d", "%d format: a real number is required, not dict"),
            ("%x", "%x format: an integer is required, not dict"),
            ("%f", "must be real number, not dict"),
            ("%(here)d", "%d format: a real number is required, not str"),
            ("%(here)i", "%i format: a real number is required, not str"),
            ("%(here)X", "%X format: an integer is required, not str"),
            ("%(here)c", "%c requires int or char"),
            ("%(here)g", "must be real number, not str"),
            ("%*s", "* wants int"),
            ("%(here).*d", "* wants int"),
            ("%(process_num)99999999999999999999d", "width too big"),
            ("%(process_num).99999999999999999999d", "precision too big"),
            ("%(a(b)c)s", "unknown a(b)c"),
            ("%()s", "unknown "),
            ("%(nope)", "unknown nope"),
            ("%(nope)*s", "unknown nope"),
        ];
        for (raw, reason) in cases {
            assert_eq!(fill(raw), Err(reason.to_string()), "{raw:?}");
        }
    }

    #[test]
    fn bytes_pass_through_and_are_not_expanded_again() {
        let text = |raw| expand(raw, &names(), None).unwrap().text.into_owned();
        assert_eq!(text("a%(ENV_RAW)s"), b"a\xff%s");
        assert_eq!(text("%(ENV_RAW)4s|"), b" \xff%s|");
    }

    #[test]
    fn a_value_cannot_grow_without_bound() {
        assert_eq!(fill(&"%(here)1000000s".repeat(2)), Err("too long".into()));
        assert_eq!(fill("%(here)2000000000s"), Err("width too big".into()));
    }

    #[test]
    fn here_of_an_include_counts_even_where_the_name_is_not_offered() {
        let names = Names::default();
        assert_eq!(
            expand("%(here)s/%%(here)s", &names, Some(b"/50%")).unwrap().text,
            b"/50%/%(here)s".as_slice()
        );
        let malformed = |raw: &str| match &expand(raw, &names, Some(b"/x")).unwrap_err()[..] {
            [ExpandError::Malformed(malformed)] => malformed.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(malformed("%(here)s%(here)d").place, 8..16);
        // The index is that in "/x %(here)Y", which is what the message shows.
        let raw = "%(here)s %(here)Y";
        assert_eq!(
            malformed(raw).reason_in(raw, Some(b"/x")),
            "unsupported format character 'Y' (0x59) at index 10"
        );
    }

    #[test]
    fn every_mistake_of_a_value_is_found_up_to_a_limit() {
        let errors = expand("%(a)s %(here)s %(b)d %(here)Y %(", &names(), None).unwrap_err();
        assert_eq!(errors.len(), 4);
        assert_eq!(expand(&"%(a)s".repeat(100), &names(), None).unwrap_err().len(), MOST_ERRORS);
    }

    proptest! {
        #[test]
        fn any_text_expands_or_is_refused(raw: String) {
            let _ = expand(&raw, &names(), Some(b"/x"));
        }

        #[test]
        fn doubled_percent_signs_come_back_single(raw: String) {
            let escaped = raw.replace('%', "%%");
            prop_assert_eq!(expand(&escaped, &names(), None).unwrap().text, raw.as_bytes());
        }

        #[test]
        fn conversions_of_every_shape_are_refused_or_filled(flags in "[-+ #0]{0,3}", width in "[0-9]{0,3}", precision in "(\\.[0-9]{0,2})?", kind in "[a-zA-Z%]") {
            for name in ["here", "process_num", "ENV_RAW"] {
                let _ = expand(&format!("%({name}){flags}{width}{precision}{kind}"), &names(), None);
            }
        }
    }
}
