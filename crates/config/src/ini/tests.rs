//! What Python 3.11's parser, set up as upstream sets it up, makes of the same texts.

use super::line::{comment_start, plain_option, split_option};
use super::*;
use crate::diagnostic::Fault;
use crate::text;
use proptest::prelude::*;

fn parse(text: &str) -> (Document, Vec<String>) {
    read(text, Document::default())
}

fn read(text: &str, mut document: Document) -> (Document, Vec<String>) {
    let mut faults = Vec::new();
    let file = document.sources.add(b"f.conf", b"/", text.into()).unwrap();
    document.read(file, &mut faults);
    document.finish();
    (document, faults.iter().map(Fault::message).collect())
}

fn value(text: &str, section: &str, key: &str) -> Option<String> {
    let (document, faults) = parse(text);
    assert_eq!(faults, Vec::<String>::new());
    Some(document.option(document.section(section)?, key)?.entry.text.clone())
}

fn x(text: &str) -> String {
    value(&format!("[a]\n{text}"), "a", "x").unwrap()
}

/// CFG-6.
#[test]
fn a_comment_sign_counts_only_after_a_blank() {
    assert_eq!(x("x=1;2"), "1;2");
    assert_eq!(x("x=1 ;2"), "1");
    assert_eq!(x("x=1 #2"), "1");
    assert_eq!(x("x=1#2"), "1#2");
    assert_eq!(x("x=1\t;2"), "1");
    assert_eq!(x("x=1\u{a0};2"), "1");
    assert_eq!(x("x=\"a ;b\""), "\"a");
    assert_eq!(x("  ; note\nx=1"), "1");
}

/// CFG-7.
#[test]
fn comment_signs_are_searched_in_rounds() {
    assert_eq!(x("x=a#b #c ;d"), "a#b #c");
    assert_eq!(x("x=a;b ;c #d"), "a;b ;c");
    assert_eq!(x("x=a;b #c ;d"), "a;b");
    assert_eq!(x("x=a;b;c ;d"), "a;b;c");
}

/// CFG-8.
#[test]
fn a_value_goes_on_over_comments_and_blank_lines() {
    assert_eq!(x("x=a\n  ; note\n\n  b\n"), "a\n\nb");
    assert_eq!(x("x=\n a\n b\n\n\n"), "\na\nb");
    assert_eq!(x("x=a\n\ty=b\n"), "a\ny=b");
}

