use millrace_native::codec::batch::HEADER_SIZE;
use millrace_native::codec::build::BatchBuilder;

/// A whole batch of exactly this many bytes with a single record.
///
/// # Panics
/// If no batch has that size.
#[must_use]
pub fn batch_of(size: usize) -> Vec<u8> {
    let payload = vec![0x5a; size];
    // A record costs a few bytes more than its value, and its length's own size depends on it.
    (HEADER_SIZE + 6..HEADER_SIZE + 20)
        .map(|overhead| BatchBuilder::new().value(&payload[..size - overhead]).finish())
        .find(|batch| batch.len() == size)
        .expect("some value fills the batch")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_exact() {
        for size in [100, 1024, 16 << 10, 64 << 10] {
            assert_eq!(batch_of(size).len(), size);
        }
    }
}
