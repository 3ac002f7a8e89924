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

/// What an `Authorization` header comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Let in.
    Accepted,
    /// Missing, of another scheme, or wrong: 401.
    Denied,
    /// A Basic token that is no base64 of UTF-8 text: 400.
    Malformed,
}

impl Credentials {
    /// The credentials from the configured values; `None` if the username is empty, which means that everybody
    /// is let in. A password of the form `{SHA}hex` holds the SHA-1 of the password.
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

    /// Judges the value of an `Authorization` header.
    pub(crate) fn judge(&self, authorization: Option<&[u8]>) -> Verdict {
        let Some(value) = authorization else { return Verdict::Denied };
        let (scheme, token) = split_once(value, b' ');
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return Verdict::Denied;
        }
        let Some(decoded) = decode(token) else { return Verdict::Malformed };
        if std::str::from_utf8(&decoded).is_err() {
            return Verdict::Malformed;
        }
        let (username, password) = split_once(&decoded, b':');
        // Both are compared whatever the first says, so that the time taken tells nothing about either.
        let is_let_in = username.ct_eq(&self.username) & self.password.matches(password);
        if is_let_in.into() { Verdict::Accepted } else { Verdict::Denied }
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

fn lower_hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Base64 as upstream's decoder takes it: characters outside the alphabet are skipped.
fn decode(token: &[u8]) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
            .with_decode_allow_trailing_bits(true),
    );
    let significant: Vec<u8> =
        token.iter().copied().filter(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)).collect();
    LENIENT.decode(significant).ok()
}

/// What stands before and after the first `separator`; all of it and nothing if there is none.
fn split_once(bytes: &[u8], separator: u8) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&byte| byte == separator) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}
