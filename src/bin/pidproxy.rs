//! `pidproxy`.
fn main() {}
