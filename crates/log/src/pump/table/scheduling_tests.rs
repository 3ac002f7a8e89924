//! The order in which channels are served.

use super::super::channels::command::ChannelCommand;
use super::super::channels::report::{NextService, ServiceReport};
use super::super::poll::Event;
use super::barriers::Visit;
use super::{CheckedOut, Table};
use crate::StreamId;

/// A table of `count` streams, all of which are backlogged, in the order of their slots.
fn backlogged(count: usize) -> Table {
    let mut table = Table::new();
    for stream in 0..count {
        table.post(StreamId(stream as u64), ChannelCommand::Reopen);
    }
    for slot in 0..count {
        assert_eq!(serve_ready(&mut table, NextService::AtOnce), Some(slot));
    }
    assert_eq!(table.ready_count(), 0);
    assert_eq!(table.has_work(), count > 0);
    table
}

fn check_in(table: &mut Table, out: CheckedOut, next: NextService) -> usize {
    table.check_in(out.slot, out.channel, &mut ServiceReport { next, ..ServiceReport::default() });
    out.slot
}

fn serve_ready(table: &mut Table, next: NextService) -> Option<usize> {
    table.check_out_ready().map(|out| check_in(table, out, next))
}

fn serve_backlogged(table: &mut Table, next: NextService) -> Option<usize> {
    table.check_out_backlogged().map(|out| check_in(table, out, next))
}

#[test]
fn backlogged_streams_take_turns_apart_from_ready_ones() {
    let mut table = backlogged(3);
    let turns: Vec<_> = (0..5).map(|_| serve_backlogged(&mut table, NextService::AtOnce)).collect();
    assert_eq!(turns, [0, 1, 2, 0, 1].map(Some));
    table.post(StreamId(9), ChannelCommand::Reopen);
    assert_eq!(serve_ready(&mut table, NextService::OnEvent), Some(3), "however many are backlogged");
    assert_eq!(serve_ready(&mut table, NextService::OnEvent), None);
    assert_eq!(serve_backlogged(&mut table, NextService::OnEvent), Some(2));
    assert_eq!(serve_backlogged(&mut table, NextService::OnEvent), Some(0));
    assert_eq!(serve_backlogged(&mut table, NextService::OnEvent), Some(1));
    assert_eq!(serve_backlogged(&mut table, NextService::OnEvent), None);
    assert!(!table.has_work());
}

#[test]
fn a_command_makes_a_backlogged_stream_ready_and_more_in_its_pipe_does_not() {
    let mut table = backlogged(3);
    table.note(Event { slot: 1, is_hang_up: false });
    assert_eq!(table.ready_count(), 0);
    table.post(StreamId(1), ChannelCommand::Followed(true));
    let out = table.check_out_ready().unwrap();
    assert!(matches!(out.commands[..], [ChannelCommand::Followed(true)]));
    // It is backlogged again, in its old place of the queue and only there.
    check_in(&mut table, out, NextService::AtOnce);
    let turns: Vec<_> = (0..4).map(|_| serve_backlogged(&mut table, NextService::OnEvent)).collect();
    assert_eq!(turns, [Some(0), Some(1), Some(2), None]);
    // From now on an event makes it ready again.
    table.note(Event { slot: 1, is_hang_up: true });
    let out = table.check_out_ready().unwrap();
    assert!(out.is_hung_up);
}

#[test]
fn a_slot_number_in_the_backlogged_queue_is_not_reused() {
    let mut table = backlogged(2);
    table.post(StreamId(0), ChannelCommand::FinishAll);
    assert_eq!(serve_ready(&mut table, NextService::Never), Some(0));
    table.post(StreamId(7), ChannelCommand::Reopen);
    assert_eq!(serve_ready(&mut table, NextService::AtOnce), Some(2));
    let turns: Vec<_> = (0..4).map(|_| serve_backlogged(&mut table, NextService::AtOnce)).collect();
    assert_eq!(turns, [1, 2, 1, 2].map(Some));
    table.post(StreamId(8), ChannelCommand::Reopen);
    assert_eq!(serve_ready(&mut table, NextService::OnEvent), Some(0), "the queue is past its number");
}

#[test]
fn a_hang_up_of_a_backlogged_stream_is_reported_at_its_turn() {
    let mut table = backlogged(1);
    table.note(Event { slot: 0, is_hang_up: true });
    assert_eq!(table.ready_count(), 0);
    assert!(table.check_out_backlogged().unwrap().is_hung_up);
}

/// What came while a stream was being served may have come after its pipe was found empty.
#[test]
fn a_barrier_does_not_count_a_service_that_began_before_it() {
    let mut table = Table::new();
    table.post(StreamId(0), ChannelCommand::Reopen);
    let out = table.check_out_ready().unwrap();
    table.add_barrier(Box::new(|| ()));
    let slot = check_in(&mut table, out, NextService::OnEvent);
    assert_eq!(table.pass_barriers(slot, Visit::Complete).len(), 0);
    assert_eq!(serve_ready(&mut table, NextService::OnEvent), Some(slot));
    assert_eq!(table.pass_barriers(slot, Visit::Complete).len(), 1);
}

#[test]
fn a_barrier_does_not_wait_for_a_stream_that_hangs() {
    let mut table = Table::new();
    table.post(StreamId(0), ChannelCommand::Reopen);
    let out = table.check_out_ready().unwrap();
    table.add_barrier(Box::new(|| ()));
    assert_eq!(table.pass_barriers(out.slot, Visit::Abandoned).len(), 1);
}

#[test]
fn closing_the_table_replies_to_every_clear_and_barrier() {
    let mut table = Table::new();
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let reply = || {
        let count = std::sync::Arc::clone(&count);
        move || assert!(count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 9)
    };
    let (cleared, passed) = (reply(), reply());
    table.post(StreamId(0), ChannelCommand::Reopen);
    let _hangs = table.check_out_ready().unwrap();
    table.post(
        StreamId(0),
        ChannelCommand::Clear(Box::new(move |outcome| {
            outcome.unwrap_err();
            cleared();
        })),
    );
    table.add_barrier(Box::new(passed));
    table.close().into_iter().for_each(|reply| reply());
    assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), 2);
    assert_eq!(table.close().len(), 0);
}
