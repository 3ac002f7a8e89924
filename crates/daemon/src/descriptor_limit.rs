//! How many descriptors the daemon may open, and how many of them its clients can take.
//!
//! A running program takes up to [`PER_PROGRAM`], and the limit most systems begin with is 1024. `minfds` raises it, for
//! the programs as well; beyond that the daemon raises its own as far as its programs and the connections of its servers
//! need, and no further. Where it cannot, programs come first: a client that opens connections and leaves them open must not
//! keep a program from starting. A few connections have reserved descriptors, which are set aside before programs get theirs
//! ([`Limits::reserved_connections`]).

use supervisor_core::Level;
use supervisor_http::Limits;
use supervisor_log::MainLog;
use supervisor_sys::errno::words;
use supervisor_sys::limits;

/// What a running program takes: its pidfd, its standard input, two pipes of output and two logs.
const PER_PROGRAM: u64 = 6;

/// What the daemon takes beside: servers and some clients, its log, pollers, and what starts need for a moment.
const BESIDE: u64 = 512;

/// What of that is not for clients.
const RESERVED: u64 = 128;

/// What a connection takes: itself, and the log it may follow.
const PER_CONNECTION: u64 = 2;

/// What there is room for.
pub(crate) struct Room {
    /// The limits of each server, which are tighter where there is no room for its clients.
    pub(crate) limits: Limits,
    /// Not all programs can run at once, or it is not known.
    pub(crate) is_short: bool,
}

/// Raises the limit so that so many programs can run at once and so many servers be busy; warns if not all programs can.
pub(crate) fn make_room(programs: usize, servers: usize, log: &MainLog) -> Room {
    let for_programs = count(programs).saturating_mul(PER_PROGRAM);
    let needed = BESIDE.saturating_add(for_programs);
    let limits = Limits::default();
    let for_clients = count(servers * limits.capacity()).saturating_mul(PER_CONNECTION);
    let outcome = limits::raise_own_open_files(needed.saturating_add(for_clients)).map(|limit| limit.soft);
    let (allowed, said) = match outcome {
        Ok(None) => return Room { limits, is_short: false },
        Ok(Some(allowed)) => (allowed, format!("supervisord may open {allowed}")),
        Err(error) => (0, format!("the limit cannot be read: {}", words(&error))),
    };
    if allowed < needed {
        let text = format!(
            "{programs} programs may take {needed} file descriptors, but {said}; those that are too many will not start. \
             Raise the hard limit: LimitNOFILE= of a systemd unit, --ulimit nofile= of a container, `ulimit -Hn` of a shell"
        );
        log.log(Level::Warn, text);
    }
    let left = allowed.saturating_sub(RESERVED).saturating_sub(for_programs);
    let places = (left / PER_CONNECTION / count(servers.max(1))).max(count(limits.reserved_connections + 1));
    let limits = limits.within(usize::try_from(places).unwrap_or(usize::MAX));
    Room { limits, is_short: allowed < needed }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
