//! The pipeline of one generation's output: stages, then sinks.
//!
//! ```text
//! pipe ─▶ capture ─▶ strip_ansi ─┬─▶ log file, syslog        (not what is between capture tags)
//!                                └─▶ debug echo, daemon
//! ```
//!
//! [`STAGES`] and [`SINKS`] build it. A new stage is its file in `stages/` and an entry of the one table; a new sink beside the
//! log file is its file in `sinks/` and an entry of the other.

use crate::label::Label;
use crate::sinks::buffered_output::{BufferedOutput, Flow, LogMessages};
use crate::sinks::{ClearError, OpenSink, RotationUnit, syslog};
use crate::spec::{Delivery, StreamSpec};
use crate::stages::{Delivered, Piece, Stage, StageContext, capture, strip_ansi};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use supervisor_core::{Level, repr};

/// The stages, in the order in which output passes them.
const STAGES: [BuildStage; 2] = [capture::stage, strip_ansi::stage];

/// The sinks beside the log file.
const SINKS: [OpenOutput; 1] = [syslog::output];

/// Builds a stage for a stream that asks for it.
type BuildStage = fn(&StreamSpec) -> Option<Box<dyn Stage>>;

/// Opens a sink for a stream that asks for it.
type OpenOutput = fn(&Arc<StreamSpec>) -> Option<BufferedOutput>;

/// An opened [`StreamSpec`]: the way of one generation's output from its pipe to its sinks.
#[derive(Debug)]
pub struct OutputPipeline {
    /// Empty for most programs.
    stages: Box<[Box<dyn Stage>]>,
    end: PipelineEnd,
}

/// What is behind the stages.
#[derive(Debug)]
struct PipelineEnd {
    spec: Arc<StreamSpec>,
    file: Option<BufferedOutput>,
    /// The sinks beside the file. Boxed, as few programs have one.
    #[expect(clippy::box_collection, reason = "a word instead of three, for each of thousands of streams")]
    others: Option<Box<Vec<BufferedOutput>>>,
}

impl OutputPipeline {
    /// Opens the log file. The error is the open's own (`EISDIR`, `EACCES`; `ENXIO` for a FIFO without a reader), for the
    /// daemon to show by name. May hang as long as the file system does: not for the decision loop's thread.
    pub fn open(spec: &Arc<StreamSpec>) -> io::Result<Self> {
        let file = spec.file.as_ref().map(OpenSink::open).transpose()?;
        let label = || Label::File(Arc::clone(spec));
        Ok(Self::over(spec, file.map(|sink| BufferedOutput::new(sink, label(), RotationUnit::Line))))
    }

    /// A pipeline that ends in `file` instead of the log file of `spec`.
    pub(crate) fn over(spec: &Arc<StreamSpec>, file: Option<BufferedOutput>) -> Self {
        let others: Vec<BufferedOutput> = SINKS.iter().filter_map(|open| open(spec)).collect();
        let others = (!others.is_empty()).then(|| Box::new(others));
        Self {
            stages: STAGES.iter().filter_map(|build| build(spec)).collect(),
            end: PipelineEnd { spec: Arc::clone(spec), file, others },
        }
    }

    /// The configuration it was opened for.
    pub fn spec(&self) -> &Arc<StreamSpec> {
        &self.end.spec
    }

    /// Passes the bytes of one read on. Only to be called while the flow is open.
    pub(crate) fn write(&mut self, chunk: &[u8], context: &mut StageContext<'_>) -> Flow {
        let piece = Piece::Output { raw: chunk, text: chunk, is_logged: true };
        pass(&mut self.stages, &mut self.end, piece, context);
        self.flow()
    }

    /// The output has ended: the stages release what they hold back, the first one first.
    pub(crate) fn finish(&mut self, context: &mut StageContext<'_>) -> Flow {
        let mut stages = &mut self.stages[..];
        while let Some((stage, rest)) = stages.split_first_mut() {
            stage.finish(context, &mut |piece, context| pass(rest, &mut self.end, piece, context));
            stages = rest;
        }
        self.flow()
    }

