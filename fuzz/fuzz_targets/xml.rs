//! Any bytes as a call and as an answer: understood or refused, and what was understood can be written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use supervisor_rpc::{decode, encode};

fuzz_target!(|document: &[u8]| {
    if let Ok(call) = decode::call(document) {
        assert!(decode::call(&encode::call(&call.method, &call.params)).is_ok());
    }
    match decode::response(document) {
        Ok(Ok(value)) => assert!(decode::response(&encode::response(&value)).is_ok()),
        Ok(Err(fault)) => assert!(decode::response(&encode::fault(&fault)).is_ok()),
        Err(_) => {}
    }
});
