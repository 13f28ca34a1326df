//! A libuv poll handle on the calling thread's own event loop: no helper thread between an eventfd and JavaScript.
//!
//! ```text
//!  start ──► polling ──close()──────────────► closing ──loop turn──► closed: references dropped, memory freed
//!               └────the environment ends────────┘
//! ```
//!
//! libuv owns the handle's memory until its close callback, which needs a turn of the loop; an environment that ends with an
//! open handle aborts the process. So the cleanup hook is an asynchronous one: Node turns the loop until it is removed.

use super::guarded;
use crate::io::{Doorbell, EventFd};
use napi::sys;
use std::ffi::{c_int, c_void};
use std::os::fd::AsRawFd;
use std::ptr::{null, null_mut};
use std::sync::Arc;

// The part of libuv that Node exports and that keeps its form through a major version.
extern "C" {
    fn uv_handle_size(kind: c_int) -> usize;
    fn uv_handle_set_data(handle: *mut c_void, data: *mut c_void);
    fn uv_handle_get_data(handle: *const c_void) -> *mut c_void;
    fn uv_poll_init(event_loop: *mut sys::uv_loop_s, handle: *mut c_void, fd: c_int) -> c_int;
    fn uv_poll_start(handle: *mut c_void, events: c_int, callback: PollCallback) -> c_int;
    fn uv_close(handle: *mut c_void, callback: CloseCallback);
}

type PollCallback = extern "C" fn(handle: *mut c_void, status: c_int, events: c_int);
type CloseCallback = extern "C" fn(handle: *mut c_void);

const UV_POLL: c_int = 8;
const UV_READABLE: c_int = 1;

/// What is polled. It is reset before JavaScript runs, so that what comes during its turn wakes it again.
pub enum Source {
    Doorbell(Arc<Doorbell>),
    /// A duplicate: whoever owns the original may close it first.
    Event(EventFd),
    /// As above, with what is done on this thread before JavaScript. False: there is nothing left for it to do.
    Pumped(EventFd, Box<dyn Fn() -> bool>),
}

impl Source {
    fn fd(&self) -> c_int {
        match self {
            Self::Doorbell(doorbell) => doorbell.event().as_raw_fd(),
            Self::Event(event) | Self::Pumped(event, _) => event.as_raw_fd(),
        }
    }

    /// True: JavaScript is to be called.
    fn reset(&self) -> bool {
        match self {
            Self::Doorbell(doorbell) => doorbell.answer(),
            Self::Event(event) => event.drain(),
            Self::Pumped(event, pump) => {
                event.drain();
                return pump();
            }
        };
        true
    }
}

/// Lives on: the thread of its environment. Owned by: the event loop, from `start` to the close callback.
pub struct Poll {
    /// Memory of libuv's size for a poll handle, which begins with a pointer to this Poll.
    handle: Box<[u64]>,
    env: sys::napi_env,
    callback: sys::napi_ref,
    cleanup: sys::napi_async_cleanup_hook_handle,
    source: Source,
    is_closing: bool,
}

