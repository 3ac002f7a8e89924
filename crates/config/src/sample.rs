//! The commented sample configuration.
//!
//! It has the sections, options and values of upstream's sample, in words of our own, and both read it.

/// The text `echo_supervisord_conf` prints.
pub const TEXT: &str = include_str!("sample.conf");

#[cfg(test)]
mod tests {
    use super::TEXT;
    use crate::section::SECTIONS;
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
    fn the_sample_loads_without_a_word() {
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

    /// Options that are on in the sample, and examples of others, are the defaults unless the comment says otherwise.
    #[test]
    fn the_sample_names_every_option_it_should() {
        let exceptions = ["numprocs_start", "result_handler", "supervisor.ctl_factory"];
        for section in SECTIONS.iter().filter(|section| section.title != "[fcgi-program:x]") {
            for option in section.options.iter().filter(|option| !exceptions.contains(&option.key)) {
                let written = [
                    format!("\n{}=", option.key),
                    format!("\n;{}=", option.key),
                    format!("\n;{} =", option.key),
                    format!("\n{} =", option.key),
                ];
                assert!(
                    written.iter().any(|line| TEXT.contains(line.as_str())),
                    "{} {}",
                    section.title,
                    option.key
                );
            }
        }
    }
}
