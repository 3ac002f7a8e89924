//! Descriptors that a listener keeps in reserve for when the process has no others.
//!
//! They are opened at the start, before programs get theirs: for a few connections, for one client that is rejected, and one
//! to accept with, since accept(2) needs a descriptor before it can tell who is waiting. The first connections take no
//! further ones: each that is admitted frees one of the reserve.

use std::fs::File;

/// Descriptors in reserve.
#[derive(Debug)]
pub(super) struct Reserve {
    held: Vec<File>,
    /// Connections they are for, beside rejected ones.
    connections: usize,
    /// None could be opened.
    is_unavailable: bool,
}

impl Reserve {
    /// Reserves what this number of connections needs.
    pub(super) fn new(connections: usize) -> Self {
        let mut reserve = Self { held: Vec::new(), connections, is_unavailable: false };
        reserve.fit(0, 0);
        reserve.is_unavailable = reserve.held.is_empty();
        reserve
    }

    /// Adjusts the reserve to the connections that are open.
    pub(super) fn fit(&mut self, admitted: usize, rejected: usize) {
        let to_reject = if rejected == 0 { 2 } else { 1 };
        let wanted = self.connections.saturating_sub(admitted) + to_reject;
        self.held.truncate(wanted);
        while !self.is_unavailable
            && self.held.len() < wanted
            && let Ok(placeholder) = File::open("/dev/null")
        {
            self.held.push(placeholder);
        }
    }

    /// Frees one descriptor; false if there is none.
    pub(super) fn release(&mut self) -> bool {
        self.held.pop().is_some()
    }

    /// Whether there is none to accept the next connection with.
    pub(super) fn is_exhausted(&self) -> bool {
        !self.is_unavailable && self.held.is_empty()
    }

    /// Whether a further connection may take one of them.
    pub(super) fn has_room_beside(&self, admitted: usize) -> bool {
        admitted < self.connections
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_connections_take_no_descriptors_but_these() {
        let mut reserve = Reserve::new(3);
        for (admitted, rejected, held) in [(0, 0, 5), (1, 0, 4), (3, 0, 2), (3, 1, 1), (100, 5, 1), (2, 0, 3)]
        {
            reserve.fit(admitted, rejected);
            assert_eq!(reserve.held.len(), held, "{admitted} admitted, {rejected} rejected");
        }
        assert!(reserve.release() && reserve.release() && reserve.release() && !reserve.release());
        assert!(reserve.is_exhausted() && reserve.has_room_beside(2) && !reserve.has_room_beside(3));
    }
}
