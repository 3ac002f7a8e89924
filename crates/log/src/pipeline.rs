//! Where the output of one channel of one process goes.

use crate::MainLog;
use crate::label::Label;
use crate::sinks::buffered_output::{Flow, Lines, Outlet};
use crate::sinks::{ClearError, SyslogTarget, Target, Units};
use crate::stages::capture::{Piece, Splitter};
use crate::stages::strip_ansi::Stripper;
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
    splitter: Option<Box<Splitter>>,
    way: Way,
}

/// What lies behind the splitter.
#[derive(Debug)]
struct Way {
    spec: Arc<StreamSpec>,
    /// Boxed, as few programs have one.
    stripper: Option<Box<Stripper>>,
    file: Option<Outlet>,
    /// Boxed, as few programs have one.
    syslog: Option<Box<Outlet>>,
}

/// What a sink needs while it works.
pub(crate) struct Surroundings<'a> {
    /// For the debug echo.
    pub(crate) main_log: &'a MainLog,
    /// Holds the result of stripping for a moment; shared, so that no sink holds memory while nothing comes.
    pub(crate) visible: &'a mut CopyBuffer,
    /// Takes output and captured messages.
    pub(crate) deliver: &'a mut dyn FnMut(Delivered),
    /// Takes what people should know about the outlets.
    pub(crate) lines: &'a mut Lines,
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
        let file = spec.file.as_ref().map(Target::open).transpose()?;
        let file = file.map(|target| Outlet::new(target, Label::File(Arc::clone(spec)), Units::Lines));
        let syslog = spec.syslog.then(|| {
            let target = Target::Syslog(Box::new(SyslogTarget::for_process(&spec.process_name)));
            Outlet::new(target, Label::Syslog(Arc::clone(spec)), Units::Whole)
        });
        Ok(Self::over(spec, file, syslog))
    }

    /// A sink over targets of the caller's choice.
    pub(crate) fn over(spec: &Arc<StreamSpec>, file: Option<Outlet>, syslog: Option<Outlet>) -> Self {
        let captures = spec.capture_max_bytes > 0 && spec.delivery != Delivery::Protocol;
        let splitter = captures.then(|| Box::new(Splitter::new(spec.capture_max_bytes)));
        let stripper = spec.strip_ansi.then(Box::default);
        let way = Way { spec: Arc::clone(spec), stripper, file, syslog: syslog.map(Box::new) };
        Self { splitter, way }
    }

    /// What it was opened for.
    pub fn spec(&self) -> &Arc<StreamSpec> {
        &self.way.spec
    }

    /// Takes one read's bytes. Only to be called while the flow is open.
    pub(crate) fn take(&mut self, chunk: &[u8], around: &mut Surroundings<'_>) -> Flow {
        let way = &mut self.way;
        match &mut self.splitter {
            Some(splitter) => splitter.feed(chunk, |piece| way.piece(piece, around)),
            None => way.record(chunk, To::Log, around),
        }
        self.flow()
    }

    /// The output has ended: what was held back as a possible tag or control sequence goes its way.
    pub(crate) fn finish(&mut self, around: &mut Surroundings<'_>) -> Flow {
        let way = &mut self.way;
        if let Some(splitter) = &mut self.splitter {
            splitter.finish(|piece| way.piece(piece, around));
        }
        way.finish(around);
        self.flow()
    }

    /// Tries to write what waits.
    pub(crate) fn flush(&mut self, lines: &mut Lines) -> Flow {
        self.way.outlets_mut().map(|outlet| outlet.flush(lines)).fold(Flow::Open, Flow::stricter)
    }

    fn flow(&self) -> Flow {
        self.way.outlets().map(Outlet::flow).fold(Flow::Open, Flow::stricter)
    }

    pub(crate) fn reopen(&mut self, lines: &mut Lines) {
        for outlet in self.way.outlets_mut() {
            outlet.reopen(lines);
        }
    }

    /// Empties the log and the capture buffer.
    pub(crate) fn clear(&mut self) -> Result<(), ClearError> {
        if let Some(splitter) = &mut self.splitter {
            splitter.clear();
        }
        self.way.outlets_mut().try_for_each(Outlet::clear)
    }

    /// The descriptor of the log file.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.way.outlets().find_map(Outlet::fd)
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
    fn outlets(&self) -> impl Iterator<Item = &Outlet> {
        self.file.iter().chain(self.syslog.as_deref())
    }

    fn outlets_mut(&mut self) -> impl Iterator<Item = &mut Outlet> {
        self.file.iter_mut().chain(self.syslog.as_deref_mut())
    }

    fn piece(&mut self, piece: Piece<'_>, around: &mut Surroundings<'_>) {
        match piece {
            Piece::Plain(bytes) => self.record(bytes, To::Log, around),
            Piece::Inside(bytes) => self.record(bytes, To::Observers, around),
            Piece::Unterminated(bytes) => self.write_unterminated(&bytes, around.lines),
            Piece::Message(data) => {
                if around.main_log.is_enabled(Level::Debug) {
                    let name = repr::text(&*self.spec.process_name);
                    let line = format!("{name} {} emitted a comm event", self.spec.channel.name());
                    around.main_log.log(Level::Debug, line);
                }
                (around.deliver)(Delivered::Captured(data));
            }
        }
    }

    fn record(&mut self, bytes: &[u8], to: To, around: &mut Surroundings<'_>) {
        let Some(stripper) = &mut self.stripper else { return self.pass(bytes, bytes, to, around) };
        let mut visible = std::mem::take(around.visible);
        let most = bytes.len() + stripper.held();
        visible.refill(most, |visible| stripper.strip(bytes, visible));
        self.pass(bytes, &visible, to, around);
        *around.visible = visible;
    }

    fn finish(&mut self, around: &mut Surroundings<'_>) {
        if let Some(stripper) = &mut self.stripper {
            let mut rest = Vec::new();
            stripper.finish(&mut rest);
            self.pass(&[], &rest, To::Log, around);
        }
    }

    /// `raw` is what came, `visible` what is left of it after stripping.
    fn pass(&mut self, raw: &[u8], visible: &[u8], to: To, around: &mut Surroundings<'_>) {
        if to == To::Log {
            self.write(visible, around.lines);
        }
        let seen = if self.spec.delivery == Delivery::Protocol { raw } else { visible };
        if seen.is_empty() {
            return;
        }
        if around.main_log.is_enabled(Level::Debug) {
            around.main_log.log(Level::Debug, self.echo(seen));
        }
        match self.spec.delivery {
            Delivery::Nothing => {}
            Delivery::Events | Delivery::Protocol => (around.deliver)(Delivered::Output(seen.to_vec())),
        }
    }

    /// What was captured went to the observers already; now it turns out to be log text.
    fn write_unterminated(&mut self, bytes: &[u8], lines: &mut Lines) {
        if self.stripper.is_none() {
            return self.write(bytes, lines);
        }
        let (mut stripper, mut visible) = (Stripper::default(), Vec::new());
        stripper.strip(bytes, &mut visible);
        stripper.finish(&mut visible);
        self.write(&visible, lines);
    }

    fn write(&mut self, bytes: &[u8], lines: &mut Lines) {
        if bytes.is_empty() {
            return;
        }
        for outlet in self.outlets_mut() {
            outlet.write(bytes, lines);
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
