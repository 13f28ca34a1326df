//! Where a log can be cut: at the batch boundary at or below an offset.

use super::walk::{self, SegmentFile};
use super::ReadError;
use crate::io::task::Files;
use crate::log::partition::Mark;
use crate::log::producer_state::{ProducerState, PRODUCERS_MAX};
use crate::log::segment::Segment;
use std::path::PathBuf;

/// Where the log ends after a cut.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cut {
    pub offset: u64,
    pub segment: u64,
    pub position: u64,
    pub max_timestamp: i64,
}
/// What a cut is asked for.
#[derive(Clone, Copy)]
pub(super) struct WantedCut {
    pub to: u64,
    pub log_start: u64,
    pub wall_ms: i64,
}

/// The batch boundary at or below `to`, and the producers as they were there.
pub(super) async fn find_cut(
    files: &Files,
    path: impl Fn(u64) -> PathBuf,
    segments: &[Segment],
    end: Mark,
    wanted: &WantedCut,
    start: Option<ProducerState>,
) -> Result<(Cut, ProducerState), ReadError> {
    let WantedCut { to, log_start, wall_ms } = *wanted;
    let mut producers = start.unwrap_or_else(|| ProducerState::new(log_start as i64, PRODUCERS_MAX));
    let first_base = segments.first().map_or(end.offset, |segment| segment.base);
    let mut cut = Cut { offset: to.min(end.offset), segment: first_base, position: 0, max_timestamp: -1 };
    for (index, segment) in segments.iter().enumerate().take_while(|(_, segment)| segment.base <= to) {
        let size = if segment.base == end.segment { end.position } else { segment.size };
        let next = segments.get(index + 1).map_or(end.offset, |next| next.base);
        let file = SegmentFile { base: segment.base, size, next };
        cut = Cut { offset: cut.offset, segment: segment.base, position: 0, max_timestamp: -1 };
        let mut last_end = 0;
        walk::headers(files, &path(segment.base), file, |header, position| {
            if header.next_offset() as u64 > to {
                // The boundary is this batch's start, or the offset asked for, in the gap before it. A batch that holds
                // the log start leaves such a gap.
                cut.offset = (header.base_offset as u64).max(log_start).min(to);
                return false;
            }
            last_end = position + u64::from(header.size);
            cut.max_timestamp = cut.max_timestamp.max(header.max_timestamp);
            producers.replay(header, wall_ms);
            // What lies behind the cut may be gone from the file already.
            (header.next_offset() as u64) < to
        })
        .await?;
        cut.position = last_end;
    }
    Ok((cut, producers))
}
