//! The `environment` option: `KEY="value",OTHER=plain`.
//!
//! Words come in fours: a key, `=`, a value, and a fourth that separates and is not looked at. So `A=a b` loses its
//! `b`, as in upstream; ours says so. The pairs are found before variables count: see [`lexer::pair_words`].

use super::origin::{self, ShellVariable};
use crate::confusable;
use crate::environment::Environment;
use crate::lexer;
use crate::text::shown;
use crate::value::{ParseContext, Parsed, Rejection};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// The variables a text names.
pub(crate) fn environment(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<Environment> {
    let words = lexer::pair_words(value, &context.substitutions)
        .map_err(|error| Rejection::new(error.to_string()).with_hint("close every quote that is opened"))?;
    let mut environment = Environment::new();
    for group in words.chunks(4) {
        let [key, equals, variable, ..] = group else { return Err(unexpected_end(value)) };
        if equals != b"=" {
            return Err(unexpected_end(value));
        }
        environment.set(OsString::from_vec(key.clone()), OsString::from_vec(variable.clone()));
        if let Some(written) = itself(key, variable) {
            let key = shown(key);
            context
                .remarks
                .push(format!("no shell reads the value of {key}; write %(ENV_{key})s for {written}"));
        }
        if let Some(lost) = group.get(3).filter(|separator| *separator != b"," && *separator != b";") {
            let (lost, key) = (shown(lost), shown(key));
            let hint = hint_for_lost(variable, &lost);
            context.remarks.push(format!("{lost} after the value of {key} is not read; {hint}"));
        }
    }
    Ok(environment)
}

/// A value that names its own variable the way a shell would fill it in, such as `PATH="/opt/bin:$PATH"`.
fn itself<'v>(key: &[u8], value: &'v [u8]) -> Option<&'v str> {
    let value = std::str::from_utf8(value).ok()?;
    let found = origin::shell_variables(value).find(|variable| variable.name.as_bytes() == key);
    found.map(|variable| variable.written)
}

/// What to do about text behind a value that is not read.
fn hint_for_lost(value: &[u8], lost: &str) -> String {
    if let Some((_, letter, looks)) = confusable::first(lost) {
        return confusable::hint(letter, looks);
    }
    let written = format!("${lost}");
    match origin::shell_variable(&written).filter(|_| value == b"$") {
        Some(variable) => variable.hint(),
        None => "put the whole value in double quotes".to_string(),
    }
}

fn unexpected_end(value: &[u8]) -> Rejection {
    const QUOTES: &str =
        "put each value in double quotes and a comma between the pairs: KEY=\"value\",OTHER=\"value\"";
    let hint = match bare_variable(value) {
        Some(variable) => format!("{}, and {QUOTES}", variable.hint()),
        None => QUOTES.to_string(),
    };
    Rejection::new(format!("Unexpected end of key/value pairs in value '{}'", shown(value))).with_hint(hint)
}

