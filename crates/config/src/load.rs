//! From the command line to a [`Config`].
use crate::{CommandLine, Config, Failure, Host};

/// Reads the configuration the command line names, or the first one found, and everything it includes.
pub fn load(command_line: &CommandLine, host: &dyn Host) -> Result<Config, Failure> {
    let _ = (command_line, host);
    unimplemented!()
}
