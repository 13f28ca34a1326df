//! io_uring. `ring` knows entries and waking up, `in_flight` what the kernel still reads, this file what an
//! operation is in entries and what their completions mean.

mod in_flight;
mod ring;
pub(super) mod setup;
#[cfg(test)]
mod tests;

use super::around::{Around, Staged};
use super::calls::{c_string, iovec, open_flags, DIRECTORY_PERMISSIONS, FILE_PERMISSIONS};
use super::check::file_of;
use super::cold::{self, Locks};
use super::file_table::FileTable;
use super::inline::InlineWrites;
use super::page_cache::{WriteShape, WriteWay};
use super::strips::{cut_strips, StripedWrite};
use super::{
    descriptors_max, AlignedBuffer, Completion, DirEntry, FileId, Io, IoError, IoResult, Op, OpenMode, PageCache, Piece,
    SharedFile, SyncMethod, Token,
};
use in_flight::{InFlight, InFlightTable, Kept, LinkedState, LinkedWrite, Stage};
use io_uring::squeue::{Entry, Flags};
use io_uring::types::{DestinationSlot, Fd, FsyncFlags};
use io_uring::{opcode, types};
pub(super) use ring::SIGNALS_CAN_BE_SWITCHED;
use ring::{CompletedEntry, Ring, SYNC_HALF};
use std::collections::VecDeque;
use std::ffi::CString;
use std::ops::Range;
use std::os::fd::RawFd;
use std::path::Path;
use std::time::Instant;

/// At most so many files live in the ring's own table; further ones are ordinary descriptors.
const SLOTS_MAX: u32 = 4096;
const SPARE_IOVECS_MAX: usize = 64;

/// Relative paths begin at the working directory.
const HERE: Fd = Fd(libc::AT_FDCWD);

/// Where the kernel finds an open file.
#[derive(Clone, Copy)]
enum Target {
    /// In the ring's file table: no descriptor in the process, no reference count per operation.
    Slot(u32),
    Descriptor(RawFd),
}

/// A ftruncate for kernels whose ring cannot do it.
struct Cut {
    token: Token,
    file: FileId,
    descriptor: RawFd,
    size: u64,
}

/// A small buffered write that `flush` does itself.
struct InlineWrite {
    token: Token,
    file: FileId,
    descriptor: RawFd,
    position: u64,
    iovecs: Vec<libc::iovec>,
    size: u64,
}

/// A write of whole blocks, on its way around the page cache.
struct Unstaged {
    token: Token,
    file: FileId,
    pieces: Vec<Piece>,
    shape: WriteShape,
}

/// Lives on: the thread that made it. The kernel knows it as the ring's only issuer.
pub struct UringIo {
    ring: Ring,
    files: FileTable<Target>,
    free_slots: Vec<u32>,
    operations: InFlightTable,
    cuts: Vec<Cut>,
    can_set_size: bool,
    inline: InlineWrites,
    inline_writes: Vec<InlineWrite>,
    born: Instant,
    /// Completed and not yet given to the caller.
    done: Vec<Completion>,
    reaped: Vec<CompletedEntry>,
    /// Addresses that the kernel has pinned, as its buffer number 0.
    registered: Option<Range<usize>>,
    page_cache: PageCache,
    around: Around,
    /// Whole blocks that wait for memory to be staged in.
    unstaged: VecDeque<Unstaged>,
    spare_iovecs: Vec<Vec<libc::iovec>>,
    in_flight: usize,
    locks: Locks,
    cold_calls: u64,
    /// Every completion as the kernel gave it.
    #[cfg(test)]
    seen: Vec<CompletedEntry>,
}

impl UringIo {
    /// Or why this machine has no io_uring for us.
    pub fn new() -> Result<Self, String> {
        Self::over(setup::make()?)
    }

