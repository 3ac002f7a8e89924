//! One turn: the moment at which an input is handled, and the effects it emits.

use crate::{Effect, Effects, Level, Moment};
use std::time::Duration;

/// What every step of a turn needs.
pub(crate) struct Turn<'a> {
    pub(crate) now: Moment,
    pub(crate) effects: &'a mut Effects,
}

impl Turn<'_> {
    /// The monotonic clock, which decides.
    pub(crate) fn clock(&self) -> Duration {
        self.now.monotonic
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(crate) fn critical(&mut self, text: String) {
        self.log(Level::Critical, text);
    }

    pub(crate) fn error(&mut self, text: String) {
        self.log(Level::Error, text);
    }

    pub(crate) fn warning(&mut self, text: String) {
        self.log(Level::Warn, text);
    }

    pub(crate) fn info(&mut self, text: String) {
        self.log(Level::Info, text);
    }

    pub(crate) fn debug(&mut self, text: String) {
        self.log(Level::Debug, text);
    }

    pub(crate) fn blather(&mut self, text: String) {
        self.log(Level::Blather, text);
    }

    fn log(&mut self, level: Level, text: String) {
        self.push(Effect::Log { level, text });
    }
}
