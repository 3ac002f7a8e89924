//! Which descriptor of which process the poll reports as ready.

use mio::Token;

/// A descriptor of a process that the poll watches. The process is its bare number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChildToken {
    /// The pidfd of its child, or of a member of its process group: that has ended.
    End(u64),
    /// The standard input of its child: there is room.
    Stdin(u64),
}

/// The tokens below are the loop's own.
const FIRST: usize = 2;

impl From<ChildToken> for Token {
    fn from(token: ChildToken) -> Self {
        let (raw, is_stdin) = match token {
            ChildToken::End(raw) => (raw, false),
            ChildToken::Stdin(raw) => (raw, true),
        };
        let raw = usize::try_from(raw).expect("a daemon does not see 2^31 processes");
        Self(FIRST + raw * 2 + usize::from(is_stdin))
    }
}

impl ChildToken {
    /// What a token stands for; `None` if it is the loop's own.
    pub(crate) fn of(Token(number): Token) -> Option<Self> {
        let number = number.checked_sub(FIRST)?;
        let raw = (number / 2) as u64;
        Some(if number.is_multiple_of(2) { Self::End(raw) } else { Self::Stdin(raw) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_the_descriptor_it_was_made_for() {
        for raw in [0, 1, 77] {
            for token in [ChildToken::End(raw), ChildToken::Stdin(raw)] {
                assert_eq!(ChildToken::of(token.into()), Some(token));
            }
        }
        assert_eq!([ChildToken::of(Token(0)), ChildToken::of(Token(1))], [None, None]);
    }
}