    /// As on a kernel of 5.15: no deferred completions, no ftruncate.
    #[cfg(test)]
    pub(super) fn on_an_old_kernel() -> Self {
        let made = setup::make_plain().expect("this machine allows io_uring");
        Self::over(setup::Made { can_set_size: false, ..made }).expect("the ring is made")
    }

    fn over(made: setup::Made) -> Result<Self, String> {
        let mut ring = Ring::new(made.ring, made.is_deferred)?;
        // Without a ftruncate in the ring we need descriptors that we can truncate ourselves.
        let slots = if made.can_set_size { register_slots(&mut ring) } else { 0 };
        Ok(Self {
            ring,
            files: FileTable::new(),
            free_slots: (0..slots).rev().collect(),
            operations: InFlightTable::default(),
            cuts: Vec::new(),
            can_set_size: made.can_set_size,
            inline: InlineWrites::new(),
            inline_writes: Vec::new(),
            born: Instant::now(),
            done: Vec::new(),
            reaped: Vec::new(),
            registered: None,
            page_cache: PageCache::Keep,
            around: Around::default(),
            unstaged: VecDeque::new(),
            spare_iovecs: Vec::new(),
            in_flight: 0,
            locks: Locks::default(),
            cold_calls: 0,
            #[cfg(test)]
            seen: Vec::new(),
        })
    }

    /// What becomes of its large buffered writes; `Keep` unless told otherwise.
    #[must_use]
    pub fn with_page_cache(mut self, page_cache: PageCache) -> Self {
        self.page_cache = page_cache;
        self
    }

    // From operations to entries.

    fn start(&mut self, token: Token, op: Op) -> IoResult<()> {
        let file = file_of(&self.files, &op)?;
        match op {
            Op::Open { path, mode } => self.start_open(token, &path, mode),
            Op::Close { file } => {
                if self.files.begin_close(file, token) {
                    self.start_close(token, file);
                }
                Ok(())
            }
            Op::Read { position, target, .. } => {
                self.start_on(token, file, Kept::default(), |fd| read_entry(fd, position, target));
                Ok(())
            }
            Op::Write { position, pieces, durable, .. } => {
                self.start_write(token, file.expect("a write names its file"), position, pieces, durable);
                Ok(())
            }
            Op::Sync { file: id } => {
                let flags = self.sync_flags(id);
                let entry = self.on(id, |fd| opcode::Fsync::new(fd).flags(flags).build());
                self.files.begin(id);
                self.inline.sync_began();
                self.push(InFlight { token, file, stage: Stage::Syncing, kept: Kept::default() }, entry);
                Ok(())
            }
            Op::StartWriteback { position, size, .. } => {
                // The entry has 32 bits for the size, and zero means "to the end": right for a hint beyond 4 GiB.
                let size = u32::try_from(size).unwrap_or(0);
                let flags = libc::SYNC_FILE_RANGE_WRITE;
                self.start_on(token, file, Kept::default(), |fd| {
                    opcode::SyncFileRange::new(fd, size).offset(position).flags(flags).build()
                });
                Ok(())
            }
            Op::Allocate { position, size, .. } => {
                let mode = libc::FALLOC_FL_KEEP_SIZE;
                self.start_on(token, file, Kept::default(), |fd| {
                    opcode::Fallocate::new(fd, size).offset(position).mode(mode).build()
                });
                Ok(())
            }
            Op::SetSize { file: id, size } => {
                self.start_set_size(token, id, size);
                Ok(())
            }
            Op::MakeDir { path } => self.start_named(token, [Some(&path), None], |[path, _]| {
                opcode::MkDirAt::new(HERE, path).mode(DIRECTORY_PERMISSIONS).build()
            }),
            Op::Rename { from, to } => self
                .start_named(token, [Some(&from), Some(&to)], |[from, to]| opcode::RenameAt::new(HERE, from, HERE, to).build()),
            Op::Unlink { path } => {
                self.start_named(token, [Some(&path), None], |[path, _]| opcode::UnlinkAt::new(HERE, path).build())
            }
            Op::RemoveDir { path } => self.start_named(token, [Some(&path), None], |[path, _]| {
                opcode::UnlinkAt::new(HERE, path).flags(libc::AT_REMOVEDIR).build()
            }),
        }
    }

