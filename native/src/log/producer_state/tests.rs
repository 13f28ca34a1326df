use super::*;
use crate::codec::batch::Attributes;
use proptest::prelude::*;

const PRODUCER: i64 = 7;

fn batch(producer_id: i64, producer_epoch: i16, base_sequence: i32, base_offset: i64, count: i32) -> BatchHeader {
    BatchHeader {
        base_offset,
        size: 100,
        leader_epoch: 0,
        crc: 0,
        attributes: Attributes(0),
        last_offset_delta: count - 1,
        first_timestamp: 1000,
        max_timestamp: 1000 + base_offset,
        producer_id,
        producer_epoch,
        base_sequence,
        records_count: count,
    }
}

fn marker(producer_id: i64, producer_epoch: i16, base_offset: i64) -> BatchHeader {
    let attributes = Attributes(Attributes::CONTROL | Attributes::TRANSACTIONAL);
    BatchHeader { attributes, ..batch(producer_id, producer_epoch, NO_SEQUENCE, base_offset, 1) }
}

fn replayed(headers: &[BatchHeader]) -> ProducerState {
    let mut state = ProducerState::default();
    headers.iter().for_each(|header| state.replay(header, 0));
    state
}

#[test]
fn an_unknown_producer_begins_anywhere() {
    assert_eq!(ProducerState::default().check(&batch(PRODUCER, 3, 1234, 0, 1)), Verdict::Accept);
}

#[test]
fn a_batch_sent_twice_is_answered_with_its_first_offsets() {
    let state = replayed(&[batch(PRODUCER, 0, 0, 100, 10), batch(PRODUCER, 0, 10, 110, 5)]);
    let duplicate = Verdict::Duplicate { base_offset: 100, last_offset: 109, timestamp: 1100 };
    assert_eq!(state.check(&batch(PRODUCER, 0, 0, 0, 10)), duplicate);
    assert_eq!(state.check(&batch(PRODUCER, 0, 15, 0, 1)), Verdict::Accept);
    // The same first sequence with another count is no duplicate, but a producer gone wrong.
    assert_eq!(state.check(&batch(PRODUCER, 0, 0, 0, 9)), Verdict::OutOfOrderSequence { expected: 15, got: 0 });
    assert_eq!(state.check(&batch(PRODUCER, 0, 16, 0, 1)), Verdict::OutOfOrderSequence { expected: 15, got: 16 });
}

#[test]
fn five_batches_are_recognised_and_a_sixth_is_not() {
    let state = replayed(&(0..6).map(|i| batch(PRODUCER, 0, i, i64::from(i), 1)).collect::<Vec<_>>());
    assert!(matches!(state.check(&batch(PRODUCER, 0, 1, 0, 1)), Verdict::Duplicate { base_offset: 1, .. }));
    assert_eq!(state.check(&batch(PRODUCER, 0, 0, 0, 1)), Verdict::OutOfOrderSequence { expected: 6, got: 0 });
}

#[test]
fn sequences_wrap_to_zero() {
    let state = replayed(&[batch(PRODUCER, 0, i32::MAX - 1, 0, 2)]);
    assert_eq!(state.check(&batch(PRODUCER, 0, 0, 0, 1)), Verdict::Accept);
    let state = replayed(&[batch(PRODUCER, 0, i32::MAX - 1, 0, 5)]);
    assert_eq!(state.check(&batch(PRODUCER, 0, 3, 0, 1)), Verdict::Accept);
    assert!(matches!(state.check(&batch(PRODUCER, 0, i32::MAX - 1, 0, 5)), Verdict::Duplicate { .. }));
}

#[test]
fn a_new_epoch_begins_at_zero_and_fences_the_old_one() {
    let mut state = replayed(&[batch(PRODUCER, 1, 0, 0, 10)]);
    assert_eq!(state.check(&batch(PRODUCER, 2, 10, 0, 1)), Verdict::OutOfOrderSequence { expected: 0, got: 10 });
    assert_eq!(state.check(&batch(PRODUCER, 2, 0, 0, 1)), Verdict::Accept);
    state.replay(&batch(PRODUCER, 2, 0, 10, 1), 0);
    // Even a duplicate of the old epoch: the new instance must be able to rely on silence.
    assert_eq!(state.check(&batch(PRODUCER, 1, 0, 0, 10)), Verdict::StaleEpoch { current: 2, got: 1 });
}

