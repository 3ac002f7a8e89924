//! Which comparisons may differ, and where COMPATIBILITY.md says why.

use std::fs;

use support::workspace;

/// A difference that is meant. Of each text a part is given; the empty one is part of every text.
struct Deliberate {
    /// The beginning of the scenario's name.
    scenario: &'static str,
    /// Words of what upstream did.
    upstream: &'static str,
    /// Words of what ours did.
    ours: &'static str,
    /// Words that stand in the entry for it.
    entry: &'static str,
}

const DELIBERATE: &[Deliberate] = &[
    row("ctl Ours on Upstream: without a daemon: ", "", "", NO_DAEMON),
    row("ctl Ours on Ours: without a daemon: ", "", "", NO_DAEMON),
    row("", " 500 Internal Server Error", "INCORRECT_PARAMETERS", WRONG_TYPES),
    row("call written as ", "FAILED: &lt;class", "INCORRECT_PARAMETERS", WRONG_TYPES),
    row("method system.listMethods", "", "supervisor.getImplementation", IMPLEMENTATION),
    row("while stopping system.listMethods", "", "supervisor.getImplementation", IMPLEMENTATION),
    row("method supervisor.read", " 500 Internal Server Error", " 200 OK", WIDE_INTEGERS),
    row("call written as ", "99999999999999999999", "9223372036854775807", WIDE_INTEGERS),
    row("http POST /RPC2\\r", "HTTP/None 200", "HTTP/1.0 200", "no version: `HTTP/None`"),
    row("http ", "closed without an answer", " 400 Bad Request", "a bad request line"),
    row("http POST /nope", "answered 400", "answered 404", "a body behind a request that is refused"),
    row("http POST /RPC2 HTTP/1.1\\r\\nTransfer-Encoding", "answered 404", "after it: closed", BROKEN_BODIES),
    row("http POST /RPC2 HTTP/1.1\\r\\nContent-Length: x", "answered 404", "after it: closed", BROKEN_BODIES),
    row("http POST /RPC2 HTTP/1.1\\r\\nContent-Length: 0", "no answer", " 400 ", BROKEN_BODIES),
    row("http POST /RPC2 HTTP/1.1\\r\\nContent-Length:4", " 411 ", " 400 ", "headers need exactly one blank"),
    row("http POST /RPC2 HTTP/1.0\\r\\nX: a\\r\\n b", " 200 OK", " 400 Bad Request", TWO_READINGS),
    row("http POST /RPC2 HTTP/1.0\\r\\n: no name", " 200 OK", " 400 Bad Request", TWO_READINGS),
    row("http HEAD ", "Content-Type", "", "errors to HEAD carry a body"),
    row(
        "http GET /stylesheets ",
        "<unix domain socket>",
        "Location: ./stylesheets/",
        "a directory without its slash",
    ),
    row("http GET /logtail ", " 500 ", " 404 ", "`/logtail`: 500"),
    row("http GET /", " 200 OK", "Content-Security-Policy", "policy headers"),
    row("http GET /images/", " 200 OK", " 404 ", "assets only"),
    row("http guarded", " 500 ", " 401 ", "credentials without colon: 500"),
    row(
        "http guarded, HTTP/1.1",
        " 400 Bad Request",
        "after it: closed",
        "after 401 the connection stays open",
    ),
];

const NO_DAEMON: &str = "a raw error when `avail`, `reread`, `update`";
const WRONG_TYPES: &str = "wrong parameter types: 500";
const IMPLEMENTATION: &str = "New: `supervisor.getImplementation`";
const BROKEN_BODIES: &str = "POST with length 0 hangs";
const TWO_READINGS: &str = "folded headers, blanks before the colon";
const WIDE_INTEGERS: &str = "integers over 32 bits";

const fn row(
    scenario: &'static str,
    upstream: &'static str,
    ours: &'static str,
    entry: &'static str,
) -> Deliberate {
    Deliberate { scenario, upstream, ours, entry }
}

/// The entry that explains the difference in a scenario, if there is one.
pub(super) fn entry_for(scenario: &str, upstream: &str, ours: &str) -> Option<&'static str> {
    let fits = |known: &&Deliberate| {
        scenario.starts_with(known.scenario) && upstream.contains(known.upstream) && ours.contains(known.ours)
    };
    DELIBERATE.iter().find(fits).map(|known| known.entry)
}

/// Entries this list points to that COMPATIBILITY.md does not have.
pub(super) fn missing_entries() -> Vec<&'static str> {
    let text = fs::read_to_string(workspace::root().join("COMPATIBILITY.md")).unwrap_or_default();
    let mut missing: Vec<_> =
        DELIBERATE.iter().map(|known| known.entry).filter(|entry| !text.contains(entry)).collect();
    missing.sort_unstable();
    missing.dedup();
    missing
}