    fn start_open(&mut self, token: Token, path: &Path, mode: OpenMode) -> IoResult<()> {
        let path = c_string(path)?;
        // What is written may be written inline, which needs a descriptor.
        let slot = if mode == OpenMode::Write { None } else { self.free_slots.pop() };
        let entry = opcode::OpenAt::new(HERE, path.as_ptr()).mode(FILE_PERMISSIONS);
        let entry = match slot {
            Some(slot) => {
                let destination = DestinationSlot::try_from_slot_target(slot).expect("a slot of the table");
                entry.flags(open_flags(mode)).file_index(Some(destination))
            }
            None => entry.flags(open_flags(mode) | libc::O_CLOEXEC),
        };
        let (is_direct, is_directory) = (mode == OpenMode::Direct, mode == OpenMode::Directory);
        let stage = Stage::Opening { slot, is_direct, is_directory };
        let kept = Kept { _strings: [Some(path), None], ..Kept::default() };
        self.push(InFlight { token, file: None, stage, kept }, entry.build());
        Ok(())
    }

    /// Every other operation on the file has ended.
    fn start_close(&mut self, token: Token, file: FileId) {
        let target = self.files.remove(file);
        self.around.close(file);
        let entry = match target {
            Target::Slot(slot) => opcode::Close::new(types::Fixed(slot)).build(),
            Target::Descriptor(fd) => opcode::Close::new(types::Fd(fd)).build(),
        };
        let slot = match target {
            Target::Slot(slot) => Some(slot),
            Target::Descriptor(_) => None,
        };
        self.push(InFlight { token, file: None, stage: Stage::Closing { slot }, kept: Kept::default() }, entry);
    }

    fn start_on(&mut self, token: Token, file: Option<FileId>, kept: Kept, entry: impl FnOnce(Fd) -> Entry) {
        let id = file.expect("an operation on a file names it");
        let entry = self.on(id, entry);
        self.files.begin(id);
        self.push(InFlight { token, file, stage: Stage::Plain, kept }, entry);
    }

    fn start_write(&mut self, token: Token, id: FileId, position: u64, pieces: Vec<Piece>, durable: Option<SyncMethod>) {
        let size = pieces.iter().map(|piece| piece.size() as u64).sum();
        let shape = WriteShape { is_direct: self.files.is_direct(id), durable, position, size };
        match self.page_cache.way_of(shape) {
            WriteWay::Plain(flags) => self.start_plain(token, id, &pieces, shape, flags),
            WriteWay::Striped => self.start_striped(token, id, position, &pieces),
            WriteWay::Direct => {
                self.files.begin(id);
                self.unstaged.push_back(Unstaged { token, file: id, pieces, shape });
                self.stage_next();
            }
        }
    }

    fn start_plain(&mut self, token: Token, id: FileId, pieces: &[Piece], shape: WriteShape, flags: libc::c_int) {
        let WriteShape { durable, position, size, .. } = shape;
        let mut iovecs = self.spare_iovecs.pop().unwrap_or_default();
        iovecs.extend(pieces.iter().map(iovec));
        if let Some(descriptor) = self.goes_inline(id, shape) {
            self.files.begin(id);
            self.inline_writes.push(InlineWrite { token, file: id, descriptor, position, iovecs, size });
            return;
        }
        let write = self.on(id, |fd| match pieces {
            [piece] if self.is_registered(piece) => {
                opcode::WriteFixed::new(fd, piece.pointer(), piece.size() as u32, 0).offset(position).rw_flags(flags).build()
            }
            [piece] => opcode::Write::new(fd, piece.pointer(), piece.size() as u32).offset(position).rw_flags(flags).build(),
            // The vector keeps its place in memory when it moves into the table of operations.
            _ => opcode::Writev::new(fd, iovecs.as_ptr(), iovecs.len() as u32).offset(position).rw_flags(flags).build(),
        });
        let kept = Kept { iovecs, ..Kept::default() };
        self.files.begin(id);
        if durable != Some(SyncMethod::Linked) {
            self.push(InFlight { token, file: Some(id), stage: Stage::Plain, kept }, write);
            return;
        }
        let sync = self.on(id, |fd| opcode::Fsync::new(fd).flags(FsyncFlags::DATASYNC).build());
        let stage = Stage::Linked(LinkedWrite::new(size));
        let number = u64::from(self.operations.insert(InFlight { token, file: Some(id), stage, kept }));
        let pair = [write.flags(Flags::IO_LINK).user_data(number), sync.user_data(number | SYNC_HALF)];
        // SAFETY: the iovecs stay in the table until both completed, the memory by the submitter's promise.
        unsafe { self.ring.stage_linked(pair) };
    }

