//! The configuration in its three forms: what the loop began with, what was read last, and what is active.

pub(crate) mod prepare;

use crate::startup::{self, StartError};
use prepare::Context;
use std::collections::HashSet;
use std::ffi::OsString;
use std::sync::Arc;
use supervisor_config::{CommandLine, Config, Diff, Failure, Group, diff, load};
use supervisor_host::SystemHost;

/// What a configuration is read from.
#[derive(Debug)]
pub(crate) struct Source {
    /// The command line, which outranks the file.
    pub(crate) command_line: CommandLine,
    /// The machine.
    pub(crate) host: SystemHost,
}

impl Source {
    /// Reads the configuration, which may hang.
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        load(&self.command_line, &self.host)
    }
}

/// Why there is no restart.
pub(crate) enum PreflightError {
    /// The configuration cannot be read.
    Broken(Failure),
    /// The daemon could not start with it.
    Unusable(StartError),
}

/// What is configured.
pub(crate) struct Configuration {
    source: Arc<Source>,
    /// The configuration the loop began with, without its groups.
    began_with: Arc<Config>,
    /// The configuration last read.
    latest: Config,
    /// The groups that are active, as they were configured when they were added.
    active: Vec<Arc<Group>>,
    /// The groups of `latest` whose AUTO logs have their names: those added since it was read.
    materialised: HashSet<Arc<str>>,
    /// What of the configuration shapes groups that are added.
    context: Context,
    /// The configuration to restart with, should the file turn bad until then.
    fallback: Option<Config>,
}

impl Configuration {
    /// The configuration that a loop begins with; no group is active yet.
    pub(crate) fn new(source: Arc<Source>, config: Config, context: Context) -> Self {
        Self {
            source,
            began_with: Arc::new(Config { groups: Vec::new(), ..config.clone() }),
            latest: config,
            active: Vec::new(),
            materialised: HashSet::new(),
            context,
            fallback: None,
        }
    }

    /// `SUPERVISOR_SERVER_URL` for children.
    pub(crate) fn server_url(&self) -> Option<&OsString> {
        self.began_with.server_url.as_ref()
    }

    /// What of the configuration shapes groups that are added.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// The configuration last read.
    pub(crate) fn latest(&self) -> &Config {
        &self.latest
    }

    /// Whether the AUTO logs of this group have their names in the configuration last read.
    pub(crate) fn is_materialised(&self, group: &str) -> bool {
        self.materialised.contains(group)
    }

    /// Takes note of a group that has become active.
    pub(crate) fn added(&mut self, group: Arc<Group>) {
        self.materialised.insert(group.name.clone());
        self.active.push(group);
    }

    /// Takes note of a group that was removed.
    pub(crate) fn removed(&mut self, name: &str) {
        self.active.retain(|group| *group.name != *name);
        self.materialised.remove(name);
    }

    /// Makes a configuration the one last read; returns how it differs from what is active.
    pub(crate) fn accept(&mut self, config: Config) -> Diff {
        let found = diff(&self.active, &config.groups);
        self.latest = config;
        self.materialised.clear();
        found
    }

    /// Keeps a configuration to restart with.
    pub(crate) fn restart_with(&mut self, config: Config) {
        self.fallback = Some(config);
    }

    // Jobs, which may hang.

    /// Reads the configuration.
    pub(crate) fn read(&self) -> impl FnOnce() -> Result<Config, Failure> + Send + use<> {
        let source = Arc::clone(&self.source);
        move || source.load()
    }

    /// Reads the configuration and compares it with what is active now.
    pub(crate) fn compare(&self) -> impl FnOnce() -> Result<Diff, Failure> + Send + use<> {
        let (source, active) = (Arc::clone(&self.source), self.active.clone());
        move || source.load().map(|config| diff(&active, &config.groups))
    }

    /// Reads the configuration and tries whether the daemon could restart with it.
    pub(crate) fn read_for_restart(&self) -> impl FnOnce() -> Result<Config, PreflightError> + Send + use<> {
        let (read, standing) = (self.read(), Arc::clone(&self.began_with));
        move || {
            let config = read().map_err(PreflightError::Broken)?;
            startup::preflight(&config, &standing.servers).map_err(PreflightError::Unusable)?;
            Ok(config)
        }
    }

    /// What ran, and the configuration to restart with if that cannot be read again.
    pub(crate) fn into_ran(self) -> (Config, Option<Config>) {
        let ran = Config { groups: self.active, ..Arc::unwrap_or_clone(self.began_with) };
        (ran, self.fallback)
    }
}
