//! Environment variables in the order they were written.

use std::ffi::{OsStr, OsString};

/// Variables by name. A name set again keeps its place and takes the new value; equality ignores the order.
#[derive(Clone, Debug, Default)]
pub struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a variable.
    pub fn value(&self, name: &OsStr) -> Option<&OsStr> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str())
    }

    /// Sets one variable.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Every variable, first written first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These variables with `other`'s laid over them.
    #[must_use]
    pub fn overlaid_by(&self, other: &Self) -> Self {
        let mut merged = self.clone();
        for (name, value) in other.iter() {
            merged.set(name, value);
        }
        merged
    }
}

impl PartialEq for Environment {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.value(name) == Some(value))
    }
}

impl Eq for Environment {}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut environment = Self::new();
        for (name, value) in pairs {
            environment.set(name, value);
        }
        environment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_set_again_keeps_its_place() {
        let environment: Environment = [("A", "1"), ("B", "2"), ("A", "3")].into_iter().collect();
        let shown: Vec<_> = environment.iter().collect();
        assert_eq!(shown, [(OsStr::new("A"), OsStr::new("3")), (OsStr::new("B"), OsStr::new("2"))]);
    }

    #[test]
    fn equality_ignores_order_but_not_values() {
        let one: Environment = [("A", "1"), ("B", "2")].into_iter().collect();
        let same: Environment = [("B", "2"), ("A", "1")].into_iter().collect();
        let other: Environment = [("A", "1"), ("B", "3")].into_iter().collect();
        assert_eq!(one, same);
        assert_ne!(one, other);
    }
}
