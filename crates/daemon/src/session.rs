//! A session: the daemon between a start and the next, from its resources to the end of everything it runs.

use crate::children::Children;
use crate::children::roster::Roster;
use crate::clients::Clients;
use crate::configuration::{Configuration, Source};
use crate::descriptor_limit;
use crate::emergency;
use crate::interfaces::serve_http;
use crate::main_loop::descriptors::Descriptor;
use crate::main_loop::mailbox::Mailbox;
use crate::main_loop::message::Message;
use crate::main_loop::shared::SharedLoop;
use crate::main_loop::{self, Loop, Parts, Sources, WAKER};
use crate::panics::Panic;
use crate::startup::pidfile::PidFile;
use crate::startup::{self, Resources, SocketFiles, Start, StartError};
use crate::workers::Workers;
use mio::{Poll, Waker};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use supervisor_config::Config;
use supervisor_control::channel;
use supervisor_core::{Ending, Level, Signal, Supervisor};
use supervisor_http::Handle;
use supervisor_log::{MainLog, Pump};
use supervisor_sys::signal::SignalQueue;

/// The signals that mean something to supervisord.
const SIGNALS_HANDLED: [Signal; 6] =
    [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP, Signal::CHLD, Signal::USR2];

/// How long answers in flight may delay the end.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a stuck log target may delay the end.
const LOG_FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// A loop, and what starts and ends with it.
struct Session {
    state: Box<Loop>,
    shared: Arc<SharedLoop<Box<Loop>>>,
    poll: Poll,
    services: Services,
}

/// What a session has beside its loop, and keeps whatever happens to that.
struct Services {
    http: Option<Handle>,
    roster: Arc<Roster>,
    pump: Pump,
    log: MainLog,
    /// Removed when dropped.
    _files: (SocketFiles, Option<PidFile>),
}

/// Why supervision ended other than by a shutdown.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The daemon could not start, or start again.
    Start(StartError),
    /// A panic has broken the state of supervision. It was logged.
    Broken(Panic),
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::Broken(panic) => panic.fmt(f),
        }
    }
}

/// What a session leaves for the next one.
struct End {
    ending: Ending,
    core: Supervisor,
    signals: SignalQueue,
    /// What ran.
    ran: Config,
    /// What was read when the restart was asked for.
    fallback: Option<Config>,
    /// Written directly again.
    log: MainLog,
}

/// Supervises until a shutdown, over any number of restarts.
pub(crate) fn supervise(source: &Arc<Source>, config: Config) -> Result<(), Failure> {
    let core = Supervisor::new(&config.supervisord.identifier);
    let resources = startup::acquire(&config, Start::First)?;
    let signals =
        SignalQueue::new(&SIGNALS_HANDLED).map_err(|error| StartError::of("take signals", &error))?;
    let mut session = Session::begin(source, config, resources, core, signals, Start::First)?;
    loop {
        let end = session.run()?;
        match end.ending {
            Ending::Shutdown => return Ok(()),
            Ending::Restart => session = end.restart(source)?,
        }
    }
}

impl End {
    /// Starts again with the configuration as it is now. Should it have become unusable since the restart was asked for, the
    /// one of that moment is used; should even the start with it fail, the one that ran before.
    fn restart(self, source: &Arc<Source>) -> Result<Session, StartError> {
        let next = source.load().unwrap_or_else(|failure| {
            self.log.log(Level::Error, format!("the configuration has become unusable: {failure}"));
            self.fallback.unwrap_or_else(|| self.ran.clone())
        });
        let (config, resources) = match startup::acquire(&next, Start::Again) {
            Ok(resources) => (next, resources),
            Err(error) => {
                let text =
                    format!("cannot restart with the new configuration, going on with the old one: {error}");
                self.log.log(Level::Critical, text);
                let resources = startup::acquire(&self.ran, Start::Again)
                    .inspect_err(|error| self.log.log(Level::Critical, format!("cannot restart: {error}")))?;
                (self.ran, resources)
            }
        };
        let core = self.core.restarted(&config.supervisord.identifier);
        Session::begin(source, config, resources, core, self.signals, Start::Again)
    }
}

