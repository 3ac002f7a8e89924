//! TCP ports that no other test uses.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

/// Below the range the kernel hands out by itself, so that no outgoing connection takes one.
const RANGE: std::ops::Range<u16> = 20_000..30_000;

/// A TCP port of the loopback interface, reserved until dropped.
///
/// The reservation is the UDP port of the same number: it excludes every other test, in this process or another,
/// while the TCP port stays free for the daemon.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _reservation: UdpSocket,
}

impl Port {
    /// Reserves a port without a listener.
    pub fn reserve() -> Self {
        // Start at a place that depends on the process, so that parallel test runs seldom collide.
        let offset = u16::try_from(std::process::id() % 10_000).expect("less than 10000");
        RANGE
            .map(|number| RANGE.start + (number - RANGE.start + offset) % 10_000)
            .find_map(|number| {
                let reservation = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
                TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
                Some(Self { number, _reservation: reservation })
            })
            .expect("a free port between 20000 and 30000")
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}
