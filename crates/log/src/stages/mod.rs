//! The stages output passes between its pipe and the sinks.
//!
//! A stage takes pieces of output and emits pieces. It keeps what it needs from one piece to the next, and as little as it can:
//! what it holds back is late.

pub(crate) mod capture;
pub(crate) mod strip_ansi;

use crate::MainLog;
use crate::sinks::buffered_output::LogMessages;
use std::fmt;
use supervisor_sys::CopyBuffer;

/// A piece of output on its way through the stages.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Bytes the child wrote.
    Output {
        /// As they came.
        raw: &'a [u8],
        /// As the stages so far have left them.
        text: &'a [u8],
        /// Whether they are log text; the daemon and the debug echo get them in any case.
        is_logged: bool,
    },
    /// Log text that the daemon and the debug echo have got already.
    LogOnly(&'a [u8]),
    /// A complete message between capture tags: its newest bytes.
    Message(Vec<u8>),
}

/// Takes the pieces a stage emits.
pub(crate) type Next<'n> = &'n mut dyn FnMut(Piece<'_>, &mut StageContext<'_>);

/// One stage of one generation's pipeline.
pub(crate) trait Stage: fmt::Debug + Send {
    /// Passes `piece` on, as it is or transformed, in any number of pieces.
    fn pass(&mut self, piece: Piece<'_>, context: &mut StageContext<'_>, next: Next<'_>);

    /// The output has ended: emits what is held back.
    fn finish(&mut self, context: &mut StageContext<'_>, next: Next<'_>);

    /// The log is truncated: discards what belongs to it.
    fn clear(&mut self) {}
}

/// What a pipeline needs while it works.
pub(crate) struct StageContext<'a> {
    /// For the debug echo.
    pub(crate) main_log: &'a MainLog,
    pub(crate) scratch: &'a mut ScratchBuffers,
    /// Takes output and captured messages.
    pub(crate) deliver: &'a mut dyn FnMut(Delivered),
    /// Takes messages about the outputs.
    pub(crate) messages: &'a mut LogMessages,
}

/// What the daemon gets of the output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// For [`Notice::Output`](crate::Notice::Output).
    Output(Vec<u8>),
    /// For [`Notice::Captured`](crate::Notice::Captured).
    Captured(Vec<u8>),
}

/// Buffers for the results of stages; a worker has one set, so that no pipeline holds memory while nothing comes.
#[derive(Default)]
pub(crate) struct ScratchBuffers(Vec<CopyBuffer>);

impl ScratchBuffers {
    /// Takes a buffer, to be put back.
    pub(crate) fn take(&mut self) -> CopyBuffer {
        self.0.pop().unwrap_or_default()
    }

    pub(crate) fn put_back(&mut self, buffer: CopyBuffer) {
        self.0.push(buffer);
    }
}
