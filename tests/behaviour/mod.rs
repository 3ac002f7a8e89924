//! One file per feature.

mod start;