/// CFG-9.
#[test]
fn an_indented_header_after_an_option_belongs_to_its_value() {
    assert_eq!(x("x=1\n [b]\n y=2"), "1\n[b]\ny=2");
    let (document, _) = parse("[a]\n  [b]\n  x=1\n  [c]\n");
    let names: Vec<_> = document.sections().map(|section| section.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn a_continuation_is_deeper_than_the_line_that_opened_the_option() {
    assert_eq!(x("  x=1\n  y=2"), "1");
    assert_eq!(x("  x=1\n   y=2"), "1\ny=2");
    assert_eq!(x("\tx=1\n  y=2"), "1\ny=2");
}

#[test]
fn a_header_reaches_to_the_last_bracket() {
    assert_eq!(value("[a]junk\nx=1", "a", "x").as_deref(), Some("1"));
    assert_eq!(value("[a] x=[1]\nx=1", "a] x=[1", "x").as_deref(), Some("1"));
    assert_eq!(value("[ a ]\nx=1", " a ", "x").as_deref(), Some("1"));
    assert_eq!(parse("[a]\n[]\n").1, ["Source contains parsing errors: 'f.conf'\n\t[line  2]: '[]\\n'"]);
}

/// CFG-12.
#[test]
fn keys_are_case_insensitive_and_sections_are_not() {
    assert_eq!(x("X=1"), "1");
    assert_eq!(value("[a]\nÀ = 1", "a", "à").as_deref(), Some("1"));
    assert_eq!(value("[A]\nx=1", "a", "x"), None);
}

#[test]
fn the_first_equals_sign_or_colon_splits() {
    assert_eq!(x("x:a=b"), "a=b");
    assert_eq!(x("x = a:b"), "a:b");
    assert_eq!(value("[a]\nlong key = 1", "a", "long key").as_deref(), Some("1"));
    assert_eq!(x("x="), "");
}

/// CFG-10.
#[test]
fn the_last_of_several_options_wins_and_sections_merge() {
    assert_eq!(x("x=1\nx=2"), "2");
    assert_eq!(x("x=1\n[b]\n[a]\nx=3"), "3");
    let (document, _) = parse("[a]\nx=1\n[b]\n[a]\ny=1");
    assert_eq!(document.sections().count(), 2);
    assert_eq!(document.section("a").unwrap().own_options().len(), 2);
}

#[test]
fn options_are_found_however_many_there_are() {
    for count in [FEW - 1, FEW, FEW + 1, 3 * FEW] {
        let lines: Vec<String> =
            (0..2 * count).map(|number| format!("key{} = {number}\n", number % count)).collect();
        let text = lines.concat();
        let (document, _) = parse(&format!("[a]\n{text}"));
        let section = document.section("a").unwrap();
        assert_eq!(section.own_options().len(), count);
        for number in 0..count {
            let found = document.option(section, &format!("key{number}")).unwrap();
            assert_eq!(found.entry.text, (number + count).to_string());
        }
        assert!(document.option(section, "key").is_none());
    }
}

/// CFG-11.
#[test]
fn default_options_are_in_every_section() {
    assert_eq!(value("[a]\n[DEFAULT]\nx=7\n", "a", "x").as_deref(), Some("7"));
    assert_eq!(value("[DEFAULT]\nx=7\n[a]\nx=8", "a", "x").as_deref(), Some("8"));
    let (document, _) = parse("[DEFAULT]\nx=7\ny=1\n[a]\nz=1\nx=8");
    let keys: Vec<_> =
        document.options(document.section("a").unwrap()).map(|found| found.entry.key.as_str()).collect();
    assert_eq!(keys, ["z", "x", "y"]);
    assert!(document.section("DEFAULT").is_none());
}

/// CFG-4, CFG-13.
#[test]
fn text_before_the_first_header_is_reported_once() {
    assert_eq!(
        parse("; note\nx=1\ny=2\n[a]\nx=2").1,
        ["File contains no section headers.\nfile: 'f.conf', line: 2\n'x=1\\n'"]
    );
    assert_eq!(
        parse("\u{feff}[a]\nx=2").1,
        ["File contains no section headers.\nfile: 'f.conf', line: 1\n'\\ufeff[a]\\n'"]
    );
}

/// CFG-5.
#[test]
fn bad_lines_are_reported_together() {
    assert_eq!(
        parse("[a]\nfoo\nx=1\n=1\nbar").1,
        [
            "Source contains parsing errors: 'f.conf'\n\t[line  2]: 'foo\\n'\n\t[line  4]: '=1\\n'\n\t[line  5]: 'bar'"
        ]
    );
}

#[test]
fn a_line_without_a_key_ends_the_open_value_and_one_without_a_sign_does_not() {
    assert!(parse("[a]\nx=1\n=1\n foo").1[0].ends_with("[line  3]: '=1\\n'\n\t[line  4]: ' foo'"));
    assert!(parse("[a]\nx=1\nfoo\n bar").1[0].ends_with("[line  3]: 'foo\\n'"));
}

/// CFG-14.
#[test]
fn line_ends_make_no_difference() {
    for text in ["x=1\r\n  b\r\n\r\n", "x=1\r  b\r\r"] {
        assert_eq!(
            value(&format!("[a]\r\n{text}"), "a", "x").unwrap(),
            x(&text.replace("\r\n", "\n").replace('\r', "\n"))
        );
    }
}

#[test]
fn spans_point_at_the_part_of_the_value_that_is_meant() {
    let (document, _) = parse("[a]\nx = one\n\n   twö three ; note\n");
    let entry = document.option(document.section("a").unwrap(), "x").unwrap().entry;
    let span = |needle: &str| {
        let at = entry.text.find(needle).unwrap();
        let place = document.sources.place(entry.span(Some(at..at + needle.len())));
        (place.line, place.column, place.length)
    };
    assert_eq!(span("one"), (2, 5, 3));
    assert_eq!(span("three"), (4, 8, 5));
    let whole = document.sources.place(entry.span(None));
    assert_eq!((whole.line, whole.column, whole.length), (2, 5, 3));
}

#[test]
fn a_span_of_an_empty_value_is_its_key() {
    let (document, _) = parse("[a]\nkey =\n");
    let entry = document.option(document.section("a").unwrap(), "key").unwrap().entry;
    let place = document.sources.place(entry.span(None));
    assert_eq!((place.line, place.column, place.length), (2, 1, 3));
}

proptest! {
    #[test]
    fn any_text_is_read_to_its_end(text in "([\\[\\]=:;# \t\na-c\\PC]{0,40}\n?){0,8}") {
        let (document, _) = parse(&text);
        for section in document.sections() {
            for found in document.options(section) {
                let length = found.entry.text.len();
                document.sources.place(found.entry.span(None));
                document.sources.place(found.entry.span(Some(length / 2..length)));
            }
        }
    }

    #[test]
    fn sections_that_are_not_kept_tell_the_same_faults(
        lines in proptest::collection::vec("[ \t]{0,2}(\\[(a|b|ab|DEFAULT)\\]|[xy] ?[=:] ?[0-9;#]*|[xy=;#])?\n", 0..12)
    ) {
        let text = lines.concat();
        let (whole, faults) = parse(&text);
        let (part, reported) = read(&text, Document::keeping(|name| name == "a"));
        prop_assert_eq!(faults, reported);
        let names: Vec<&str> = part.sections().map(|section| section.name.as_str()).collect();
        prop_assert!(names == ["a"] || names.is_empty());
        let options = |document: &Document| {
            let section = document.section("a")?;
            Some((section.has_bad_lines, document.options(section).map(|found| found.entry.clone()).collect::<Vec<_>>()))
        };
        prop_assert_eq!(options(&whole), options(&part));
    }

    #[test]
    fn the_short_way_to_an_option_leads_where_the_long_one_does(line in "[a-cA_1é]{0,3}[ \t]{0,2}[=:]?[ \ta-c=:;#\u{a0}\u{1c}]{0,6}\n?") {
        if let Some((key, value)) = plain_option(&line) {
            prop_assert_eq!(comment_start(&line), None);
            prop_assert_eq!(split_option(text::strip(&line)), Some((key, value)));
        }
    }

    #[test]
    fn what_is_written_plainly_is_read_back(pairs in proptest::collection::btree_map("[a-z_]{1,8}", "[a-zA-Z0-9/:=._-]{0,20}", 0..8)) {
        let text: String = pairs.iter().flat_map(|(key, value)| [key, " = ", value, "\n"]).collect();
        let (document, faults) = parse(&format!("[s]\n{text}"));
        prop_assert_eq!(faults, Vec::<String>::new());
        let section = document.section("s").unwrap();
        for (key, value) in &pairs {
            prop_assert_eq!(&document.option(section, key).unwrap().entry.text, value);
        }
    }
}
