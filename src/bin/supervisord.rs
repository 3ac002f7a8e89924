//! `supervisord`.
fn main() {}
