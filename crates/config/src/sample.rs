//! The commented sample configuration.

/// The text `echo_supervisord_conf` prints.
pub fn text() -> &'static str {
    ""
}
