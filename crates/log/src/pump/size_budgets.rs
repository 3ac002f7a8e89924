//! What a stream costs while nothing happens on it. A daemon has two for each of thousands of programs: 16 bytes more
//! here are 32 KB with a thousand of them.

use super::channels::stream::StreamChannel;
use super::table::Slot;
use crate::StreamSpec;

/// One block holds the generation with its open log. A backlog, pending commands, waiting generations and stages are rare:
/// each is in a block of its own while there is one.
#[test]
fn a_quiet_stream_is_a_place_in_the_table_and_one_block() {
    assert!(size_of::<Option<Slot>>() <= 120);
    assert!(size_of::<StreamChannel>() <= 248);
}

/// Shared by the daemon's record of the process and the generation.
#[test]
fn the_configuration_of_a_stream_is_small() {
    assert!(size_of::<StreamSpec>() <= 64);
}
