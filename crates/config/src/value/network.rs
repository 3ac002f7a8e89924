//! Addresses.

use super::number::whole_number;
use super::{ParseContext, Parsed, Rejection};
use crate::paths;
use crate::section::fcgi_program::FastCgiAddress;
use crate::text::{self, Integer, shown};
use std::borrow::Cow;
use supervisor_core::repr;

/// Where an inet server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InetAddress {
    /// Lower case; empty: every interface.
    pub(crate) host: String,
    /// Never 0.
    pub(crate) port: u16,
}

/// `[host:]port`; an IPv6 address as host stands in brackets.
pub(crate) fn inet_address(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<InetAddress> {
    let (host, port) = match value.iter().rposition(|&byte| byte == b':') {
        None => {
            let whole = || Rejection::new(format!("not a valid port number: {} ", repr::text(value)));
            (String::new(), port(value).map_err(|_| whole())?)
        }
        Some(colon) if colon + 1 == value.len() => {
            return Err(Rejection::new("no port number specified in ''"));
        }
        Some(colon) => {
            let port = port(&value[colon + 1..])?;
            let host = super::string(&value[..colon], context)?.to_lowercase();
            (without_brackets(&host).unwrap_or(&host).to_string(), port)
        }
    };
    let host = if host == "*" { String::new() } else { host };
    Ok(InetAddress { host, port })
}

/// The IPv6 address in brackets, perhaps with an interface behind `%`.
fn without_brackets(host: &str) -> Option<&str> {
    let inner = host.strip_prefix('[')?.strip_suffix(']')?;
    let address = inner.split_once('%').map_or(inner, |(address, _)| address);
    // Whether it is a right one, the resolver finds out.
    let has_colons = address.matches(':').count() >= 2;
    let is_letter = |letter: char| letter.is_ascii_hexdigit() || letter == ':' || letter == '.';
    (has_colons && address.chars().all(is_letter)).then_some(inner)
}

/// A host as it stands in a URL: an IPv6 address in brackets.
pub(crate) fn host_in_url(host: &str) -> Cow<'_, str> {
    if host.contains(':') { format!("[{host}]").into() } else { host.into() }
}

fn port(value: &[u8]) -> Parsed<u16> {
    let number = whole_number(value)?;
    match u16::try_from(number.value) {
        Ok(port) if port > 0 => Ok(port),
        _ if number.value > 0 => {
            Err(Rejection::new(format!("{} is above upper bound (65535)", plain(number, value))))
        }
        _ => Err(Rejection::new(format!("{} is below lower bound (1)", plain(number, value)))),
    }
}

/// A number as upstream shows it: without the blanks and zeros it was written with.
fn plain(number: Integer, value: &[u8]) -> String {
    if number.is_clamped { shown(text::strip_bytes(value)).into_owned() } else { number.value.to_string() }
}

/// `unix:///absolute/path` or `tcp://host:port`, where an IPv6 address stands in brackets.
pub(crate) fn fastcgi_address(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<FastCgiAddress> {
    let bad = || Rejection::new(format!("Bad socket format {}", shown(value)));
    if let Some(path) = value.strip_prefix(b"unix://") {
        if !path.starts_with(b"/") {
            return Err(Rejection::new(format!("Unix socket path {} is not an absolute path", shown(path))));
        }
        return Ok(FastCgiAddress::Unix(paths::from_bytes(&paths::normalized(path))));
    }
    let rest = value.strip_prefix(b"tcp://").ok_or_else(bad)?;
    let text = super::string(rest, context)?;
    // Upstream knows no IPv6; its host ends at the first colon.
    let (host, port_text) =
        match text.rsplit_once(':').and_then(|(host, port)| Some((without_brackets(host)?, port))) {
            Some(address) => address,
            None => text.split_once(':').ok_or_else(bad)?,
        };
    let port_is_digits = !port_text.is_empty()
        && port_text.chars().all(|letter| text::integer(letter.to_string().as_bytes(), 10).is_some());
    if host.is_empty() || host.contains(text::is_blank) || !port_is_digits {
        return Err(bad());
    }
    Ok(FastCgiAddress::Tcp { host: host.to_lowercase(), port: port(port_text.as_bytes())? })
}

/// Names of hosts without scheme and port, in lower case; `.domain` stands for all below it, too, and `*` for any.
pub(crate) fn host_names(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<Vec<String>> {
    let items = super::strings(value, context)?;
    items.into_iter().filter(|item| !item.is_empty()).map(|item| host_name(&item)).collect()
}

fn host_name(item: &str) -> Parsed<String> {
    let is_name = |text: &str| {
        let text = text.strip_prefix('.').unwrap_or(text);
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    if item == "*" || is_name(item) {
        return Ok(item.trim_end_matches('.').to_ascii_lowercase());
    }
    let rejection = Rejection::new(format!("not a valid host name: {}", repr::text(item)));
    if !item.is_ascii() {
        return Err(rejection.with_hint("write the name as browsers send it, in ASCII: xn--..."));
    }
    let bare = item.split_once("://").map_or(item, |(_, rest)| rest);
    let bare = bare.trim_start_matches('*').split(['/', ':']).next().unwrap_or_default();
    Err(if is_name(bare) { rejection.with_hint(format!("write {bare}")) } else { rejection })
}

/// The URL of a server as `supervisorctl -s` takes it: a scheme, and something after it.
pub(crate) fn url(value: &[u8], _: &mut ParseContext<'_>) -> Parsed<Vec<u8>> {
    let trimmed = value.trim_ascii_start();
    let scheme_end = trimmed.iter().position(|&byte| byte == b':').filter(|&end| end > 0);
    let is_scheme = |scheme: &[u8]| {
        scheme[0].is_ascii_alphabetic()
            && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
    };
    let rest = scheme_end.filter(|&end| is_scheme(&trimmed[..end])).map(|end| &trimmed[end + 1..]);
    let has_more = |rest: &[u8]| {
        let after = rest.strip_prefix(b"//").unwrap_or(rest);
        after.first().is_some_and(|&byte| byte != b'?' && byte != b'#')
    };
    match rest {
        Some(rest) if has_more(rest) => Ok(value.to_vec()),
        _ => Err(Rejection::new(format!("value {} is not a URL", repr::text(value)))
            .with_hint("write one such as http://localhost:9001 or unix:///run/supervisor.sock")),
    }
}
