//! Descriptors that a listener keeps back for when the process has no others.
//!
//! They are held from the start, before programs get theirs: for a few connections, for one client that is told that there is
//! no room, and one to accept with, since a system without a descriptor does not even say who is waiting. The first
//! connections take no others: as many are held as there may be more of them.

use std::fs::File;

/// Descriptors that are kept back.
#[derive(Debug)]
pub(super) struct Reserve {
    held: Vec<File>,
    /// Connections they are for, beside those that are told to go.
    connections: usize,
    /// None could be had.
    is_unavailable: bool,
}

impl Reserve {
    /// Keeps back what so many connections need.
    pub(super) fn new(connections: usize) -> Self {
        let mut reserve = Self { held: Vec::new(), connections, is_unavailable: false };
        reserve.fit(0, 0);
        reserve.is_unavailable = reserve.held.is_empty();
        reserve
    }

    /// With so many connections admitted, and so many that were told to go: holds what others need.
    pub(super) fn fit(&mut self, admitted: usize, rejected: usize) {
        let for_telling = if rejected == 0 { 2 } else { 1 };
        let wanted = self.connections.saturating_sub(admitted) + for_telling;
        self.held.truncate(wanted);
        while !self.is_unavailable
            && self.held.len() < wanted
            && let Ok(placeholder) = File::open("/dev/null")
        {
            self.held.push(placeholder);
        }
    }

    /// Frees one descriptor. Whether there was one.
    pub(super) fn release(&mut self) -> bool {
        self.held.pop().is_some()
    }

    /// Whether there is none to accept the next newcomer with.
    pub(super) fn is_exhausted(&self) -> bool {
        !self.is_unavailable && self.held.is_empty()
    }

    /// Whether a connection may take one of them beside so many others.
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
