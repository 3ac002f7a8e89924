//! Characters that cannot be seen or look like others, as input methods and copied text bring them.

use super::{loaded, messages, try_load, with_program};
use supervisor_config::Severity;

fn warnings(text: &str) -> Vec<String> {
    messages(&loaded(text), Severity::Warning).iter().map(ToString::to_string).collect()
}

/// Column, why and hint of the first fault.
fn fault(text: &str) -> (usize, String, String) {
    let failure = try_load(text).expect_err("it should have been refused");
    let fault = failure.first();
    let text = |part: Option<&str>| part.unwrap_or_default().to_string();
    (fault.place().map_or(0, |place| place.column), text(fault.why()), text(fault.hint()))
}

#[test]
fn blanks_of_a_command_that_are_none_are_named_with_their_place() {
    let cases = [
        (
            '\u{3000}',
            "U+3000 IDEOGRAPHIC SPACE (column 14) separates no words; write an ordinary blank for U+3000 IDEOGRAPHIC SPACE",
        ),
        (
            '\u{a0}',
            "U+00A0 NO-BREAK SPACE (column 14) separates no words; write an ordinary blank for U+00A0 NO-BREAK SPACE",
        ),
        (
            '\u{200b}',
            "U+200B ZERO WIDTH SPACE (column 14) is part of a word; delete U+200B ZERO WIDTH SPACE, which cannot be seen",
        ),
        (
            '\u{feff}',
            "U+FEFF ZERO WIDTH NO-BREAK SPACE (column 14) is part of a word; delete U+FEFF ZERO WIDTH NO-BREAK SPACE, which cannot be seen",
        ),
        (
            '\u{202e}',
            "U+202E RIGHT-TO-LEFT OVERRIDE (column 14) is part of a word; delete U+202E RIGHT-TO-LEFT OVERRIDE, which cannot be seen",
        ),
        (
            '“',
            "U+201C LEFT DOUBLE QUOTATION MARK (column 14) quotes nothing; write \" for U+201C LEFT DOUBLE QUOTATION MARK",
        ),
    ];
    for (letter, remark) in cases {
        assert_eq!(
            warnings(&with_program(&format!("command=sleep{letter}1000"))),
            [format!("command in section 'program:x' (file: 's.conf', line 4): {remark}")]
        );
    }
    assert_eq!(warnings(&with_program("command=say '你　好' \"“x”\" 密码，é")), Vec::<String>::new());
}

#[test]
fn a_fault_points_at_the_character_that_is_to_blame() {
    let report = try_load(&with_program("autostart=tr\u{200b}ue")).unwrap_err().to_string();
    let expected = r"Error: not a valid boolean value: 'tr\u200bue' in section 'program:x' (file: 's.conf')
  at s.conf:4:13
     4 | autostart=tr�ue
       |             ^
    why: autostart takes true or false; here stands U+200B ZERO WIDTH SPACE
    help: delete U+200B ZERO WIDTH SPACE, which cannot be seen
";
    assert!(report.starts_with(expected), "{report}");
    let comma = "write , for U+FF0C FULLWIDTH COMMA";
    assert_eq!(fault(&with_program("exitcodes=0，2")).2, comma);
    assert_eq!(fault(&with_program("[group:g]\nprograms=x，y")).2, comma);
    assert_eq!(fault("[supervisord]\n[eventlistener:x]\ncommand=x\nevents=TICK_5，TICK_60").2, comma);
    let (column, why, hint) = fault(&with_program("stdout_logfile=/日志（旧）/a\u{a0}b/x.log"));
    assert_eq!((column, hint.as_str()), (16, "create it: mkdir -p /日志（旧）/a\u{a0}b"));
    assert!(why.starts_with("stdout_logfile takes a path"), "{why}");
}

#[test]
fn signs_of_chinese_input_methods_are_recognised() {
    assert_eq!(fault("[supervisord]\nnodaemon＝true\n").2, "write = for U+FF1D FULLWIDTH =");
    assert_eq!(fault("[supervisord]\nnodaemon：true\n").2, "write : for U+FF1A FULLWIDTH COLON");
    assert_eq!(fault("【supervisord】\n").2, "write [ for U+3010 LEFT BLACK LENTICULAR BRACKET");
    assert_eq!(
        warnings("[supervisord]\n[program：x]\n[program:y\u{200b}]\ncommand=x\nauto\u{200b}start=true\n"),
        [
            "Unknown section 'program：x' (file: 's.conf', line 2) is ignored; write : for U+FF1A FULLWIDTH COLON",
            r"The name of section 'program:y\u200b' (file: 's.conf', line 3) holds U+200B ZERO WIDTH SPACE; delete U+200B ZERO WIDTH SPACE, which cannot be seen",
            r"Unknown option 'auto\u200bstart' in section 'program:y\u200b' (file: 's.conf', line 5) is ignored; delete U+200B ZERO WIDTH SPACE, which cannot be seen",
        ]
    );
}

#[test]
fn carets_stand_under_what_is_meant_behind_chinese_text() {
    let report = try_load(&with_program("environment=名=\"值\",坏")).unwrap_err().to_string();
    assert!(report.contains("     4 | environment=名=\"值\",坏\n       |             ^^"), "{report}");
}

#[test]
fn a_utf16_file_without_mark_is_recognised() {
    let text: String = "[supervisord]\n".chars().flat_map(|letter| [letter, '\0']).collect();
    assert!(fault(&text).2.contains("iconv -f utf-16le"), "{:?}", fault(&text));
}
