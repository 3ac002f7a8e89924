//! Reading logs: by offset for RPC, continuously for streams.
//!
//! Everything here reads the file by its path, as it is on disk, and may hang as long as the file system
//! does; nothing of it is for the decision loop's thread.

mod follower;

pub use follower::{Follower, Step};

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use supervisor_sys::entry::{self, Access, Resolved};

/// The most one [`read`] or [`tail`] returns: 16 MiB. Of a longer answer [`read`] gives the beginning, or the
/// end if it counts from there, and [`tail`] the end.
pub const MAX_READ: u64 = 16 * 1024 * 1024;

/// Why a log could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// The file is not there.
    NoFile,
    /// The offset and the length make no sense together.
    BadArguments,
    /// The system refused, or it is no regular file.
    Failed(io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile => f.write_str("there is no such log file"),
            Self::BadArguments => f.write_str("offset and length make no sense together"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::NoFile | Self::BadArguments => None,
        }
    }
}

/// A part of a log. It is read piece by piece, and any number of times, as the file is then: a file that is appended to, renamed
/// or removed meanwhile keeps the part, one that is emptied does not.
#[derive(Debug)]
pub struct LogRange {
    file: File,
    start: u64,
    end: u64,
    position: u64,
}

/// What [`tail`] found.
#[derive(Debug, Default)]
pub struct Tail {
    /// The bytes; `None` if there are none to be read.
    pub part: Option<LogRange>,
    /// Where the next call should start: the file's size.
    pub offset: u64,
    /// Whether there was more than was asked for.
    pub overflow: bool,
}

impl LogRange {
    fn new(file: File, start: u64, count: u64) -> Self {
        Self { file, start, end: start.saturating_add(count), position: start }
    }

    /// How many bytes it has, unless the file is emptied.
    pub fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.end == self.start
    }

    /// Reads the next bytes into `piece`, as many as there is room for, and returns how many there were; 0 at the end.
    pub fn read_on(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let room = piece.len().min(left);
        let mut count = 0;
        while count < room {
            match self.file.read_at(&mut piece[count..room], self.position) {
                Ok(0) => break,
                Ok(more) => {
                    count += more;
                    self.position += more as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }

    /// Goes back to its beginning.
    pub fn rewind(&mut self) {
        self.position = self.start;
    }

    /// All of it at once.
    pub fn into_bytes(mut self) -> io::Result<Vec<u8>> {
        let size = usize::try_from(self.len()).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size)?;
        bytes.resize(size, 0);
        self.rewind();
        let count = self.read_on(&mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    }
}

/// `readLog`, `readProcess*Log`: `length` bytes from `offset`; without a length all from there; a negative
/// offset counts from the end.
pub fn open_range(path: &Path, offset: i64, length: i64) -> Result<LogRange, ReadError> {
    let file = open_sized(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ReadError::NoFile,
        _ => ReadError::Failed(error),
    })?;
    let size = file.metadata().map_err(ReadError::Failed)?.len();
    let (start, count) = match (u64::try_from(offset), u64::try_from(length)) {
        (Err(_), Ok(0)) => {
            let count = offset.unsigned_abs().min(size).min(MAX_READ);
            (size - count, count)
        }
        (Ok(start), Ok(0)) => (start.min(size), MAX_READ),
        (Ok(start), Ok(count)) => (start.min(size), count.min(MAX_READ)),
        (Err(_), Ok(_)) | (_, Err(_)) => return Err(ReadError::BadArguments),
    };
    Ok(LogRange::new(file, start, count.min(size - start)))
}

/// The bytes of [`open_range`], all at once.
pub fn read(path: &Path, offset: i64, length: i64) -> Result<Vec<u8>, ReadError> {
    open_range(path, offset, length)?.into_bytes().map_err(ReadError::Failed)
}

/// `tailProcess*Log`: the last `length` bytes, unless `offset`, where the last call ended, is so near the end
/// that fewer are new. A file that cannot be read is as good as empty.
///
/// The rule is upstream's, with its peculiarities (a window that would pass the end is moved back, not cut).
pub fn tail(path: &Path, offset: i64, length: i64) -> Tail {
    try_tail(path, offset, length).unwrap_or_default()
}

fn try_tail(path: &Path, offset: i64, length: i64) -> io::Result<Tail> {
    let file = open_regular(path)?;
    let size = file.metadata()?.len();
    let window = Window::of(i64::try_from(size).unwrap_or(i64::MAX), offset, length);
    let count = window.length.min(size.saturating_sub(window.offset));
    let surplus = count.saturating_sub(MAX_READ);
    let part = LogRange::new(file, window.offset + surplus, count - surplus);
    Ok(Tail { part: Some(part), offset: size, overflow: window.overflow })
}

/// What [`tail`] is to read.
struct Window {
    offset: u64,
    length: u64,
    overflow: bool,
}

impl Window {
    fn of(size: i64, mut offset: i64, mut length: i64) -> Self {
        let overflow = size > offset.saturating_add(length);
        if overflow {
            offset = size - 1;
        }
        if offset.saturating_add(length) > size {
            if offset > size - 1 {
                length = 0;
            }
            offset = size - length;
        }
        let positive = |number: i64| u64::try_from(number).unwrap_or(0);
        Self { offset: positive(offset), length: positive(length), overflow }
    }
}

/// Opens a log of a certain size for reading: a regular file, or a device such as `/dev/null`, which is as good as empty.
fn open_sized(path: &Path) -> io::Result<File> {
    let mut file = open_at_once(path)?;
    // A FIFO, a socket and a terminal have no end that could be sought.
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}

/// Opens a log for reading; anything but a regular file is refused.
fn open_regular(path: &Path) -> io::Result<File> {
    let file = open_at_once(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::from_raw_os_error(libc::ESPIPE)) }
}

