//! Who listens at an address that is taken. For messages: a look that comes too late, or at a process of another user,
//! answers less.

use super::connect::connect_unix;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A process that listens, as far as can be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Its id; unknown for a process of another user, unless we are root, and in another PID namespace.
    pub pid: Option<u32>,
    /// The name of its program, as `ps -o comm` shows it.
    pub program: Option<String>,
    /// The user it made the socket as.
    pub uid: Option<u32>,
}

/// The process that listens on a TCP port at this address or at one that includes it.
#[doc(alias = "/proc/net/tcp")]
pub fn owner_of_port(address: Option<IpAddr>, port: u16) -> Option<Owner> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    let found = lines.filter_map(Listening::parse).find(|found| found.is_in_the_way(address, port))?;
    let pid = pid_with_socket(found.inode);
    Some(Owner { pid, program: pid.and_then(program_of), uid: Some(found.uid) })
}

/// The process that listens at the path of a socket file.
#[doc(alias = "SO_PEERCRED")]
pub fn owner_of_path(path: &Path) -> Option<Owner> {
    let stream = connect_unix(path.as_os_str().as_bytes()).ok()?;
    peer(&stream).map(|(pid, uid)| Owner { pid: Some(pid), program: program_of(pid), uid: Some(uid) })
}

/// Whether any interface of this machine has an IPv6 address. True where that cannot be seen.
pub fn has_ipv6() -> bool {
    match fs::read_to_string("/proc/net/if_inet6") {
        Ok(addresses) => !addresses.trim().is_empty(),
        Err(_) => !Path::new("/proc/net").is_dir(),
    }
}

/// A line of the kernel's table of TCP sockets that tells of a listening one.
struct Listening {
    address: IpAddr,
    port: u16,
    uid: u32,
    inode: u64,
}

impl Listening {
    fn parse(line: &str) -> Option<Self> {
        const LISTEN: &str = "0A";
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, _, LISTEN, _, _, _, uid, _, inode, ..] = fields[..] else { return None };
        let (address, port) = local.split_once(':')?;
        Some(Self {
            address: address_of(address)?,
            port: u16::from_str_radix(port, 16).ok()?,
            uid: uid.parse().ok()?,
            inode: inode.parse().ok()?,
        })
    }

    fn is_in_the_way(&self, address: Option<IpAddr>, port: u16) -> bool {
        let everywhere =
            self.address.is_unspecified() || address.is_none_or(|address| address.is_unspecified());
        self.port == port && (everywhere || address == Some(self.address))
    }
}

/// An address as the table has it: words of four bytes, each a number in the machine's own order.
fn address_of(digits: &str) -> Option<IpAddr> {
    let words = (0..digits.len()).step_by(8);
    let words: Option<Vec<[u8; 4]>> =
        words.map(|at| Some(u32::from_str_radix(digits.get(at..at + 8)?, 16).ok()?.to_ne_bytes())).collect();
    match words?[..] {
        [word] => Some(Ipv4Addr::from(word).into()),
        [a, b, c, d] => {
            let bytes: [u8; 16] = [a, b, c, d].concat().try_into().ok()?;
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// A process that has this socket open.
fn pid_with_socket(inode: u64) -> Option<u32> {
    let target = format!("socket:[{inode}]");
    let holds = |pid: &u32| {
        let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        descriptors
            .flatten()
            .any(|entry| fs::read_link(entry.path()).is_ok_and(|link| link.as_os_str() == target.as_str()))
    };
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(holds)
}

fn program_of(pid: u32) -> Option<String> {
    let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(String::from_utf8_lossy(name.trim_ascii_end()).into_owned())
}

/// Process and user behind the other end. By the C library, as rustix takes a pid of 0 for impossible, which stands for a
/// process of another PID namespace.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn peer(stream: &impl AsRawFd) -> Option<(u32, u32)> {
    let mut found = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = libc::socklen_t::try_from(size_of::<libc::ucred>()).ok()?;
    // SAFETY: the pointers describe `found` and its length, and the descriptor is open.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut found).cast(),
            &raw mut length,
        )
    };
    let pid = u32::try_from(found.pid).ok().filter(|pid| *pid != 0);
    if result == 0 { Some((pid?, found.uid)) } else { None }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn peer(_: &impl AsRawFd) -> Option<(u32, u32)> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_listener_of_ours_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let owner = owner_of_port(Some(Ipv4Addr::LOCALHOST.into()), port).unwrap();
        assert_eq!(owner.pid, Some(std::process::id()));
        assert_eq!(owner.uid, Some(crate::user::effective_uid()));
        assert_eq!(owner_of_port(None, port).unwrap().pid, owner.pid);
        assert_eq!(owner_of_port(Some(Ipv4Addr::new(127, 0, 0, 2).into()), port), None);
        drop(listener);
        assert_eq!(owner_of_port(None, port), None);
    }

    #[test]
    fn lines_of_the_kernels_table_are_understood() {
        let line = "   0: 00000000000000000000000001000000:2329 00000000000000000000000000000000:0000 0A 00000000:00000000 \
                    00:00000000 00000000  1000        0 4242 1 0000000000000000 100 0 0 10 0";
        let found = Listening::parse(line).unwrap();
        assert_eq!((found.address, found.port), (Ipv6Addr::LOCALHOST.into(), 9001));
        assert_eq!((found.uid, found.inode), (1000, 4242));
        assert!(Listening::parse(&line.replace(" 0A ", " 01 ")).is_none());
        assert!(Listening::parse("x").is_none());
    }
}
