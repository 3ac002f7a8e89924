//! What a panic costs.
//!
//! A panic is a defect of ours, and no input is known to reach one. Should one happen all the same, this is the policy, on
//! every thread:
//!
//! - **A panic in what only reads or answers costs that request.** Inspections, replies, wake-ups of the feed and HTTP handlers
//!   are caught. Their reply is dropped, which answers HTTP 500, and everything goes on: what they were lent, they could not
//!   change.
//! - **A panic in a job of the [workers](crate::workers) costs that job.** Its requester gets a failure.
//! - **A panic while the state of supervision is being changed ends the daemon.** It is unknown which half of the change was
//!   made, so the state is never used again, whichever thread ran the loop ([`SharedLoop`](crate::main_loop::shared)). Then
//!   [`crate::emergency`] winds down: the main log says at CRIT what happened and where, every request in hand is answered
//!   (HTTP 500), every child is stopped, with SIGKILL if it must be, the logs are flushed, and supervisord ends with exit
//!   status [`EXIT_STATUS`]. A service manager that restarts what failed (`Restart=on-failure`) then begins from a clean state.
//!
//! Carrying on would be worse: a state machine that is wrong about one process may start it twice, or signal a number that has
//! become another process.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, Location};

/// The exit status of a daemon whose state was lost to a panic: `EX_SOFTWARE` of sysexits(3).
pub(crate) const EXIT_STATUS: u8 = 70;

thread_local! {
    /// Where this thread last began to panic.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic that was caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panic {
    text: String,
}

impl fmt::Display for Panic {
    /// `panicked at <file>:<line>:<column>: <message>`, without the place if [`record_places`] was not called.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// From now on a [`Panic`] knows where it began. The standard report on standard error stays.
pub(crate) fn record_places() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PLACE.set(info.location().map(Location::to_string));
        report(info);
    }));
}

/// Runs something, and returns its panic as an error. What it changes must not be used after a panic, or be whole at every step.
pub(crate) fn catch<R>(run: impl FnOnce() -> R) -> Result<R, Panic> {
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let message = message(payload.as_ref());
        let text = match PLACE.take() {
            Some(place) => format!("panicked at {place}: {message}"),
            None => format!("panicked: {message}"),
        };
        // A payload may panic when it is dropped; nothing is lost by keeping it.
        std::mem::forget(payload);
        Panic { text }
    })
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let owned = || payload.downcast_ref::<String>().map(String::as_str);
    payload.downcast_ref::<&str>().copied().or_else(owned).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_names_its_message() {
        assert_eq!(catch(|| 5), Ok(5));
        let text = |caught: Result<(), Panic>| caught.unwrap_err().to_string();
        assert!(text(catch(|| panic!("expected in this test"))).ends_with(": expected in this test"));
        let number = 7;
        assert!(text(catch(|| panic!("expected {number}"))).ends_with(": expected 7"));
        assert!(text(catch(|| panic::panic_any(5_u8))).ends_with(": no message"));
    }
}
