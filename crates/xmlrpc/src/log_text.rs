//! Texts of logs, encoded piece by piece, so that little of a long text is in memory.
//!
//! # Theory
//!
//! `Content-Length` precedes the text, and the length of the escaped text is known only after reading it. So a long text is
//! read twice: once for its length, and again while the client takes it, [one piece ahead](ReadAhead). A log that grows, is
//! rotated or removed in between gives the same bytes again; if it is truncated, the answer ends before its length, which the
//! client notices.
//!
//! Everything here reads files and runs on threads that may block.

use super::charged::UNCHARGED;
use std::io;
use supervisor_control::{Blocking, Piece, Poll, ReadAhead, Reader};
use supervisor_http::{Next, Response, Source, Status, StreamWaker};
use supervisor_log::tail::LogRange;
use supervisor_rpc::encode::{Output, TextFrame, TextPieces, close_answer, open_answer};
use supervisor_rpc::{Encoded, Fault, FaultCode, LogTail};

/// Bytes of a log per piece; escaped, most fit into one write of the server.
const PIECE: usize = 56 * 1024;

/// A value that contains the text of a log, and how much of it has been written.
pub(crate) struct LogText {
    /// `None` if there is no log.
    part: Option<LogRange>,
    frame: TextFrame,
    pieces: TextPieces,
    is_open: bool,
}

/// Whether a value continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    Follows,
    Ended,
}

impl LogText {
    pub(super) fn new(part: Option<LogRange>, frame: TextFrame) -> Self {
        Self { part, frame, pieces: TextPieces::default(), is_open: false }
    }

    /// Whether it need not be streamed.
    pub(super) fn is_short(&self) -> bool {
        self.part.as_ref().is_none_or(|part| part.len() <= UNCHARGED as u64)
    }

    /// Appends the next piece of the value.
    pub(super) fn write_next(&mut self, out: &mut Output) -> io::Result<More> {
        if !self.is_open {
            self.frame.open(out);
            self.is_open = true;
        }
        let mut piece = vec![0; PIECE];
        let count = self.part.as_mut().map_or(Ok(0), |part| part.read_on(&mut piece))?;
        if count > 0 {
            self.pieces.push(&piece[..count], out);
            return Ok(More::Follows);
        }
        self.pieces.finish(out);
        self.frame.close(out);
        Ok(More::Ended)
    }

    /// The whole value.
    pub(super) fn encode(mut self) -> Result<Encoded, Fault> {
        let mut written = Ok(More::Follows);
        let encoded = Encoded::with(|out| {
            while matches!(written, Ok(More::Follows)) {
                written = self.write_next(out);
            }
        });
        if written.is_ok() { Ok(encoded) } else { self.unreadable() }
    }

    /// The answer if the log cannot be read: a tail is empty then.
    pub(super) fn unreadable(&self) -> Result<Encoded, Fault> {
        match self.frame {
            TextFrame::Plain => Err(Fault::bare(FaultCode::Failed)),
            TextFrame::Tail { .. } => Ok(Encoded::new(&LogTail::default())),
        }
    }

    /// The HTTP answer, whose body is read as it is sent.
    pub(super) fn respond(mut self, blocking: &Blocking) -> Result<Response, Fault> {
        let response = Response::new(Status::Ok).header("Content-Type", "text/xml");
        match self.measure() {
            Ok(length) => Ok(response.pieces(length, Box::new(TextSource::new(self, blocking)))),
            Err(_) => self.unreadable().map(|encoded| response.body(encoded.into_response())),
        }
    }

    /// The length of the whole answer.
    fn measure(&mut self) -> io::Result<usize> {
        let mut out = Output::default();
        open_answer(&mut out);
        close_answer(&mut out);
        let mut length = out.len();
        let mut more = More::Follows;
        while more == More::Follows {
            out.truncate(0);
            more = self.write_next(&mut out)?;
            if out.is_out_of_memory() {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
            length += out.len();
        }
        let part = self.part.take().map(|mut part| {
            part.rewind();
            part
        });
        *self = Self::new(part, self.frame);
        Ok(length)
    }

    /// The next piece of the whole answer, and whether more follows.
    fn next_of_answer(&mut self) -> io::Result<(Vec<u8>, More)> {
        let mut out = Output::default();
        if !self.is_open {
            open_answer(&mut out);
        }
        out.reserve(PIECE + PIECE / 8);
        let more = self.write_next(&mut out)?;
        if more == More::Ended {
            close_answer(&mut out);
        }
        let bytes = out.into_bytes().ok_or(io::ErrorKind::OutOfMemory)?;
        Ok((bytes, more))
    }
}

impl Reader for LogText {
    fn read(&mut self) -> io::Result<Piece> {
        // After an error the answer ends before its length.
        match self.next_of_answer()? {
            (piece, More::Follows) => Ok(Piece::Data(piece)),
            (piece, More::Ended) => Ok(Piece::Last(piece)),
        }
    }
}

/// The body of the HTTP answer.
struct TextSource(ReadAhead<LogText>);

impl TextSource {
    fn new(text: LogText, blocking: &Blocking) -> Self {
        let stream = ReadAhead::new(blocking);
        stream.set_reader(text);
        Self(stream)
    }
}

impl Source for TextSource {
    fn start(&mut self, waker: StreamWaker) {
        self.0.start(move || waker.wake());
    }

    fn next(&mut self, max: usize) -> Next {
        match self.0.poll(max) {
            Poll::Ready(piece) => Next::Chunk(piece),
            Poll::Pending => Next::Pending,
            Poll::End => Next::End,
        }
    }
}
