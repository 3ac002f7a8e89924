//! One life of the daemon between a start and the next: from the foundation to the end of everything it runs.

use crate::children::group_end::Groups;
use crate::children::process::Processes;
use crate::descriptor_limit;
use crate::descriptors::Descriptor;
use crate::interfaces::serve_http;
use crate::main_loop::mailbox::{Mailbox, Message};
use crate::main_loop::shared::Helm;
use crate::main_loop::{CLOCK, Loop, SIGNALS, Source, WAKER};
use crate::startup::pidfile::PidFile;
use crate::startup::{self, Foundation, SocketFiles, Start, StartError};
use crate::workers::pipeline::Births;
use crate::workers::pool::Pool;
use mio::unix::SourceFd;
use mio::{Interest, Poll, Registry, Waker};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;
use supervisor_config::{Config, load};
use supervisor_control::{Feed, channel};
use supervisor_core::{Effects, Ending, Level, Mood, Signal, Supervisor};
use supervisor_http::Handle;
use supervisor_log::{MainLog, Pump};
use supervisor_sys::adopt;
use supervisor_sys::clock_set::ClockSet;
use supervisor_sys::signal::SignalQueue;

/// The signals that mean something to supervisord.
const SIGNALS_HANDLED: [Signal; 6] =
    [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP, Signal::CHLD, Signal::USR2];

/// How long answers under way may delay the end.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// How long a stuck log target may delay the end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A running loop with what lives and dies with it.
pub(crate) struct Session {
    supervisor: Box<Loop>,
    helm: Arc<Helm>,
    poll: Poll,
    http: Option<Handle>,
    socket_files: SocketFiles,
    pidfile: Option<PidFile>,
}

/// What a session leaves behind for the next one.
struct End {
    ending: Ending,
    core: Supervisor,
    signals: SignalQueue,
    /// What ran.
    ran: Config,
    /// What was read when the restart was asked for.
    successor: Option<Config>,
    /// Written directly again.
    log: MainLog,
}

/// Supervises until a shutdown, over any number of restarts.
pub(crate) fn supervise(source: &Arc<Source>, config: Config) -> Result<(), StartError> {
    let core = Supervisor::new(&config.supervisord.identifier);
    let foundation = startup::lay(&config, Start::First)?;
    let signals =
        SignalQueue::new(&SIGNALS_HANDLED).map_err(|error| StartError::of("take signals", &error))?;
    let mut session = Session::begin(source, config, foundation, core, signals, Start::First)?;
    loop {
        let end = session.run()?;
        match end.ending {
            Ending::Shutdown => return Ok(()),
            Ending::Restart => session = end.begin_anew(source)?,
        }
    }
}

impl End {
    /// Starts again with the configuration as it is now. Should it have become unusable since the restart was asked for, the
    /// one of that moment is used; should even the start with it fail, the one that ran before.
    fn begin_anew(self, source: &Arc<Source>) -> Result<Session, StartError> {
        let next = load(&source.command_line, &source.host).unwrap_or_else(|failure| {
            self.log.log(Level::Error, format!("the configuration has become unusable: {failure}"));
            self.successor.unwrap_or_else(|| self.ran.clone())
        });
        let (config, foundation) = match startup::lay(&next, Start::Again) {
            Ok(foundation) => (next, foundation),
            Err(error) => {
                let text =
                    format!("cannot restart with the new configuration, going on with the old one: {error}");
                self.log.log(Level::Critical, text);
                let foundation = startup::lay(&self.ran, Start::Again)
                    .inspect_err(|error| self.log.log(Level::Critical, format!("cannot restart: {error}")))?;
                (self.ran, foundation)
            }
        };
        let core = self.core.restarted(&config.supervisord.identifier);
        Session::begin(source, config, foundation, core, self.signals, Start::Again)
    }
}

