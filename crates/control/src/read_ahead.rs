//! Streams from files: one piece is read ahead.
//!
//! A thread that must not block, such as the HTTP server's, takes the pieces. The [`Reader`] runs on the threads of a
//! [`Blocking`]: it reads the next piece as soon as the previous one was taken, and then the stream's waker is called. So only a
//! little of a stream is in memory, and for a client that does not read, the rest stays in the file.

use crate::Blocking;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Reads a stream, piece by piece. Called, and dropped, on a thread that may block.
pub trait Reader: Send + 'static {
    /// The next piece. An error ends the stream.
    fn read(&mut self) -> io::Result<Piece>;
}

/// The result of a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes; there may be more.
    Data(Vec<u8>),
    /// The last bytes.
    Last(Vec<u8>),
    /// Nothing until the stream is [notified](Notifier::notify).
    Idle,
    /// The end of the stream.
    End,
}

/// The result of a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poll {
    /// Bytes.
    Ready(Vec<u8>),
    /// Nothing yet; the waker will be called.
    Pending,
    /// The end of the stream.
    End,
}

/// The taking end of a stream.
pub struct ReadAhead<R: Reader> {
    shared: Arc<Shared<R>>,
}

/// Notifies a stream that there may be more to read.
pub struct Notifier<R: Reader> {
    shared: Arc<Shared<R>>,
}

struct Shared<R> {
    state: Mutex<State<R>>,
    blocking: Blocking,
}

struct State<R> {
    /// `None` before there is one, while it reads, and at the end.
    reader: Option<R>,
    /// Read ahead.
    piece: Option<Vec<u8>>,
    /// There may be more to read.
    may_have_more: bool,
    /// Nothing more will be read.
    has_ended: bool,
    /// Nothing more will be taken.
    is_closed: bool,
    waker: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl<R: Reader> ReadAhead<R> {
    /// A stream without a reader yet.
    pub fn new(blocking: &Blocking) -> Self {
        let state = State {
            reader: None,
            piece: None,
            may_have_more: true,
            has_ended: false,
            is_closed: false,
            waker: None,
        };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), blocking: blocking.clone() }) }
    }

    /// Notifies the stream of more to read.
    pub fn notifier(&self) -> Notifier<R> {
        Notifier { shared: Arc::clone(&self.shared) }
    }

    /// Sets the reader; nothing is read before [`ReadAhead::start`].
    pub fn set_reader(&self, reader: R) {
        self.shared.lock().reader = Some(reader);
    }

    /// Starts to read. `waker` is called on a thread of the [`Blocking`] whenever `poll` has a new result.
    pub fn start(&self, waker: impl Fn() + Send + Sync + 'static) {
        let mut state = self.shared.lock();
        state.waker = Some(Arc::new(waker));
        self.shared.read_on(state);
    }

    /// Takes the piece that was read, at most `max` bytes of it.
    pub fn poll(&self, max: usize) -> Poll {
        let mut state = self.shared.lock();
        let Some(mut piece) = state.piece.take() else {
            return if state.has_ended { Poll::End } else { Poll::Pending };
        };
        if piece.len() > max {
            state.piece = Some(piece.split_off(max));
        }
        self.shared.read_on(state);
        Poll::Ready(piece)
    }
}

impl<R: Reader> Drop for ReadAhead<R> {
    /// Closing a file may block as well. A reader that is at work is dropped on its own thread.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        (state.is_closed, state.has_ended) = (true, true);
        if let Some(reader) = state.reader.take() {
            drop(state);
            self.shared.blocking.run(move || drop(reader));
        }
    }
}

impl<R: Reader> Notifier<R> {
    /// There may be more to read.
    pub fn notify(&self) {
        let mut state = self.shared.lock();
        state.may_have_more = true;
        if state.waker.is_some() {
            self.shared.read_on(state);
        }
    }
}

