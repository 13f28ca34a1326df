//! Pages here and there that left memory under what could be lent: only the steps that they lie in are read and checked again, by the ring,
//! where a whole read would copy all of it. One attempt: what is not there behind it goes the way of `read.rs`.

use super::lent::Lending;
use super::read::{whole_prefix, FileRead};
use super::{Event, Finished, ReadError, Store};
use crate::io::task::Files;
use crate::io::{FileId, ReadBuffers};
use crate::log::leader_epochs::LeaderEpochs;
use crate::log::open_files::FileKey;
use crate::log::verified::Step;

impl Store {
    pub(super) fn mend(&mut self, read: FileRead, key: FileKey, holes: Vec<Step>) {
        let Some(file) = self.open_files.lease(key) else { return self.read_file(read) };
        let (files, buffers) = (self.files.clone(), self.read_buffers.clone());
        let epochs = self.live(key.partition).epochs.clone();
        self.tasks.spawn(self.io.as_mut(), async move {
            let mut whole = Vec::new();
            for hole in holes {
                if !is_whole(&files, file, hole, &epochs, &buffers).await {
                    break;
                }
                whole.push(hole);
            }
            Finished::Mended { key, read, whole }
        });
    }

    pub(super) fn mended(&mut self, key: FileKey, read: FileRead, whole: &[Step]) {
        self.open_files.release(key);
        whole.iter().for_each(|step| self.verified.note(key, step.from, step.to));
        let FileRead { partition, ticket, .. } = read;
        if self.partition(partition).is_none() {
            return self.read_failed(&read, ReadError::UnknownPartition);
        }
        match self.lend(&read) {
            Some(Lending::Lent(slice)) => self.events.push(Event::Lent { partition, ticket, slice }),
            Some(Lending::Holes(..)) | None => self.read_file(read),
        }
    }
}

async fn is_whole(files: &Files, file: FileId, step: Step, epochs: &LeaderEpochs, buffers: &ReadBuffers) -> bool {
    let buffer = buffers.take(step.size());
    match files.read(file, step.from.position, buffer.piece(0, step.size())).await {
        Ok(count) if count == step.size() => {
            let found = whole_prefix(&buffer.bytes()[..count], step.from.offset, step.to.offset, epochs);
            found == (count, step.to.offset)
        }
        _ => false,
    }
}
