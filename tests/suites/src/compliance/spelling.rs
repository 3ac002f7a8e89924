//! Every way to write a call: what is usual, what is unusual, and what is none.

/// The bodies of the requests.
pub(super) fn calls() -> impl Iterator<Item = String> {
    let documents = DOCUMENTS.iter().map(|text| match text.as_bytes().first() {
        Some(b'<' | b' ' | b'x' | b'{') => (*text).to_owned(),
        Some(_) | None => format!("<methodCall><methodName>{text}</methodName></methodCall>"),
    });
    let parameters = PARAMETERS.iter().map(|parameters| {
        format!("<methodCall><methodName>supervisor.getProcessInfo</methodName><params>{parameters}</params></methodCall>")
    });
    let echoed = ECHOED.iter().map(|value| {
        format!(
            "<methodCall><methodName>supervisor.sendProcessStdin</methodName><params><param><value>a</value></param>\
             <param><value>{value}</value></param></params></methodCall>"
        )
    });
    let multicalls = MULTICALLS.iter().map(|element| {
        format!(
            "<methodCall><methodName>system.multicall</methodName><params><param><value><array><data>{element}</data></array>\
             </value></param></params></methodCall>"
        )
    });
    documents.chain(parameters).chain(echoed).chain(multicalls)
}

/// Whole documents, most of them with something unusual about the way they are written.
const DOCUMENTS: [&str; 46] = [
    "<methodCall><methodName>supervisor.getAPIVersion</methodName></methodCall>",
    "<methodCall><methodName>supervisor.getAPIVersion</methodName><params/></methodCall>",
    "<foo><methodName>supervisor.getAPIVersion</methodName></foo>",
    "<a><b><methodName>supervisor.getAPIVersion</methodName></b></a>",
    "<methodName>supervisor.getAPIVersion</methodName>",
    "  <methodCall><methodName>supervisor.getAPIVersion</methodName></methodCall>  \n",
    "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><methodCall><methodName>supervisor.getAPIVersion</methodName></methodCall>",
    "<?xml version=\"1.1\"?><methodCall><methodName>supervisor.getAPIVersion</methodName></methodCall>",
    "<!-- c --><methodCall><!-- d --><methodName>supervisor.getAPIVersion</methodName></methodCall><!-- e -->",
    "<methodCall a=\"b\"><methodName c='d'>supervisor.getAPIVersion</methodName></methodCall>",
    "<methodCall><methodName><![CDATA[supervisor.getAPIVersion]]></methodName></methodCall>",
    "<methodCall><methodName>supervisor&#46;getAPIVersion</methodName></methodCall>",
    "<methodCall><methodName>supervisor&#x2e;getAPIVersion</methodName></methodCall>",
    "<methodCall><methodName> supervisor.getAPIVersion </methodName></methodCall>",
    "<methodCall><methodName>supervisor.getAPIVersion\n</methodName></methodCall>",
    "<methodCall><methodName>supervisor.nope</methodName><methodName>supervisor.getAPIVersion</methodName></methodCall>",
    "<x:methodCall xmlns:x=\"y\"><methodName>supervisor.getAPIVersion</methodName></x:methodCall>",
    "<methodCall><methodName/></methodCall>",
    "<methodCall/>",
    "<methodResponse><params></params></methodResponse>",
    "<methodCall><methodName>supervisor.getAPIVersion</methodName>",
    "<methodCall><methodName>supervisor.getAPIVersion</methodName></methodCall>x",
    "<methodCall><methodName>supervisor.getAPIVersion</methodName></methodCall><x/>",
    "<methodCall><methodName>supervisor.getAPIVersion</methodCall></methodName>",
    "<methodCall><methodName>&nope;</methodName></methodCall>",
    "<methodCall><methodName>&#0;</methodName></methodCall>",
    "<methodCall><methodName a=1>x</methodName></methodCall>",
    "<methodCall><methodName a=\"1\" a=\"2\">x</methodName></methodCall>",
    "<foo",
    "x",
    "{\"method\": \"supervisor.getState\"}",
    "supervisor.getState",
    "supervisor.getState.x",
    ".",
    "..",
    ".getState",
    "supervisor.",
    "getState",
    "system.getState",
    "supervisor.__init__",
    "supervisor.supervisord",
    "supervisor.logger.info",
    "SUPERVISOR.getState",
    "supervisor.getstate",
    "supervisor.getState ",
    "é.é",
];

