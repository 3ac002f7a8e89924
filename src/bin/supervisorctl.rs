//! `supervisorctl`.
fn main() {}
