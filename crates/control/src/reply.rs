//! The path of an answer back to the interface.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Takes the answer to a request; runs on the thread that owns the state of supervision.
pub struct Reply<T>(Box<dyn FnOnce(T) + Send>);

impl<T> Reply<T> {
    /// A reply that passes the answer to `take`, which must be quick and must not block.
    pub fn new(take: impl FnOnce(T) + Send + 'static) -> Self {
        Self(Box::new(take))
    }

    /// Answers. A panic in what takes the answer costs this request alone: the state of supervision is not within its reach.
    pub fn send(self, answer: T) {
        let _panic = catch_unwind(AssertUnwindSafe(|| (self.0)(answer)));
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_panic_in_what_takes_an_answer_goes_no_further() {
        let (sender, answers) = mpsc::channel();
        Reply::new(|()| panic!("expected in this test")).send(());
        Reply::new(move |number| sender.send(number).unwrap()).send(7);
        assert_eq!(answers.recv(), Ok(7));
    }
}
