//! What `supervisorctl` shows of all processes, in a form of our own that has a twentieth of the bytes.
//!
//! # Theory
//!
//! `getAllProcessInfo` of 5000 processes is 6 MB of XML. Making, sending and reading it is nearly all that
//! `supervisorctl status` does, so the client says with the header `Accept` that it takes [`MEDIA_TYPE`] as well. Upstream's
//! server ignores that header and ours sends XML unless it names this type, so no other client gets the compact
//! form; the header `Content-Type` of the answer names the form. A fault is always XML.
//!
//! A body is one record after the other. A record has name, group, state, pid and description: a number as 32 bits, a text
//! as its length in bytes, 32 bits, and then these; the bits are little-endian. A state is its number, and has the name
//! that [`ProcessState`] has for it. The form never changes: another set of fields would be another media type.
//!
//! What a client reads is the same in both forms: numbers are clamped here as well, and texts are what a reader of XML
//! makes of them.

use crate::decode::Malformed;
use crate::encode::{LARGEST_GUESS, clamp, contains_none_of};
use crate::info::ProcessSummary;
use std::borrow::Cow;
use supervisor_core::ProcessState;

/// What the form is called in `Accept` and `Content-Type`.
pub const MEDIA_TYPE: &str = "application/vnd.supervisor-rs.states";

/// Whether a request with this header `Accept` takes the form.
pub fn is_accepted(accept: &[u8]) -> bool {
    accept
        .split(|byte| *byte == b',')
        .any(|range| range.trim_ascii().eq_ignore_ascii_case(MEDIA_TYPE.as_bytes()))
}

/// Writes records.
#[derive(Debug)]
pub struct Encoder {
    out: Vec<u8>,
    /// About how many more records follow.
    expected: usize,
}

impl Encoder {
    /// For about `expected` records.
    pub fn new(expected: usize) -> Self {
        Self { out: Vec::new(), expected }
    }

    /// Writes one more; the name of its state is left out.
    pub fn push(&mut self, summary: &ProcessSummary<'_>) {
        let out = &mut self.out;
        push_text(out, summary.name);
        push_text(out, summary.group);
        push_number(out, summary.state);
        push_number(out, summary.pid);
        push_text(out, summary.description);
        let others = std::mem::take(&mut self.expected).saturating_sub(1);
        // They are about as long. Growing to it step by step would copy a long list several times.
        out.reserve((out.len() + out.len() / 16).saturating_mul(others).min(LARGEST_GUESS));
    }

    /// The body.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

/// Reads what an [`Encoder`] wrote; the texts stay where they are.
pub fn decode(mut body: &[u8]) -> Result<Vec<ProcessSummary<'_>>, Malformed> {
    let mut summaries = Vec::new();
    while !body.is_empty() {
        let whole = body.len();
        summaries.push(record(&mut body)?);
        if summaries.len() == 1 {
            // The others are about as long.
            summaries.reserve(body.len() / (whole - body.len()));
        }
    }
    Ok(summaries)
}

fn record<'a>(rest: &mut &'a [u8]) -> Result<ProcessSummary<'a>, Malformed> {
    let (name, group, state) = (text(rest)?, text(rest)?, number(rest)?);
    let known = ProcessState::ALL.iter().find(|known| i64::from(known.code()) == state);
    let known = known.ok_or_else(|| Malformed::new("a process in the list has an unknown state"))?;
    let (pid, description) = (number(rest)?, text(rest)?);
    Ok(ProcessSummary { name, group, state, statename: known.name(), pid, description })
}

fn push_number(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(&clamp(number).to_le_bytes());
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    let text = as_read(text);
    let length = u32::try_from(text.len()).expect("nothing the daemon knows of a process has four gigabytes");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// A text as it is after it has been through XML: without characters that XML forbids, its line ends LF.
fn as_read(text: &str) -> Cow<'_, str> {
    if contains_none_of(text.as_bytes(), [0xef]) {
        return text.into();
    }
    let unified = text.replace("\r\n", "\n");
    let read = |character| match character {
        '\r' => '\n',
        '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'.. => character,
        _ => char::REPLACEMENT_CHARACTER,
    };
    unified.chars().map(read).collect::<String>().into()
}

