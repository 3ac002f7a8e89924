//! Where the output of one channel of one process goes.

use crate::MainLog;
use crate::label::Label;
use crate::sinks::buffered_output::{BufferedOutput, Flow, LogMessages};
use crate::sinks::{ClearError, RotationUnit, Sink, SyslogSink};
use crate::stages::capture::{CaptureStage, Piece};
use crate::stages::strip_ansi::StripStage;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;
use supervisor_core::{Channel, Level, repr};
use supervisor_sys::CopyBuffer;

/// Who chose a log file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileOrigin {
    /// The configuration: a new file is created 0666 less the umask.
    Configured,
    /// We did (`AUTO`): created 0600, under a name that is not taken.
    Auto,
}

/// A log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFileSpec {
    /// As configured; a relative path is taken from the working directory at each opening.
    pub path: Arc<Path>,
    /// Who chose `path`.
    pub origin: FileOrigin,
    /// Rotate as soon as the file holds this many bytes; 0 is never.
    pub max_bytes: u64,
    /// How many backups to keep (`.1` … `.N`).
    pub backups: u32,
}

/// Whether the daemon wants to see the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// No.
    Nothing,
    /// As `PROCESS_LOG` events (`stdout_events_enabled`).
    Events,
    /// As the result protocol of an event listener: raw, without capture, echoed as a bytes literal.
    Protocol,
}

/// The configuration of one channel of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSpec {
    /// The name in the debug echo and in syslog lines.
    pub process_name: Arc<str>,
    /// Which output.
    pub channel: Channel,
    /// The log file, if there is one.
    pub file: Option<LogFileSpec>,
    /// Also, or only, to syslog, line by line.
    pub syslog: bool,
    /// Remove terminal control sequences.
    pub strip_ansi: bool,
    /// Capture tagged messages of at most this many bytes; 0 leaves tags alone.
    pub capture_max_bytes: usize,
    /// Whether the daemon gets the bytes.
    pub delivery: Delivery,
}

/// An opened [`StreamSpec`]: the way of one generation's output from the pipe to its log.
///
/// ```text
/// chunk ─▶ capture ─┬─▶ strip_ansi ─▶ file, syslog        (not what is inside a tagged message)
///                   └─▶ strip_ansi ─▶ debug echo, Output
/// ```
#[derive(Debug)]
pub struct OutputPipeline {
    /// Boxed, as few programs have one.
    capture: Option<Box<CaptureStage>>,
    way: Way,
}

/// What lies behind the capture.
#[derive(Debug)]
struct Way {
    spec: Arc<StreamSpec>,
    /// Boxed, as few programs have one.
    strip: Option<Box<StripStage>>,
    file: Option<BufferedOutput>,
    /// Boxed, as few programs have one.
    syslog: Option<Box<BufferedOutput>>,
}

/// What a sink needs while it works.
pub(crate) struct StageContext<'a> {
    /// For the debug echo.
    pub(crate) main_log: &'a MainLog,
    /// Holds the result of stripping for a moment; shared, so that no sink holds memory while nothing comes.
    pub(crate) visible: &'a mut CopyBuffer,
    /// Takes output and captured messages.
    pub(crate) deliver: &'a mut dyn FnMut(Delivered),
    /// Takes what people should know about the outputs.
    pub(crate) messages: &'a mut LogMessages,
}

/// What the daemon gets of a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// For [`Notice::Output`](crate::Notice::Output).
    Output(Vec<u8>),
    /// For [`Notice::Captured`](crate::Notice::Captured).
    Captured(Vec<u8>),
}

impl OutputPipeline {
    /// Opens the log file. The error is the open's own (`EISDIR`, `EACCES`; `ENXIO` for a FIFO without a
    /// reader), for the daemon to show by name. May hang as long as the file system does: not for the
    /// decision loop's thread.
    pub fn open(spec: &Arc<StreamSpec>) -> io::Result<Self> {
        let file = spec.file.as_ref().map(Sink::open).transpose()?;
        let file =
            file.map(|target| BufferedOutput::new(target, Label::File(Arc::clone(spec)), RotationUnit::Line));
        let syslog = spec.syslog.then(|| {
            let target = Sink::Syslog(Box::new(SyslogSink::for_process(&spec.process_name)));
            BufferedOutput::new(target, Label::Syslog(Arc::clone(spec)), RotationUnit::Write)
        });
        Ok(Self::over(spec, file, syslog))
    }

    /// A sink over targets of the caller's choice.
    pub(crate) fn over(
        spec: &Arc<StreamSpec>,
        file: Option<BufferedOutput>,
        syslog: Option<BufferedOutput>,
    ) -> Self {
        let captures = spec.capture_max_bytes > 0 && spec.delivery != Delivery::Protocol;
        let capture = captures.then(|| Box::new(CaptureStage::new(spec.capture_max_bytes)));
        let strip = spec.strip_ansi.then(Box::default);
        let way = Way { spec: Arc::clone(spec), strip, file, syslog: syslog.map(Box::new) };
        Self { capture, way }
    }