/// Ways to write a parameter; the fault echoes what it was taken for.
const PARAMETERS: [&str; 40] = [
    "<param><value>abc</value></param>",
    "<param><value> abc </value></param>",
    "<param><value>a<![CDATA[<b>]]>c</value></param>",
    "<param><value><string>a\r\nb</string></value></param>",
    "<param><value><string>a\tb</string></value></param>",
    "<param><value><string>&#233;&#x20ac;</string></value></param>",
    "<param><value><string>a<!-- c -->b</string></value></param>",
    "<param>\n  <value>\n    <string>abc</string>\n  </value>\n</param>",
    "<param><value>x<string>abc</string></value></param>",
    "<param><value><string>abc</string>x</value></param>",
    "<param><string>abc</string></param>",
    "<value><string>abc</string></value>",
    "<param><value><base64>\nYWJj\n</base64></value></param>",
    "<param><value><base64>YW Jj</base64></value></param>",
    "<param><value><base64>YWJ</base64></value></param>",
    "<param><value><base64>/w==</base64></value></param>",
    "<param><value><base64></base64></value></param>",
    "<param><value><i8>12</i8></value></param>",
    "<param><value><i1>12</i1></value></param>",
    "<param><value><nope>12</nope></value></param>",
    "<param><value><int>5.5</int></value></param>",
    "<param><value><int></int></value></param>",
    "<param><value><int>0x5</int></value></param>",
    "<param><value><int>+5</int></value></param>",
    "<param><value><int>abc</int></value></param>",
    "<param><value><double>abc</double></value></param>",
    "<param><value><double>nan</double></value></param>",
    "<param><value><boolean>true</boolean></value></param>",
    "<param><value><boolean>2</boolean></value></param>",
    "<param><value><dateTime.iso8601>nope</dateTime.iso8601></value></param>",
    "<param><value><nil>x</nil></value></param>",
    "<param><value><array></array></value></param>",
    "<param><value><array><data/></array></value></param>",
    "<param><value><struct><member><name>a</name></member></struct></value></param>",
    "<param><value><struct><member><value>a</value></member></struct></value></param>",
    "<param></param>",
    "<param><value/></param>",
    "<param/>",
    "<param><value>a</value><value>b</value></param>",
    "",
];

/// Values of which the fault of `sendProcessStdin` says what they were taken for.
const ECHOED: [&str; 22] = [
    "<int>5</int>",
    "<int> -5 </int>",
    "<int>007</int>",
    "<int>1_0</int>",
    "<int>99999999999999999999</int>",
    "<double>1.5</double>",
    "<double>1e3</double>",
    "<double>1e300</double>",
    "<double>0.1</double>",
    "<double>inf</double>",
    "<boolean>1</boolean>",
    "<boolean>0</boolean>",
    "<boolean>x</boolean>",
    "<nil/>",
    "<array><data></data></array>",
    "<array><data><value>a</value><value><int>1</int></value><value>it's</value></data></array>",
    "<array><data><value><nil/></value><value><boolean>1</boolean></value><value>é\n</value></data></array>",
    "<struct></struct>",
    "<struct><member><name>b</name><value>1</value></member><member><name>a</name><value><int>2</int></value></member></struct>",
    "<struct><member><name>a</name><value>1</value></member><member><name>a</name><value>2</value></member></struct>",
    "<dateTime.iso8601>20200102T03:04:05</dateTime.iso8601>",
    "<array><data><value><struct><member><name>x</name><value><double>2.0</double></value></member></struct></value></data></array>",
];

/// The elements of multicalls.
const MULTICALLS: [&str; 16] = [
    "<value><struct><member><name>methodName</name><value>supervisor.getAPIVersion</value></member></struct></value>",
    "<value><struct><member><name>params</name><value><array><data></data></array></value></member></struct></value>",
    "<value><struct><member><name>methodName</name><value></value></member></struct></value>",
    "<value><struct><member><name>methodName</name><value>system.multicall</value></member></struct></value>",
    "<value><struct><member><name>methodName</name><value>system.listMethods</value></member><member><name>params</name><value><array><data><value>x</value></data></array></value></member></struct></value>",
    "<value><struct><member><name>methodName</name><value>nope</value></member></struct></value>",
    "<value><struct><member><name>methodName</name><value><int>5</int></value></member></struct></value>",
    "<value><struct><member><name>methodName</name><value><nil/></value></member></struct></value>",
    "<value><struct><member><name>methodName</name><value>supervisor.getProcessInfo</value></member><member><name>params</name><value><struct><member><name>zzz</name><value>1</value></member></struct></value></member></struct></value>",
    "<value><struct><member><name>methodName</name><value>supervisor.getProcessInfo</value></member><member><name>params</name><value><string>z</string></value></member></struct></value>",
    "<value><struct><member><name>methodName</name><value>supervisor.getProcessInfo</value></member><member><name>params</name><value><int>1</int></value></member></struct></value>",
    "<value><struct><member><name>methodName</name><value>supervisor.getProcessInfo</value></member><member><name>params</name><value><array><data><value><int>1</int></value></data></array></value></member></struct></value>",
    "<value><struct><member><name>methodName</name><value>supervisor.stopProcess</value></member><member><name>params</name><value><array><data><value>b</value></data></array></value></member></struct></value>",
    "<value><int>1</int></value>",
    "<value>text</value>",
    "<value><struct><member><name>methodName</name><value>supervisor.startProcess</value></member><member><name>params</name><value><array><data><value>a</value></data></array></value></member></struct></value>",
];
