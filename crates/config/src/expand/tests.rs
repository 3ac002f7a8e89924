use super::*;
use proptest::prelude::*;

fn names() -> Names<'static> {
    Names::default()
        .with("here", "/h")
        .with("ENV_C", "c")
        .with("ENV_RAW", b"\xff%s")
        .with_number("process_num", 3)
        .with_number("numprocs", 10)
}

fn fill(raw: &str) -> Result<String, String> {
    match expand(raw, &names(), None).map_err(|errors| errors.into_iter().next().unwrap()) {
        Ok(expanded) => Ok(String::from_utf8(expanded.text.into_owned()).unwrap()),
        Err(ExpandError::Malformed(malformed)) => Err(malformed.reason_in(raw, None)),
        Err(ExpandError::Unknown { name, .. }) => Err(format!("unknown {name}")),
        Err(ExpandError::TooLong) => Err("too long".into()),
    }
}

/// What Python 3.11 makes of the same format strings and names.
#[test]
fn conversions_are_pythons() {
    let cases = [
        ("%(process_num)5.3d", "  003"),
        ("%(process_num)-5dx", "3    x"),
        ("%(process_num)+d", "+3"),
        ("%(process_num)+ d", "+3"),
        ("%(process_num)#x", "0x3"),
        ("%(process_num)#X", "0X3"),
        ("%(process_num)#o", "0o3"),
        ("%(process_num)05d", "00003"),
        ("%(process_num)-05d|", "3    |"),
        ("%(process_num)010.4d|", "0000000003|"),
        ("%(process_num)#.4x", "0x0003"),
        ("%(numprocs)#+08x", "+0x0000a"),
        ("%(process_num)e", "3.000000e+00"),
        ("%(process_num)10e|", "3.000000e+00|"),
        ("%(numprocs)E", "1.000000E+01"),
        ("%(process_num)g", "3"),
        ("%(process_num)#g", "3.00000"),
        ("%(numprocs)G", "10"),
        ("%(numprocs).0g", "1e+01"),
        ("%(process_num)f", "3.000000"),
        ("%(process_num).2f", "3.00"),
        ("%(process_num)+08.2f|", "+0003.00|"),
        ("%(process_num)05.1f", "003.0"),
        ("%(numprocs).0f", "10"),
        ("%(numprocs)#.0f", "10."),
        ("%(numprocs).0e", "1e+01"),
        ("%(process_num)c", "\u{3}"),
        ("%(process_num)05c|", "    \u{3}|"),
        ("%(ENV_C)c", "c"),
        ("%(numprocs)r", "10"),
        ("%(process_num)05s", "    3"),
        ("%(process_num)+s", "3"),
        ("%(here)r", "'/h'"),
        ("%(here)a", "'/h'"),
        ("%(here)10s|", "        /h|"),
        ("%(here)-10s|", "/h        |"),
        ("%(here).1s|", "/|"),
        ("%(here).s", ""),
        ("%(process_num).d", "3"),
        ("%(process_num)ld", "3"),
        ("%(process_num)hs", "3"),
        ("100%% %(here)s", "100% /h"),
    ];
    for (raw, expected) in cases {
        assert_eq!(fill(raw).as_deref(), Ok(expected), "{raw:?}");
    }
}