/// A variable of a shell where a value begins, without quotes.
fn bare_variable(value: &[u8]) -> Option<ShellVariable<'_>> {
    let text = std::str::from_utf8(value).ok()?;
    text.match_indices("=$").find_map(|(at, _)| {
        let rest = &text[at + 1..];
        origin::shell_variable(rest).filter(|variable| rest.starts_with(variable.written))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expand::{self, Names};
    use crate::host::MemoryHost;

    fn read(text: &str) -> Result<(Vec<(String, String)>, usize), String> {
        let host = MemoryHost::new();
        let mut context = ParseContext::new(&host);
        let read = environment(text.as_bytes(), &mut context).map_err(|rejection| rejection.message)?;
        let pairs =
            read.iter().map(|(name, value)| (name.to_str().unwrap().into(), value.to_str().unwrap().into()));
        Ok((pairs.collect(), context.remarks.len()))
    }

    /// What comes of `environment=text`, `%` in it standing for a variable with this value.
    fn expanded(text: &str, variable: &str) -> Vec<(String, String)> {
        let host = MemoryHost::new();
        let names = Names::default().with("ENV_X", variable);
        let raw = text.replace('%', "%(ENV_X)s");
        let expanded = expand::expand(&raw, &names, None).unwrap();
        let mut context = ParseContext { substitutions: expanded.places(), ..ParseContext::new(&host) };
        let read = environment(&expanded.text, &mut context).unwrap();
        read.iter()
            .map(|(name, value)| (name.to_str().unwrap().into(), value.to_str().unwrap().into()))
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|&(key, value)| (key.to_string(), value.to_string())).collect()
    }

    const ODD: [&str; 16] = [
        "end\\",
        "C:\\\\dir",
        "C:\\dir",
        "say \"hi\"",
        "x\",EVIL=\"1",
        "it's",
        "a b",
        "",
        "a,b",
        "1,B=2",
        "a#b",
        "a;b c",
        "http://h/?q=1&r",
        "密码",
        "$X",
        "line\nline",
    ];

    #[test]
    fn a_value_arrives_as_it_is() {
        for value in ODD {
            assert_eq!(expanded("A=\"%\",Z=\"1\"", value), pairs(&[("A", value), ("Z", "1")]), "{value:?}");
            assert_eq!(expanded("A='%',Z=1", value), pairs(&[("A", value), ("Z", "1")]), "{value:?}");
            assert_eq!(expanded("A=%,Z=1", value), pairs(&[("A", value), ("Z", "1")]), "{value:?}");
            let within = format!("x{value}y");
            assert_eq!(expanded("A=\"x%y\"", value), pairs(&[("A", &within)]), "{value:?}");
            assert_eq!(expanded("A=x%y", value), pairs(&[("A", &within)]), "{value:?}");
        }
        assert_eq!(expanded(r#"A="C:\%""#, "n\"t"), pairs(&[("A", r#"C:\n"t"#)]));
        assert_eq!(expanded("A=\"%\"", "'x'"), pairs(&[("A", "'x'")]));
    }

    /// So it is on upstream: files of variables often have their values in quotes, or end their lines with CR LF.
    #[test]
    fn outside_quotes_those_of_the_variable_count_and_blanks_around_it_do_not() {
        assert_eq!(expanded("A=%,Z=1", "\"a b\""), pairs(&[("A", "a b"), ("Z", "1")]));
        assert_eq!(expanded("A=%,Z=1", "'a b'\r"), pairs(&[("A", "a b"), ("Z", "1")]));
        assert_eq!(expanded("A=x%,Z=1", "foo\r"), pairs(&[("A", "xfoo"), ("Z", "1")]));
    }

    #[test]
    fn a_variable_may_hold_pairs_and_names() {
        assert_eq!(expanded("%", "A=1,B=\"2 3\""), pairs(&[("A", "1"), ("B", "2 3")]));
        assert_eq!(expanded("Z=1,%", "A=1"), pairs(&[("Z", "1"), ("A", "1")]));
        assert_eq!(expanded("Z=1,%", ""), pairs(&[("Z", "1")]));
        assert_eq!(expanded("%A=1", "B=2,"), pairs(&[("B", "2"), ("A", "1")]));
        assert_eq!(expanded("%_A=1", "B"), pairs(&[("B_A", "1")]));
        assert_eq!(expanded("A=1, # %\nB=2", "x"), pairs(&[("A", "1"), ("B", "2")]));
    }

    fn assert_reads(text: &str, expected: &[(&str, &str)], remarks: usize) {
        let expected = expected.iter().map(|&(key, value)| (key.to_string(), value.to_string())).collect();
        assert_eq!(read(text), Ok((expected, remarks)), "{text}");
    }

    /// CFG-30, CFG-32; results of Python's lexer for the same texts.
    #[test]
    fn values_are_read_as_a_posix_shell_reads_them() {
        assert_reads("", &[], 0);
        assert_reads("A=1", &[("A", "1")], 0);
        assert_reads(r#"A="x\"y""#, &[("A", "x\"y")], 0);
        assert_reads(r#"A='"x"'"#, &[("A", "\"x\"")], 0);
        assert_reads(r#"A="x"y"#, &[("A", "xy")], 0);
        assert_reads(r#""A"=1"#, &[("A", "1")], 0);
        assert_reads(r"A=a\b", &[("A", "ab")], 0);
        assert_reads(r#"A="C:\x""#, &[("A", r"C:\x")], 0);
        assert_reads("A=éa", &[("A", "éa")], 0);
        assert_reads("A=\"\"", &[("A", "")], 0);
        assert_reads("A=\"1\",\n  B='2', # note\n C=3,", &[("A", "1"), ("B", "2"), ("C", "3")], 0);
        assert_reads("A=1,B=2,A=3", &[("A", "3"), ("B", "2")], 0);
        assert_reads("A=a;B=c", &[("A", "a"), ("B", "c")], 0);
        assert_reads("A=a#b", &[("A", "a")], 0);
    }

    #[test]
    fn text_that_upstream_loses_is_lost_with_a_remark() {
        assert_reads("A=a b", &[("A", "a")], 1);
        assert_reads("A=~/x", &[("A", "~")], 1);
        assert_reads("A=$X", &[("A", "$")], 1);
        assert_reads("A=%1", &[("A", "%")], 1);
    }

    /// CFG-31, CFG-32.
    #[test]
    fn what_is_no_pair_is_refused() {
        for text in ["A", "A=", "A=,B=1", "A=http://h:80/p?z", "A=a@b", "A=a,b", "A=a=b", "A=[x]", "=1"] {
            assert_eq!(read(text), Err(format!("Unexpected end of key/value pairs in value '{text}'")));
        }
        assert_eq!(read("A='x"), Err("No closing quotation".into()));
        assert_eq!(read("A=x\\"), Err("No escaped character".into()));
    }
}
