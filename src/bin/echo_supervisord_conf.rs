//! `echo_supervisord_conf`.
fn main() {}
