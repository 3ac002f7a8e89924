//! The session of a browser: its CSRF token, and the language and colours its user has chosen. All of it is in cookies.
//!
//! # CSRF protection
//!
//! The token is a random cookie that every form of our pages repeats in a field (double submit). Another site can make the
//! browser send the cookie, but cannot read it, and so cannot fill in the field. The daemon stores nothing: a token
//! survives restarts, and any number of tabs share it.
//!
//! A server on another port of the same host, or under another name of the same domain, can set our cookie to a value of its
//! choice. So the field also carries a MAC of the token, under a key that only this process knows; where the browser's headers
//! do not tell whether a page is ours, the MAC does. The key does not survive a restart, after which such a page has to be
//! reloaded.

use super::form::Form;
use super::guard::Sender;
use super::i18n::{ENGLISH, Messages, SIMPLIFIED_CHINESE};
use sha1::{Digest, Sha1};
use std::fmt::Write as _;
use std::sync::OnceLock;
use supervisor_http::{Request, Response, secrets_match};
use supervisor_sys::random;

const TOKEN: &str = "supervisor_token";
const LANGUAGE: &str = "supervisor_language";
const THEME: &str = "supervisor_theme";

/// Characters of a token: 165 bits.
const TOKEN_LENGTH: usize = 32;

/// A year, in seconds: how long a browser keeps its user's preferences.
const KEPT: u32 = 31_536_000;

/// A browser with its preferences.
#[derive(Clone, Debug)]
pub(super) struct BrowserSession {
    token: String,
    /// The token came as a cookie.
    has_cookie: bool,
    /// The language of its pages.
    pub(super) messages: &'static Messages,
    /// The chosen colours.
    pub(super) theme: Theme,
    /// The preferences this request sets: cookie and value.
    preferences: Vec<(&'static str, String)>,
}

/// The colours of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// Those of the system.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// Its name in addresses, cookies and the style sheet.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.name() == name)
    }
}

impl BrowserSession {
    /// The session of a request. If the system has no random bytes, there is no token, and the page can perform no
    /// action.
    pub(super) fn of(request: &Request, form: &Form) -> Self {
        let known = cookie(request, TOKEN).filter(|token| is_token(token));
        let has_cookie = known.is_some();
        let token = known.unwrap_or_else(|| random::token(TOKEN_LENGTH).unwrap_or_default());
        let mut preferences = Vec::new();
        let mut action = |parameter: &str, name: &'static str| {
            let given = form.value(parameter).map(str::to_owned);
            if let Some(value) = &given
                && value.len() < 16
                && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            {
                preferences.push((name, value.clone()));
            }
            given.or_else(|| cookie(request, name))
        };
        let messages = action("language", LANGUAGE).and_then(|code| messages_for(&code));
        let theme = action("theme", THEME).and_then(|name| Theme::named(&name)).unwrap_or_default();
        let messages = messages.unwrap_or_else(|| accepted(request));
        Self { token, has_cookie, messages, theme, preferences }
    }

    /// Sets the cookies of the session.
    pub(super) fn remember(&self, mut response: Response) -> Response {
        if !self.has_cookie && !self.token.is_empty() {
            let cookie = format!("{TOKEN}={}; Path=/; HttpOnly; SameSite=Lax", self.token);
            response = response.header("Set-Cookie", cookie);
        }
        for (name, value) in &self.preferences {
            let cookie = format!("{name}={value}; Path=/; Max-Age={KEPT}; SameSite=Lax");
            response = response.header("Set-Cookie", cookie);
        }
        response
    }

    /// The same session without a token.
    pub(super) fn without_token(self) -> Self {
        Self { token: String::new(), has_cookie: false, ..self }
    }

    /// The CSRF field of a form: the token and its MAC.
    pub(super) fn csrf_token(&self) -> String {
        format!("{}{}", self.token, token_mac(&self.token).unwrap_or_default())
    }

    /// Whether a form comes from a page that we sent to this browser.
    pub(super) fn verifies_csrf(&self, form: &Form, sender: Sender) -> bool {
        let given = form.value("token").unwrap_or_default();
        let Some((token, given_mac)) = given.split_at_checked(TOKEN_LENGTH) else { return false };
        let has_valid_mac = || {
            token_mac(token)
                .is_some_and(|token_mac| secrets_match(given_mac.as_bytes(), token_mac.as_bytes()))
        };
        let is_ours = match sender {
            Sender::CrossSite => false,
            Sender::OriginMismatch => has_valid_mac(),
            Sender::Program | Sender::Browser | Sender::CrossSiteLink => true,
        };
        is_ours && self.has_cookie && secrets_match(token.as_bytes(), self.token.as_bytes())
    }
}

/// The MAC of a token in hexadecimal digits: HMAC (RFC 2104) with SHA-1. `None` if the system has no random bytes for a key.
fn token_mac(token: &str) -> Option<String> {
    const BLOCK: usize = 64;
    static KEY: OnceLock<Option<String>> = OnceLock::new();
    // Random letters and digits, a block of them: 330 bits.
    let key = KEY.get_or_init(|| random::token(BLOCK).ok()).as_ref()?;
    let padded = |pad: u8| key.bytes().map(move |byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = Sha1::new().chain_update(padded(0x36)).chain_update(token).finalize();
    let outer = Sha1::new().chain_update(padded(0x5c)).chain_update(inner).finalize();
    Some(outer.iter().fold(String::with_capacity(2 * outer.len()), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    }))
}

