//! Removing terminal control sequences.
