//! The tables: what sections there are, and what options each has.
//!
//! [`Opt`] is all that is known of one option. [`options!`](options) declares those of a section in the section's file:
//! a constant of its type for each, for the reader, and the list of all, for [`SECTIONS`]. From there the advice on
//! unknown options, the check of the sample and the reference manual take them.

use super::{ctl, fcgi_program, group, http, include, listener, program, rpcinterface, supervisord};
use crate::value::types::Type;

/// One option.
pub(crate) struct Opt<T> {
    pub(crate) key: &'static str,
    pub(crate) of: Type<T>,
    /// The text that stands for it when it is absent; `None`: absence is a value of its own.
    pub(crate) default: Option<&'static str>,
    help: &'static str,
    is_ours: bool,
    applied: Option<Applied>,
    mistaken_for_it: &'static [&'static str],
}

impl<T> Opt<T> {
    /// An option of upstream's, without a default.
    pub(crate) const fn new(key: &'static str, of: Type<T>) -> Self {
        Self { key, of, default: None, help: "", is_ours: false, applied: None, mistaken_for_it: &[] }
    }

    /// What counts when it is absent.
    pub(crate) const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    /// What it does, in a sentence or two.
    pub(crate) const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// Upstream does not have it.
    pub(crate) const fn ours(mut self) -> Self {
        self.is_ours = true;
        self
    }

    /// When a change takes effect, if not as its section says.
    pub(crate) const fn applied(mut self, applied: Applied) -> Self {
        self.applied = Some(applied);
        self
    }

    /// Keys that files have where they mean this one. They are not read; the advice on them names this option.
    pub(crate) const fn not_as(mut self, keys: &'static [&'static str]) -> Self {
        self.mistaken_for_it = keys;
        self
    }

    pub(crate) const fn described(&self) -> OptionDoc {
        let Self { key, of: Type { takes, .. }, default, help, is_ours, applied, mistaken_for_it } = *self;
        OptionDoc { key, takes, default, help, is_ours, applied, mistaken_for_it }
    }
}

/// Declares the options of a section: a constant for each, and the table of all, in the order in which they are read.
macro_rules! options {
    ($(#[$attribute:meta])* $table:ident; $($visibility:vis const $name:ident: $type:ty = $option:expr;)+) => {
        $($visibility const $name: $type = $option;)+
        $(#[$attribute])*
        pub(crate) const $table: &[$crate::section::OptionDoc] = &[$($name.described()),+];
    };
}
pub(super) use options;

/// One option, whatever its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionDoc {
    /// As it is written.
    pub key: &'static str,
    /// What values it takes.
    pub takes: &'static str,
    /// What counts when it is absent; `None`: that is a value of its own, of which `help` speaks.
    pub default: Option<&'static str>,
    /// What it does.
    pub help: &'static str,
    /// Upstream does not have it.
    pub is_ours: bool,
    /// When a change takes effect; `None`: as its section says.
    pub applied: Option<Applied>,
    /// Keys that files have where they mean this one.
    pub(crate) mistaken_for_it: &'static [&'static str],
}

/// When an edited option takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// With `supervisorctl update`, which replaces the group.
    Update,
    /// When the files are read the next time, for whatever reason.
    Reread,
    /// With `supervisorctl reload` or SIGHUP, which stop everything and start again.
    Reload,
    /// When the process of supervisord is started the next time.
    Start,
    /// When supervisorctl is started the next time.
    NextCommand,
}

/// Options, as their tables follow each other.
pub(crate) type Tables = &'static [&'static [OptionDoc]];

/// One kind of section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionKind {
    /// Its name, or what its name begins with.
    pub(crate) name: &'static str,
    is_prefix: bool,
    /// What such a section is for.
    pub help: &'static str,
    /// When a change of one of its options takes effect.
    pub applied: Applied,
    own: Tables,
    shared: Tables,
    /// It may have options that no table knows.
    pub(crate) is_plugin: bool,
}

impl SectionKind {
    /// The section of this name.
    pub(crate) const fn named(name: &'static str, applied: Applied) -> Self {
        Self { name, is_prefix: false, help: "", applied, own: &[], shared: &[], is_plugin: false }
    }

    /// Sections whose name begins so.
    pub(crate) const fn prefixed(prefix: &'static str, applied: Applied) -> Self {
        Self { is_prefix: true, ..Self::named(prefix, applied) }
    }

    pub(crate) const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    pub(crate) const fn options(mut self, own: Tables) -> Self {
        self.own = own;
        self
    }

    /// It has the options of programs as well.
    pub(crate) const fn like_programs(mut self) -> Self {
        self.shared = program::TABLES;
        self
    }

    pub(crate) const fn plugin(mut self) -> Self {
        self.is_plugin = true;
        self
    }

    /// Its header, such as `[program:x]`.
    pub fn title(&self) -> String {
        if self.name.ends_with(':') { format!("[{}x]", self.name) } else { format!("[{}]", self.name) }
    }

    /// Its own options, in the order in which they are read.
    pub fn own_options(&self) -> impl Iterator<Item = &'static OptionDoc> + use<> {
        self.own.iter().copied().flatten()
    }

    /// Options it has in common with `[program:x]`, without those it has instead of them.
    pub fn shared_options(&self) -> impl Iterator<Item = &'static OptionDoc> + use<> {
        let own = self.own;
        let replaces =
            move |shared: &OptionDoc| own.iter().copied().flatten().any(|own| own.key == shared.key);
        self.shared.iter().copied().flatten().filter(move |option| !replaces(option))
    }

    /// Every option it has.
    pub(crate) fn all_options(&self) -> impl Iterator<Item = &'static OptionDoc> + use<> {
        self.own_options().chain(self.shared_options())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.all_options().any(|option| option.key == key)
    }

    /// Whether a section of this name is of this kind.
    pub(crate) fn matches(&self, name: &str) -> bool {
        if self.is_prefix { name.starts_with(self.name) } else { name == self.name }
    }

    /// The name of the section of this kind for something of this name.
    pub(crate) fn header_of(&self, name: &str) -> String {
        format!("{}{name}", self.name)
    }

    /// What stands after the prefix in a name of this kind.
    pub(crate) fn strip<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_prefix(self.name)
    }
}

/// Every kind of section, in the order of the sample.
pub static SECTIONS: [SectionKind; 11] = [
    http::UNIX,
    http::INET,
    supervisord::SECTION,
    ctl::SECTION,
    program::SECTION,
    include::SECTION,
    group::SECTION,
    fcgi_program::SECTION,
    listener::SECTION,
    rpcinterface::SECTION,
    ctl::PLUGIN,
];

/// The kind of a section; `None` for one that nothing reads.
pub(crate) fn kind_of(name: &str) -> Option<&'static SectionKind> {
    SECTIONS.iter().find(|kind| kind.matches(name))
}
