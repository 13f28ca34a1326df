//! The promises, against what readers see after a power cut.

use super::opening::{SeenBatch, SeenBatches};
use super::story::Story;

/// # Errors
/// The promise that was broken.
pub fn judge(story: &Story, point: usize, seen: &SeenBatches) -> Result<(), String> {
    for ((topic, partition), batches) in seen {
        check_order(batches).map_err(|broken| format!("{topic} {partition}: {broken}"))?;
    }
    let at = |topic: &str, partition: u32, base: u64| {
        let batches = seen.get(&(topic.to_owned(), partition))?;
        batches.binary_search_by_key(&base, |batch| batch.base).ok().map(|index| batches[index])
    };
    for ack in story.acks_before(point).filter(|ack| story.is_power_safe(&ack.topic)) {
        if at(&ack.topic, ack.partition, ack.base).is_none() {
            return Err(format!("lost: {ack}"));
        }
    }
    // Whatever is there at an offset is what was acknowledged there, be it before the power went or in the run's future.
    for (_, ack) in &story.acks {
        match at(&ack.topic, ack.partition, ack.base) {
            Some(batch) if batch.last != ack.last || batch.crc != ack.crc => return Err(format!("{ack} became {batch:?}")),
            _ => {}
        }
    }
    Ok(())
}

/// One batch behind the other from the first offset on, under leader epochs that never go back.
fn check_order(batches: &[SeenBatch]) -> Result<(), String> {
    let (mut next, mut epoch) = (0, i32::MIN);
    for batch in batches {
        if batch.base != next || batch.last < batch.base || batch.leader_epoch < epoch {
            return Err(format!("{batch:?} behind offset {next} and leader epoch {epoch}"));
        }
        (next, epoch) = (batch.last + 1, batch.leader_epoch);
    }
    Ok(())
}
