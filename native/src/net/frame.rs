//! Where frames begin and end: four bytes of size, big-endian, then so many bytes. Pure.

/// Bytes of a frame's size in front of it.
pub const SIZE_PREFIX: usize = 4;

/// The first four bytes of a TLS ClientHello, read as a size, are above this, and so are those of every HTTP method: with frames
/// below it no frame can be mistaken for either.
pub const FRAME_SIZE_LIMIT: u32 = 0x1603_0000 - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// `total` is the frame with its prefix, once that is there.
    Partial {
        total: Option<usize>,
    },
    Whole {
        total: usize,
    },
    Broken(Broken),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    NegativeSize,
    TooLarge,
    Http,
    Tls,
}

const METHODS: [&[u8; 4]; 10] = [b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"OPTI", b"PATC", b"CONN", b"TRAC", b"PRI "];

/// What lies at the start of the bytes. `is_first`: nothing came before them on the connection.
#[must_use]
pub fn look(bytes: &[u8], frame_size_max: u32, is_first: bool) -> Look {
    let Some(prefix) = bytes.first_chunk::<SIZE_PREFIX>() else { return Look::Partial { total: None } };
    let size = i32::from_be_bytes(*prefix);
    match u32::try_from(size) {
        Ok(size) if size <= frame_size_max => {
            let total = SIZE_PREFIX + size as usize;
            if bytes.len() < total {
                Look::Partial { total: Some(total) }
            } else {
                Look::Whole { total }
            }
        }
        Ok(_) => Look::Broken(too_large(prefix, is_first)),
        Err(_) => Look::Broken(Broken::NegativeSize),
    }
}

fn too_large(prefix: &[u8; SIZE_PREFIX], is_first: bool) -> Broken {
    match prefix {
        _ if !is_first => Broken::TooLarge,
        [0x16, 0x03, 0..=4, _] => Broken::Tls,
        _ if METHODS.contains(&prefix) => Broken::Http,
        _ => Broken::TooLarge,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u32 = 100 << 20;

    fn first(bytes: &[u8]) -> Look {
        look(bytes, MAX, true)
    }

    #[test]
    fn a_frame_is_whole_with_its_last_byte() {
        assert_eq!(first(&[]), Look::Partial { total: None });
        assert_eq!(first(&[0, 0, 0]), Look::Partial { total: None });
        assert_eq!(first(&[0, 0, 0, 2]), Look::Partial { total: Some(6) });
        assert_eq!(first(&[0, 0, 0, 2, 9]), Look::Partial { total: Some(6) });
        assert_eq!(first(&[0, 0, 0, 2, 9, 9]), Look::Whole { total: 6 });
        assert_eq!(first(&[0, 0, 0, 2, 9, 9, 0]), Look::Whole { total: 6 });
        assert_eq!(first(&[0, 0, 0, 0]), Look::Whole { total: 4 });
    }

    #[test]
    fn sizes_that_no_frame_has_are_named() {
        assert_eq!(first(&MAX.to_be_bytes()), Look::Partial { total: Some(MAX as usize + 4) });
        assert_eq!(first(&(MAX + 1).to_be_bytes()), Look::Broken(Broken::TooLarge));
        assert_eq!(first(&(-1i32).to_be_bytes()), Look::Broken(Broken::NegativeSize));
        assert_eq!(first(&i32::MIN.to_be_bytes()), Look::Broken(Broken::NegativeSize));
    }

    #[test]
    fn other_protocols_are_recognised_at_the_first_bytes_alone() {
        for method in METHODS {
            assert_eq!(first(method), Look::Broken(Broken::Http));
            assert_eq!(look(method, FRAME_SIZE_LIMIT, true), Look::Broken(Broken::Http), "the largest limit hides none");
            assert_eq!(look(method, MAX, false), Look::Broken(Broken::TooLarge));
        }
        for minor in 0..=4 {
            assert_eq!(look(&[0x16, 3, minor, 0], FRAME_SIZE_LIMIT, true), Look::Broken(Broken::Tls));
        }
    }
}
