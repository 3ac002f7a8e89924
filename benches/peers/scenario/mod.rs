//! The scenarios: what a subject does, and which figures are recorded.

mod footprint;
mod life;
mod logs;
mod requests;
mod stuck;

use super::figure::{Aim, Figures};
use super::subject::{Programs, Subject};
use support::Failure;

/// How much time there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// At most three minutes: smaller loads, one round, upstream only where it is quick.
    Quick,
    /// About twenty minutes.
    Full,
}

impl Extent {
    /// One value or the other.
    pub(super) fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

/// The subject of a run, and where its figures go.
pub(super) struct Context<'a> {
    pub(super) programs: &'a Programs,
    pub(super) extent: Extent,
    pub(super) subject: Subject,
    pub(super) figures: &'a mut Figures,
}

impl Context<'_> {
    /// Notes a sample of the subject.
    fn note(&mut self, name: &str, aim: Aim, value: f64) {
        self.figures.note(self.subject, name, aim, value);
    }
}

/// A scenario that some subjects run in turn.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) quick: &'static [Subject],
    pub(super) full: &'static [Subject],
    /// Rounds of a full run.
    pub(super) rounds: usize,
    /// Further rounds with ours and the bare minimum alone, where the two differ by less than the rounds of either vary.
    pub(super) paired_rounds: usize,
    pub(super) run: fn(&mut Context<'_>) -> Result<(), Failure>,
}

use Subject::{Bare, Ours, Runit, S6, Upstream};

/// Everything there is.
pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "footprint-1",
        quick: &[Ours, Upstream, Runit, S6],
        full: &[Ours, Upstream, Runit, S6],
        rounds: 1,
        paired_rounds: 0,
        run: |context| footprint::measure(context, 1, Aim::AtMost(2.0)),
    },
    Scenario {
        name: "start-100",
        quick: &[Ours, Bare],
        full: &[Ours, Bare],
        rounds: 15,
        paired_rounds: 0,
        run: |context| life::measure_start(context, 100),
    },
    Scenario {
        name: "life-100",
        quick: &[Ours, Upstream, Runit, S6, Bare],
        full: &[Ours, Upstream, Runit, S6, Bare],
        rounds: 2,
        paired_rounds: 0,
        run: |context| life::measure(context, 100, Aim::AtMost(2.5)),
    },
    Scenario {
        name: "start-1000",
        quick: &[],
        full: &[Ours, Bare],
        rounds: 3,
        paired_rounds: 0,
        run: |context| life::measure_start(context, 1000),
    },
    Scenario {
        name: "life-1000",
        quick: &[Ours, Bare],
        full: &[Ours, Upstream, Runit, S6, Bare],
        rounds: 2,
        paired_rounds: 0,
        run: |context| life::measure(context, 1000, Aim::AtMost(5.0)),
    },
    Scenario {
        name: "start-5000",
        quick: &[],
        full: &[Ours, Bare],
        rounds: 3,
        paired_rounds: 0,
        run: life::measure_starts_of_thousands,
    },
    Scenario {
        name: "life-5000",
        quick: &[],
        full: &[Ours],
        rounds: 1,
        paired_rounds: 0,
        run: life::measure_thousands,
    },
    Scenario {
        name: "restart",
        quick: &[Ours, Upstream, Runit, S6],
        full: &[Ours, Upstream, Runit, S6],
        rounds: 1,
        paired_rounds: 0,
        run: life::measure_restarts,
    },
    Scenario {
        name: "flood",
        quick: &[Ours, Upstream, Runit, S6, Bare],
        full: &[Ours, Upstream, Runit, S6, Bare],
        rounds: 3,
        paired_rounds: 12,
        run: logs::measure_flood,
    },
    Scenario {
        name: "rotation",
        quick: &[Ours, Bare],
        full: &[Ours, Upstream, Bare],
        rounds: 3,
        paired_rounds: 6,
        run: logs::measure_rotation,
    },
    Scenario {
        name: "small-writes",
        quick: &[Ours, Bare],
        full: &[Ours, Upstream, Runit, S6, Bare],
        rounds: 3,
        paired_rounds: 4,
        run: logs::measure_small_writes,
    },
    Scenario {
        name: "burst",
        quick: &[Ours, Bare],
        full: &[Ours, Upstream, Runit, S6, Bare],
        rounds: 7,
        paired_rounds: 0,
        run: logs::measure_burst,
    },
    Scenario {
        name: "many-writers",
        quick: &[Ours],
        full: &[Ours, Upstream, Runit, S6, Bare],
        rounds: 5,
        paired_rounds: 0,
        run: logs::measure_many_writers,
    },
    Scenario {
        name: "line-beside-floods",
        quick: &[Ours],
        full: &[Ours, Upstream],
        rounds: 1,
        paired_rounds: 0,
        run: logs::measure_line_beside_floods,
    },
    Scenario {
        name: "chatter",
        quick: &[Ours],
        full: &[Ours, Upstream, Runit, S6],
        rounds: 1,
        paired_rounds: 0,
        run: logs::measure_chatter,
    },
    Scenario {
        name: "requests-100",
        quick: &[Ours, Upstream],
        full: &[Ours, Upstream],
        rounds: 3,
        paired_rounds: 0,
        run: requests::measure_hundred,
    },
    Scenario {
        name: "requests-1000",
        quick: &[Ours],
        full: &[Ours, Upstream],
        rounds: 1,
        paired_rounds: 0,
        run: requests::measure_thousand,
    },
    Scenario {
        name: "stuck",
        quick: &[Ours],
        full: &[Ours, Upstream],
        rounds: 1,
        paired_rounds: 0,
        run: stuck::measure,
    },
];