#[test]
fn a_marker_raises_the_epoch_and_otherwise_leaves_the_sequence() {
    let mut state = replayed(&[batch(PRODUCER, 1, 0, 0, 10), marker(PRODUCER, 1, 10)]);
    assert_eq!(state.check(&batch(PRODUCER, 1, 10, 0, 1)), Verdict::Accept);
    assert!(matches!(state.check(&batch(PRODUCER, 1, 0, 0, 10)), Verdict::Duplicate { .. }));
    state.replay(&marker(PRODUCER, 2, 11), 0);
    assert_eq!(state.check(&batch(PRODUCER, 1, 10, 0, 1)), Verdict::StaleEpoch { current: 2, got: 1 });
    assert_eq!(state.check(&batch(PRODUCER, 2, 10, 0, 1)), Verdict::OutOfOrderSequence { expected: 0, got: 10 });
    assert_eq!(state.check(&batch(PRODUCER, 2, 0, 0, 1)), Verdict::Accept);
}

#[test]
fn a_replay_may_begin_below_the_end() {
    let headers: Vec<_> = (0..8).map(|i| batch(PRODUCER, 0, i * 3, i64::from(i) * 3, 3)).collect();
    let mut state = replayed(&headers);
    headers[2..].iter().for_each(|header| state.replay(header, 0));
    assert_eq!(state, replayed(&headers));
}

/// Rule 14 of DURABILITY.md: nine batches in flight, four of them durable. A snapshot that had lost the durable ones to
/// those in flight would let any sequence in after a crash.
#[test]
fn batches_in_flight_push_no_settled_ones_out() {
    let headers: Vec<_> = (0..9).map(|i| batch(PRODUCER, 0, i, i64::from(i), 1)).collect();
    let mut state = ProducerState::default();
    headers.iter().for_each(|header| state.append(header, header.base_offset.min(2), 0));
    let recovered = ProducerState::decode(&state.snapshot(4), PRODUCERS_MAX).unwrap();
    assert_eq!(recovered, replayed(&headers[..4]));
    assert_eq!(recovered.end_offset(), 4);
    assert_eq!(recovered.check(&batch(PRODUCER, 0, 9, 0, 1)), Verdict::OutOfOrderSequence { expected: 4, got: 9 });
}

#[test]
fn a_snapshot_leaves_out_producers_that_began_above_it() {
    let mut state = ProducerState::default();
    state.append(&batch(1, 0, 0, 0, 1), 0, 0);
    state.append(&batch(2, 0, 0, 1, 1), 0, 0);
    let recovered = ProducerState::decode(&state.snapshot(1), PRODUCERS_MAX).unwrap();
    assert_eq!(recovered.producers_count(), 1);
    assert_eq!(recovered.check(&batch(2, 0, 0, 0, 1)), Verdict::Accept);
}

#[test]
fn truncation_says_when_it_cannot_be_exact() {
    let headers: Vec<_> = (0..7).map(|i| batch(PRODUCER, 0, i, i64::from(i), 1)).collect();
    let mut whole = replayed(&headers[..4]);
    assert_eq!(whole.truncate_to(2), Truncated::Exact);
    assert_eq!(whole, replayed(&headers[..2]));
    assert_eq!(whole.truncate_to(0), Truncated::Exact);
    assert_eq!(whole, ProducerState::default());
    assert_eq!(replayed(&headers).truncate_to(6), Truncated::NeedsReplay);
    assert_eq!(replayed(&headers).truncate_to(7), Truncated::Exact);
}

#[test]
fn the_producer_that_wrote_longest_ago_is_evicted() {
    let mut state = ProducerState::new(0, 2);
    for (offset, producer_id) in [5, 6, 5, 8].into_iter().enumerate() {
        state.replay(&batch(producer_id, 0, if offset == 2 { 1 } else { 0 }, offset as i64, 1), 0);
    }
    assert_eq!(state.producers_count(), 2);
    assert_eq!(state.check(&batch(6, 0, 99, 0, 1)), Verdict::Accept);
    assert!(matches!(state.check(&batch(5, 0, 99, 0, 1)), Verdict::OutOfOrderSequence { expected: 2, .. }));
    assert!(matches!(state.check(&batch(8, 0, 99, 0, 1)), Verdict::OutOfOrderSequence { expected: 1, .. }));
    let mut narrower = ProducerState::decode(&state.snapshot(4), 1).unwrap();
    assert_eq!(narrower.producers_count(), 1);
    assert!(matches!(narrower.check(&batch(8, 0, 99, 0, 1)), Verdict::OutOfOrderSequence { .. }));
    narrower.expire(0, 1);
    assert_eq!(narrower.producers_count(), 1);
}

