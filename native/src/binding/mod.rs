//! The only code that names napi. Every exported type is `Binding*`; values in, results out; nothing throws and no
//! panic crosses: a panic that reaches Node through napi aborts the process without a reason.
#![allow(unsafe_code)]

mod doctor;
