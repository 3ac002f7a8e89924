//! Properties of the wire: what is encoded is read back, and no bytes make the decoder panic.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use supervisor_rpc::{Fault, ProcessInfo, Status, Value, decode, encode};

/// Text without what XML 1.0 changes: forbidden characters, and carriage returns, which parsers turn into
/// line feeds.
fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| {
        let is_kept =
            |c: &char| !matches!(c, '\r' | '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
        text.chars().filter(is_kept).collect()
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(|number| Value::Int(number.into())),
        (-1e15..1e15_f64).prop_map(Value::Double),
        text().prop_map(Value::String),
        Just(Value::Nil),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map(text(), inner, 0..6)
                .prop_map(|members| Value::Struct(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_call_is_read_back(method in "[a-z]{1,9}\\.[a-zA-Z]{1,9}", params in prop::collection::vec(value(), 0..4)) {
        let call = decode::call(&encode::call(&method, &params)).unwrap();
        prop_assert_eq!(call, decode::Call { method, params });
    }

    #[test]
    fn an_answer_is_read_back(value in value()) {
        prop_assert_eq!(decode::response(&encode::response(&value)).unwrap(), Ok(value));
    }

    #[test]
    fn bytes_in_an_answer_are_read_back_as_themselves(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let value = Value::Base64(bytes);
        prop_assert_eq!(decode::response(&encode::response(&value)).unwrap(), Ok(value));
    }

    #[test]
    fn a_fault_is_read_back(code in any::<i32>(), text in text()) {
        let fault = Fault { code: code.into(), text };
        prop_assert_eq!(decode::response(&encode::fault(&fault)).unwrap(), Err(fault));
    }

    #[test]
    fn records_are_read_back(name in text(), group in text(), number in any::<i32>(), description in text()) {
        let info = ProcessInfo {
            name: name.clone().into(),
            group: group.clone().into(),
            start: number.into(),
            pid: 7,
            description: description.into(),
            ..ProcessInfo::default()
        };
        let read = decode::response(&encode::response(&info)).unwrap().unwrap();
        prop_assert_eq!(ProcessInfo::from_value(read).unwrap(), info);
        let status = Status::success(group, name);
        let read = decode::response(&encode::response(&status)).unwrap().unwrap();
        prop_assert_eq!(Status::from_value(read).unwrap(), status);
    }

    /// Whatever text goes in, what comes out is well-formed and has the forbidden characters replaced.
    #[test]
    fn any_text_makes_a_readable_answer(text in any::<String>()) {
        let answer = decode::response(&encode::response(text.as_str())).unwrap().unwrap();
        prop_assert!(answer.as_str().is_some());
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode::call(&bytes);
        let _ = decode::response(&bytes);
    }

    #[test]
    fn no_arrangement_of_elements_makes_the_decoder_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            "<a>", "</a>", "<value>", "</value>", "<struct>", "</struct>", "<member>", "</member>", "<name/>",
            "<array>", "</array>", "<data>", "</data>", "<int>", "</int>", "1", "<params>", "</params>",
            "<param>", "</param>", "<fault>", "</fault>", "<methodName>", "</methodName>", "&amp;", "<!--x-->",
            "<base64>", "</base64>", "<nil/>", "<?x?>", "<![CDATA[x]]>", "&#x;", "&#1114112;",
        ]), 0..40),
    ) {
        let body = parts.concat();
        let _ = decode::call(body.as_bytes());
        let _ = decode::response(body.as_bytes());
    }
}
