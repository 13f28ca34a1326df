//! Doorbells between threads, and the callback that a doorbell or the completions of an `Io` wake.

use super::guarded;
use super::poll::{Poll, Source};
use crate::io::{Doorbell, EventFd};
use napi::bindgen_prelude::{Either, Env, Function, JsValue};
use napi_derive::napi;
use std::collections::HashMap;
use std::ptr::null_mut;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

/// Doorbells by number, for the threads of this process: a number fits a port message, a descriptor in it would not know
/// when it may be closed. A doorbell ends with its last holder; its number never comes back.
static DOORBELLS: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Registry {
    last: u32,
    doorbells: HashMap<u32, Weak<Doorbell>>,
}

impl Registry {
    fn add(&mut self, doorbell: &Arc<Doorbell>) -> u32 {
        self.doorbells.retain(|_, doorbell| doorbell.strong_count() > 0);
        self.last += 1;
        self.doorbells.insert(self.last, Arc::downgrade(doorbell));
        self.last
    }

    fn get(&self, id: u32) -> Option<Arc<Doorbell>> {
        self.doorbells.get(&id).and_then(Weak::upgrade)
    }
}

fn with_registry<T>(work: impl FnOnce(&mut Registry) -> T) -> T {
    work(&mut DOORBELLS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Wakes one thread, from any thread that opened it by its number.
#[napi]
pub struct BindingDoorbell {
    id: u32,
    doorbell: Arc<Doorbell>,
}

impl BindingDoorbell {
    /// For rings whose native end wakes the thread of this doorbell.
    #[must_use]
    pub fn share(&self) -> Arc<Doorbell> {
        Arc::clone(&self.doorbell)
    }
}

#[napi]
impl BindingDoorbell {
    #[napi(getter)]
    pub fn id(&self) -> u32 {
        self.id
    }

    #[napi]
    pub fn ring(&self) {
        guarded(|| self.doorbell.ring());
    }
}

/// A new doorbell, or why there is none.
#[napi]
pub fn create_doorbell() -> Either<BindingDoorbell, String> {
    guarded(|| match Doorbell::new() {
        Ok(doorbell) => {
            let doorbell = Arc::new(doorbell);
            let id = with_registry(|registry| registry.add(&doorbell));
            Either::A(BindingDoorbell { id, doorbell })
        }
        Err(error) => Either::B(error.to_string()),
    })
}

/// Another thread's doorbell; nothing once all its holders are gone.
#[napi]
pub fn open_doorbell(id: u32) -> Option<BindingDoorbell> {
    guarded(|| with_registry(|registry| registry.get(id)).map(|doorbell| BindingDoorbell { id, doorbell }))
}

/// A callback on the calling thread's event loop, once per wake. Ends with `close` or with its thread.
#[napi]
pub struct BindingWakeup {
    /// Null once closed. The event loop owns it.
    poll: *mut Poll,
}

impl BindingWakeup {
    /// Of an eventfd or epoll that others own: `pump` runs on each wake, and the callback if it says so.
    pub(super) fn pumped(
        env: Env,
        descriptor: i32,
        callback: Function<(), ()>,
        pump: impl Fn() -> bool + 'static,
    ) -> Either<Self, String> {
        match EventFd::duplicate(descriptor) {
            Ok(event) => start(env, Source::Pumped(event, Box::new(pump)), callback),
            Err(error) => Either::B(error.to_string()),
        }
    }
}

#[napi]
impl BindingWakeup {
    #[napi]
    pub fn close(&mut self) {
        guarded(|| {
            if !self.poll.is_null() {
                // SAFETY: freed only after `close`, or after the last JavaScript of this thread has run.
                unsafe { (*self.poll).close() };
                self.poll = null_mut();
            }
        });
    }
}

/// Calls back whenever the doorbell has rung. One thread watches a doorbell, once.
#[napi]
pub fn watch_doorbell(env: Env, doorbell: &BindingDoorbell, callback: Function<(), ()>) -> Either<BindingWakeup, String> {
    guarded(|| start(env, Source::Doorbell(doorbell.share()), callback))
}

/// Calls back whenever the eventfd is readable, after resetting it: the completions of an `Io`, named by its descriptor.
#[napi]
pub fn watch_event(env: Env, descriptor: i32, callback: Function<(), ()>) -> Either<BindingWakeup, String> {
    guarded(|| match EventFd::duplicate(descriptor) {
        Ok(event) => start(env, Source::Event(event), callback),
        Err(error) => Either::B(error.to_string()),
    })
}

fn start(env: Env, source: Source, callback: Function<(), ()>) -> Either<BindingWakeup, String> {
    // SAFETY: environment and function of the running call.
    match unsafe { Poll::start(env.raw(), source, callback.raw()) } {
        Ok(poll) => Either::A(BindingWakeup { poll }),
        Err(reason) => Either::B(reason.to_owned()),
    }
}