impl<R: Reader> Shared<R> {
    /// No foreign code runs under the lock, so a panic elsewhere cannot leave the state half changed.
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the next piece, if there may be one and none is read ahead or being read.
    fn read_on(self: &Arc<Self>, mut state: MutexGuard<'_, State<R>>) {
        if state.piece.is_some() || !state.may_have_more {
            return;
        }
        let Some(reader) = state.reader.take() else { return };
        state.may_have_more = false;
        drop(state);
        let shared = Arc::clone(self);
        if self.blocking.try_run(move || shared.read(reader)).is_err() {
            let mut state = self.lock();
            state.has_ended = true;
            wake(state);
        }
    }

    /// Reads a piece; runs on a thread that may block.
    fn read(self: &Arc<Self>, mut reader: R) {
        let read = reader.read();
        let mut state = self.lock();
        if state.is_closed {
            // The reader is dropped here, without the lock.
            drop(state);
            return;
        }
        match read {
            Ok(Piece::Data(piece)) => {
                (state.piece, state.may_have_more, state.reader) = (Some(piece), true, Some(reader));
                wake(state);
            }
            Ok(Piece::Idle) => {
                state.reader = Some(reader);
                self.read_on(state);
            }
            Ok(Piece::Last(piece)) => {
                (state.piece, state.has_ended) = (Some(piece), true);
                wake(state);
            }
            Ok(Piece::End) | Err(_) => {
                state.has_ended = true;
                wake(state);
            }
        }
    }
}

/// Calls the waker without the lock.
fn wake<R>(state: MutexGuard<'_, State<R>>) {
    let waker = state.waker.clone();
    drop(state);
    if let Some(waker) = waker {
        waker();
    }
}

impl<R: Reader> fmt::Debug for ReadAhead<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadAhead")
    }
}

impl<R: Reader> fmt::Debug for Notifier<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notifier")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::double::{PATIENCE, worker};
    use std::sync::mpsc::{self, Receiver, Sender};

    /// Reads what it is sent.
    struct Script(Receiver<Piece>);

    impl Reader for Script {
        fn read(&mut self) -> io::Result<Piece> {
            self.0.recv_timeout(PATIENCE).map_err(io::Error::other)
        }
    }

    struct Stream {
        pieces: Sender<Piece>,
        taken: ReadAhead<Script>,
        woken: Receiver<()>,
    }

    fn begin() -> Stream {
        let (pieces, script) = mpsc::channel();
        let (wake, woken) = mpsc::channel();
        let stream = ReadAhead::new(&worker());
        stream.set_reader(Script(script));
        stream.start(move || wake.send(()).unwrap());
        Stream { pieces, taken: stream, woken }
    }

    impl Stream {
        fn next(&self) -> Poll {
            loop {
                match self.taken.poll(4) {
                    Poll::Pending => self.woken.recv_timeout(PATIENCE).unwrap(),
                    ready => return ready,
                }
            }
        }
    }

    #[test]
    fn pieces_come_in_order_and_no_larger_than_asked_for() {
        let stream = begin();
        stream.pieces.send(Piece::Data(b"abcdef".to_vec())).unwrap();
        stream.pieces.send(Piece::Last(b"gh".to_vec())).unwrap();
        for expected in ["abcd", "ef", "gh"] {
            assert_eq!(stream.next(), Poll::Ready(expected.into()));
        }
        assert_eq!(stream.next(), Poll::End);
    }

    #[test]
    fn an_idle_stream_reads_on_when_it_is_notified() {
        let stream = begin();
        stream.pieces.send(Piece::Idle).unwrap();
        stream.pieces.send(Piece::End).unwrap();
        assert_eq!(stream.taken.poll(4), Poll::Pending);
        stream.taken.notifier().notify();
        assert_eq!(stream.next(), Poll::End);
    }

    #[test]
    fn a_dropped_stream_drops_its_reader() {
        let Stream { pieces, taken, .. } = begin();
        drop(taken);
        // The reader is at work, and is dropped afterwards.
        let _ = pieces.send(Piece::Data(b"x".to_vec()));
        let deadline = std::time::Instant::now() + PATIENCE;
        while pieces.send(Piece::Idle).is_ok() {
            assert!(std::time::Instant::now() < deadline, "the reader is still there");
            std::thread::yield_now();
        }
    }
}
