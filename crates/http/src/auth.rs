//! Basic authentication with the one user a listener may have.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest, Sha1};
use std::fmt;
use subtle::{Choice, ConstantTimeEq};

/// The user of a listener.
#[derive(Clone)]
pub struct Credentials {
    username: Vec<u8>,
    password: Password,
}

#[derive(Clone)]
enum Password {
    Clear(Vec<u8>),
    /// What follows `{SHA}`, compared with the lower-case hex SHA-1 of what the client gives.
    Sha1Hex(Vec<u8>),
}

/// The outcome of an authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthOutcome {
    /// The client is the user.
    Accepted,
    /// Missing, of another scheme, or wrong: 401.
    Denied,
    /// A Basic token that is no base64 of UTF-8 text: 400.
    Malformed,
}

impl Credentials {
    /// The credentials from the configured values; `None` if the username is empty: no authentication.
    /// A password of the form `{SHA}hex` holds the SHA-1 of the password.
    pub fn new(username: &str, password: &str) -> Option<Self> {
        if username.is_empty() {
            return None;
        }
        let password = match password.strip_prefix("{SHA}") {
            Some(hex) => Password::Sha1Hex(hex.into()),
            None => Password::Clear(password.into()),
        };
        Some(Self { username: username.into(), password })
    }

    /// Checks the value of an `Authorization` header.
    pub(crate) fn check(&self, authorization: Option<&[u8]>) -> AuthOutcome {
        let Some(value) = authorization else { return AuthOutcome::Denied };
        let (scheme, token) = split_once(value, b' ').unwrap_or((value, &[]));
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return AuthOutcome::Denied;
        }
        let Some(decoded) = decode(token) else { return AuthOutcome::Malformed };
        if std::str::from_utf8(&decoded).is_err() {
            return AuthOutcome::Malformed;
        }
        let Some((username, password)) = split_once(&decoded, b':') else { return AuthOutcome::Denied };
        // Both are compared whatever the first says, so that the time taken tells nothing about either.
        let is_accepted = username.ct_eq(&self.username) & self.password.matches(password);
        if is_accepted.into() { AuthOutcome::Accepted } else { AuthOutcome::Denied }
    }
}

impl Password {
    fn matches(&self, given: &[u8]) -> Choice {
        match self {
            Self::Clear(password) => given.ct_eq(password),
            Self::Sha1Hex(hex) => lower_hex(&Sha1::digest(given)).as_bytes().ct_eq(hex),
        }
    }
}

impl fmt::Debug for Credentials {
    /// Never shows the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Whether two secrets are equal, in a time that does not depend on where they differ.
pub fn secrets_match(given: &[u8], expected: &[u8]) -> bool {
    given.ct_eq(expected).into()
}

fn lower_hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Base64 as upstream's decoder takes it: characters outside the alphabet are skipped, padding is required, and
/// what follows it is ignored.
fn decode(token: &[u8]) -> Option<Vec<u8>> {
    const UNPADDED: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::RequireNone)
            .with_decode_allow_trailing_bits(true),
    );
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let significant: Vec<u8> = token.iter().copied().filter(known).collect();
    let (data, padding) = match significant.iter().position(|&byte| byte == b'=') {
        Some(at) => significant.split_at(at),
        None => (significant.as_slice(), &[][..]),
    };
    let given = padding.iter().take_while(|&&byte| byte == b'=').count();
    let needed = data.len().wrapping_neg() % 4;
    (given >= needed).then(|| UNPADDED.decode(data).ok()).flatten()
}

/// What stands before and after the first `separator`, if there is one.
fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == separator)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose;

    const SHA1_OF_PASSWORD: &str = "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8";

    fn check(password: &str, given: &str) -> AuthOutcome {
        let header = format!("Basic {}", general_purpose::STANDARD.encode(given));
        Credentials::new("user", password).unwrap().check(Some(header.as_bytes()))
    }

    fn check_header(header: &str) -> AuthOutcome {
        Credentials::new("user", "password").unwrap().check(Some(header.as_bytes()))
    }

    /// RPC-10, RPC-11.
    #[test]
    fn clear_and_hashed_passwords_let_their_owner_in() {
        let hashed = format!("{{SHA}}{SHA1_OF_PASSWORD}");
        assert_eq!(check(&hashed, "user:password"), AuthOutcome::Accepted);
        assert_eq!(check(&hashed, &format!("user:{hashed}")), AuthOutcome::Denied);
        assert_eq!(check(&hashed.to_uppercase(), "user:password"), AuthOutcome::Denied);
        assert_eq!(check("a:b", "user:a:b"), AuthOutcome::Accepted);
        assert_eq!(check("p\u{e4}ss", "user:p\u{e4}ss"), AuthOutcome::Accepted);
    }

    #[test]
    fn a_wrong_name_or_password_is_denied() {
        for given in ["user:passwor", "user:password2", "User:password", "user:", ":password", "user", ""] {
            assert_eq!(check("password", given), AuthOutcome::Denied, "{given}");
        }
        assert_eq!(Credentials::new("user", "x").unwrap().check(None), AuthOutcome::Denied);
        assert_eq!(
            check("", "user"),
            AuthOutcome::Denied,
            "without a colon there is no password, not even an empty one"
        );
        assert_eq!(check("", "user:"), AuthOutcome::Accepted);
    }

    /// RPC-12.
    #[test]
    fn other_schemes_are_denied_and_unreadable_tokens_are_malformed() {
        assert_eq!(check_header("Digest abc"), AuthOutcome::Denied);
        assert_eq!(check_header("Basic"), AuthOutcome::Denied);
        assert_eq!(check_header("Basic //79"), AuthOutcome::Malformed);
        assert_eq!(check_header("Basic abc"), AuthOutcome::Malformed);
        assert_eq!(check_header("Basic !!!"), AuthOutcome::Denied);
    }

    #[test]
    fn tokens_are_read_as_leniently_as_upstream_reads_them() {
        assert_eq!(check_header("bASIC dXNlcjpwYXNzd29yZA=="), AuthOutcome::Accepted);
        assert_eq!(check_header("Basic dXNlcjp!wYXNz d29yZA==-xx="), AuthOutcome::Accepted);
        assert_eq!(check_header("Basic dXNlcjpwYXNzd29yZA="), AuthOutcome::Malformed);
    }

    #[test]
    fn an_empty_username_means_no_authentication() {
        assert!(Credentials::new("", "secret").is_none());
    }

    #[test]
    fn debug_output_holds_no_secret() {
        assert!(!format!("{:?}", Credentials::new("user", "hunter2").unwrap()).contains("hunter2"));
    }
}
