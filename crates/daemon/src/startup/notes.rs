//! Messages that are buffered until the main log is open.

use supervisor_config::{Config, Severity};
use supervisor_core::Level;
use supervisor_log::MainLog;

/// Lines for the main log from before there is one, in upstream's order: by gravity, then as they came.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) critical: Vec<String>,
    warning: Vec<String>,
    pub(super) info: Vec<String>,
    debug: Vec<String>,
}

impl Notes {
    pub(super) fn of(config: &Config) -> Self {
        let mut notes = Self::default();
        for message in &config.messages {
            let list = match message.severity {
                Severity::Critical => &mut notes.critical,
                Severity::Warning => &mut notes.warning,
                Severity::Info => &mut notes.info,
                Severity::Debug => &mut notes.debug,
            };
            list.push(message.text.clone());
        }
        notes
    }

    pub(super) fn write_to(self, log: &MainLog) {
        let lists = [
            (Level::Critical, self.critical),
            (Level::Warn, self.warning),
            (Level::Info, self.info),
            (Level::Debug, self.debug),
        ];
        for (level, lines) in lists {
            for line in lines {
                log.log(level, line);
            }
        }
    }
}