    /// What it was opened for.
    pub fn spec(&self) -> &Arc<StreamSpec> {
        &self.way.spec
    }

    /// Takes one read's bytes. Only to be called while the flow is open.
    pub(crate) fn take(&mut self, chunk: &[u8], context: &mut StageContext<'_>) -> Flow {
        let way = &mut self.way;
        match &mut self.capture {
            Some(capture) => capture.feed(chunk, |piece| way.piece(piece, context)),
            None => way.record(chunk, To::Log, context),
        }
        self.flow()
    }

    /// The output has ended: what was held back as a possible tag or control sequence goes its way.
    pub(crate) fn finish(&mut self, context: &mut StageContext<'_>) -> Flow {
        let way = &mut self.way;
        if let Some(capture) = &mut self.capture {
            capture.finish(|piece| way.piece(piece, context));
        }
        way.finish(context);
        self.flow()
    }

    /// Tries to write what waits.
    pub(crate) fn flush(&mut self, messages: &mut LogMessages) -> Flow {
        self.way.outputs_mut().map(|output| output.flush(messages)).fold(Flow::Open, Flow::stricter)
    }

    fn flow(&self) -> Flow {
        self.way.outputs().map(BufferedOutput::flow).fold(Flow::Open, Flow::stricter)
    }

    pub(crate) fn reopen(&mut self, messages: &mut LogMessages) {
        for output in self.way.outputs_mut() {
            output.reopen(messages);
        }
    }

    /// Empties the log and the capture buffer.
    pub(crate) fn clear(&mut self) -> Result<(), ClearError> {
        if let Some(capture) = &mut self.capture {
            capture.clear();
        }
        self.way.outputs_mut().try_for_each(BufferedOutput::clear)
    }

    /// The descriptor of the log file.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.way.outputs().find_map(BufferedOutput::fd)
    }
}

/// Whether recorded bytes are log text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Log,
    /// Part of a captured message: echoed and delivered, but not logged.
    Observers,
}

impl Way {
    fn outputs(&self) -> impl Iterator<Item = &BufferedOutput> {
        self.file.iter().chain(self.syslog.as_deref())
    }

    fn outputs_mut(&mut self) -> impl Iterator<Item = &mut BufferedOutput> {
        self.file.iter_mut().chain(self.syslog.as_deref_mut())
    }

    fn piece(&mut self, piece: Piece<'_>, context: &mut StageContext<'_>) {
        match piece {
            Piece::Plain(bytes) => self.record(bytes, To::Log, context),
            Piece::Inside(bytes) => self.record(bytes, To::Observers, context),
            Piece::Unterminated(bytes) => self.write_unterminated(&bytes, context.messages),
            Piece::Message(data) => {
                if context.main_log.is_enabled(Level::Debug) {
                    let name = repr::text(&*self.spec.process_name);
                    let line = format!("{name} {} emitted a comm event", self.spec.channel.name());
                    context.main_log.log(Level::Debug, line);
                }
                (context.deliver)(Delivered::Captured(data));
            }
        }
    }

    fn record(&mut self, bytes: &[u8], to: To, context: &mut StageContext<'_>) {
        let Some(strip) = &mut self.strip else { return self.pass(bytes, bytes, to, context) };
        let mut visible = std::mem::take(context.visible);
        let most = bytes.len() + strip.held();
        visible.refill(most, |visible| strip.strip(bytes, visible));
        self.pass(bytes, &visible, to, context);
        *context.visible = visible;
    }

    fn finish(&mut self, context: &mut StageContext<'_>) {
        if let Some(strip) = &mut self.strip {
            let mut rest = Vec::new();
            strip.finish(&mut rest);
            self.pass(&[], &rest, To::Log, context);
        }
    }

    /// `raw` is what came, `visible` what is left of it after stripping.
    fn pass(&mut self, raw: &[u8], visible: &[u8], to: To, context: &mut StageContext<'_>) {
        if to == To::Log {
            self.write(visible, context.messages);
        }
        let seen = if self.spec.delivery == Delivery::Protocol { raw } else { visible };
        if seen.is_empty() {
            return;
        }
        if context.main_log.is_enabled(Level::Debug) {
            context.main_log.log(Level::Debug, self.echo(seen));
        }
        match self.spec.delivery {
            Delivery::Nothing => {}
            Delivery::Events | Delivery::Protocol => (context.deliver)(Delivered::Output(seen.to_vec())),
        }
    }

    /// What was captured went to the observers already; now it turns out to be log text.
    fn write_unterminated(&mut self, bytes: &[u8], messages: &mut LogMessages) {
        if self.strip.is_none() {
            return self.write(bytes, messages);
        }
        let (mut strip, mut visible) = (StripStage::default(), Vec::new());
        strip.strip(bytes, &mut visible);
        strip.finish(&mut visible);
        self.write(&visible, messages);
    }

    fn write(&mut self, bytes: &[u8], messages: &mut LogMessages) {
        if bytes.is_empty() {
            return;
        }
        for output in self.outputs_mut() {
            output.write(bytes, messages);
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