fn number(rest: &mut &[u8]) -> Result<i64, Malformed> {
    bytes(rest).map(|bytes| i32::from_le_bytes(bytes).into())
}

fn text<'a>(rest: &mut &'a [u8]) -> Result<&'a str, Malformed> {
    let length = usize::try_from(u32::from_le_bytes(bytes(rest)?)).map_err(|_| cut_short())?;
    let (text, after) = rest.split_at_checked(length).ok_or_else(cut_short)?;
    *rest = after;
    let text = std::str::from_utf8(text)
        .map_err(|_| Malformed::new("a text in the list of processes is not UTF-8"))?;
    if contains_none_of(text.as_bytes(), [0xef]) || as_read(text) == text {
        return Ok(text);
    }
    Err(Malformed::new("a text in the list of processes has a character that XML does not allow"))
}

fn bytes<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (bytes, after) = rest.split_first_chunk::<N>().ok_or_else(cut_short)?;
    *rest = after;
    Ok(*bytes)
}

fn cut_short() -> Malformed {
    Malformed::new("the list of processes ends inside a record")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::ProcessInfo;
    use crate::{decode as xml, encode as to_xml};
    use proptest::prelude::*;

    prop_compose! {
        fn infos()(
            texts in prop::array::uniform3(any::<String>()),
            state in prop::sample::select(ProcessState::ALL.as_slice()),
            pid in any::<i64>(),
        ) -> ProcessInfo<'static> {
            let [name, group, description] = texts.map(Cow::Owned);
            let (state, statename) = (state.code().into(), state.name().into());
            ProcessInfo { name, group, state, statename, pid, description, ..ProcessInfo::default() }
        }
    }

    fn encode<'a>(infos: impl ExactSizeIterator<Item = &'a ProcessInfo<'a>>) -> Vec<u8> {
        let mut encoder = Encoder::new(infos.len());
        infos.for_each(|info| encoder.push(&info.summary()));
        encoder.finish()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_client_reads_the_same_in_both_forms(infos in prop::collection::vec(infos(), 0..4)) {
            let value = xml::response(&to_xml::response(&infos)).unwrap().unwrap();
            let items = value.as_array().unwrap().to_vec();
            let read: Vec<_> = items.into_iter().map(|item| ProcessInfo::from_value(item).unwrap()).collect();
            let read: Vec<_> = read.iter().map(ProcessInfo::summary).collect();
            let body = encode(infos.iter());
            prop_assert_eq!(decode(&body).unwrap(), read);
        }

        #[test]
        fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn a_list_that_is_cut_short_or_has_an_unknown_state_is_refused() {
        let web = ProcessInfo { name: "web".into(), ..ProcessInfo::default() };
        let whole = encode([web.clone()].iter());
        assert_eq!(whole.len(), 3 * 4 + 2 * 4 + 3, "three lengths, two numbers and a name");
        for length in 1..whole.len() {
            assert!(decode(&whole[..length]).is_err(), "{length} bytes");
        }
        assert!(decode(&encode([ProcessInfo { state: 11, ..web }].iter())).is_err());
    }

    /// No server of ours sends them.
    #[test]
    fn characters_that_xml_forbids_are_refused() {
        let whole = encode([ProcessInfo { name: "web".into(), ..ProcessInfo::default() }].iter());
        for forbidden in ["\u{1b}[m", "\0xx", "\u{fffe}"] {
            let body = [&whole[..4], forbidden.as_bytes(), &whole[7..]].concat();
            assert!(decode(&body).unwrap_err().to_string().contains("XML does not allow"), "{forbidden:?}");
        }
    }

    #[test]
    fn only_who_names_the_form_gets_it() {
        assert!(is_accepted(b"application/vnd.supervisor-rs.states, text/xml"));
        assert!(is_accepted(b"text/xml,APPLICATION/vnd.supervisor-rs.states"));
        for accept in
            [&b"text/xml"[..], b"*/*", b"application/*", b"", b"application/vnd.supervisor-rs.states2"]
        {
            assert!(!is_accepted(accept), "{accept:?}");
        }
    }
}
