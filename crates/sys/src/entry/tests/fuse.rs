//! A file system of an ordinary user, as `fusermount` mounts it, that says all of it is root's: a directory of mode 0755 in
//! which every name is a link of root to the same target.

use super::super::entry_name;
use crate::call::check;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

const ROOT: u64 = 1;

pub(super) struct Mount {
    place: PathBuf,
    server: Option<JoinHandle<()>>,
}

impl Mount {
    /// Mounts it at `place` for the user `user`. `None` where the kernel has no FUSE, or forbids to mount.
    pub(super) fn new(place: &Path, user: u32, target: &Path) -> Option<Self> {
        let device = File::options().read(true).write(true).open("/dev/fuse").ok()?;
        let options =
            format!("fd={},rootmode=40000,user_id={user},group_id={user},allow_other", device.as_raw_fd());
        let [at, options] = [place.as_os_str().as_bytes(), options.as_bytes()]
            .map(|text| entry_name(std::ffi::OsStr::from_bytes(text)).unwrap());
        // SAFETY: all texts are NUL-terminated and outlive the call.
        check(unsafe {
            libc::mount(c"lie".as_ptr(), at.as_ptr(), c"fuse.lie".as_ptr(), 0, options.as_ptr().cast())
        })
        .ok()?;
        let target = target.as_os_str().as_bytes().to_owned();
        let server = thread::spawn(move || while serve(&device, &target).is_ok() {});
        Some(Self { place: place.to_owned(), server: Some(server) })
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let place = entry_name(self.place.as_os_str()).unwrap();
        // SAFETY: the path is NUL-terminated and outlives the call.
        check(unsafe { libc::umount2(place.as_ptr(), libc::MNT_DETACH) }).unwrap();
        self.server.take().unwrap().join().unwrap();
    }
}

/// Answers one request (`linux/fuse.h`); an error is the end.
fn serve(mut device: &File, target: &[u8]) -> io::Result<()> {
    let mut request = vec![0_u8; 1 << 17];
    let length = device.read(&mut request)?;
    request.truncate(length);
    let number = |at: usize| u64::from_ne_bytes(request[at..at + 8].try_into().unwrap());
    let (operation, unique, node) = (number(0) >> 32, number(8), number(16));
    let mut body: Vec<u8> = Vec::new();
    let mut error = 0_i32;
    match operation {
        // LOOKUP: node, generation, and how long all that is valid: not at all.
        1 => body = [&2_u64.to_ne_bytes()[..], &[0; 32], &attributes(2)].concat(),
        // GETATTR.
        3 => body = [&[0; 16][..], &attributes(node)].concat(),
        // READLINK.
        5 => body = target.to_vec(),
        // STATFS.
        17 => body = vec![0; 80],
        // INIT: version 7.31 and the smallest buffers.
        26 => {
            body = [7_u32, 31, 0, 0, 0, 4096].iter().flat_map(|word| word.to_ne_bytes()).collect();
            body.resize(64, 0);
        }
        // FORGET and BATCH_FORGET have no answer.
        2 | 42 => return Ok(()),
        _ => error = -libc::ENOSYS,
    }
    let length = u32::try_from(16 + body.len()).unwrap();
    let answer = [&length.to_ne_bytes()[..], &error.to_ne_bytes(), &unique.to_ne_bytes(), &body].concat();
    device.write_all(&answer)
}

/// `fuse_attr`: six numbers of eight bytes and three of four, mode, links, owner, group, and three more.
fn attributes(node: u64) -> Vec<u8> {
    let mode = if node == ROOT { libc::S_IFDIR | 0o755 } else { libc::S_IFLNK | 0o777 };
    let mut bytes = node.to_ne_bytes().to_vec();
    bytes.resize(60, 0);
    bytes.extend([mode, 1, 0, 0, 0, 4096, 0].iter().flat_map(|word: &u32| word.to_ne_bytes()));
    bytes
}