    /// In order: whoever came first is staged first.
    fn stage_next(&mut self) -> bool {
        let Some(Unstaged { token, file, pieces, shape }) = self.unstaged.pop_front() else { return false };
        let staged = match self.files.target(file) {
            Target::Descriptor(descriptor) => self.around.stage(file, descriptor, &pieces),
            Target::Slot(_) => Staged::Never,
        };
        let (descriptor, buffer) = match staged {
            Staged::Later => {
                self.unstaged.push_front(Unstaged { token, file, pieces, shape });
                return false;
            }
            Staged::Never => {
                self.start_plain(token, file, &pieces, shape, PageCache::Pass.flags_of(shape.size));
                self.end(file);
                return true;
            }
            Staged::Here(descriptor, buffer) => (descriptor, buffer),
        };
        let memory = buffer.piece(0, shape.size as usize);
        let write = opcode::Write::new(Fd(descriptor), memory.pointer(), memory.size() as u32).offset(shape.position).build();
        let kept = Kept { staged: Some(buffer), ..Kept::default() };
        self.push(InFlight { token, file: Some(file), stage: Stage::Plain, kept }, write);
        true
    }

    fn goes_inline(&mut self, id: FileId, WriteShape { is_direct, durable, size, .. }: WriteShape) -> Option<RawFd> {
        let Target::Descriptor(descriptor) = self.files.target(id) else { return None };
        // One that passes begins its way to the disk at once, which is a worker's to do.
        if durable.is_some() || is_direct || self.page_cache.lets_pass(size) {
            return None;
        }
        self.inline.admits(size, self.born.elapsed()).then_some(descriptor)
    }

    fn is_registered(&self, piece: &Piece) -> bool {
        let begin = piece.address();
        self.registered.as_ref().is_some_and(|known| known.start <= begin && begin + piece.size() <= known.end)
    }

    fn start_striped(&mut self, token: Token, id: FileId, position: u64, pieces: &[Piece]) {
        let mut iovecs = self.spare_iovecs.pop().unwrap_or_default();
        let strips = cut_strips(position, pieces, &mut iovecs);
        let first = iovecs.as_ptr();
        let stage = Stage::Striped(StripedWrite::new(strips.len()));
        self.files.begin(id);
        let kept = Kept { iovecs, ..Kept::default() };
        let number = u64::from(self.operations.insert(InFlight { token, file: Some(id), stage, kept }));
        for strip in strips {
            let count = strip.iovecs.len() as u32;
            // The vector keeps its place in memory when it moves into the table of operations.
            let vectors = first.wrapping_add(strip.iovecs.start);
            let entry = self.on(id, |fd| opcode::Writev::new(fd, vectors, count).offset(strip.position).build());
            // SAFETY: the vectors stay in the table until the last strip completed, the memory by the submitter's promise.
            unsafe { self.ring.stage(entry.user_data(number)) };
        }
    }