    /// Tries to write the backlogs.
    pub(crate) fn flush(&mut self, messages: &mut LogMessages) -> Flow {
        self.end.outputs_mut().map(|output| output.flush(messages)).fold(Flow::Open, Flow::stricter)
    }

    fn flow(&self) -> Flow {
        self.end.outputs().map(BufferedOutput::flow).fold(Flow::Open, Flow::stricter)
    }

    pub(crate) fn reopen(&mut self, messages: &mut LogMessages) {
        for output in self.end.outputs_mut() {
            output.reopen(messages);
        }
    }

    /// Truncates the log, and discards what the stages hold of it.
    pub(crate) fn clear(&mut self) -> Result<(), ClearError> {
        self.stages.iter_mut().for_each(|stage| stage.clear());
        self.end.outputs_mut().try_for_each(BufferedOutput::clear)
    }

    /// The descriptor of the log file.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.end.outputs().find_map(BufferedOutput::fd)
    }
}

/// Passes `piece` through `stages` to `end`.
fn pass(
    stages: &mut [Box<dyn Stage>],
    end: &mut PipelineEnd,
    piece: Piece<'_>,
    context: &mut StageContext<'_>,
) {
    match stages.split_first_mut() {
        Some((stage, rest)) => {
            stage.pass(piece, context, &mut |piece, context| pass(rest, end, piece, context));
        }
        None => end.consume(piece, context),
    }
}

impl PipelineEnd {
    fn outputs(&self) -> impl Iterator<Item = &BufferedOutput> {
        self.file.iter().chain(self.others.iter().flat_map(|others| others.iter()))
    }

    fn outputs_mut(&mut self) -> impl Iterator<Item = &mut BufferedOutput> {
        self.file.iter_mut().chain(self.others.iter_mut().flat_map(|others| others.iter_mut()))
    }

    fn consume(&mut self, piece: Piece<'_>, context: &mut StageContext<'_>) {
        match piece {
            Piece::Output { raw, text, is_logged } => {
                if is_logged {
                    self.write(text, context.messages);
                }
                self.deliver(raw, text, context);
            }
            Piece::LogOnly(text) => self.write(text, context.messages),
            Piece::Message(data) => {
                if context.main_log.is_enabled(Level::Debug) {
                    let name = repr::text(&*self.spec.process_name);
                    let message = format!("{name} {} emitted a comm event", self.spec.channel.name());
                    context.main_log.log(Level::Debug, message);
                }
                (context.deliver)(Delivered::Captured(data));
            }
        }
    }

    fn write(&mut self, text: &[u8], messages: &mut LogMessages) {
        if text.is_empty() {
            return;
        }
        for output in self.outputs_mut() {
            output.write(text, messages);
        }
    }

    /// Gives the bytes to the debug echo and the daemon; the protocol of an event listener is what it wrote, unchanged.
    fn deliver(&self, raw: &[u8], text: &[u8], context: &mut StageContext<'_>) {
        let bytes = if self.spec.delivery == Delivery::Protocol { raw } else { text };
        if bytes.is_empty() {
            return;
        }
        if context.main_log.is_enabled(Level::Debug) {
            context.main_log.log(Level::Debug, self.echo(bytes));
        }
        match self.spec.delivery {
            Delivery::Nothing => {}
            Delivery::Events | Delivery::Protocol => (context.deliver)(Delivered::Output(bytes.to_vec())),
        }
    }

    fn echo(&self, bytes: &[u8]) -> String {
        let name = repr::text(&*self.spec.process_name);
        let text = match self.spec.delivery {
            Delivery::Protocol => repr::bytes(bytes).into(),
            Delivery::Nothing | Delivery::Events => repr::decoded(bytes),
        };
        format!("{name} {} output:\n{text}", self.spec.channel.name())
    }
}
