//! The catalogue of topics where no broker is: names, ids and settings, over the metadata journal.

use super::{Catalog, OpenError};
use crate::io::Io;
use crate::log::config::LogConfig;
use crate::log::ids::TopicId;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub id: TopicId,
    pub name: String,
    pub partitions: u32,
    pub config: LogConfig,
    pub is_deleted: bool,
}

pub struct Topics {
    topics: BTreeMap<TopicId, Topic>,
}

impl Topics {
    /// Reads the catalogue. `is_fresh`: no superblock exists, so that a missing catalogue is a new one, not a lost one.
    pub fn open(_io: &mut dyn Io, _data: &Path, _is_fresh: bool) -> Result<Self, OpenError> {
        unimplemented!()
    }

    /// The topic of this name, with at least so many partitions and these settings; what has to change is durable
    /// when this returns. `fresh_id` becomes the id of a new topic.
    pub fn ensure(
        &mut self,
        _io: &mut dyn Io,
        _name: &str,
        _partitions: u32,
        _config: &LogConfig,
        _fresh_id: [u8; 16],
    ) -> Result<TopicId, OpenError> {
        unimplemented!()
    }

    /// Records the deletion, durably. False if there is no such topic.
    pub fn delete(&mut self, _io: &mut dyn Io, _name: &str) -> Result<bool, OpenError> {
        unimplemented!()
    }

    #[must_use]
    pub fn catalog(&self) -> Catalog {
        unimplemented!()
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Topic> {
        self.list().find(|topic| topic.name == name)
    }

    #[must_use]
    pub fn name_of(&self, id: &TopicId) -> Option<&str> {
        self.topics.get(id).map(|topic| topic.name.as_str())
    }

    /// Those that exist, by id.
    pub fn list(&self) -> impl Iterator<Item = &Topic> {
        self.topics.values().filter(|topic| !topic.is_deleted)
    }
}

/// True if the directory has no superblock yet: nothing was ever acknowledged in it.
pub fn is_fresh(_io: &mut dyn Io, _data: &Path) -> Result<bool, OpenError> {
    unimplemented!()
}
