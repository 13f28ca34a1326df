use super::{fill, free_all, CAPACITY};
use crate::ring::{ClaimError, InternalWriter, Purpose};

fn put(writer: &mut InternalWriter, purpose: Purpose, size: usize) -> Result<(), ClaimError> {
    let claim = writer.claim(purpose, size)?;
    fill(&claim, 0);
    writer.publish(claim, 0, 0, 0);
    Ok(())
}

#[test]
fn followers_never_starve_a_coordinator_wherever_the_ring_stands() {
    let (mut writer, mut reader, _leases) = InternalWriter::new(CAPACITY, 0).unwrap();
    let size = writer.coordinator_size_max();
    for step in 0..2000 {
        while put(&mut writer, Purpose::Follower, 700 + step % 5000).is_ok() {}
        assert_eq!(put(&mut writer, Purpose::Coordinator, size), Ok(()), "step {step}");
        while reader.next().is_some() {}
        free_all(&mut reader);
    }
}

#[test]
fn a_follower_leaves_the_reserve_and_a_coordinator_takes_it() {
    let (mut writer, _reader, _leases) = InternalWriter::new(CAPACITY, 0).unwrap();
    let mut count = 0;
    while put(&mut writer, Purpose::Follower, 992).is_ok() {
        count += 1;
    }
    assert_eq!(count, 56, "seven eighths");
    for _ in 0..8 {
        put(&mut writer, Purpose::Coordinator, 992).unwrap();
    }
    assert_eq!(put(&mut writer, Purpose::Coordinator, 0), Err(ClaimError::WouldBlock));
}

#[test]
fn the_largest_payload_fits_an_empty_ring_for_both() {
    let (mut writer, mut reader, _leases) = InternalWriter::new(CAPACITY, 0).unwrap();
    let size_max = writer.size_max();
    for purpose in [Purpose::Follower, Purpose::Coordinator] {
        for _ in 0..7 {
            put(&mut writer, purpose, size_max).unwrap();
            while reader.next().is_some() {}
            free_all(&mut reader);
        }
        assert_eq!(put(&mut writer, purpose, size_max + 1), Err(ClaimError::TooLarge));
    }
}

#[test]
fn an_aborted_follower_claim_is_skipped() {
    let (mut writer, mut reader, _leases) = InternalWriter::new(CAPACITY, 0).unwrap();
    let claim = writer.claim(Purpose::Follower, 100).unwrap();
    writer.abort(claim);
    assert!(reader.next().is_none());
    assert_eq!(reader.read_position(), 160);
}
