use super::{size_of_batch, BatchError};

/// The batches of a concatenation, each as its own slice. A bad length or a cut last batch is the last item.
#[must_use]
pub fn split_batches(bytes: &[u8]) -> SplitBatches<'_> {
    SplitBatches { rest: bytes }
}

#[derive(Clone, Debug)]
pub struct SplitBatches<'bytes> {
    rest: &'bytes [u8],
}

impl<'bytes> SplitBatches<'bytes> {
    fn take(&mut self) -> Result<&'bytes [u8], BatchError> {
        let needed = size_of_batch(self.rest)? as usize;
        if self.rest.len() < needed {
            return Err(BatchError::TooShort { size: self.rest.len(), needed });
        }
        let (batch, rest) = self.rest.split_at(needed);
        self.rest = rest;
        Ok(batch)
    }
}

impl<'bytes> Iterator for SplitBatches<'bytes> {
    type Item = Result<&'bytes [u8], BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let taken = self.take();
        if taken.is_err() {
            self.rest = &[];
        }
        Some(taken)
    }
}
