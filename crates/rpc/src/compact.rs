//! The records of all processes in a form of our own, in a tenth of the bytes.
//!
//! # Theory
//!
//! `getAllProcessInfo` of 5000 processes is 6 MB of XML. Making, sending and reading it is nearly all that
//! `supervisorctl status` does, so the client says with the header `Accept` that it takes [`MEDIA_TYPE`] as well. Upstream's
//! server ignores that header and ours ignores it from anybody who does not name this type, so no other client can
//! ever be surprised; the header `Content-Type` of the answer says which form it has. A fault is always XML.
//!
//! A body is one record after the other. A record has the fields of [`ProcessInfo`] in its order: a number as 32 bits, a text
//! as its length in bytes, 32 bits, and then these; the bits are little-endian. The form never changes: another set of fields
//! would be another media type.
//!
//! What a client reads is the same in both forms: numbers are clamped here as well, and texts are what a reader of XML
//! makes of them.

use crate::decode::Malformed;
use crate::encode::clamp;
use crate::info::ProcessInfo;
use std::borrow::Cow;
use supervisor_core::ProcessState;

/// What the form is called in `Accept` and `Content-Type`.
pub const MEDIA_TYPE: &str = "application/vnd.supervisor-rs.processes";

/// Whether a request with this header `Accept` takes the form.
pub fn is_accepted(accept: &[u8]) -> bool {
    accept
        .split(|byte| *byte == b',')
        .any(|range| range.trim_ascii().eq_ignore_ascii_case(MEDIA_TYPE.as_bytes()))
}

/// Writes records.
pub fn encode<'a>(infos: impl IntoIterator<Item = ProcessInfo<'a>>) -> Vec<u8> {
    let mut out = Vec::new();
    for info in infos {
        push_text(&mut out, &info.name);
        push_text(&mut out, &info.group);
        push_number(&mut out, info.start);
        push_number(&mut out, info.stop);
        push_number(&mut out, info.now);
        push_number(&mut out, info.state);
        push_text(&mut out, &info.statename);
        push_text(&mut out, &info.spawnerr);
        push_number(&mut out, info.exitstatus);
        push_text(&mut out, &info.stdout_logfile);
        push_text(&mut out, &info.stderr_logfile);
        push_number(&mut out, info.pid);
        push_text(&mut out, &info.description);
    }
    out
}

/// Reads what [`encode`] wrote.
pub fn decode(mut body: &[u8]) -> Result<Vec<ProcessInfo<'static>>, Malformed> {
    let mut infos = Vec::new();
    while !body.is_empty() {
        let whole = body.len();
        infos.push(record(&mut body)?);
        if infos.len() == 1 {
            // The others are about as long.
            infos.reserve(body.len() / (whole - body.len()));
        }
    }
    Ok(infos)
}

fn record(rest: &mut &[u8]) -> Result<ProcessInfo<'static>, Malformed> {
    // In the order of the form, which is that of the fields.
    Ok(ProcessInfo {
        name: text(rest)?.to_owned().into(),
        group: text(rest)?.to_owned().into(),
        start: number(rest)?,
        stop: number(rest)?,
        now: number(rest)?,
        state: number(rest)?,
        statename: state_name(text(rest)?),
        spawnerr: text(rest)?.to_owned().into(),
        exitstatus: number(rest)?,
        stdout_logfile: text(rest)?.to_owned().into(),
        stderr_logfile: text(rest)?.to_owned().into(),
        pid: number(rest)?,
        description: text(rest)?.to_owned().into(),
    })
}

/// The name of a state, without a copy of it for each of thousands of processes.
fn state_name(name: &str) -> Cow<'static, str> {
    let known = ProcessState::ALL.iter().map(|state| state.name()).find(|known| *known == name);
    known.map_or_else(|| name.to_owned().into(), Cow::Borrowed)
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
    let is_plain = |byte: u8| (byte >= b' ' && byte != 0xef) || matches!(byte, b'\t' | b'\n');
    if text.bytes().all(is_plain) {
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
    std::str::from_utf8(text).map_err(|_| Malformed::new("a text in the list of processes is not UTF-8"))
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
    use crate::{decode as xml, encode as to_xml};
    use proptest::prelude::*;

    fn through_xml(infos: &[ProcessInfo<'_>]) -> Vec<ProcessInfo<'static>> {
        let value = xml::response(&to_xml::response(infos)).unwrap().unwrap();
        let items = value.as_array().unwrap().to_vec();
        items.into_iter().map(|item| ProcessInfo::from_value(item).unwrap()).collect()
    }

    prop_compose! {
        fn infos()(
            texts in prop::array::uniform7(any::<String>()),
            numbers in prop::array::uniform6(any::<i64>()),
            state in prop::sample::select(ProcessState::ALL.as_slice()),
            is_state in any::<bool>(),
        ) -> ProcessInfo<'static> {
            let [name, group, odd_state, spawnerr, stdout_logfile, stderr_logfile, description] = texts.map(Cow::Owned);
            let [start, stop, now, code, exitstatus, pid] = numbers;
            let statename = if is_state { state.name().into() } else { odd_state };
            ProcessInfo {
                name, group, start, stop, now, state: code, statename, spawnerr, exitstatus, stdout_logfile,
                stderr_logfile, pid, description,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_client_reads_the_same_in_both_forms(infos in prop::collection::vec(infos(), 0..4)) {
            prop_assert_eq!(decode(&encode(infos.clone())).unwrap(), through_xml(&infos));
        }

        #[test]
        fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn a_list_that_is_cut_short_is_refused() {
        let whole = encode([ProcessInfo { name: "web".into(), ..ProcessInfo::default() }]);
        assert_eq!(whole.len(), 7 * 4 + 6 * 4 + 3, "seven lengths, six numbers and a name");
        for length in 1..whole.len() {
            assert!(decode(&whole[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn only_who_names_the_form_gets_it() {
        assert!(is_accepted(b"application/vnd.supervisor-rs.processes, text/xml"));
        assert!(is_accepted(b"text/xml,APPLICATION/vnd.supervisor-rs.processes"));
        for accept in
            [&b"text/xml"[..], b"*/*", b"application/*", b"", b"application/vnd.supervisor-rs.processes2"]
        {
            assert!(!is_accepted(accept), "{accept:?}");
        }
    }
}