/// Opens for reading without waiting for a FIFO's writer. A link that a program's user laid is not followed: it would
/// show any file of root's to those who may read logs.
fn open_at_once(path: &Path) -> io::Result<File> {
    match Resolved::of(path)? {
        Resolved::Entry(entry) => entry.open(Access::Read),
        Resolved::Descriptor(number) => {
            entry::duplicate_inherited(number)?;
            // A place to read from that is not shared with the launcher.
            let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
            OpenOptions::new().read(true).custom_flags(flags).open(format!("/dev/fd/{number}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    const TEXT: &str = "hello\nhé\n";

    /// The bytes of a tail, its offset and whether it overflowed.
    fn shown(tail: Tail) -> (Vec<u8>, u64, bool) {
        let bytes = tail.part.map_or_else(Vec::new, |part| part.into_bytes().unwrap());
        (bytes, tail.offset, tail.overflow)
    }

    const NOTHING: (Vec<u8>, u64, bool) = (Vec::new(), 0, false);

    /// RPC-33: every row of the read table.
    #[test]
    fn read_follows_upstreams_table() {
        let scratch = Scratch::new();
        let path = scratch.write("log", TEXT);
        let z = 10;
        let rows: &[(i64, i64, &[u8])] = &[
            (-4, 0, b"h\xc3\xa9\n"),
            (-1000, 0, TEXT.as_bytes()),
            (0, 0, TEXT.as_bytes()),
            (6, 0, b"h\xc3\xa9\n"),
            (0, 5, b"hello"),
            (6, 1, b"h"),
            (6, 1000, b"h\xc3\xa9\n"),
            (z, 0, b""),
            (z + 1, 0, b""),
            (z + 1, 5, b""),
            (i64::MAX, i64::MAX, b""),
            (i64::MIN, 0, TEXT.as_bytes()),
        ];
        for (offset, length, expected) in rows {
            assert_eq!(read(&path, *offset, *length).unwrap(), *expected, "({offset}, {length})");
        }
        for (offset, length) in [(-1, 1), (-1, -1), (0, -1), (5, -5)] {
            let outcome = read(&path, offset, length);
            assert!(matches!(outcome, Err(ReadError::BadArguments)), "({offset}, {length}): {outcome:?}");
        }
    }

    #[test]
    fn read_distinguishes_a_missing_file_from_an_unreadable_one() {
        let scratch = Scratch::new();
        assert!(matches!(read(&scratch.path("none"), -1, 5), Err(ReadError::NoFile)));
        assert!(matches!(read(scratch.root(), 0, 0), Err(ReadError::Failed(_))));
        let fifo = scratch.fifo("fifo");
        assert!(matches!(read(&fifo, 0, 0), Err(ReadError::Failed(_))));
    }

    /// `stdout_logfile=/dev/null` is what many programs have, and a monitor reads the logs of all.
    #[test]
    fn a_device_that_keeps_nothing_is_an_empty_log() {
        let nothing = Path::new("/dev/null");
        for (offset, length) in [(0, 0), (-1600, 0), (0, 100), (10, 5)] {
            assert_eq!(read(nothing, offset, length).unwrap(), b"", "({offset}, {length})");
        }
        assert!(matches!(read(nothing, -1, 1), Err(ReadError::BadArguments)));
        assert_eq!(shown(tail(nothing, 0, 100)), NOTHING);
    }

    /// RPC-33: every row of the tail table.
    #[test]
    fn tail_follows_upstreams_table() {
        let scratch = Scratch::new();
        let path = scratch.write("log", TEXT);
        let all = TEXT.as_bytes();
        let rows: &[(i64, i64, &[u8], bool)] = &[
            (0, 0, b"", true),
            (0, 5, &all[5..], true),
            (0, 10, all, false),
            (0, 100, all, false),
            (5, 100, all, false),
            (10, 100, b"", false),
            (11, 100, b"", false),
            (20, 5, b"", false),
            (3, 7, &all[3..], false),
            (3, 8, &all[2..], false),
            (0, -5, b"", true),
            (10, -3, b"", true),
            (10, 0, b"", false),
            (-5, 5, &all[5..], true),
        ];
        for (offset, length, bytes, overflow) in rows {
            let expected = (bytes.to_vec(), 10, *overflow);
            assert_eq!(shown(tail(&path, *offset, *length)), expected, "({offset}, {length})");
        }
    }

    /// RPC-36.
    #[test]
    fn tail_of_a_missing_file_is_empty() {
        let scratch = Scratch::new();
        assert_eq!(shown(tail(&scratch.path("none"), 0, 100)), NOTHING);
    }

    #[test]
    fn answers_are_bounded() {
        let scratch = Scratch::new();
        let path = scratch.path("large");
        let file = File::create(&path).unwrap();
        file.set_len(MAX_READ + 10).unwrap();
        file.write_all_at(b"end", MAX_READ + 7).unwrap();
        assert_eq!(read(&path, 0, 0).unwrap().len() as u64, MAX_READ);
        let last = read(&path, -MAX_READ.cast_signed() - 5, 0).unwrap();
        assert_eq!((last.len() as u64, last.ends_with(b"end")), (MAX_READ, true));
        let (tail, _, _) = shown(tail(&path, 0, i64::MAX));
        assert_eq!((tail.len() as u64, tail.ends_with(b"end")), (MAX_READ, true));
    }

    #[test]
    fn a_part_stays_what_it_is_while_the_log_goes_on() {
        let scratch = Scratch::new();
        let path = scratch.write("log", TEXT);
        let mut part = open_range(&path, 1, 0).unwrap();
        let mut piece = [0; 4];
        let mut pieces = |part: &mut LogRange| {
            let mut all = Vec::new();
            while let count @ 1.. = part.read_on(&mut piece).unwrap() {
                all.extend_from_slice(&piece[..count]);
            }
            all
        };
        assert_eq!(pieces(&mut part), &TEXT.as_bytes()[1..]);
        scratch.append("log", "more");
        std::fs::rename(&path, scratch.path("log.1")).unwrap();
        part.rewind();
        assert_eq!((part.len(), pieces(&mut part).as_slice()), (9, &TEXT.as_bytes()[1..]));
        File::create(scratch.path("log.1")).unwrap();
        part.rewind();
        assert_eq!(pieces(&mut part), b"");
    }
}