fn is_token(text: &str) -> bool {
    text.len() == TOKEN_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn cookie(request: &Request, name: &str) -> Option<String> {
    let cookies = std::str::from_utf8(request.headers.first("Cookie")?).ok()?;
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(have, _)| *have == name).map(|(_, value)| value.to_owned())
}

fn messages_for(code: &str) -> Option<&'static Messages> {
    let primary = code.trim().split(['-', '_']).next().unwrap_or_default();
    [&ENGLISH, &SIMPLIFIED_CHINESE].into_iter().find(|messages| {
        messages.code.split('-').next().is_some_and(|known| known.eq_ignore_ascii_case(primary))
    })
}

/// The language of ours that the browser prefers; English if it accepts none.
fn accepted(request: &Request) -> &'static Messages {
    let header = request.headers.first("Accept-Language").unwrap_or_default();
    let header = String::from_utf8_lossy(header);
    let weighed = header.split(',').filter_map(|entry| {
        let (code, rest) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = rest.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
        Some((messages_for(code)?, weight)).filter(|(_, weight)| *weight > 0.0)
    });
    // Of equal weights the first counts.
    weighed
        .fold(None, |best: Option<(&'static Messages, f32)>, next| match best {
            Some(best) if best.1 >= next.1 => Some(best),
            Some(_) | None => Some(next),
        })
        .map_or(&ENGLISH, |(messages, _)| messages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::double::http_request;

    fn session_of(headers: &[(&str, &str)], target: &str) -> BrowserSession {
        let request = http_request("GET", target, headers, b"");
        BrowserSession::of(&request, &Form::of(&request).unwrap())
    }

    fn language(header: &str) -> &'static str {
        session_of(&[("Accept-Language", header)], "/").messages.code
    }

    #[test]
    fn accept_language_chooses_the_language() {
        for header in ["", "fr", "en-GB,zh;q=0.9", "fr, en;q=0.5, zh;q=0.4", "*", "zh;q=0", "zh;q=x"] {
            assert_eq!(language(header), "en", "{header}");
        }
        for header in ["zh", "zh-CN,zh;q=0.9,en;q=0.8", "fr,zh-Hans;q=0.5", "en;q=0.1, zh-TW"] {
            assert_eq!(language(header), "zh-Hans", "{header}");
        }
    }

    #[test]
    fn a_preference_is_kept_in_a_cookie_and_overrides_accept_language() {
        let session = session_of(&[("Accept-Language", "en")], "/?language=zh&theme=dark");
        assert_eq!((session.messages.code, session.theme), ("zh-Hans", Theme::Dark));
        let cookies = session.remember(Response::new(supervisor_http::Status::Ok));
        let text: Vec<_> =
            cookies.headers().iter().map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect();
        assert!(text[1].starts_with("supervisor_language=zh; Path=/") && text[2].contains("_theme=dark"));
        let later = session_of(&[("Cookie", "a=b; supervisor_language=zh")], "/");
        assert_eq!(later.messages.code, "zh-Hans");
    }

    #[test]
    fn cookie_values_cannot_contain_separators() {
        let session = session_of(&[], "/?language=zh%3B%20Path%3D%2Fx&theme=a%0d%0ab");
        assert!(session.preferences.is_empty());
    }

    #[test]
    fn only_the_token_of_the_cookie_is_accepted() {
        let known = "x".repeat(TOKEN_LENGTH);
        let header = format!("supervisor_token={known}");
        let vouches = |headers: &[(&str, &str)], token: &str| {
            let request = http_request("GET", &format!("/?token={token}"), headers, b"");
            let form = Form::of(&request).unwrap();
            BrowserSession::of(&request, &form).verifies_csrf(&form, Sender::Browser)
        };
        assert!(vouches(&[("Cookie", &header)], &known));
        assert!(!vouches(&[("Cookie", &header)], &"y".repeat(TOKEN_LENGTH)));
        assert!(!vouches(&[("Cookie", &header)], ""));
        assert!(!vouches(&[], &known), "without the cookie nothing was given to this browser");
        assert!(!vouches(&[("Cookie", "supervisor_token=")], ""));
    }

    /// A server on another port has set the cookie and filled in the field.
    #[test]
    fn a_planted_token_has_no_valid_mac() {
        let known = "x".repeat(TOKEN_LENGTH);
        let header = [("Cookie", &*format!("supervisor_token={known}"))];
        let seal_of =
            |token: &str| session_of(&[("Cookie", &format!("supervisor_token={token}"))], "/").csrf_token();
        let vouches = |token: &str, sender| {
            let request = http_request("GET", &format!("/?token={token}"), &header, b"");
            let form = Form::of(&request).unwrap();
            BrowserSession::of(&request, &form).verifies_csrf(&form, sender)
        };
        let (sealed, other) = (seal_of(&known), seal_of(&"y".repeat(TOKEN_LENGTH)));
        assert!(vouches(&sealed, Sender::OriginMismatch) && vouches(&sealed, Sender::Browser));
        for token in [&*known, &format!("{known}{}", &other[TOKEN_LENGTH..]), &other, ""] {
            assert!(!vouches(token, Sender::OriginMismatch), "{token}");
        }
        assert!(!vouches(&sealed, Sender::CrossSite));
    }
}