#[test]
fn silent_producers_expire() {
    let mut state = ProducerState::default();
    state.append(&batch(1, 0, 0, 0, 1), 0, 1_000);
    state.append(&batch(2, 0, 0, 1, 1), 1, 1_500);
    state.append(&batch(1, 0, 1, 2, 1), 2, 1_400);
    state.expire(2_399, 1_000);
    assert_eq!(state.producers_count(), 2);
    state.expire(2_400, 1_000);
    assert_eq!(state.producers_count(), 1);
    assert_eq!(state.check(&batch(1, 0, 50, 0, 1)), Verdict::Accept);
    state.expire(i64::MAX, 1_000);
    assert_eq!(state.by_last_offset.len(), 0);
}

#[test]
fn decoding_is_strict() {
    let mut state = replayed(&[batch(1, 0, 0, 0, 2), batch(1, 0, 2, 2, 2), batch(2, 0, 0, 4, 1)]);
    let bytes = state.snapshot(5);
    assert_eq!(ProducerState::decode(&bytes, PRODUCERS_MAX), Ok(state));
    let body = &bytes[crate::codec::sealed::ENVELOPE_SIZE..];
    // Whatever single byte of the body is changed behind a good CRC, decoding gives an error or a state that encodes to
    // the same bytes again: nothing is silently dropped or reinterpreted.
    for at in 0..body.len() {
        for change in [1u8, 0x80, 0xff] {
            let mut changed = body.to_vec();
            changed[at] ^= change;
            let sealed = seal(MAGIC, VERSION, &changed);
            if let Ok(mut decoded) = ProducerState::decode(&sealed, PRODUCERS_MAX) {
                let end_offset = decoded.end_offset();
                assert_eq!(decoded.snapshot(end_offset), sealed, "byte {at} changed by {change:#x}");
            }
        }
        assert!(ProducerState::decode(&seal(MAGIC, VERSION, &body[..at]), PRODUCERS_MAX).is_err() || [8, 78].contains(&at));
    }
}

/// Found by fuzzing: behind the last batches, whose offsets were compared, two producers held the same one.
#[test]
fn no_two_batches_claim_an_offset() {
    let mut state = replayed(&[batch(1, 0, 0, 0, 1), batch(2, 0, 0, 1, 1), batch(2, 0, 1, 2, 1)]);
    let mut body = state.snapshot(3)[crate::codec::sealed::ENVELOPE_SIZE..].to_vec();
    // The base offset of producer 2's first batch: behind the end offset, one producer with a batch, and 28 bytes.
    let at = 8 + (18 + 26) + 18 + 10;
    assert_eq!(body[at], 1);
    body[at] = 0;
    let expected = Err(FormatError::Invalid("offset that two batches claim"));
    assert_eq!(ProducerState::decode(&seal(MAGIC, VERSION, &body), PRODUCERS_MAX), expected);
}

#[derive(Clone, Debug)]
enum Operation {
    Send { producer_id: i64, count: i32, skips: bool },
    Raise { producer_id: i64, by_marker: bool },
    Settle,
    Truncate(usize),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        8 => (0i64..3, 1i32..4, prop::bool::weighted(0.1))
            .prop_map(|(producer_id, count, skips)| Operation::Send { producer_id, count, skips }),
        1 => (0i64..3, any::<bool>()).prop_map(|(producer_id, by_marker)| Operation::Raise { producer_id, by_marker }),
        2 => Just(Operation::Settle),
        1 => (0usize..8).prop_map(Operation::Truncate),
    ]
}

