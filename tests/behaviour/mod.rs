//! One file per feature.

mod capture;
mod child_logs;
mod daemonize;
mod exits;
mod http_listeners;
mod limits;
mod main_log;
mod order;
mod pidfile;
mod privileges;
mod rotation;
mod signals;
mod spawn;
mod start;
mod stopping;
