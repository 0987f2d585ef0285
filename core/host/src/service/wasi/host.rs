//! What a call has at hand: the guest's memory, the services, and fuel to pay them with.

use super::{
    errno::{Errno, Result, Stop},
    needs::Need,
    state::{MAX_PASSED_BYTES, State},
};
use crate::{
    guest_memory::GuestSlice,
    service::{Imported, Scalar, glue::Reach},
};
use alloc::vec::Vec;
use ampoule_abi::{Decode, encode};
use serde::Serialize;

/// The two sides of a call.
pub(crate) struct Host<'a> {
    pub(crate) memory: Memory<'a>,
    pub(crate) desk: Desk<'a>,
}

/// The guest's memory. Its addresses are hostile.
pub(crate) struct Memory<'a>(pub(crate) &'a mut [u8]);

impl Memory<'_> {
    pub(crate) fn bytes(&self, address: u32, length: u32) -> Result<&[u8]> {
        GuestSlice::new(address, length).of(self.0).ok_or(Errno::Fault.into())
    }

    pub(crate) fn bytes_mut(&mut self, address: u32, length: u32) -> Result<&mut [u8]> {
        GuestSlice::new(address, length).of_mut(self.0).ok_or(Errno::Fault.into())
    }

    /// Fails unless all of a range lies inside: asked before anything is done whose result goes there.
    pub(crate) fn check(&self, address: u32, length: u32) -> Result<()> {
        self.bytes(address, length).map(|_| ())
    }

    pub(crate) fn array<const N: usize>(&self, address: u32) -> Result<[u8; N]> {
        let bytes = self.bytes(address, N as u32)?;
        bytes.try_into().map_err(|_| Errno::Fault.into())
    }

    pub(crate) fn put(&mut self, address: u32, bytes: &[u8]) -> Result<()> {
        // What a host puts there is far shorter than a u32 tells.
        self.bytes_mut(address, bytes.len() as u32)?.copy_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn put_u32(&mut self, address: u32, value: u32) -> Result<()> {
        self.put(address, &value.to_le_bytes())
    }

    pub(crate) fn put_u64(&mut self, address: u32, value: u64) -> Result<()> {
        self.put(address, &value.to_le_bytes())
    }
}

/// Where services are asked, and paid.
pub(crate) struct Desk<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) reach: &'a mut Reach,
    pub(crate) message_bytes: u32,
    /// What the call's budget has left.
    pub(crate) fuel: u64,
}

impl Desk<'_> {
    pub(crate) fn spend(&mut self, cost: u64) -> Result<()> {
        self.fuel = self.fuel.checked_sub(cost).ok_or(Stop::OutOfFuel)?;
        Ok(())
    }

    pub(crate) fn has(&self, need: Need) -> bool {
        self.state.bindings.has(need)
    }

    fn binding(&self, need: Need) -> Result<Imported> {
        self.state.bindings.get(need).ok_or(Errno::NotCapable.into())
    }

    /// Asks an operation that answers a number.
    pub(crate) fn number(&mut self, need: Need) -> Result<i64> {
        let Imported { grant, operation } = self.binding(need)?;
        self.spend(u64::from(operation.base_fuel))?;
        let found =
            self.reach.use_one(grant, None, |service, caller, at| service.scalar(caller, at, &[]));
        match found.map_err(Errno::from)? {
            Scalar::I64(number) => Ok(number),
            _ => Err(Errno::Io.into()),
        }
    }

    /// Asks an operation, under the price that a guest pays who imports it, and answers the reply's
    /// length. If that is more than `out` has, it didn't fit, and cost no bytes.
    pub(crate) fn ask(&mut self, need: Need, request: &[u8], out: &mut [u8]) -> Result<usize> {
        let Imported { grant, operation } = self.binding(need)?;
        let per_byte = u64::from(operation.byte_fuel);
        let cost = |bytes: usize| per_byte.saturating_mul(bytes as u64);
        self.spend(u64::from(operation.base_fuel))?;
        if request.len() > self.message_bytes as usize {
            return Err(Errno::Invalid.into());
        }
        self.spend(cost(request.len()))?;
        let most = out.len().min(self.message_bytes as usize);
        let out = out.get_mut(..most).unwrap_or_default();
        let asked = self
            .reach
            .use_one(grant, None, |service, caller, at| service.message(caller, at, request, out));
        let length = asked.map_err(Errno::from)?;
        if length <= most {
            self.spend(cost(length))?;
        }
        Ok(length)
    }

    /// Asks with a request that is encoded here; the longest has a path and three numbers.
    pub(crate) fn ask_of<T: Serialize>(
        &mut self,
        need: Need,
        request: &T,
        out: &mut [u8],
    ) -> Result<usize> {
        let mut bytes = [0; super::state::MAX_PATH_BYTES + 32];
        let request = encode(request, &mut bytes).map_err(|_| Errno::NameTooLong)?;
        self.ask(need, request, out)
    }

    /// Asks for a reply that must fit into `out`.
    pub(crate) fn ask_within<'o, T: Serialize>(
        &mut self,
        need: Need,
        request: &T,
        out: &'o mut [u8],
    ) -> Result<&'o [u8]> {
        let length = self.ask_of(need, request, out)?;
        out.get(..length).ok_or(Errno::Overflow.into())
    }

    /// Asks for a reply of any length up to [`MAX_PASSED_BYTES`], which is kept beside the guest.
    pub(crate) fn ask_all<T: Serialize>(&mut self, need: Need, request: &T) -> Result<Vec<u8>> {
        let mut reply = room(256)?;
        let length = self.ask_of(need, request, &mut reply)?;
        if length > reply.len() {
            if length > self.message_bytes.min(MAX_PASSED_BYTES) as usize {
                return Err(Errno::Overflow.into());
            }
            reply = room(length)?;
            let again = self.ask_of(need, request, &mut reply)?;
            // What grew meanwhile doesn't fit.
            if again > length {
                return Err(Errno::Again.into());
            }
            reply.truncate(again);
            return Ok(reply);
        }
        reply.truncate(length);
        Ok(reply)
    }
}

/// The items of an encoded list, which the service has just written, as far as they are well-formed.
pub(crate) fn items<'b, T: Decode<'b>>(bytes: &'b [u8]) -> Result<impl Iterator<Item = T>> {
    let (count, mut rest) = u32::decode_prefix(bytes).map_err(|_| Errno::Io)?;
    Ok((0..count).map_while(move |_| {
        let (item, behind) = T::decode_prefix(rest).ok()?;
        rest = behind;
        Some(item)
    }))
}

/// So many bytes of heap.
pub(crate) fn room(bytes: usize) -> Result<Vec<u8>> {
    let mut room = Vec::new();
    room.try_reserve_exact(bytes).map_err(|_| Errno::NoMemory)?;
    room.resize(bytes, 0);
    Ok(room)
}
