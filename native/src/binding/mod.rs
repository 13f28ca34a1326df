//! napi: filled by its owner.