    fn start_set_size(&mut self, token: Token, id: FileId, size: u64) {
        match self.files.target(id) {
            Target::Descriptor(descriptor) if !self.can_set_size => {
                self.files.begin(id);
                self.cuts.push(Cut { token, file: id, descriptor, size });
            }
            _ => self.start_on(token, Some(id), Kept::default(), |fd| opcode::Ftruncate::new(fd, size).build()),
        }
    }

    fn start_named(
        &mut self,
        token: Token,
        paths: [Option<&Path>; 2],
        entry: impl FnOnce([*const libc::c_char; 2]) -> Entry,
    ) -> IoResult<()> {
        let mut strings: [Option<CString>; 2] = [None, None];
        for (string, path) in strings.iter_mut().zip(paths) {
            *string = path.map(c_string).transpose()?;
        }
        let pointers = [0, 1].map(|index: usize| strings[index].as_ref().map_or(std::ptr::null(), |string| string.as_ptr()));
        let kept = Kept { _strings: strings, ..Kept::default() };
        self.push(InFlight { token, file: None, stage: Stage::Plain, kept }, entry(pointers));
        Ok(())
    }

    /// fdatasync of a directory may leave out its entries.
    fn sync_flags(&self, id: FileId) -> FsyncFlags {
        if self.files.is_directory(id) {
            FsyncFlags::empty()
        } else {
            FsyncFlags::DATASYNC
        }
    }

    fn on(&self, id: FileId, entry: impl FnOnce(Fd) -> Entry) -> Entry {
        match self.files.target(id) {
            Target::Slot(slot) => entry(Fd(slot as RawFd)).flags(Flags::FIXED_FILE),
            Target::Descriptor(fd) => entry(Fd(fd)),
        }
    }

    fn push(&mut self, operation: InFlight, entry: Entry) {
        let number = u64::from(self.operations.insert(operation));
        // SAFETY: what the entry points to is in the table, or the submitter promised it.
        unsafe { self.ring.stage(entry.user_data(number)) };
    }

    // From completions to results.

    fn reap(&mut self) {
        self.ring.collect();
        let mut reaped = std::mem::take(&mut self.reaped);
        self.ring.reap(&mut reaped);
        #[cfg(test)]
        self.seen.extend(reaped.iter().copied());
        reaped.drain(..).for_each(|entry| self.complete(&entry));
        self.reaped = reaped;
    }

    fn complete(&mut self, entry: &CompletedEntry) {
        let index = entry.number as u32;
        let operation = self.operations.get_mut(index);
        let mut result = answer(entry.result);
        match &mut operation.stage {
            Stage::Linked(write) => {
                let half = if entry.number & SYNC_HALF == 0 { &mut write.written } else { &mut write.synced };
                *half = Some(entry.result);
                match write.state() {
                    LinkedState::Waiting => return,
                    LinkedState::SyncAgain => return self.sync_again(index),
                    LinkedState::Done(whole) => result = answer(whole),
                }
            }
            Stage::Striped(write) => match write.note(result) {
                None => return,
                Some(whole) => result = whole,
            },
            _ => {}
        }
        let operation = self.operations.remove(index);
        let result = match operation.stage {
            Stage::Opening { slot, is_direct, is_directory } => self.opened(slot, result, is_direct, is_directory),
            Stage::Closing { slot } => {
                self.free_slots.extend(slot);
                result
            }
            Stage::Syncing => {
                self.inline.sync_ended();
                result
            }
            Stage::Plain | Stage::Linked(_) | Stage::Striped(_) => result,
        };
        self.recycle(operation.kept.iovecs);
        if let Some(buffer) = operation.kept.staged {
            self.around.take_back(buffer);
            while self.stage_next() {
                self.ring.flush_newest();
            }
        }
        self.done.push(Completion { token: operation.token, result });
        if let Some(file) = operation.file {
            self.end(file);
        }
    }