/// Reasons of Python 3.11 for the same format strings; an unnamed `%s` is our refusal. CFG-22.
#[test]
fn reasons_are_pythons() {
    let cases = [
        ("%", "incomplete format"),
        ("a%", "incomplete format"),
        ("%(here)", "incomplete format"),
        ("%(here)l", "incomplete format"),
        ("%(here)5", "incomplete format"),
        ("%(here).", "incomplete format"),
        ("%(here", "incomplete format key"),
        ("date +%Y", "unsupported format character 'Y' (0x59) at index 7"),
        ("%(here)Y", "unsupported format character 'Y' (0x59) at index 7"),
        ("é%é", "unsupported format character '?' (0xe9) at index 2"),
        ("%\u{1F600}", "unsupported format character '?' (0x1f600) at index 1"),
        ("%\u{1f}", "unsupported format character '\u{1f}' (0x1f) at index 1"),
        ("%\u{7f}", "unsupported format character '?' (0x7f) at index 1"),
        ("%~", "unsupported format character '~' (0x7e) at index 1"),
        ("%(process_num)%", "unsupported format character '%' (0x25) at index 14"),
        ("% %", "unsupported format character '%' (0x25) at index 2"),
        ("%(process_num)lld", "unsupported format character 'l' (0x6c) at index 15"),
        ("%(here)s %Y", "not enough arguments for format string"),
        ("%(here)s %d", "not enough arguments for format string"),
        ("%s", "not enough arguments for format string"),
        ("%r", "not enough arguments for format string"),
        ("%d", "%d format: a real number is required, not dict"),
        ("%x", "%x format: an integer is required, not dict"),
        ("%f", "must be real number, not dict"),
        ("%(here)d", "%d format: a real number is required, not str"),
        ("%(here)i", "%i format: a real number is required, not str"),
        ("%(here)X", "%X format: an integer is required, not str"),
        ("%(here)c", "%c requires int or char"),
        ("%(here)g", "must be real number, not str"),
        ("%*s", "* wants int"),
        ("%(here).*d", "* wants int"),
        ("%(process_num)99999999999999999999d", "width too big"),
        ("%(process_num).99999999999999999999d", "precision too big"),
        ("%(a(b)c)s", "unknown a(b)c"),
        ("%()s", "unknown "),
        ("%(nope)", "unknown nope"),
        ("%(nope)*s", "unknown nope"),
    ];
    for (raw, reason) in cases {
        assert_eq!(fill(raw), Err(reason.to_string()), "{raw:?}");
    }
}

#[test]
fn bytes_pass_through_and_are_not_expanded_again() {
    let text = |raw| expand(raw, &names(), None).unwrap().text.into_owned();
    assert_eq!(text("a%(ENV_RAW)s"), b"a\xff%s");
    assert_eq!(text("%(ENV_RAW)4s|"), b" \xff%s|");
}

#[test]
fn a_value_cannot_grow_without_bound() {
    assert_eq!(fill(&"%(here)1000000s".repeat(2)), Err("too long".into()));
    assert_eq!(fill("%(here)2000000000s"), Err("width too big".into()));
}

#[test]
fn here_of_an_include_counts_even_where_the_name_is_not_offered() {
    let names = Names::default();
    assert_eq!(
        expand("%(here)s/%%(here)s", &names, Some(b"/50%")).unwrap().text,
        b"/50%/%(here)s".as_slice()
    );
    let malformed = |raw: &str| match &expand(raw, &names, Some(b"/x")).unwrap_err()[..] {
        [ExpandError::Malformed(malformed)] => malformed.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(malformed("%(here)s%(here)d").place, 8..16);
    // The index is that in "/x %(here)Y", which is what the message shows.
    let raw = "%(here)s %(here)Y";
    assert_eq!(
        malformed(raw).reason_in(raw, Some(b"/x")),
        "unsupported format character 'Y' (0x59) at index 10"
    );
}

#[test]
fn every_mistake_of_a_value_is_found_up_to_a_limit() {
    let errors = expand("%(a)s %(here)s %(b)d %(here)Y %(", &names(), None).unwrap_err();
    assert_eq!(errors.len(), 4);
    assert_eq!(expand(&"%(a)s".repeat(100), &names(), None).unwrap_err().len(), MOST_ERRORS);
}

proptest! {
    #[test]
    fn any_text_expands_or_is_refused(raw: String) {
        let _ = expand(&raw, &names(), Some(b"/x"));
    }

    #[test]
    fn doubled_percent_signs_come_back_single(raw: String) {
        let escaped = raw.replace('%', "%%");
        prop_assert_eq!(expand(&escaped, &names(), None).unwrap().text, raw.as_bytes());
    }

    #[test]
    fn conversions_of_every_shape_are_refused_or_filled(flags in "[-+ #0]{0,3}", width in "[0-9]{0,3}", precision in "(\\.[0-9]{0,2})?", kind in "[a-zA-Z%]") {
        for name in ["here", "process_num", "ENV_RAW"] {
            let _ = expand(&format!("%({name}){flags}{width}{precision}{kind}"), &names(), None);
        }
    }
}
