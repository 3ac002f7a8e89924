//! Finding out that the other end of a silent connection is gone.

use crate::call::{check, raw};
use std::io;
use std::os::fd::AsFd;

/// For how long nothing has come before the kernel asks whether the other end is still there.
const QUIET_SECONDS: libc::c_int = 300;

/// How far apart it asks again.
const INTERVAL_SECONDS: libc::c_int = 60;

/// How many questions without an answer are the end of the connection.
const QUESTIONS: libc::c_int = 5;

#[cfg(target_vendor = "apple")]
const QUIET: libc::c_int = libc::TCP_KEEPALIVE;
#[cfg(not(target_vendor = "apple"))]
const QUIET: libc::c_int = libc::TCP_KEEPIDLE;

/// Has the kernel end a TCP connection whose other end has been gone for ten minutes: a machine that lost its power or its
/// network says no goodbye. Set on a listening socket, it holds for every connection accepted from it.
#[doc(alias = "SO_KEEPALIVE")]
pub fn keep_alive(socket: &impl AsFd) -> io::Result<()> {
    set(socket, libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1)?;
    set(socket, libc::IPPROTO_TCP, QUIET, QUIET_SECONDS)?;
    set(socket, libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, INTERVAL_SECONDS)?;
    set(socket, libc::IPPROTO_TCP, libc::TCP_KEEPCNT, QUESTIONS)
}

#[doc(alias = "setsockopt")]
fn set(socket: &impl AsFd, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of_val(&value)).expect("the size of an int is small");
    // SAFETY: the descriptor is open as long as it is borrowed; `value` is an int of that length for the call.
    check(unsafe {
        libc::setsockopt(raw(&socket.as_fd()), level, option, (&raw const value).cast(), length)
    })?;
    Ok(())
}
