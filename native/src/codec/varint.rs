//! Integers of variable size as records hold them: seven bits a byte, lowest first, the sign folded into bit 0
//! (0, -1, 1, -2 … become 0, 1, 2, 3 …) so that small negative numbers stay small.

/// A varint that does not end, or holds more than its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VarintError;

pub fn write_varint(target: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        target.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    target.push(rest as u8);
}

#[must_use]
pub fn varint_size(value: i64) -> usize {
    let folded = ((value << 1) ^ (value >> 63)) as u64;
    (70 - (folded | 1).leading_zeros() as usize) / 7
}

/// Takes a 64-bit varint from the front of the bytes.
///
/// # Errors
/// `VarintError`, and the bytes stay.
pub fn take_varlong(bytes: &mut &[u8]) -> Result<i64, VarintError> {
    let mut folded = 0u64;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        folded |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            // The tenth byte has room for one bit.
            if index == 9 && byte > 1 {
                return Err(VarintError);
            }
            *bytes = &bytes[index + 1..];
            return Ok((folded >> 1) as i64 ^ -((folded & 1) as i64));
        }
    }
    Err(VarintError)
}

/// Takes a 32-bit varint from the front of the bytes.
///
/// # Errors
/// `VarintError`, and the bytes stay. Also for one of more than five bytes, whatever its value.
pub fn take_varint(bytes: &mut &[u8]) -> Result<i32, VarintError> {
    let mut rest = *bytes;
    let value = take_varlong(&mut rest)?;
    if bytes.len() - rest.len() > 5 {
        return Err(VarintError);
    }
    *bytes = rest;
    i32::try_from(value).map_err(|_| VarintError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(value: i64) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_varint(&mut bytes, value);
        bytes
    }

    #[test]
    fn known_bytes() {
        assert_eq!(written(0), [0]);
        assert_eq!(written(-1), [1]);
        assert_eq!(written(63), [126]);
        assert_eq!(written(64), [0x80, 1]);
        assert_eq!(written(-65), [0x81, 1]);
        assert_eq!(written(i64::from(i32::MIN)), [0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert_eq!(written(i64::MIN), [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    }

    #[test]
    fn what_does_not_end_or_fit_is_an_error() {
        assert_eq!(take_varlong(&mut [].as_slice()), Err(VarintError));
        assert_eq!(take_varlong(&mut [0x80; 9].as_slice()), Err(VarintError));
        assert_eq!(take_varlong(&mut [0x80; 20].as_slice()), Err(VarintError));
        assert_eq!(take_varlong(&mut [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2].as_slice()), Err(VarintError));
        assert_eq!(take_varint(&mut written(i64::from(i32::MAX) + 1).as_slice()), Err(VarintError));
        assert_eq!(take_varint(&mut [0x80, 0x80, 0x80, 0x80, 0x80, 0].as_slice()), Err(VarintError));
        let mut bytes = [0x80u8].as_slice();
        assert_eq!((take_varint(&mut bytes), bytes.len()), (Err(VarintError), 1));
    }

    proptest! {
        #[test]
        fn reads_what_was_written(value in any::<i64>(), shift in 0u32..64, rest in prop::collection::vec(any::<u8>(), 0..3)) {
            let value = value >> shift;
            let mut bytes = written(value);
            prop_assert_eq!(bytes.len(), varint_size(value));
            bytes.extend_from_slice(&rest);
            let mut long = bytes.as_slice();
            prop_assert_eq!(take_varlong(&mut long), Ok(value));
            prop_assert_eq!(long, rest.as_slice());
            let mut int = bytes.as_slice();
            prop_assert_eq!(take_varint(&mut int), i32::try_from(value).map_err(|_| VarintError));
        }
    }
}
