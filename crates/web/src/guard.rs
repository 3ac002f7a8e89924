//! Protection against cross-site requests and DNS rebinding: which senders and which host names are accepted.
//!
//! Programs use upstream's addresses as they are, with a password if there is one. A browser, however, sends what any site
//! tells it to, with the password it has cached. Headers that a site cannot forge identify it: `Sec-Fetch-Site`, `Origin`, and
//! `User-Agent`. A request from a browser changes something only with a valid CSRF token (see [`super::browser_session`]).
//!
//! `Sec-Fetch-Site` is the browser's own view, and no proxy changes it. `Origin` can only be compared with `Host`, which proxies
//! may rewrite: where they differ, only the token distinguishes our page from another site's.

use std::collections::HashMap;
use supervisor_config::Server;
use supervisor_http::{Listener, Request, Socket};
use supervisor_sys::access;

/// Who sent a request, by its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// A program.
    Program,
    /// A browser, for its user or for a page of ours.
    Browser,
    /// A browser that follows a link on another site, as a top-level navigation.
    CrossSiteLink,
    /// A browser with a page whose origin is not the host of the request: another site's, or ours behind a proxy that
    /// rewrites `Host`.
    OriginMismatch,
    /// A browser in which a page of another site sends this.
    CrossSite,
}

impl Sender {
    /// Judges by the headers.
    pub(super) fn of(request: &Request) -> Self {
        let header = |name| request.headers.first(name);
        if let Some(site) = header("Sec-Fetch-Site") {
            let is_ours = site == b"same-origin" || site == b"none";
            let is_shown = header("Sec-Fetch-Dest") == Some(b"document") && request.method == b"GET";
            return match (is_ours, is_shown) {
                (true, _) => Self::Browser,
                (false, true) => Self::CrossSiteLink,
                (false, false) => Self::CrossSite,
            };
        }
        match header("Origin") {
            Some(origin) if !is_own(origin, request) => Self::OriginMismatch,
            Some(_) => Self::Browser,
            None if header("User-Agent").is_some_and(is_of_a_browser) => Self::Browser,
            None => Self::Program,
        }
    }
}

/// Whether an origin is the host of the request, or the host before a proxy forwarded it. No page can set these headers.
fn is_own(origin: &[u8], request: &Request) -> bool {
    let Some(at) = origin.windows(3).position(|three| three == b"://") else { return false };
    let host = &origin[at + 3..];
    ["Host", "X-Forwarded-Host"]
        .iter()
        .filter_map(|name| request.headers.first(name))
        .any(|own| own.eq_ignore_ascii_case(host))
}

/// Every browser's `User-Agent` begins like this, and so does PowerShell's, which is no browser.
fn is_of_a_browser(agent: &[u8]) -> bool {
    agent.starts_with(b"Mozilla/") && !agent.windows(10).any(|part| part == b"PowerShell")
}

/// Refuses browsers that reach this machine by a foreign name (DNS rebinding). It covers listeners on the loopback interface
/// without a password, which only the host name protects, since a browser sends its password only to the name it was entered
/// for. It also covers every listener with `allowed_hosts`.
///
/// A CSRF token does not bypass it: a page under a foreign name for this machine has the origin of our own pages, and can
/// read their tokens.
///
/// Programs may use any name their machine has for the address, as in `serverurl=http://myhost:9001` with
/// `127.0.1.1 myhost` in `/etc/hosts`. A program is a POST without the `Origin` that a browser sends with every POST; other
/// requests may use the machine's own host name, which an attacker cannot point elsewhere.
#[derive(Debug, Default)]
pub(super) struct HostFilter {
    /// The `allowed_hosts` of the sections that are covered.
    allowed: HashMap<String, Vec<String>>,
}

impl HostFilter {
    /// The filter for these listeners, which `servers` configure.
    pub(super) fn of(listeners: &[Listener], servers: &[Server]) -> Self {
        let guarded = |listener: &Listener| {
            let server = servers.iter().find(|server| server.section == listener.section);
            let allowed = server.map_or_else(Vec::new, |server| server.allowed_hosts.clone());
            let is_guarded = !allowed.is_empty() || is_guarded_by_name(listener);
            is_guarded.then(|| (listener.section.clone(), allowed))
        };
        Self { allowed: listeners.iter().filter_map(guarded).collect() }
    }

    /// Whether a request is accepted.
    pub(super) fn allows(&self, request: &Request) -> bool {
        let Some(allowed) = self.allowed.get(&*request.section) else { return true };
        let is_named_well = |host: &[u8]| is_local(host) || is_own_name(host) || is_allowed(host, allowed);
        is_call_of_a_program(request) || request.headers.first("Host").is_none_or(is_named_well)
    }

    /// Whether a password would make this section accept any host.
    pub(super) fn accepts_with_password(&self, section: &str) -> bool {
        self.allowed.get(section).is_some_and(Vec::is_empty)
    }

    /// A filter that covers this section.
    #[cfg(test)]
    pub(super) fn guarding_section(section: &str, allowed: &[&str]) -> Self {
        let allowed = allowed.iter().map(|&name| name.to_owned()).collect();
        Self { allowed: [(section.to_owned(), allowed)].into() }
    }
}

fn is_guarded_by_name(listener: &Listener) -> bool {
    match &listener.socket {
        Socket::Tcp(socket) => {
            listener.credentials.is_none()
                && socket.local_addr().is_ok_and(|address| address.ip().is_loopback())
        }
        Socket::Unix(_) => false,
    }
}

