use super::*;

fn params_of(inner: &str) -> Result<Vec<Value>, DecodeError> {
    let body = format!("<methodCall><methodName>a.b</methodName><params>{inner}</params></methodCall>");
    call(body.as_bytes()).map(|call| call.params)
}

fn param(value: &str) -> Result<Value, DecodeError> {
    params_of(&format!("<param><value>{value}</value></param>")).map(|mut params| params.remove(0))
}

fn string(text: &str) -> Value {
    Value::from(text)
}

/// RPC-7
#[test]
fn what_is_no_xml_is_unmarshallable() {
    for body in [
        "<foo",
        "",
        "   ",
        "text",
        "<a></b>",
        "<a>",
        "</a>",
        "<a/><b/>",
        "<a/>text",
        "x<a/>",
        "<a>&unknown;</a>",
        "<a>&#27;</a>",
        "<a>\u{1b}</a>",
        " <?xml version='1.0'?><a/>",
        "<a><?xml version='1.0'?></a>",
        "<a/><![CDATA[x]]>",
        "<a/>&lt;",
    ] {
        let error = call(body.as_bytes()).unwrap_err();
        assert_eq!(error.log_words(), "unmarshallable", "{body:?}: {error}");
    }
    assert_eq!(call(b"<a>\xff</a>").unwrap_err().log_words(), "unmarshallable");
}

/// RPC-7
#[test]
fn a_call_without_a_method_name_is_told_apart() {
    for body in ["<a/>", "<a><methodName/></a>", "<a><methodName></methodName></a>"] {
        assert_eq!(call(body.as_bytes()).unwrap_err(), DecodeError::NoMethodName, "{body}");
    }
}

/// RPC-8
#[test]
fn any_root_element_and_missing_params_will_do() {
    let expected = Call { method: "supervisor.getState".into(), params: vec![] };
    let body = "<?xml version=\"1.0\" encoding='latin-1'?>\n<foo a='1'><!-- x --><?pi?>\n\
        <methodName>supervisor.getState</methodName></foo>\n";
    assert_eq!(call(body.as_bytes()).unwrap(), expected);
    assert_eq!(call("<methodName>supervisor.getState</methodName>".as_bytes()).unwrap(), expected);
}

/// RPC-50: the types and how their text is read.
#[test]
fn scalars_are_read_as_upstream_reads_them() {
    assert_eq!(param("<int> 5 </int>"), Ok(Value::Int(5)));
    assert_eq!(param("<i4>-5</i4>"), Ok(Value::Int(-5)));
    assert_eq!(param("<i8>5</i8>"), Ok(string("5")));
    assert_eq!(param("<boolean>1</boolean>"), Ok(Value::Bool(true)));
    assert_eq!(param("<boolean>true</boolean>"), Ok(Value::Bool(false)));
    assert_eq!(param("<double>1.9</double>"), Ok(Value::Double(1.9)));
    assert_eq!(param("<string/>"), Ok(string("")));
    assert_eq!(param("<string>a&lt;&#233;<![CDATA[<b>]]></string>"), Ok(string("a<é<b>")));
    assert_eq!(param(" plain "), Ok(string(" plain ")));
    assert_eq!(param(""), Ok(string("")));
    assert_eq!(param("<nil/>"), Ok(Value::Nil));
    assert_eq!(param("<base64>aM\nOp</base64>"), Ok(string("hé")));
    assert_eq!(
        param("<dateTime.iso8601>20260101T00:00:00</dateTime.iso8601>"),
        Ok(Value::DateTime("20260101T00:00:00".into()))
    );
    assert_eq!(param("a\r\nb"), Ok(string("a\nb")));
}

#[test]
fn scalars_that_cannot_be_read_are_unmarshallable() {
    for text in
        ["<int>x</int>", "<int/>", "<double>x</double>", "<base64>a</base64>", "<base64>/w==</base64>"]
    {
        assert_eq!(param(text).unwrap_err().log_words(), "unmarshallable", "{text}");
    }
}

#[test]
fn arrays_and_structs_nest() {
    let member =
        |name: &str, value: &str| format!("<member><name>{name}</name><value>{value}</value></member>");
    let text = format!(
        "<struct>{}{}</struct>",
        member("a", "<array><data><value><int>1</int></value><value>x</value></data></array>"),
        member("b", "<struct></struct>"),
    );
    let expected = Value::Struct(vec![
        ("a".into(), Value::Array(vec![Value::Int(1), Value::from("x")])),
        ("b".into(), Value::Struct(vec![])),
    ]);
    assert_eq!(param(&text), Ok(expected));
    for broken in
        ["<array/>", "<struct><member><name>a</name></member></struct>", "<struct><value/></struct>"]
    {
        assert_eq!(param(broken).unwrap_err().log_words(), "unmarshallable", "{broken}");
    }
}

