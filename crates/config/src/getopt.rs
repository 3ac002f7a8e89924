//! The classic getopt of Unix, with long options, as both programs read their command line.
//!
//! Options end at the first word that is not one, or after `--`. `--long value` and `--long=value` are the same;
//! a long name may be cut as long as it stays unique; short flags may be joined (`-nk`), and a short option's value
//! may follow at once (`-cFILE`).

use crate::diagnostic::Fault;
use crate::spelling::nearest;
use crate::text;
use crate::value::Rejection;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use supervisor_core::repr;

/// One option as the parser needs it.
#[derive(Clone, Copy, Debug)]
pub struct Spelling {
    /// Its short forms, without the dash.
    pub short: &'static [char],
    /// Its long forms, without the dashes; the first one is the documented one.
    pub long: &'static [&'static str],
    /// Whether a value follows.
    pub takes_value: bool,
    /// Its long forms cannot be abbreviated.
    pub is_whole_only: bool,
}

/// An option that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its place in the table of spellings.
    pub index: usize,
    /// As it stood, with its dashes; a long name is completed, a short one without its neighbours: `-n`, `--logfile`.
    pub spelling: String,
    /// Its value; empty for a flag.
    pub value: OsString,
}

/// Splits the words after the program's name into options and the words that remain.
pub fn parse(words: &[OsString], table: &[Spelling]) -> Result<(Vec<Given>, Vec<OsString>), Fault> {
    let mut given = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.as_slice().first() {
        let bytes = word.as_bytes();
        if bytes == b"-" || !bytes.starts_with(b"-") {
            break;
        }
        rest.next();
        match bytes.strip_prefix(b"--") {
            Some([]) => break,
            Some(long) => given.push(parse_long(long, table, &mut rest)?),
            None => parse_short(&bytes[1..], table, &mut rest, &mut given)?,
        }
    }
    Ok((given, rest.cloned().collect()))
}

/// Applies the options from left to right: invalid values and repeated options are faults. `stops` says
/// after which option to leave the rest unread.
pub(crate) fn apply(
    given: &[Given],
    stops: impl Fn(&Given) -> bool,
    apply: &mut dyn FnMut(&Given) -> Result<(), Rejection>,
) -> Result<(), Fault> {
    for (position, option) in given.iter().enumerate() {
        apply(option).map_err(|Rejection { message, hint, .. }| {
            let value = repr::text(option.value.as_bytes());
            Fault::new(format!("invalid value for {} {value}: {message}", option.spelling)).with_hint(hint)
        })?;
        if given[..position].iter().any(|earlier| earlier.index == option.index) {
            let spelling = repr::text(&option.spelling);
            return Err(Fault::new(format!("conflicting command line option {spelling}"))
                .because("each option may be given once"));
        }
        if stops(option) {
            break;
        }
    }
    Ok(())
}

type Rest<'a> = std::slice::Iter<'a, OsString>;

fn parse_long(word: &[u8], table: &[Spelling], rest: &mut Rest<'_>) -> Result<Given, Fault> {
    let equals = word.iter().position(|&byte| byte == b'=');
    let (typed, attached) = match equals {
        Some(at) => (&word[..at], Some(&word[at + 1..])),
        None => (word, None),
    };
    let (index, name) = complete(typed, table)?;
    let value = match (table[index].takes_value, attached) {
        (true, Some(value)) => OsStr::from_bytes(value).to_os_string(),
        (true, None) => {
            rest.next().cloned().ok_or_else(|| Fault::new(format!("option --{name} requires argument")))?
        }
        (false, None) => OsString::new(),
        (false, Some(_)) => return Err(Fault::new(format!("option --{name} must not have an argument"))),
    };
    Ok(Given { index, spelling: format!("--{name}"), value })
}

/// The option a long name, perhaps cut short, stands for.
fn complete(typed: &[u8], table: &[Spelling]) -> Result<(usize, &'static str), Fault> {
    let all = || {
        table
            .iter()
            .enumerate()
            .flat_map(|(index, spelling)| spelling.long.iter().map(move |&long| (index, long)))
    };
    if let Some(exact) = all().find(|(_, long)| long.as_bytes() == typed) {
        return Ok(exact);
    }
    let is_meant =
        |(index, long): &(usize, &str)| !table[*index].is_whole_only && long.as_bytes().starts_with(typed);
    let possible: Vec<_> = all().filter(is_meant).collect();
    let shown = text::shown(typed);
    match possible[..] {
        [] => {
            let hint =
                nearest(&shown, all().map(|(_, long)| long)).map(|long| format!("did you mean --{long}?"));
            Err(Fault::new(format!("option --{shown} not recognized")).with_hint(hint))
        }
        [only] => Ok(only),
        [first, ..] if possible.iter().all(|&(index, _)| index == first.0) => Ok(first),
        [..] => {
            let names: Vec<_> = possible.iter().map(|(_, long)| format!("--{long}")).collect();
            Err(Fault::new(format!("option --{shown} not a unique prefix"))
                .with_hint(Some(format!("write one of {}", names.join(", ")))))
        }
    }
}