impl Poll {
    /// Calls `callback` for each wake that it is needed for, until `close` or the end of the environment. Keeps the loop alive meanwhile.
    ///
    /// # Safety
    /// `env` is the calling thread's environment and `callback` a function of it.
    pub unsafe fn start(env: sys::napi_env, source: Source, callback: sys::napi_value) -> Result<*mut Self, &'static str> {
        // SAFETY: no argument is a pointer.
        let words = unsafe { uv_handle_size(UV_POLL) }.div_ceil(8);
        let (callback, cleanup) = (reference(env, callback)?, null_mut());
        let handle = vec![0u64; words].into_boxed_slice();
        let poll = Box::into_raw(Box::new(Self { handle, env, callback, cleanup, source, is_closing: false }));
        // SAFETY: just made; whichever step fails gives it back.
        unsafe { (*poll).register(poll) }.map(|()| poll)
    }

    unsafe fn register(&mut self, own: *mut Self) -> Result<(), &'static str> {
        let mut event_loop = null_mut();
        let handle = self.handle();
        // SAFETY: the handle has libuv's size, stays where it is, and the loop is this thread's.
        unsafe {
            if sys::napi_get_uv_event_loop(self.env, &raw mut event_loop) != sys::Status::napi_ok
                || uv_poll_init(event_loop, handle, self.source.fd()) != 0
            {
                Self::free(own);
                return Err("the event loop does not poll this descriptor");
            }
            uv_handle_set_data(handle, own.cast());
            if uv_poll_start(handle, UV_READABLE, poll_on_readable) != 0 || !self.add_cleanup(own) {
                (*own).close();
                return Err("the event loop does not start to poll");
            }
        }
        Ok(())
    }

    unsafe fn add_cleanup(&mut self, own: *mut Self) -> bool {
        // SAFETY: `own` lives until the close callback, which removes the hook.
        let status = unsafe {
            sys::napi_add_async_cleanup_hook(self.env, Some(poll_on_environment_end), own.cast(), &raw mut self.cleanup)
        };
        status == sys::Status::napi_ok
    }

    fn handle(&mut self) -> *mut c_void {
        self.handle.as_mut_ptr().cast()
    }

    /// Stops polling at once; memory goes with a later turn of the loop. More calls until then do nothing.
    pub fn close(&mut self) {
        if !self.is_closing {
            self.is_closing = true;
            // SAFETY: an initialised handle, closed once.
            unsafe { uv_close(self.handle(), poll_on_closed) };
        }
    }

    fn wake(&self) {
        if !self.source.reset() {
            return;
        }
        // SAFETY: on the environment's thread, between two turns of JavaScript; values live in the scope opened here.
        unsafe {
            let mut scope = null_mut();
            if sys::napi_open_handle_scope(self.env, &raw mut scope) == sys::Status::napi_ok {
                self.call();
                sys::napi_close_handle_scope(self.env, scope);
            }
        }
    }

    unsafe fn call(&self) {
        let (mut callback, mut receiver, mut result) = (null_mut(), null_mut(), null_mut());
        // SAFETY: a scope is open; a worker that is being ended refuses the calls, and then nobody is left to be told.
        unsafe {
            if sys::napi_get_reference_value(self.env, self.callback, &raw mut callback) != sys::Status::napi_ok
                || sys::napi_get_global(self.env, &raw mut receiver) != sys::Status::napi_ok
            {
                return;
            }
            let status = sys::napi_make_callback(self.env, null_mut(), receiver, callback, 0, null(), &raw mut result);
            if status == sys::Status::napi_pending_exception {
                self.rethrow();
            }
        }
    }

    /// What a callback throws is an uncaught exception like any other.
    unsafe fn rethrow(&self) {
        let mut exception = null_mut();
        // SAFETY: as in `call`.
        unsafe {
            if sys::napi_get_and_clear_last_exception(self.env, &raw mut exception) == sys::Status::napi_ok {
                sys::napi_fatal_exception(self.env, exception);
            }
        }
    }

    unsafe fn free(own: *mut Self) {
        // SAFETY: made by `start`; libuv no longer knows the handle.
        let poll = unsafe { Box::from_raw(own) };
        // SAFETY: the environment outlives its hooks, and removing the hook must come last for that reason.
        unsafe {
            sys::napi_delete_reference(poll.env, poll.callback);
            if !poll.cleanup.is_null() {
                sys::napi_remove_async_cleanup_hook(poll.cleanup);
            }
        }
    }
}

fn reference(env: sys::napi_env, value: sys::napi_value) -> Result<sys::napi_ref, &'static str> {
    let mut reference = null_mut();
    // SAFETY: a value of the running call.
    let status = unsafe { sys::napi_create_reference(env, value, 1, &raw mut reference) };
    if status == sys::Status::napi_ok {
        Ok(reference)
    } else {
        Err("the callback cannot be kept")
    }
}

extern "C" fn poll_on_readable(handle: *mut c_void, _status: c_int, _events: c_int) {
    // SAFETY: set in `register`, and not freed before `poll_on_closed`, which no callback runs inside.
    guarded(|| unsafe { (*uv_handle_get_data(handle).cast::<Poll>()).wake() });
}

extern "C" fn poll_on_closed(handle: *mut c_void) {
    // SAFETY: libuv is done with the handle.
    guarded(|| unsafe { Poll::free(uv_handle_get_data(handle).cast()) });
}

extern "C" fn poll_on_environment_end(_hook: sys::napi_async_cleanup_hook_handle, own: *mut c_void) {
    // SAFETY: the hook is removed before the Poll is freed.
    guarded(|| unsafe { (*own.cast::<Poll>()).close() });
}