/// The log itself is the model: what is known of a producer is read from all of its batches.
fn expected_next(log: &[BatchHeader], producer_id: i64) -> Option<(i16, i32)> {
    let own: Vec<_> = log.iter().filter(|header| header.producer_id == producer_id).collect();
    let epoch = own.last()?.producer_epoch;
    let last_data = own.iter().rev().find(|header| header.producer_epoch == epoch && !header.attributes.is_control());
    Some((epoch, last_data.map_or(0, |header| sequence_after(header.base_sequence, header.records_count))))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn agrees_with_the_whole_log(first_sequence in prop_oneof![Just(0), Just(i32::MAX - 3)], operations in prop::collection::vec(operation(), 1..60)) {
        let mut log: Vec<BatchHeader> = Vec::new();
        let mut state = ProducerState::default();
        let mut settled_to = 0;
        for operation in operations {
            let end = log.last().map_or(0, BatchHeader::next_offset);
            match operation {
                Operation::Send { producer_id, count, skips } => {
                    let known = expected_next(&log, producer_id);
                    let (epoch, sequence) = known.unwrap_or((0, first_sequence));
                    let header = batch(producer_id, epoch, if skips { sequence_after(sequence, 1) } else { sequence }, end, count);
                    let verdict = state.check(&header);
                    if skips && known.is_some() {
                        prop_assert_eq!(verdict, Verdict::OutOfOrderSequence { expected: sequence, got: header.base_sequence });
                    } else {
                        prop_assert_eq!(verdict, Verdict::Accept);
                        state.append(&header, settled_to, 0);
                        log.push(header);
                    }
                }
                Operation::Raise { producer_id, by_marker } => {
                    let epoch = expected_next(&log, producer_id).map_or(0, |(epoch, _)| epoch + 1);
                    let header = if by_marker { marker(producer_id, epoch, end) } else { batch(producer_id, epoch, 0, end, 1) };
                    state.append(&header, settled_to, 0);
                    log.push(header);
                }
                Operation::Settle => {
                    settled_to = log.get(log.len() / 2 + 1).map_or(settled_to, BatchHeader::next_offset).max(settled_to);
                    let recovered = ProducerState::decode(&state.snapshot(settled_to), PRODUCERS_MAX).unwrap();
                    let below = log.partition_point(|header| header.base_offset < settled_to);
                    prop_assert_eq!(&recovered, &replayed(&log[..below]));
                }
                Operation::Truncate(count) => {
                    log.truncate(log.len().saturating_sub(count));
                    let end = log.last().map_or(0, BatchHeader::next_offset);
                    settled_to = settled_to.min(end);
                    if state.truncate_to(end) == Truncated::NeedsReplay {
                        state = ProducerState::default();
                        log.iter().for_each(|header| state.append(header, settled_to, 0));
                    }
                }
            }
            let mut twin = replayed(&log);
            let end = twin.end_offset();
            prop_assert_eq!(state.clone().snapshot(end), twin.snapshot(end));
            for (index, original) in log.iter().enumerate().filter(|(_, header)| !header.attributes.is_control()) {
                let later = log[index..].iter().filter(|header| header.producer_id == original.producer_id);
                let is_present = expected_next(&log, original.producer_id).unwrap().0 == original.producer_epoch;
                let is_recent = later.filter(|header| !header.attributes.is_control()).count() <= BATCHES_REMEMBERED;
                let verdict = state.check(&batch(original.producer_id, original.producer_epoch, original.base_sequence, 0, original.records_count));
                let is_duplicate = matches!(verdict, Verdict::Duplicate { base_offset, .. } if base_offset == original.base_offset);
                prop_assert_eq!(is_duplicate, is_present && is_recent, "{:?} of {:?}", verdict, original);
            }
        }
    }
}

#[test]
fn producers_are_known_by_what_they_wrote_last_and_the_latest_comes_first() {
    let batches = [batch(1, 0, 0, 0, 5), batch(2, 3, i32::MAX, 5, 2), batch(3, 0, 0, 7, 1), batch(1, 0, 5, 8, 2)];
    let mut state = replayed(&batches);
    state.replay(&marker(3, 1, 10), 0);
    let known: Vec<_> = state.latest().map(|known| (known.producer_id, known.producer_epoch, known.last_sequence)).collect();
    assert_eq!(known, [(3, 1, NO_SEQUENCE), (1, 0, 6), (2, 3, 0)]);
    assert_eq!(state.latest().nth(1).map(|known| known.timestamp), Some(batches[3].max_timestamp));
}
