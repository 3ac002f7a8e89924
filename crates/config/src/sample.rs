//! The commented sample configuration.
//!
//! It has the sections, options and values of upstream's sample, in words of our own, and both read it.

/// The text `echo_supervisord_conf` prints.
pub const TEXT: &str = include_str!("sample.conf");

#[cfg(test)]
mod tests {
    use super::TEXT;
    use crate::section::table::{SECTIONS, SectionKind, kind_of};
    use crate::{CommandLine, Config, MemoryHost, load};

    fn loaded(text: &str) -> Config {
        let host =
            MemoryHost::new().with_file("/srv/s.conf", text).with_dir("/a").with_variable("HOME", "/srv");
        let line =
            CommandLine { configuration: Some("/srv/s.conf".into()), ..CommandLine::new("supervisord") };
        load(&line, &host).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// CFG-60.
    #[test]
    fn the_sample_loads_without_warnings() {
        let config = loaded(TEXT);
        assert_eq!(config.messages, []);
        assert_eq!(config.groups, []);
        assert_eq!(config.servers.len(), 1);
        assert_eq!(config.rpcinterfaces.len(), 1);
    }

    #[test]
    fn a_sample_program_loads_once_it_is_switched_on() {
        let start = TEXT.find(";[program:").unwrap();
        let end = TEXT[start..].find("\n\n").unwrap();
        let program =
            TEXT[start..start + end].replace("\n;", "\n").replacen(';', "", 1).replace("chrism", "nobody");
        let config = loaded(&format!("[supervisord]\n{program}"));
        // redirect_stderr=true makes its stderr_logfile pointless, and upstream says so.
        assert_eq!(config.messages.len(), 1);
        assert_eq!(config.groups.len(), 1);
    }

    /// A line of the sample that has an option.
    struct Line<'a> {
        kind: &'static SectionKind,
        key: &'a str,
        value: &'a str,
        comment: &'a str,
    }

    /// The options of the sample, on or off, with their sections.
    fn lines() -> Vec<Line<'static>> {
        let mut kind = None;
        let mut lines = Vec::new();
        for line in TEXT.lines() {
            let line = line.strip_prefix(';').unwrap_or(line);
            if let Some((name, _)) = line.strip_prefix('[').and_then(|line| line.split_once(']')) {
                kind = Some(kind_of(name).unwrap_or_else(|| panic!("nothing reads [{name}]")));
            } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with(' ')) {
                let (value, comment) = value.split_once(" ;").unwrap_or((value, ""));
                let [key, value, comment] = [key, value, comment].map(str::trim);
                lines.push(Line { kind: kind.expect("an option has a section"), key, value, comment });
            }
        }
        lines
    }

    /// What the sample says without being a default: examples, and what most people want.
    const EXAMPLES: [(&str, &str); 2] = [("supervisorctl", "serverurl"), ("supervisorctl", "style")];

    #[test]
    fn the_sample_has_known_options_and_true_defaults() {
        for Line { kind, key, value, comment } in lines() {
            let option = kind.all_options().find(|option| option.key == key);
            let option = option.unwrap_or_else(|| panic!("{} has no option {key}", kind.title()));
            let stated = comment.split_once("(default: ").map(|(_, stated)| stated);
            match option.default {
                // Nothing, or something that only words can say.
                None | Some("") => {}
                Some(_) if EXAMPLES.contains(&(kind.name, key)) => {}
                Some(default) => match stated {
                    Some(stated) => {
                        let rest = stated.strip_prefix(default);
                        assert!(
                            rest.is_some_and(|rest| rest.starts_with([')', ',', ' '])),
                            "{key}: {comment}"
                        );
                        assert_ne!(value, default, "{key}: the comment is needless");
                    }
                    None => assert_eq!(value, default, "{key} in {}", kind.title()),
                },
            }
        }
    }

    /// What upstream's sample does not have either.
    const ABSENT: [(&str, &str); 5] = [
        ("program:", "numprocs_start"),
        ("eventlistener:", "numprocs_start"),
        ("eventlistener:", "result_handler"),
        ("eventlistener:", "stdout_capture_maxbytes"),
        ("eventlistener:", "stderr_capture_maxbytes"),
    ];

    #[test]
    fn the_sample_names_every_option() {
        let lines = lines();
        let sampled = SECTIONS.iter().filter(|kind| !["fcgi-program:", "ctlplugin:"].contains(&kind.name));
        for kind in sampled {
            for option in kind.all_options() {
                let is_there = lines.iter().any(|line| line.kind == kind && line.key == option.key);
                let is_absent = ABSENT.contains(&(kind.name, option.key));
                assert_ne!(is_there, is_absent, "{} {}", kind.title(), option.key);
            }
        }
    }
}
