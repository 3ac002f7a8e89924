//! Finding tagged messages in child output.
