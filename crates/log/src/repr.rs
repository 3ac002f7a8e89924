//! Text the way upstream shows it.
