//! `[eventlistener:x]`: a program whose group also has a subscription.

use super::program;
use super::program::process::Process;
use super::rpcinterface::{is_built_in, unresolvable};
use super::table::{Applied, Opt, SectionKind, options};
use super::{Invalid, SectionReader, tail_of};
use crate::confusable;
use crate::diagnostic::Fault;
use crate::value::types::{self, Type};
use crate::value::{self, Rejection};
use supervisor_core::{EventLength, EventSet};

/// Event listeners.
pub(crate) const SECTION: SectionKind = SectionKind::prefixed("eventlistener:", Applied::Update)
    .help("A program that is sent events on its standard input and answers on its standard output.")
    .options(&[OPTIONS])
    .like_programs();

/// What a group of event listeners shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerPool {
    /// Events kept while no listener is ready; at least 1.
    pub buffer_size: u32,
    /// The event types subscribed to.
    pub events: EventSet,
    /// What `len` of an event counts.
    pub length: EventLength,
    /// The importable name of the function that judges results; always upstream's default one.
    pub result_handler: String,
}

/// The result handler that is built in.
const DEFAULT_HANDLER: &str = "supervisor.dispatchers:default_handler";

/// Set for listeners whose `event_length` is `bytes`.
const LENGTH_VARIABLE: &str = "SUPERVISOR_EVENT_LENGTH";

options! {
    OPTIONS;

    const PRIORITY: Opt<i64> = Opt::new("priority", types::INTEGER)
        .default("-1")
        .help("Order among groups; listeners start before programs unless told otherwise.");
    const BUFFER_SIZE: Opt<i64> = Opt::new("buffer_size", Type::new(value::integer, "a whole number from 1 on"))
        .default("10")
        .help("Events kept while no listener is ready; the oldest is dropped when there are more.");
    const RESULT_HANDLER: Opt<Vec<u8>> = Opt::new("result_handler", Type::new(value::bytes, DEFAULT_HANDLER))
        .default(DEFAULT_HANDLER)
        .help("The function that evaluates the results of listeners. Only the default one is available.");
    const EVENTS: Opt<Vec<String>> = Opt::new("events", Type::new(value::strings, "event types separated by commas"))
        .help("The types of events to be sent. A type stands for all below it: EVENT is everything.");
    const EVENT_LENGTH: Opt<EventLength> =
        Opt::new("event_length", Type::new(value::event_length, "characters or bytes"))
        .default("characters")
        .help("What len counts: characters, which Python listeners read, or bytes.")
        .ours();
}

/// Reads what the group has: its priority and its subscription.
pub(crate) fn read(reader: &mut SectionReader<'_>) -> (i64, Option<ListenerPool>) {
    let priority = reader.value(&PRIORITY);
    let buffer_size = read_buffer_size(reader);
    let result_handler = read_result_handler(reader);
    let events = read_events(reader);
    let length = read_event_length(reader);
    refuse_redirection(reader);
    let (Ok(buffer_size), Ok(result_handler), Ok(events), Ok(length)) =
        (buffer_size, result_handler, events, length)
    else {
        return (priority, None);
    };
    (priority, Some(ListenerPool { buffer_size, events, length, result_handler }))
}

/// Sets the variable for listeners that are sent lengths in bytes, unless they have it already.
pub(crate) fn announce_length(pool: &ListenerPool, processes: &mut [Process]) {
    match pool.length {
        EventLength::Characters => {}
        EventLength::Bytes => {
            for process in processes {
                if process.environment.value(LENGTH_VARIABLE.as_ref()).is_none() {
                    process.environment.set(LENGTH_VARIABLE, "bytes");
                }
            }
        }
    }
}

fn read_buffer_size(reader: &mut SectionReader<'_>) -> Result<u32, Invalid> {
    let size = reader.checked_value(&BUFFER_SIZE)?;
    if size < 1 {
        let message = format!("[{}] section sets invalid buffer_size ({size})", reader.section.name);
        return reader.or_fault(BUFFER_SIZE.key, BUFFER_SIZE.of.takes, Err(Rejection::new(message)), "");
    }
    Ok(u32::try_from(size).unwrap_or(u32::MAX))
}

fn read_result_handler(reader: &mut SectionReader<'_>) -> Result<String, Invalid> {
    let given = reader.checked_value(&RESULT_HANDLER)?;
    if is_built_in(&given, DEFAULT_HANDLER) {
        return Ok(DEFAULT_HANDLER.to_string());
    }
    let fault = unresolvable(&given, &reader.section.name).at(reader.place_of(RESULT_HANDLER.key)).with_hint(
        Some("remove result_handler and answer RESULT 2 with OK, or FAIL to get the event again".into()),
    );
    reader.report.fault(fault);
    Err(Invalid)
}

fn read_events(reader: &mut SectionReader<'_>) -> Result<EventSet, Invalid> {
    let given = reader.checked(&EVENTS)?.unwrap_or_default();
    if given.is_empty() {
        let message = format!("[{}] section requires an \"events\" line", reader.section.name);
        return Err(reader.missing(&EVENTS.described(), message));
    }
    let mut events = EventSet::EMPTY;
    let mut has_unknown = false;
    for name in given {
        match value::event_kind(&name.to_uppercase()) {
            Ok(event) => events = events.with(event),
            Err(meant) => {
                has_unknown = true;
                unknown_event(reader, &name, meant);
            }
        }
    }
    if has_unknown { Err(Invalid) } else { Ok(events) }
}

fn unknown_event(reader: &mut SectionReader<'_>, name: &str, meant: Option<&str>) {
    let message = format!("Unknown event type {} in [{}] events", name.to_uppercase(), reader.section.name);
    let hint = match (confusable::first(name), meant) {
        (Some((_, letter, looks)), _) => confusable::hint(letter, looks),
        _ if name.is_empty() => "remove the comma with nothing beside it".to_string(),
        (None, Some(meant)) => format!("did you mean {meant}?"),
        (None, None) => {
            "use EVENT for everything, or one of the types in the manual's chapter on events".to_string()
        }
    };
    let place = reader.raw(EVENTS.key).map(|found| {
        let text = &found.entry.text;
        let part = text.find(name).filter(|_| !name.is_empty()).map(|at| at..at + name.len());
        reader.document.sources.place(found.entry.span(part))
    });
    let fault = Fault::new(message)
        .at(place.unwrap_or_else(|| reader.place_of(EVENTS.key)))
        .because(format!("events takes {}", EVENTS.of.takes))
        .with_hint(Some(hint));
    let fault = reader.with_origin(EVENTS.key, fault);
    reader.report.fault(fault);
}

fn read_event_length(reader: &mut SectionReader<'_>) -> Result<EventLength, Invalid> {
    let tail = tail_of(reader.document, reader.section);
    SectionReader { report: &mut *reader.report, tail: &tail, ..*reader }.checked_value(&EVENT_LENGTH)
}

fn refuse_redirection(reader: &mut SectionReader<'_>) {
    if reader.value(&program::process::REDIRECT_STDERR) {
        let message = format!(
            "[{}] section sets redirect_stderr=true but this is not allowed because it will interfere with the \
             eventlistener protocol",
            reader.section.name
        );
        let fault = Fault::new(message)
            .at(reader.place_of(program::process::REDIRECT_STDERR.key))
            .because("a listener talks to supervisord over standard output")
            .with_hint(Some(
                "remove redirect_stderr; stderr_logfile says where standard error goes".to_string(),
            ));
        reader.report.fault(fault);
    }
}
