//! Long answers, which are charged to the budget of all clients.

use supervisor_http::{Budget, Charge};
use supervisor_rpc::{Fault, FaultCode};

/// An answer with its charge, which it keeps until its client has taken it.
pub(crate) struct Charged<T> {
    pub(crate) value: T,
    pub(crate) charge: Option<Charge>,
}

/// Answers up to this size are not charged, so that they always fit.
pub(crate) const UNCHARGED: usize = 64 * 1024;

impl<T> Charged<T> {
    /// Makes an answer of about this size, if the budget allows it.
    pub(crate) fn make(
        budget: &Budget,
        expected: usize,
        make: impl FnOnce() -> T,
        length: impl FnOnce(&T) -> usize,
    ) -> Result<Self, Fault> {
        let mut charge = budget.charge(expected.saturating_sub(UNCHARGED)).ok_or_else(no_room)?;
        let value = make();
        let owed = length(&value).saturating_sub(UNCHARGED);
        if charge.resize(owed) { Ok(Self { value, charge: Some(charge) }) } else { Err(no_room()) }
    }
}

impl<T> From<T> for Charged<T> {
    fn from(value: T) -> Self {
        Self { value, charge: None }
    }
}

/// The fault of an answer that exceeds the budget.
pub(crate) fn no_room() -> Fault {
    Fault::with_detail(
        FaultCode::Failed,
        "there is no room for this answer beside the long ones that other clients have not taken yet; try again later",
    )
}
