//! Types of values, each a parser with the words for what it takes.

use super::{LogFileName, Parser};
use crate::environment::Environment;
use crate::host::Account;
use std::path::PathBuf;
use supervisor_core::{Autorestart, Level, Signal};

/// A type that a value can have.
pub(crate) struct Type<T> {
    pub(crate) parse: Parser<T>,
    /// Completes "KEY takes …".
    pub(crate) takes: &'static str,
}

impl<T> Type<T> {
    pub(crate) const fn new(parse: Parser<T>, takes: &'static str) -> Self {
        Self { parse, takes }
    }
}

pub(crate) const AUTORESTART: Type<Autorestart> = Type::new(super::autorestart, "true, false or unexpected");
pub(crate) const BOOLEAN: Type<bool> = Type::new(super::boolean, "true or false");
pub(crate) const BYTE_SIZE: Type<u64> =
    Type::new(super::byte_size, "a number of bytes, with KB, MB or GB if you like");
pub(crate) const COUNT: Type<u64> = Type::new(super::count, "a whole number");
pub(crate) const ENVIRONMENT: Type<Environment> =
    Type::new(crate::section::pairs::environment, "pairs such as KEY=\"value\",OTHER=\"value\"");
pub(crate) const EXISTING_DIRECTORY: Type<PathBuf> =
    Type::new(super::existing_directory, "a directory that exists");
pub(crate) const EXIT_CODES: Type<Vec<u8>> =
    Type::new(super::exit_codes, "exit codes from 0 to 255, separated by commas");
pub(crate) const FILE_PATH: Type<PathBuf> =
    Type::new(super::existing_dirpath, "a path in a directory that exists");
pub(crate) const INTEGER: Type<i64> = Type::new(super::integer, "a whole number");
pub(crate) const LEVEL: Type<Level> =
    Type::new(super::level, "one of critical, error, warn, info, debug, trace and blather");
pub(crate) const LOGFILE_NAME: Type<LogFileName> =
    Type::new(super::logfile_name, "a path in a directory that exists, AUTO or NONE");
pub(crate) const NAME: Type<String> = Type::new(super::name, "a name without blanks, colons and slashes");
pub(crate) const OCTAL: Type<u32> = Type::new(super::octal, "an octal number such as 022");
pub(crate) const PATH: Type<Vec<u8>> = Type::new(super::bytes, "a path");
pub(crate) const RETRIES: Type<i64> = Type::new(super::retries, "a whole number");
pub(crate) const SECONDS: Type<i64> = Type::new(super::integer, "a whole number of seconds");
pub(crate) const SIGNAL: Type<Signal> =
    Type::new(super::signal, "a signal name, with or without SIG, or a number");
pub(crate) const SMALL_COUNT: Type<u32> = Type::new(super::small_count, "a whole number");
pub(crate) const TEXT: Type<Vec<u8>> = Type::new(super::bytes, "text");
pub(crate) const USER: Type<Account> = Type::new(super::user, "the name or number of a user that exists");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_for_levels_name_them_all() {
        let words: Vec<&str> = LEVEL.takes.split([' ', ',']).collect();
        assert!(Level::ALL.iter().all(|level| words.contains(&level.name())));
    }
}
