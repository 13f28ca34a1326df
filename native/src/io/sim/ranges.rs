use std::collections::BTreeMap;

/// A set of numbers kept as ranges: the blocks that a file has reserved.
#[derive(Clone, Default)]
pub(super) struct Ranges {
    /// start → end (exclusive); never overlapping, never touching.
    ranges: BTreeMap<u64, u64>,
    count: u64,
}

impl Ranges {
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many numbers of the range are not in the set.
    pub fn missing(&self, start: u64, end: u64) -> u64 {
        let covered: u64 = self.overlapping(start, end).map(|(from, to)| to.min(end) - from.max(start)).sum();
        end.saturating_sub(start) - covered
    }

    pub fn insert(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        let (mut low, mut high) = (start, end);
        let touching: Vec<u64> = self.overlapping(start.saturating_sub(1), end + 1).map(|(from, _)| from).collect();
        for from in touching {
            let to = self.ranges.remove(&from).expect("just listed");
            self.count -= to - from;
            low = low.min(from);
            high = high.max(to);
        }
        self.ranges.insert(low, high);
        self.count += high - low;
    }

    /// Drops every number at or above `end`.
    pub fn cut(&mut self, end: u64) {
        for (from, to) in self.ranges.split_off(&end) {
            self.count -= to - from;
        }
        if let Some((_, to)) = self.ranges.range_mut(..end).next_back() {
            self.count -= to.saturating_sub(end);
            *to = end.min(*to);
        }
    }

    fn overlapping(&self, start: u64, end: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        let first = self.ranges.range(..=start).next_back().map_or(start, |(from, _)| *from);
        self.ranges
            .range(first..end.max(first))
            .map(|(from, to)| (*from, *to))
            .filter(move |(from, to)| *to > start && *from < end)
    }
}

#[cfg(test)]
mod tests {
    use super::Ranges;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn behaves_like_a_set_of_numbers(steps in prop::collection::vec((any::<bool>(), 0u64..60, 0u64..20), 1..40)) {
            let mut ranges = Ranges::default();
            let mut model = BTreeSet::new();
            for (insert, start, size) in steps {
                if insert {
                    let missing = (start..start + size).filter(|number| !model.contains(number)).count() as u64;
                    prop_assert_eq!(ranges.missing(start, start + size), missing);
                    ranges.insert(start, start + size);
                    model.extend(start..start + size);
                } else {
                    ranges.cut(start);
                    model.retain(|number| *number < start);
                }
                prop_assert_eq!(ranges.count(), model.len() as u64);
            }
        }
    }
}