    fn sync_again(&mut self, index: u32) {
        let file = self.operations.get_mut(index).file.expect("a write names its file");
        let sync = self.on(file, |fd| opcode::Fsync::new(fd).flags(FsyncFlags::DATASYNC).build());
        // SAFETY: a sync points to nothing.
        unsafe { self.ring.stage(sync.user_data(u64::from(index) | SYNC_HALF)) };
        self.ring.flush_newest();
    }

    fn opened(&mut self, slot: Option<u32>, result: IoResult<u64>, is_direct: bool, is_directory: bool) -> IoResult<u64> {
        match (result, slot) {
            (Ok(_), Some(slot)) => Ok(u64::from(self.files.insert(Target::Slot(slot), is_direct, is_directory).0)),
            (Ok(fd), None) => Ok(u64::from(self.files.insert(Target::Descriptor(fd as RawFd), is_direct, is_directory).0)),
            (Err(error), slot) => {
                self.free_slots.extend(slot);
                Err(error)
            }
        }
    }

    /// One operation on the file less; a Close that waited for the last one goes ahead.
    fn end(&mut self, file: FileId) {
        if let Some(token) = self.files.end(file) {
            self.start_close(token, file);
            self.ring.flush_newest();
        }
    }

    fn recycle(&mut self, mut iovecs: Vec<libc::iovec>) {
        if iovecs.capacity() > 0 && self.spare_iovecs.len() < SPARE_IOVECS_MAX {
            iovecs.clear();
            self.spare_iovecs.push(iovecs);
        }
    }

    // Into the kernel.

    /// Everything that was submitted.
    fn send(&mut self) {
        self.ring.flush();
        self.cut_files();
        self.write_inline();
        self.submit_entries();
    }

    fn cut_files(&mut self) {
        for cut in std::mem::take(&mut self.cuts) {
            self.cold_calls += 1;
            // SAFETY: the descriptor is open: its Close waits for this operation.
            let failed = unsafe { libc::ftruncate(cut.descriptor, cut.size as libc::off_t) } == -1;
            let result = if failed { Err(IoError::last()) } else { Ok(0) };
            self.done.push(Completion { token: cut.token, result });
            self.end(cut.file);
        }
    }

    fn write_inline(&mut self) {
        let mut writes = std::mem::take(&mut self.inline_writes);
        for write in writes.drain(..) {
            self.cold_calls += 1;
            let begun = self.born.elapsed();
            // SAFETY: the descriptor is open, as its Close waits for this operation; the memory by the submitter's promise.
            let result = unsafe { write_now(&write) };
            let now = self.born.elapsed();
            self.inline.took(write.size, now - begun, now);
            self.recycle(write.iovecs);
            self.done.push(Completion { token: write.token, result });
            self.end(write.file);
        }
        self.inline_writes = writes;
        self.inline.turn_ended();
    }

    fn submit_entries(&mut self) {
        let operations = &mut self.operations;
        self.ring.submit(|number| mark_split(operations, number));
    }

    fn await_entries(&mut self) {
        let operations = &mut self.operations;
        self.ring.wait(|number| mark_split(operations, number));
    }

    fn submit_or_wait(&mut self) {
        while self.done.is_empty() {
            assert!(self.ring.is_busy(), "an operation is in flight that nothing will complete");
            self.await_entries();
            self.reap();
        }
    }

    /// Reaps until nothing is left to reap, with the signals switched on again behind it.
    fn reap_all(&mut self) {
        loop {
            self.reap();
            // What was short of room, a Close that waited, a sync to repeat.
            self.submit_entries();
            if self.ring.end_reaping() {
                return;
            }
            self.ring.begin_reaping();
        }
    }

    fn give(&mut self, completions: &mut Vec<Completion>) {
        self.in_flight -= self.done.len();
        completions.append(&mut self.done);
    }
}

/// # Safety
/// The descriptor is open, and the vectors lie in readable memory.
unsafe fn write_now(write: &InlineWrite) -> IoResult<u64> {
    let (vectors, count) = (write.iovecs.as_ptr(), write.iovecs.len() as libc::c_int);
    loop {
        // SAFETY: promised.
        match unsafe { libc::pwritev(write.descriptor, vectors, count, write.position as libc::off_t) } {
            written @ 0.. => return Ok(written as u64),
            _ if IoError::last() == IoError(libc::EINTR) => {}
            _ => return Err(IoError::last()),
        }
    }
}

