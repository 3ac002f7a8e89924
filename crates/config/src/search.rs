//! Where a configuration file is looked for.
use crate::{CommandLine, Host};

/// What to print on standard error before anything else when root lets supervisord search.
pub fn root_warning(command_line: &CommandLine, host: &dyn Host) -> Option<&'static str> {
    let _ = (command_line, host);
    None
}
