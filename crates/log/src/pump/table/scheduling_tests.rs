//! Whose turn it is.

use crate::StreamId;
use crate::pump::channels::report::{NextService, ServiceReport};
use crate::pump::channels::stream::ChannelCommand;
use crate::pump::poll::Event;
use crate::pump::table::barriers::Visit;
use crate::pump::table::{CheckedOut, Table};
use crate::pump::worker::context::ReadQuota;
use std::time::{Duration, Instant};

/// A table with streams whose slots have these numbers, all of which press, in this order.
fn backlogged(count: usize) -> Table {
    let mut table = Table::new();
    for stream in 0..count {
        table.post(StreamId(stream as u64), ChannelCommand::Reopen);
    }
    for slot in 0..count {
        assert_eq!(serve_ready(&mut table, NextService::AtOnce), Some(slot));
    }
    assert_eq!(table.ready_count(), 0);
    assert_eq!(table.is_busy(), count > 0);
    table
}

fn put_back(table: &mut Table, out: CheckedOut, next: NextService) -> usize {
    table.check_in(out.slot, out.channel, &mut ServiceReport { next, ..ServiceReport::default() });
    out.slot
}

fn serve_ready(table: &mut Table, next: NextService) -> Option<usize> {
    table.check_out().map(|out| put_back(table, out, next))
}

fn serve_backlogged(table: &mut Table, next: NextService) -> Option<usize> {
    table.check_out_backlogged().map(|out| put_back(table, out, next))
}

#[test]
fn those_that_press_take_turns_apart_from_those_that_are_due() {
    let mut table = backlogged(3);
    let turns: Vec<_> = (0..5).map(|_| serve_backlogged(&mut table, NextService::AtOnce)).collect();
    assert_eq!(turns, [0, 1, 2, 0, 1].map(Some));
    table.post(StreamId(9), ChannelCommand::Reopen);
    assert_eq!(serve_ready(&mut table, NextService::OnEvent), Some(3), "however many press");
    assert_eq!(serve_ready(&mut table, NextService::OnEvent), None);
    assert_eq!(serve_backlogged(&mut table, NextService::OnEvent), Some(2));
    assert_eq!(serve_backlogged(&mut table, NextService::OnEvent), Some(0));
    assert_eq!(serve_backlogged(&mut table, NextService::OnEvent), Some(1));
    assert_eq!(serve_backlogged(&mut table, NextService::OnEvent), None);
    assert!(!table.is_busy());
}

#[test]
fn a_letter_is_read_at_once_and_more_in_the_pipe_changes_nothing() {
    let mut table = backlogged(3);
    table.note(Event { slot: 1, is_hang_up: false });
    assert_eq!(table.ready_count(), 0);
    table.post(StreamId(1), ChannelCommand::Followed(true));
    let out = table.check_out().unwrap();
    assert!(matches!(out.commands[..], [ChannelCommand::Followed(true)]));
    // It is backlogged again, in its old place and only there.
    put_back(&mut table, out, NextService::AtOnce);
    let turns: Vec<_> = (0..4).map(|_| serve_backlogged(&mut table, NextService::OnEvent)).collect();
    assert_eq!(turns, [Some(0), Some(1), Some(2), None]);
    // What happens from now on makes it due again.
    table.note(Event { slot: 1, is_hang_up: true });
    let out = table.check_out().unwrap();
    assert!(out.is_hung_up);
}

#[test]
fn the_place_of_one_that_is_gone_is_nobody_elses() {
    let mut table = backlogged(2);
    table.post(StreamId(0), ChannelCommand::FinishAll);
    assert_eq!(serve_ready(&mut table, NextService::Never), Some(0));
    table.post(StreamId(7), ChannelCommand::Reopen);
    assert_eq!(serve_ready(&mut table, NextService::AtOnce), Some(2));
    let turns: Vec<_> = (0..4).map(|_| serve_backlogged(&mut table, NextService::AtOnce)).collect();
    assert_eq!(turns, [1, 2, 1, 2].map(Some));
    table.post(StreamId(8), ChannelCommand::Reopen);
    assert_eq!(
        serve_ready(&mut table, NextService::OnEvent),
        Some(0),
        "its number is given away once its place is"
    );
}

#[test]
fn a_hang_up_noted_while_it_presses_is_told_at_its_turn() {
    let mut table = backlogged(1);
    table.note(Event { slot: 0, is_hang_up: true });
    assert_eq!(table.ready_count(), 0);
    assert!(table.check_out_backlogged().unwrap().is_hung_up);
}

#[test]
fn a_long_turn_ends_after_a_megabyte_or_a_while() {
    assert!(!ReadQuota::Short.is_used_up(255 * 1024));
    assert!(ReadQuota::Short.is_used_up(256 * 1024));
    let far = ReadQuota::Long(Instant::now() + Duration::from_secs(3600));
    assert!(!far.is_used_up(1023 * 1024));
    assert!(far.is_used_up(1024 * 1024));
    let past = ReadQuota::Long(Instant::now());
    assert!(!past.is_used_up(255 * 1024), "never less than a short one");
    assert!(past.is_used_up(256 * 1024));
}

/// What came while a stream was being served may have come after its pipe was found empty.
#[test]
fn whoever_waits_for_all_streams_does_not_take_a_service_that_had_begun_for_one() {
    let mut table = Table::new();
    table.post(StreamId(0), ChannelCommand::Reopen);
    let out = table.check_out().unwrap();
    table.add_barrier(Box::new(|| ()));
    let slot = put_back(&mut table, out, NextService::OnEvent);
    assert_eq!(table.pass_barriers(slot, Visit::Complete).len(), 0);
    assert_eq!(serve_ready(&mut table, NextService::OnEvent), Some(slot));
    assert_eq!(table.pass_barriers(slot, Visit::Complete).len(), 1);
}

#[test]
fn whoever_waits_for_all_streams_does_not_wait_for_one_that_hangs() {
    let mut table = Table::new();
    table.post(StreamId(0), ChannelCommand::Reopen);
    let out = table.check_out().unwrap();
    table.add_barrier(Box::new(|| ()));
    assert_eq!(table.pass_barriers(out.slot, Visit::Abandoned).len(), 1);
}