impl Session {
    fn begin(
        source: &Arc<Source>,
        config: Config,
        foundation: Foundation,
        core: Supervisor,
        signals: SignalQueue,
        start: Start,
    ) -> Result<Self, StartError> {
        let Foundation { log, groups, surroundings, listeners, socket_files } = foundation;
        let pidfile = startup::go_live(&config.supervisord, start, &log)?;
        let failed = |what: &'static str| move |error: io::Error| StartError::of(what, &error);
        let poll = Poll::new().map_err(failed("make a poll"))?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER).map_err(failed("make a waker"))?);
        poll.registry()
            .register(&mut SourceFd(&signals.as_raw_fd()), SIGNALS, Interest::READABLE)
            .map_err(failed("watch for signals"))?;
        let clock_set = watch_clock(poll.registry());

        let mailbox = Mailbox::new(Arc::clone(&waker));
        let notices = mailbox.clone();
        let pump = Pump::start(&log, move |notice| notices.post(Message::Notice(notice)))
            .map_err(failed("start the log pump"))?;
        let helm = Arc::new(Helm::new(waker));
        let (control, requests) = channel(helm.clone());
        let listening = listeners.iter().map(Descriptor::of_listener).collect();
        let programs = groups.iter().map(|group| group.processes.len()).sum();
        let room = descriptor_limit::make_room(programs, listeners.len(), &log);
        let births = Births::new("births");
        births.set_short(room.is_short);
        let http = serve_http(&config, listeners, room.limits, control, &pump, &log)
            .map_err(failed("start the HTTP server"))?;
        let mut supervisor = Box::new(Loop {
            core,
            effects: Effects::new(),
            inputs: VecDeque::new(),
            processes: Processes::default(),
            begun_with: Arc::new(Config { groups: Vec::new(), ..config.clone() }),
            config,
            active: Vec::new(),
            materialised: HashSet::new(),
            surroundings,
            source: Arc::clone(source),
            replies: HashMap::new(),
            successor: None,
            ending: None,
            pool: Pool::new("blocking"),
            births,
            mailbox,
            reports: Vec::new(),
            requests,
            feed: Feed::new(),
            fed_state: Mood::Running,
            pump,
            log,
            reopens: 0,
            listening,
            registry: poll.registry().try_clone().map_err(failed("share the poll"))?,
            sleeps_until: None,
            signals,
            clock_set,
            dying: BTreeSet::new(),
            departed: HashMap::new(),
            groups: Groups::default(),
            unwatched: BTreeSet::new(),
            may_adopt: adopt::may_adopt(),
        });
        for group in groups {
            let name = group.config.name.clone();
            if let Err(fault) = supervisor.activate(group) {
                supervisor.log.log(Level::Error, format!("cannot add group '{name}': {fault}"));
            }
        }
        Ok(Self { supervisor, helm, poll, http, socket_files, pidfile })
    }

    /// Runs the loop to its end and takes everything down: servers, logs, files.
    fn run(self) -> Result<End, StartError> {
        let (supervisor, outcome) = self.helm.hold(self.supervisor, self.poll);
        let Loop { core, signals, begun_with, active, successor, log, pump, requests, replies, .. } =
            *supervisor;
        let ran = Config { groups: active, ..Arc::unwrap_or_clone(begun_with) };
        if let Some(http) = self.http {
            http.drain(LAST_ANSWERS, || ());
            // Whoever still waits for an answer will not get one: a server that drains closes such connections.
            drop((requests, replies));
            http.join();
        }
        if let Err(unfinished) = pump.shutdown(LAST_WORDS) {
            log.log(
                Level::Critical,
                format!("not everything could be written: {}", unfinished.logs.join(", ")),
            );
        }
        drop((self.socket_files, self.pidfile));
        let ending = outcome.map_err(|error| StartError::of("wait for events", &error))?;
        Ok(End { ending, core, signals, ran, successor, log })
    }
}

/// Without it, ticks come late after the clock was put forward.
fn watch_clock(registry: &Registry) -> Option<ClockSet> {
    let watch = ClockSet::watch().ok()?;
    registry.register(&mut SourceFd(&watch.as_raw_fd()), CLOCK, Interest::READABLE).ok()?;
    Some(watch)
}
