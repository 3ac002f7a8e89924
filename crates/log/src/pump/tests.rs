//! Tests of the pump with targets that can be made to hang.