/// Whether a host is an address, which needs no look-up, or a name that always means this machine.
fn is_local(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else { return false };
    if host.starts_with('[') || host.is_empty() {
        return true;
    }
    let name = name_of(host);
    name == "localhost" || name.ends_with(".localhost") || name.parse::<std::net::IpAddr>().is_ok()
}

/// Whether a host is the host name of this machine.
fn is_own_name(host: &[u8]) -> bool {
    let host = String::from_utf8_lossy(host);
    access::hostname().eq_ignore_ascii_case(name_of(&host))
}

/// Whether a host is among those of `allowed_hosts`.
fn is_allowed(host: &[u8], allowed: &[String]) -> bool {
    let name = name_of(&String::from_utf8_lossy(host));
    allowed.iter().any(|pattern| match pattern.strip_prefix('.') {
        Some(domain) => name == domain || name.ends_with(pattern.as_str()),
        None => pattern == "*" || *pattern == name,
    })
}

/// A host in lower case and without its port, for comparison.
pub(super) fn name_of(host: &str) -> String {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether this is a request that no browser sends.
fn is_call_of_a_program(request: &Request) -> bool {
    request.method == b"POST" && Sender::of(request) == Sender::Program
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::double::http_request;

    fn sender(method: &str, headers: &[(&str, &str)]) -> Sender {
        Sender::of(&http_request(method, "/", headers, b""))
    }

    const FIREFOX: (&str, &str) = ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101");

    #[test]
    fn programs_and_browsers_are_distinguished() {
        assert_eq!(sender("GET", &[]), Sender::Program);
        assert_eq!(sender("GET", &[("User-Agent", "curl/8.5.0")]), Sender::Program);
        assert_eq!(sender("GET", &[FIREFOX]), Sender::Browser);
        let shell = "Mozilla/5.0 (Windows NT; Windows NT 10.0; de-DE) WindowsPowerShell/5.1";
        assert_eq!(sender("GET", &[("User-Agent", shell)]), Sender::Program);
    }

    #[test]
    fn requests_from_other_sites_are_cross_site() {
        let site = |site| sender("POST", &[FIREFOX, ("Sec-Fetch-Site", site)]);
        assert_eq!(site("same-origin"), Sender::Browser);
        assert_eq!(site("none"), Sender::Browser);
        assert_eq!(site("cross-site"), Sender::CrossSite);
        assert_eq!(site("same-site"), Sender::CrossSite);
        let link = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Dest", "document")];
        assert_eq!((sender("GET", &link), sender("POST", &link)), (Sender::CrossSiteLink, Sender::CrossSite));
        assert_eq!(sender("GET", &[link[0], ("Sec-Fetch-Dest", "image")]), Sender::CrossSite);
    }

    #[test]
    fn an_origin_must_be_the_host() {
        let origin = |origin, host| sender("POST", &[("Origin", origin), ("Host", host)]);
        assert_eq!(origin("http://a:9001", "a:9001"), Sender::Browser);
        assert_eq!(origin("https://evil.example", "a:9001"), Sender::OriginMismatch);
        assert_eq!(origin("http://a:9001.evil.example", "a:9001"), Sender::OriginMismatch);
        assert_eq!(origin("null", "a:9001"), Sender::OriginMismatch);
        let proxied = [("Origin", "https://s.example"), ("Host", "b"), ("X-Forwarded-Host", "s.example")];
        assert_eq!(sender("POST", &proxied), Sender::Browser);
    }

    #[test]
    fn foreign_hosts_are_refused_on_a_loopback_listener() {
        let host_filter = HostFilter::guarding_section("unix_http_server", &[]);
        let allows = |host| host_filter.allows(&http_request("GET", "/", &[("Host", host)], b""));
        for host in
            ["localhost", "LOCALHOST:9001", "127.0.0.1:9001", "[::1]:9001", "10.0.0.1", "a.localhost", ""]
        {
            assert!(allows(host), "{host}");
        }
        for host in
            ["evil.example", "evil.example:9001", "localhost.evil.example", "127.0.0.1.evil.example:1"]
        {
            assert!(!allows(host), "{host}");
        }
        assert!(host_filter.allows(&http_request("GET", "/", &[], b"")), "HTTP/1.0 knows no host");
        assert!(
            allows(&access::hostname().to_ascii_uppercase().into_string().unwrap()),
            "the machine's own name"
        );
        assert!(HostFilter::default().allows(&http_request("GET", "/", &[("Host", "evil.example")], b"")));
    }

    #[test]
    fn programs_may_call_by_any_name_of_the_address() {
        let host_filter = HostFilter::guarding_section("unix_http_server", &[]);
        let post = |headers: &[(&str, &str)]| {
            let all = [&[("Host", "myhost.example:9001")], headers].concat();
            host_filter.allows(&http_request("POST", "/RPC2", &all, b""))
        };
        assert!(post(&[]));
        assert!(post(&[("User-Agent", "Python-xmlrpc/3.11")]));
        assert!(!post(&[FIREFOX]));
        assert!(!post(&[("Origin", "http://myhost.example:9001")]), "a page that gave itself another agent");
        assert!(!post(&[("Sec-Fetch-Site", "same-origin")]));
    }
}
