//! Connects the interfaces (XML-RPC and the web pages) with the HTTP server and the loop.

use crate::main_loop::Loop;
use crate::main_loop::shared::SharedLoop;
use crate::workers::pool::Pool;
use std::io;
use supervisor_config::Config;
use supervisor_control::{Blocking, Control, Executor, Job, Rejected, Runner};
use supervisor_http::{Handle, Limits, Listener};
use supervisor_log::{MainLog, Pump};
use supervisor_web::Site;

/// Starts the HTTP server, if there are listeners. It reads logs on a pool of its own, so that reading never delays a spawn.
pub(crate) fn serve_http(
    config: &Config,
    listeners: Vec<Listener>,
    limits: Limits,
    control: Control,
    pump: &Pump,
    log: &MainLog,
) -> io::Result<Option<Handle>> {
    if listeners.is_empty() {
        return Ok(None);
    }
    let blocking = Blocking::new(Pool::new("disk"));
    let xmlrpc = supervisor_xmlrpc::Context {
        control: control.clone(),
        blocking: blocking.clone(),
        answers: limits.memory.clone(),
        log: log.clone(),
        has_supervisor: config.rpcinterfaces.iter().any(|interface| interface.name == "supervisor"),
    };
    let pages = supervisor_web::Context { control, blocking, log: log.clone(), pump: pump.clone() };
    let site = Site::new(pages, &listeners, &config.servers)
        .mount(b"/RPC2", move |request, reply| supervisor_xmlrpc::handle(&xmlrpc, request, reply));
    let log = log.clone();
    let write = move |level, line: &str| log.log(level, line);
    supervisor_http::serve(listeners, limits, Box::new(site), Box::new(write)).map(Some)
}

impl Executor for Pool {
    fn execute(&self, job: Job) -> Result<(), Rejected> {
        self.submit(job).map_err(|_| Rejected)
    }
}

impl Runner for SharedLoop<Box<Loop>> {
    fn wake(&self) {
        Self::wake(self);
    }

    fn try_run_inline(&self) {
        Self::try_run_inline(self);
    }
}
