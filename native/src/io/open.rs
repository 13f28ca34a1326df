use super::{FallbackIo, Io, PageCache, UringIo};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoChoice {
    /// io_uring where the machine allows it, else the fallback.
    Auto,
    Uring,
    Fallback,
}

/// An Io for the calling thread.
pub struct OpenedIo {
    pub io: Box<dyn Io>,
    /// Set when the machine forbids io_uring and the fallback was chosen for that: to announce at start.
    pub why_not_uring: Option<String>,
}

/// Fails with a sentence: no io_uring though it was asked for, or no threads and descriptors for the fallback.
pub fn open_io(choice: IoChoice, page_cache: PageCache) -> Result<OpenedIo, String> {
    match choice {
        IoChoice::Uring => Ok(OpenedIo { io: uring(page_cache)?, why_not_uring: None }),
        IoChoice::Fallback => Ok(OpenedIo { io: fallback(page_cache)?, why_not_uring: None }),
        IoChoice::Auto => match uring(page_cache) {
            Ok(io) => Ok(OpenedIo { io, why_not_uring: None }),
            Err(why) => Ok(OpenedIo { io: fallback(page_cache)?, why_not_uring: Some(why) }),
        },
    }
}

fn uring(page_cache: PageCache) -> Result<Box<dyn Io>, String> {
    Ok(Box::new(UringIo::new()?.with_page_cache(page_cache)))
}

fn fallback(page_cache: PageCache) -> Result<Box<dyn Io>, String> {
    match FallbackIo::new() {
        Ok(io) => Ok(Box::new(io.with_page_cache(page_cache))),
        Err(error) => Err(format!("the threads of the fallback could not start: {error}")),
    }
}