impl Session {
    fn begin(
        source: &Arc<Source>,
        config: Config,
        resources: Resources,
        core: Supervisor,
        signals: SignalQueue,
        start: Start,
    ) -> Result<Self, StartError> {
        let Resources { log, groups, context, listeners, socket_files } = resources;
        let pidfile = startup::activate(&config.supervisord, start, &log)?;
        let failed = |what: &'static str| move |error: io::Error| StartError::of(what, &error);
        let poll = Poll::new().map_err(failed("make a poll"))?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER).map_err(failed("make a waker"))?);
        let mailbox = Mailbox::new(waker.clone());
        let sources = Sources::new(signals, mailbox.clone(), poll.registry());
        let sources = sources.map_err(failed("watch for signals"))?;

        let notices = mailbox.clone();
        let pump = Pump::start(&log, move |notice| notices.post(Message::Notice(notice)))
            .map_err(failed("start the log pump"))?;
        let shared = Arc::new(SharedLoop::new(waker));
        let (control, requests) = channel(shared.clone());
        let servers = listeners.iter().map(Descriptor::of_listener).collect();
        let programs = groups.iter().map(|group| group.processes.len()).sum();
        let room = descriptor_limit::make_room(programs, listeners.len(), &log);
        let workers = Workers::new(mailbox, log.clone());
        workers.set_short(room.is_short);
        let clients = Clients::new(requests, servers);
        let http = serve_http(&config, listeners, room.limits, control, &pump, &log)
            .map_err(failed("start the HTTP server"))?;
        let registry = poll.registry().try_clone().map_err(failed("share the poll"))?;
        let children = Children::new(registry, workers.clone(), pump.clone(), log.clone());
        let services = Services {
            http,
            roster: Arc::clone(children.roster()),
            pump: pump.clone(),
            log: log.clone(),
            _files: (socket_files, pidfile),
        };
        let configuration = Configuration::new(Arc::clone(source), config, context);
        let parts = Parts { core, children, clients, configuration, workers, sources, pump, log };
        let mut state = Box::new(Loop::new(parts));
        for group in groups {
            let name = group.config.name.clone();
            if let Err(fault) = state.activate(group) {
                services.log.log(Level::Error, format!("cannot add group '{name}': {fault}"));
            }
        }
        Ok(Self { state, shared, poll, services })
    }

    /// Runs the loop to its end and takes everything down: servers, logs, files.
    fn run(self) -> Result<End, Failure> {
        let Self { state, shared, poll, services } = self;
        let outcome = main_loop::run(&shared, state, poll);
        match shared.take().expect("only this thread takes the state out") {
            Err(broken) => {
                let panic = emergency::abandon(broken, &services.log);
                services.end_broken();
                Err(Failure::Broken(panic))
            }
            Ok(state) => {
                let Parts { core, clients, configuration, sources, log, .. } = state.into_parts();
                services.end(clients);
                let ending = outcome.map_err(|error| StartError::of("wait for events", &error))?;
                let ending = ending.expect("a state that is whole has an ending");
                let (ran, fallback) = configuration.into_ran();
                Ok(End { ending, core, signals: sources.into_signals(), ran, fallback, log })
            }
        }
    }
}

impl Services {
    /// After everything has stopped.
    fn end(self, clients: Clients) {
        if let Some(http) = self.http {
            http.drain(DRAIN_TIMEOUT, || ());
            // Clients that still wait for an answer will not get one: a server that drains closes such connections.
            drop(clients);
            http.join();
        }
        flush_logs(&self.pump, &self.log);
    }

    /// After a panic has broken the loop: its clients are answered already, and its children live.
    fn end_broken(self) {
        if let Some(http) = &self.http {
            http.drain(DRAIN_TIMEOUT, || ());
        }
        emergency::stop_children(&self.roster, &self.log);
        if let Some(http) = self.http {
            http.join();
        }
        flush_logs(&self.pump, &self.log);
    }
}

fn flush_logs(pump: &Pump, log: &MainLog) {
    if let Err(unfinished) = pump.shutdown(LOG_FLUSH_TIMEOUT) {
        let text = format!("not everything could be written: {}", unfinished.logs.join(", "));
        log.log(Level::Critical, text);
    }
}