#[test]
fn of_members_with_one_name_the_last_counts() {
    let one = |value: &str| format!("<member><name>a</name><value>{value}</value></member>");
    assert_eq!(
        param(&format!("<struct>{}{}</struct>", one("1"), one("2"))),
        Ok(Value::Struct(vec![("a".into(), Value::from("2"))]))
    );
    let many: String = (0..100).map(|i| one(&i.to_string())).collect();
    assert_eq!(
        param(&format!("<struct>{many}</struct>")),
        Ok(Value::Struct(vec![("a".into(), Value::from("99"))]))
    );
}

#[test]
fn a_document_type_definition_is_refused() {
    let body = "<!DOCTYPE a [<!ENTITY x 'y'>]><a><methodName>&x;</methodName></a>";
    assert!(call(body.as_bytes()).unwrap_err().to_string().contains("document type"));
}

#[test]
fn nesting_and_the_number_of_elements_are_bounded() {
    let deep = format!("{}{}", "<a>".repeat(MAX_DEPTH + 1), "</a>".repeat(MAX_DEPTH + 1));
    assert!(call(deep.as_bytes()).unwrap_err().to_string().contains("deep"));
    let wide = format!("<a>{}</a>", "<b/>".repeat(MAX_CALL_ELEMENTS));
    assert!(call(wide.as_bytes()).unwrap_err().to_string().contains("elements"));
    assert!(response(wide.as_bytes()).unwrap_err().to_string().contains("neither"));
}

#[test]
fn an_answer_is_a_value_or_a_fault() {
    let value = "<methodResponse><params><param><value><i8>5</i8></value></param></params></methodResponse>";
    assert_eq!(response(value.as_bytes()), Ok(Ok(Value::Int(5))));
    let fault = crate::encode::fault(&Fault { code: 92, text: "CANT_REREAD: <x>".into() });
    assert_eq!(response(&fault), Ok(Err(Fault { code: 92, text: "CANT_REREAD: <x>".into() })));
    assert!(response(b"<methodResponse><fault><value/></fault></methodResponse>").is_err());
    assert!(response(b"<methodResponse/>").is_err());
}

/// As expat 2.5 words and counts them.
#[test]
fn characters_that_xml_forbids_are_refused_in_the_words_of_upstreams_parser() {
    const TOKEN: &str = "not well-formed (invalid token)";
    const NUMBER: &str = "reference to invalid character number";
    for (inner, what, place) in [
        ("a\u{1b}b", TOKEN, "line 2, column 16"),
        ("é\0", TOKEN, "line 2, column 16"),
        ("\r\n\r\u{1}", TOKEN, "line 4, column 0"),
        ("\u{fffe}", TOKEN, "line 2, column 15"),
        ("<![CDATA[x\u{1b}]]>", TOKEN, "line 2, column 25"),
        ("<!-- \u{7} -->", TOKEN, "line 2, column 20"),
        ("<b c='\u{8}'/>", TOKEN, "line 2, column 21"),
        ("a&#27;b", NUMBER, "line 2, column 16"),
        ("a&#x1B;b", NUMBER, "line 2, column 16"),
        ("&#0;", NUMBER, "line 2, column 15"),
        ("&#xffff;", NUMBER, "line 2, column 15"),
        ("&#xd800;", NUMBER, "line 2, column 15"),
        ("&#x110000;", NUMBER, "line 2, column 15"),
        ("a&bogus;", "undefined entity", "line 2, column 16"),
    ] {
        let body = format!("<a>\n<value><string>{inner}</string></value></a>");
        let error = response(body.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("{what}: {place}"), "{inner:?}");
        assert!(error.is_ill_formed());
    }
    assert!(!response(b"<a/>").unwrap_err().is_ill_formed());
}

/// C1 and the rest are characters of XML 1.0; who shows them escapes them.
#[test]
fn characters_that_xml_allows_are_read() {
    let body =
        "<a><params><param><value>\t\n\u{7f}\u{85}\u{9b}&#127;&#13;\u{202e}</value></param></params></a>";
    assert_eq!(response(body.as_bytes()), Ok(Ok(Value::from("\t\n\u{7f}\u{85}\u{9b}\u{7f}\r\u{202e}"))));
}