fn answer(result: i32) -> IoResult<u64> {
    if result < 0 {
        Err(IoError(-result))
    } else {
        Ok(result as u64)
    }
}

fn mark_split(operations: &mut InFlightTable, number: u64) {
    if let Stage::Linked(write) = &mut operations.get_mut(number as u32).stage {
        write.was_split = true;
    }
}

fn read_entry(fd: Fd, position: u64, target: Piece) -> Entry {
    opcode::Read::new(fd, target.pointer(), target.size() as u32).offset(position).build()
}

/// The table counts against the limit on open files. None at all is fine too.
fn register_slots(ring: &mut Ring) -> u32 {
    let slots = descriptors_max().min(SLOTS_MAX as usize) as u32;
    match ring.register_files(slots) {
        Ok(()) => slots,
        Err(_) => 0,
    }
}

impl Io for UringIo {
    fn submit(&mut self, token: Token, op: Op) {
        self.in_flight += 1;
        if let Err(error) = self.start(token, op) {
            self.done.push(Completion { token, result: Err(error) });
        }
    }

    fn flush(&mut self) {
        self.send();
        if !self.done.is_empty() {
            self.ring.signal();
        }
    }

    fn flush_and_take(&mut self, completions: &mut Vec<Completion>) {
        self.send();
        self.give(completions);
    }

    fn poll(&mut self, completions: &mut Vec<Completion>) {
        self.ring.begin_reaping();
        self.reap_all();
        self.give(completions);
    }

    fn wait(&mut self, completions: &mut Vec<Completion>) {
        if self.in_flight == 0 {
            return;
        }
        self.ring.flush();
        self.ring.begin_reaping();
        self.cut_files();
        self.write_inline();
        self.submit_or_wait();
        self.reap_all();
        self.give(completions);
    }

    fn register(&mut self, memory: &AlignedBuffer) -> bool {
        let bytes = memory.bytes();
        let is_registered = self.registered.is_none() && self.ring.register_buffer(bytes);
        if is_registered {
            let begin = bytes.as_ptr() as usize;
            self.registered = Some(begin..begin + bytes.len());
        }
        is_registered
    }

    fn share(&mut self, path: &Path) -> Option<SharedFile> {
        SharedFile::open(path).ok()
    }

    fn in_flight(&self) -> usize {
        self.in_flight
    }

    fn wakeup_fd(&self) -> Option<RawFd> {
        Some(self.ring.watch(!self.done.is_empty()))
    }

    fn name(&self) -> &'static str {
        "uring"
    }

    fn system_calls(&self) -> u64 {
        self.ring.system_calls + self.cold_calls
    }

    fn staged_size(&self) -> u64 {
        self.around.staged_size()
    }

    fn list(&mut self, directory: &Path) -> IoResult<Vec<DirEntry>> {
        self.cold_calls += 1;
        cold::list(directory)
    }

    fn file_size(&mut self, path: &Path) -> IoResult<Option<u64>> {
        self.cold_calls += 1;
        cold::file_size(path)
    }

    fn lock(&mut self, path: &Path) -> IoResult<()> {
        self.cold_calls += 2;
        self.locks.take(path)
    }
}

impl Drop for UringIo {
    /// The kernel reads and writes memory of others until the last completion, so this waits for it, even in a panic.
    fn drop(&mut self) {
        let mut completions = Vec::new();
        while self.in_flight > 0 {
            self.wait(&mut completions);
        }
        for target in self.files.targets() {
            if let Target::Descriptor(fd) = target {
                // SAFETY: ours, and nothing uses it any more.
                unsafe { libc::close(fd) };
            }
        }
        self.ring.close_files();
    }
}