fn parse_short(
    mut letters: &[u8],
    table: &[Spelling],
    rest: &mut Rest<'_>,
    given: &mut Vec<Given>,
) -> Result<(), Fault> {
    while let Some((letter, after)) = text::split_first_char(letters) {
        let shown = text::shown(&letters[..letters.len() - after.len()]);
        let index = letter
            .and_then(|letter| table.iter().position(|spelling| spelling.short.contains(&letter)))
            .ok_or_else(|| Fault::new(format!("option -{shown} not recognized")))?;
        letters = after;
        let mut value = OsString::new();
        if table[index].takes_value {
            value = if letters.is_empty() {
                rest.next()
                    .cloned()
                    .ok_or_else(|| Fault::new(format!("option -{shown} requires argument")))?
            } else {
                OsString::from_vec(letters.to_vec())
            };
            letters = &[];
        }
        given.push(Given { index, spelling: format!("-{shown}"), value });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Spelling] = &[
        Spelling { short: &['c'], long: &["configuration"], takes_value: true, is_whole_only: false },
        Spelling { short: &['n'], long: &["nodaemon"], takes_value: false, is_whole_only: false },
        Spelling { short: &['l'], long: &["logfile"], takes_value: true, is_whole_only: false },
        Spelling { short: &['y'], long: &["logfile_maxbytes"], takes_value: true, is_whole_only: false },
        Spelling {
            short: &['r'],
            long: &["history_file", "history-file"],
            takes_value: true,
            is_whole_only: false,
        },
    ];

    type Pairs = Vec<(String, String)>;

    fn run(words: &str) -> Result<(Pairs, Vec<String>), String> {
        let words: Vec<OsString> =
            words.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect();
        let (given, rest) = parse(&words, TABLE).map_err(|fault| fault.message())?;
        let given = given.into_iter().map(|one| (one.spelling, one.value.into_string().unwrap())).collect();
        Ok((given, rest.into_iter().map(|word| word.into_string().unwrap()).collect()))
    }

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        pairs.iter().map(|&(one, two)| (one.to_string(), two.to_string())).collect()
    }

    #[test]
    fn short_flags_join_and_values_may_be_attached() {
        assert_eq!(
            run("-nn -cfile -nc file").unwrap().0,
            pairs(&[("-n", ""), ("-n", ""), ("-c", "file"), ("-n", ""), ("-c", "file")])
        );
    }

    #[test]
    fn long_options_may_be_cut_while_unique() {
        assert_eq!(
            run("--logfile_m=3 --conf x").unwrap().0,
            pairs(&[("--logfile_maxbytes", "3"), ("--configuration", "x")])
        );
        assert_eq!(run("--logfile x").unwrap().0, pairs(&[("--logfile", "x")]));
        assert_eq!(run("--log x").unwrap_err(), "option --log not a unique prefix");
    }

    #[test]
    fn two_spellings_of_one_option_are_not_ambiguous() {
        assert_eq!(run("--history x").unwrap().0, pairs(&[("--history_file", "x")]));
        assert_eq!(run("--history-file=x").unwrap().0, pairs(&[("--history-file", "x")]));
    }

    #[test]
    fn options_end_at_the_first_word_or_after_two_dashes() {
        assert_eq!(run("-n tail -f x").unwrap().1, ["tail", "-f", "x"]);
        assert_eq!(run("-n -- -n").unwrap().1, ["-n"]);
        assert_eq!(run("- -n").unwrap().1, ["-", "-n"]);
    }

    #[test]
    fn each_mistake_has_upstreams_text() {
        assert_eq!(run("--bogus").unwrap_err(), "option --bogus not recognized");
        assert_eq!(run("-nx").unwrap_err(), "option -x not recognized");
        assert_eq!(run("-c").unwrap_err(), "option -c requires argument");
        assert_eq!(run("--conf").unwrap_err(), "option --configuration requires argument");
        assert_eq!(run("--nodaemon=1").unwrap_err(), "option --nodaemon must not have an argument");
    }
}
