//! The severities of the main log.

/// How important a line of the main log is; ordered, `Critical` highest.
///
/// Numbers, configuration names and the four-letter words in front of a line are upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Every little step (`blather`).
    Blather = 3,
    /// Protocol details (`trace`).
    Trace = 5,
    /// What helps to find a fault, child output among it (`debug`).
    Debug = 10,
    /// The ordinary course of things (`info`).
    Info = 20,
    /// Something an administrator may want to know (`warn`).
    Warn = 30,
    /// Something went wrong (`error`).
    Error = 40,
    /// Something went wrong that needs a person (`critical`).
    Critical = 50,
}

impl Level {
    /// Every level, the least important first.
    pub const ALL: [Self; 7] =
        [Self::Blather, Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Critical];

    /// The number upstream gives it.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The word in front of the message.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blather => "BLAT",
            Self::Trace => "TRAC",
            Self::Debug => "DEBG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERRO",
            Self::Critical => "CRIT",
        }
    }

    /// The name `loglevel` takes in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blather => "blather",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the main log (PROC-69 matches the words).
    #[test]
    fn levels_carry_upstreams_numbers_and_words() {
        let table: Vec<(u8, &str, &str)> =
            Level::ALL.iter().map(|level| (level.number(), level.word(), level.name())).collect();
        assert_eq!(
            table,
            [
                (3, "BLAT", "blather"),
                (5, "TRAC", "trace"),
                (10, "DEBG", "debug"),
                (20, "INFO", "info"),
                (30, "WARN", "warn"),
                (40, "ERRO", "error"),
                (50, "CRIT", "critical"),
            ]
        );
        assert!(Level::ALL.is_sorted());
    }
}
