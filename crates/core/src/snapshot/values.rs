//! The encoding of values that are more than their fields: identifiers, kinds of events, results.

use super::DecodeError;
use super::codec::{Codec, Reader};
use crate::{EventKind, EventSet, Fault, GroupId, Pid, ProcessId, Signal, Ticket};

impl Codec for Pid {
    fn write(&self, out: &mut Vec<u8>) {
        self.raw().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::new(i32::read(input)?).ok_or_else(|| input.corrupt("no such pid"))
    }
}

impl Codec for EventKind {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let index = u8::read(input)?;
        Self::all().nth(index.into()).ok_or_else(|| input.corrupt("no such event kind"))
    }
}

impl Codec for EventSet {
    fn write(&self, out: &mut Vec<u8>) {
        self.bits().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::from_bits(u32::read(input)?).ok_or_else(|| input.corrupt("no such event kind"))
    }
}

impl Codec for Result<(), Fault> {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_ref().err().cloned().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Option::<Fault>::read(input)?.map_or(Ok(()), Err))
    }
}

macro_rules! codec_newtype {
    ($($type:ident),*) => {
        $(impl Codec for $type {
            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Codec::read(input).map(Self)
            }
        })*
    };
}

codec_newtype!(ProcessId, GroupId, Ticket, Signal);
