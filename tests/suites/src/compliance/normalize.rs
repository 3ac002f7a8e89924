//! Takes out of a text what differs from run to run: paths, process ids, times.

use std::path::Path;

/// Replaces what belongs to one run. Nothing else is touched, above all no wording and no width.
pub(super) fn normalize(text: &str, sandbox: &Path) -> String {
    let text = text.replace(&sandbox.display().to_string(), "DIR");
    let lines: Vec<_> = text.split('\n').map(|line| source_place(&random_part(&times(line)))).collect();
    lines.join("\n")
}

/// `pid 4242, uptime 0:00:07` → `pid #, uptime #`; a line that is one number → `#` unless it is 0;
/// a stop time → `TIME`.
fn times(line: &str) -> String {
    if let Some((before, _)) = line.split_once(", uptime ")
        && let Some((before, pid)) = before.rsplit_once("pid ")
        && is_number(pid)
    {
        let after = line.rsplit_once(|c: char| c.is_ascii_digit()).map_or("", |(_, after)| after);
        return format!("{before}pid #, uptime #{after}");
    }
    if is_number(line) && line.len() > 1 {
        return "#".to_owned();
    }
    stop_time(line)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `Nov 21 03:58 AM` anywhere in a line → `TIME`.
fn stop_time(line: &str) -> String {
    const SHAPE: &str = "Aaa 99 99:99 AA";
    let shape: String = line
        .chars()
        .map(|c| match c {
            '0'..='9' => '9',
            'A'..='Z' => 'A',
            'a'..='z' => 'a',
            // Any other character stays, so that positions in the shape are positions in the line.
            other => other,
        })
        .collect();
    match shape.find(SHAPE) {
        Some(start) => format!("{}TIME{}", &line[..start], &line[start + SHAPE.len()..]),
        None => line.to_owned(),
    }
}

/// The random part of an automatic log's name: `---supervisor-k3jd83_x.log` → `---supervisor-RANDOM.log`.
fn random_part(line: &str) -> String {
    const RANDOM: usize = 8;
    let mut out = String::new();
    let mut rest = line;
    while let Some(end) = rest.find(".log") {
        let (name, after) = rest.split_at(end);
        let start = name.len().checked_sub(RANDOM).filter(|&start| name.is_char_boundary(start));
        match start {
            Some(start) if name[..start].ends_with('-') && name.contains("---") => {
                out.push_str(&name[..start]);
                out.push_str("RANDOM");
            }
            Some(_) | None => out.push_str(name),
        }
        out.push_str(".log");
        rest = &after[".log".len()..];
    }
    out + rest
}

/// The place in upstream's own source that it adds to an error line.
fn source_place(line: &str) -> String {
    match line.split_once(": file: ") {
        Some((message, _)) if line.starts_with("error: <class") => message.to_owned(),
        Some(_) | None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_belongs_to_a_run_is_replaced() {
        let normalize = |text: &str| normalize(text, Path::new("/tmp/sv1-0"));
        assert_eq!(normalize("x   RUNNING   pid 12, uptime 0:00:07"), "x   RUNNING   pid #, uptime #");
        assert_eq!(
            normalize("<string>pid 12, uptime 1 day, 0:00:07</string>"),
            "<string>pid #, uptime #</string>"
        );
        assert_eq!(normalize("x   STOPPED   Nov 21 03:58 AM"), "x   STOPPED   TIME");
        assert_eq!(normalize("x   STOPPED   Not started"), "x   STOPPED   Not started");
        assert_eq!(normalize("4711\n0\n"), "#\n0\n");
        assert_eq!(
            normalize("/tmp/sv1-0/x-stdout---supervisor-abc_1234.log"),
            "DIR/x-stdout---supervisor-RANDOM.log"
        );
        assert_eq!(normalize("error: <class 'A'>, b: file: /x line: 3"), "error: <class 'A'>, b");
        assert_eq!(normalize("grp:gb   in use    auto      5:10"), "grp:gb   in use    auto      5:10");
    }
}
