//! Values as bytes: numbers in little-endian order, counts before what they count, a tag before each variant.
//!
//! Reading trusts nothing: damaged bytes give an error, never a panic, and no more memory is set aside than the
//! bytes at hand can fill.

use super::DecodeError;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// A value that can be written out and read back.
pub(crate) trait Codec: Sized {
    fn write(&self, out: &mut Vec<u8>);
    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// The bytes not read yet.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, length: bytes.len() }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| self.corrupt("it ends too early"))?;
        self.rest = rest;
        Ok(head)
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The error for what was read last.
    pub(crate) const fn corrupt(&self, what: &'static str) -> DecodeError {
        DecodeError::Damaged { offset: self.length - self.rest.len(), what }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| self.corrupt("it ends too early"))
    }

    /// A number of things, each of which takes a byte at least.
    fn count(&mut self) -> Result<usize, DecodeError> {
        let count = u64::read(self)?;
        let count = usize::try_from(count).ok().filter(|count| *count <= self.rest.len());
        count.ok_or_else(|| self.corrupt("a count is too large"))
    }
}

/// Implements [`Codec`] for a struct, beside its definition: its fields in order; `derived` ones are left out and filled in
/// later. A macro, because the pattern without `..` makes the compiler check that no field is missing.
macro_rules! codec_struct {
    ($type:ty { $($field:ident),* $(,)? } $(derived { $($derived:ident),* })?) => {
        impl $crate::snapshot::codec::Codec for $type {
            fn write(&self, out: &mut Vec<u8>) {
                let Self { $($field,)* $($($derived: _,)*)? } = self;
                $($crate::snapshot::codec::Codec::write($field, out);)*
            }

            fn read(
                input: &mut $crate::snapshot::codec::Reader<'_>,
            ) -> Result<Self, $crate::snapshot::DecodeError> {
                $(let $field = $crate::snapshot::codec::Codec::read(input)?;)*
                Ok(Self { $($field,)* $($($derived: Default::default(),)*)? })
            }
        }
    };
}

/// Implements [`Codec`] for an enum, beside its definition: a tag and the fields of the variant. A macro, because only the
/// compiler knows that no variant is missing.
macro_rules! codec_enum {
    ($type:ty { $($tag:literal => $variant:ident $(($inner:ident))? $({ $($field:ident),* })?),* $(,)? }) => {
        impl $crate::snapshot::codec::Codec for $type {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($inner))? $({ $($field),* })? => {
                        out.push($tag);
                        $($crate::snapshot::codec::Codec::write($inner, out);)?
                        $($($crate::snapshot::codec::Codec::write($field, out);)*)?
                    })*
                }
            }

            fn read(
                input: &mut $crate::snapshot::codec::Reader<'_>,
            ) -> Result<Self, $crate::snapshot::DecodeError> {
                match <u8 as $crate::snapshot::codec::Codec>::read(input)? {
                    $($tag => {
                        $(let $inner = $crate::snapshot::codec::Codec::read(input)?;)?
                        $($(let $field = $crate::snapshot::codec::Codec::read(input)?;)*)?
                        Ok(Self::$variant $(($inner))? $({ $($field),* })?)
                    })*
                    _ => Err(input.corrupt(concat!("no such ", stringify!($type)))),
                }
            }
        }
    };
}

pub(crate) use {codec_enum, codec_struct};

macro_rules! codec_number {
    ($($type:ty),*) => {
        $(impl Codec for $type {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(Self::from_le_bytes(input.array()?))
            }
        })*
    };
}

codec_number!(u8, u32, u64, i32, i64);

impl Codec for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::read(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(input.corrupt("neither true nor false")),
        }
    }
}

impl Codec for usize {
    fn write(&self, out: &mut Vec<u8>) {
        (*self as u64).write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::try_from(u64::read(input)?).map_err(|_| input.corrupt("a number is too large"))
    }
}

impl Codec for Duration {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_secs().write(out);
        self.subsec_nanos().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (seconds, nanos) = (u64::read(input)?, u32::read(input)?);
        if nanos < 1_000_000_000 {
            Ok(Self::new(seconds, nanos))
        } else {
            Err(input.corrupt("a second has fewer nanoseconds"))
        }
    }
}

impl Codec for String {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self.as_bytes(), out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = input.count()?;
        let text = std::str::from_utf8(input.take(count)?);
        text.map(str::to_owned).map_err(|_| input.corrupt("a text is not UTF-8"))
    }
}

impl Codec for Arc<str> {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self.as_bytes(), out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        String::read(input).map(Into::into)
    }
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    bytes.len().write(out);
    out.extend_from_slice(bytes);
}

impl<T: Codec> Codec for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if bool::read(input)? { T::read(input).map(Some) } else { Ok(None) }
    }
}

impl<A: Codec, B: Codec> Codec for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok((A::read(input)?, B::read(input)?))
    }
}

pub(super) fn write_all<'a, T: Codec + 'a>(values: impl ExactSizeIterator<Item = &'a T>, out: &mut Vec<u8>) {
    values.len().write(out);
    for value in values {
        value.write(out);
    }
}

fn read_all<T: Codec, C: FromIterator<T>>(input: &mut Reader<'_>) -> Result<C, DecodeError> {
    let count = input.count()?;
    (0..count).map(|_| T::read(input)).collect()
}

impl<T: Codec> Codec for Box<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_ref().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        T::read(input).map(Self::new)
    }
}

impl<T: Codec> Codec for Arc<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_ref().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        T::read(input).map(Self::new)
    }
}

impl<T: Codec> Codec for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        write_all(self.iter(), out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        read_all(input)
    }
}

impl<T: Codec> Codec for VecDeque<T> {
    fn write(&self, out: &mut Vec<u8>) {
        write_all(self.iter(), out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        read_all(input)
    }
}

impl<K: Codec + Ord, V: Codec> Codec for BTreeMap<K, V> {
    fn write(&self, out: &mut Vec<u8>) {
        self.len().write(out);
        for (key, value) in self {
            key.write(out);
            value.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        read_all(input)
    }
}

impl<T: Codec + Copy + Default, const N: usize> Codec for [T; N] {
    fn write(&self, out: &mut Vec<u8>) {
        for value in self {
            value.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut values = [T::default(); N];
        for value in &mut values {
            *value = T::read(input)?;
        }
        Ok(values)
    }
}
