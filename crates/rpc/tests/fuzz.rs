//! Broken documents: whatever they are, they are understood or refused, and what was understood can be written again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use supervisor_rpc::{decode, encode};
use support::Mutator;

const TOKENS: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "&",
    ";",
    "&amp;",
    "&#0;",
    "&#x10ffff;",
    "&nope;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?",
    "?>",
    "<!DOCTYPE x>",
    "<value>",
    "</value>",
    "<array><data>",
    "<struct><member><name>",
    "<int>",
    "<i8>",
    "<double>nan</double>",
    "<base64>/w==",
    "<dateTime.iso8601>",
    "9999999999999999999999",
    "-",
    "1e999",
    "\u{0}",
    "\u{feff}",
    "\u{fffe}",
    "é",
    "\u{10ffff}",
    "\r\n",
    " a=\"b\"",
    " xmlns='",
];

#[test]
fn broken_documents_are_understood_or_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds-xml");
    let mut understood = 0_u32;
    Mutator::new(&seeds, TOKENS).run(|document| {
        if let Ok(call) = decode::call(document) {
            let written = encode::call(&call.method, &call.params);
            let again = decode::call(&written).unwrap();
            assert_eq!((again.method, again.params.len()), (call.method, call.params.len()));
            understood += 1;
        }
        if let Ok(answer) = decode::response(document) {
            let written = match &answer {
                Ok(value) => encode::response(value),
                Err(fault) => encode::fault(fault),
            };
            assert_eq!(decode::response(&written).unwrap().is_ok(), answer.is_ok());
            understood += 1;
        }
    });
    assert!(understood > 10, "the mutations leave nothing that can be understood");
}
