use super::encoded::out_of_memory;
use super::*;
use crate::{FaultCode, SupervisorState};
use proptest::prelude::*;

fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn value_text(value: &(impl Encode + ?Sized)) -> String {
    text_of(Encoded::new(value).value().to_vec())
}

/// RPC-1, RPC-8: the layout of an answer, to the byte.
#[test]
fn an_answer_is_laid_out_as_upstream_lays_it_out() {
    let state = SupervisorState { statecode: 1, statename: "RUNNING".into() };
    let expected = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n\
        <member>\n<name>statecode</name>\n<value><int>1</int></value>\n</member>\n\
        <member>\n<name>statename</name>\n<value><string>RUNNING</string></value>\n</member>\n\
        </struct></value>\n</param>\n</params>\n</methodResponse>\n";
    assert_eq!(text_of(response(&state)), expected);
}

/// RPC-13, RPC-17: the layout of a fault, to the byte.
#[test]
fn a_fault_is_laid_out_as_upstream_lays_it_out() {
    let expected = "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n\
        <member>\n<name>faultCode</name>\n<value><int>10</int></value>\n</member>\n\
        <member>\n<name>faultString</name>\n<value><string>BAD_NAME: nope</string></value>\n</member>\n\
        </struct></value>\n</fault>\n</methodResponse>\n";
    assert_eq!(text_of(fault(&Fault::with_detail(FaultCode::BadName, "nope"))), expected);
}

#[test]
fn a_call_is_laid_out_as_pythons_client_lays_it_out() {
    let expected = "<?xml version='1.0'?>\n<methodCall>\n<methodName>supervisor.startProcess</methodName>\n\
        <params>\n<param>\n<value><string>a&amp;b</string></value>\n</param>\n\
        <param>\n<value><boolean>0</boolean></value>\n</param>\n</params>\n</methodCall>\n";
    assert_eq!(text_of(call("supervisor.startProcess", &[Value::from("a&b"), Value::Bool(false)])), expected);
    assert!(text_of(call("x.y", &[])).ends_with("</methodName>\n<params>\n</params>\n</methodCall>\n"));
}

#[test]
fn empty_values_keep_their_tags() {
    assert_eq!(value_text(""), "<value><string></string></value>\n");
    assert_eq!(value_text(&Vec::<String>::new()), "<value><array><data>\n</data></array></value>\n");
    assert_eq!(value_text(&Value::Struct(vec![])), "<value><struct>\n</struct></value>\n");
    assert_eq!(value_text(&Value::Nil), "<value><nil/></value>\n");
}

#[test]
fn only_three_characters_are_escaped_and_others_are_sent_raw() {
    assert_eq!(value_text("<&>\"'é\r\n\t"), "<value><string>&lt;&amp;&gt;\"'é\r\n\t</string></value>\n");
}

/// RPC-35: characters that XML forbids, and bytes that are no text.
#[test]
fn what_xml_forbids_becomes_the_replacement_character() {
    assert_eq!(value_text("a\u{1b}[1m\0\u{ffff}\u{fffe}\u{fffd}b\u{ff01}"), {
        "<value><string>a\u{fffd}[1m\u{fffd}\u{fffd}\u{fffd}\u{fffd}b\u{ff01}</string></value>\n"
    });
    let mut out = Output::default();
    Writer::new(&mut out).text_lossy(b"h\xc3\xa9\xff<\xc3");
    assert_eq!(
        text_of(out.into_bytes().unwrap()),
        "<value><string>h\u{e9}\u{fffd}&lt;\u{fffd}</string></value>\n"
    );
}

#[test]
fn numbers_are_clamped_to_32_bit() {
    for (number, shown) in [
        (0, "0"),
        (-1, "-1"),
        (1_234_567_890, "1234567890"),
        (i64::from(i32::MIN), "-2147483648"),
        (i64::MAX, "2147483647"),
        (i64::MIN, "-2147483648"),
    ] {
        assert_eq!(value_text(&number), format!("<value><int>{shown}</int></value>\n"));
    }
}

#[test]
fn doubles_and_base64_are_written_as_python_writes_them() {
    assert_eq!(value_text(&Value::Double(1.0)), "<value><double>1.0</double></value>\n");
    assert_eq!(
        value_text(&Value::Base64(b"hello".to_vec())),
        "<value><base64>\naGVsbG8=\n</base64></value>\n"
    );
}

#[test]
fn an_encoded_value_is_inserted_as_it_is() {
    let parts = vec![Encoded::new("a"), Encoded::new(&true)];
    assert_eq!(
        value_text(&parts),
        "<value><array><data>\n<value><string>a</string></value>\n<value><boolean>1</boolean></value>\n\
        </data></array></value>\n"
    );
}

#[test]
fn results_are_an_array_and_one_that_fails_leaves_no_trace() {
    let mut results = Results::default();
    results.push(&Encoded::new("a"));
    let written = results.push_with(|out| {
        out.extend(b"half a val");
        Err("no room")
    });
    assert_eq!((written, results.count()), (Err("no room"), 1));
    let push_true = |out: &mut _| {
        Writer::new(out).boolean(true);
        Ok::<_, ()>(())
    };
    results.push_with(push_true).unwrap();
    assert_eq!(results.count(), 2);
    assert_eq!(results.finish().into_response(), response(&vec![Encoded::new("a"), Encoded::new(&true)]));
}

#[test]
fn a_value_there_is_no_memory_for_is_a_fault() {
    let given_up = || Encoded::with(Output::fail);
    let expected = fault(&out_of_memory());
    assert_eq!(given_up().into_response(), expected);
    assert_eq!(given_up().complete(), Err(out_of_memory()));
    assert_eq!(response(&vec![given_up()]), expected);
    assert!(Encoded::new("a").complete().is_ok());
}

proptest! {
    #[test]
    fn words_are_as_clean_as_their_bytes(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0x1d..0x28_u8, 0xee..0xf0_u8], 0..40)) {
        let is_clean = |byte: &u8| *byte >= b' ' && !b"&<>\xef".contains(byte);
        prop_assert_eq!(contains_none_of(&bytes, [b'&', b'<', b'>', 0xef]), bytes.iter().all(is_clean));
    }
}
