//! Names and paths as the kernel's addresses.

use std::ffi::CString;
use std::io;
use std::mem::offset_of;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ptr;

/// Which addresses of a name are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Any,
    V4,
    V6,
}

/// Why a name has no address.
#[derive(Debug)]
pub(super) enum ResolveError {
    /// getaddrinfo's code.
    Code(i32),
    /// The resolver failed at a system call.
    Os(io::Error),
}

/// The stream addresses of a host, in the order the resolver prefers them. May wait for the network.
pub(super) fn resolve(host: &str, port: u16, family: Family) -> Result<Vec<SocketAddr>, ResolveError> {
    let host = CString::new(host).map_err(|_| ResolveError::Code(libc::EAI_NONAME))?;
    // SAFETY: addrinfo is a plain record, valid as hints when all zero but the two fields below.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    hints.ai_family = match family {
        Family::Any => libc::AF_UNSPEC,
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    let mut list = ptr::null_mut();
    // SAFETY: a NUL-terminated name, hints that live through the call, and a place for the answer.
    match unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &raw const hints, &raw mut list) } {
        0 => {}
        libc::EAI_SYSTEM => return Err(ResolveError::Os(io::Error::last_os_error())),
        code => return Err(ResolveError::Code(code)),
    }
    let list = Answer(list);
    Ok(list.addresses(port))
}

/// The list getaddrinfo made; ours to free.
struct Answer(*mut libc::addrinfo);

impl Answer {
    fn addresses(&self, port: u16) -> Vec<SocketAddr> {
        let mut addresses = Vec::new();
        // SAFETY: null, or an entry of the list, which lives as long as `self`.
        let mut next = unsafe { self.0.as_ref() };
        while let Some(entry) = next {
            addresses.extend(address(entry, port));
            // SAFETY: as above.
            next = unsafe { entry.ai_next.as_ref() };
        }
        addresses
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: made by getaddrinfo and freed once.
            unsafe { libc::freeaddrinfo(self.0) };
        }
    }
}

fn address(entry: &libc::addrinfo, port: u16) -> Option<SocketAddr> {
    match entry.ai_family {
        libc::AF_INET => {
            // SAFETY: of this family the address is a sockaddr_in; read without assuming its alignment.
            let raw: libc::sockaddr_in = unsafe { ptr::read_unaligned(entry.ai_addr.cast()) };
            let ip = Ipv4Addr::from(u32::from_be(raw.sin_addr.s_addr));
            Some(SocketAddrV4::new(ip, port).into())
        }
        libc::AF_INET6 => {
            // SAFETY: of this family the address is a sockaddr_in6; read without assuming its alignment.
            let raw: libc::sockaddr_in6 = unsafe { ptr::read_unaligned(entry.ai_addr.cast()) };
            let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(ip, port, raw.sin6_flowinfo, raw.sin6_scope_id).into())
        }
        _ => None,
    }
}

/// Bytes a socket path may have: the address also holds a NUL.
pub(super) const LONGEST_PATH: usize =
    size_of::<libc::sockaddr_un>() - offset_of!(libc::sockaddr_un, sun_path) - 1;
