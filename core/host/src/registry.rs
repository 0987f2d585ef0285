//! A fixed table of slots, and ids that tell when what stood in a slot is gone.

use crate::id::PluginId;
use alloc::boxed::Box;

/// Up to `N` values; the place of each is found at once.
pub(crate) struct Registry<T, const N: usize> {
    slots: heapless::Vec<Slot<T>, N>,
}

struct Slot<T> {
    generation: u32,
    value: Option<Box<T>>,
}

impl<T, const N: usize> Registry<T, N> {
    pub(crate) const fn new() -> Self {
        Self { slots: heapless::Vec::new() }
    }

    /// The id that the next value gets, if there is a slot for it.
    pub(crate) fn free(&mut self) -> Option<PluginId> {
        // A slot whose generations are used up stays empty, or an old id could name a new plugin.
        let usable = |slot: &Slot<T>| slot.value.is_none() && slot.generation < u32::MAX;
        let at = match self.slots.iter().position(usable) {
            Some(at) => at,
            None => {
                self.slots.push(Slot { generation: 0, value: None }).ok()?;
                self.slots.len() - 1
            }
        };
        let generation = self.slots.get(at)?.generation;
        Some(PluginId { slot: u16::try_from(at).ok()?, generation })
    }

    /// Fills the slot that [`Self::free`] has named.
    pub(crate) fn fill(&mut self, id: PluginId, value: Box<T>) {
        if let Some(slot) = self.slots.get_mut(usize::from(id.slot)) {
            slot.value = Some(value);
        }
    }

    pub(crate) fn get(&self, id: PluginId) -> Option<&T> {
        let slot = self.slots.get(usize::from(id.slot))?;
        slot.value.as_deref().filter(|_| slot.generation == id.generation)
    }

    pub(crate) fn get_mut(&mut self, id: PluginId) -> Option<&mut T> {
        let slot = self.slots.get_mut(usize::from(id.slot))?;
        slot.value.as_deref_mut().filter(|_| slot.generation == id.generation)
    }

    /// Empties a slot: its id is stale from now on.
    pub(crate) fn remove(&mut self, id: PluginId) -> Option<Box<T>> {
        let slot = self.slots.get_mut(usize::from(id.slot))?;
        let value = slot.value.take_if(|_| slot.generation == id.generation)?;
        slot.generation = slot.generation.saturating_add(1);
        Some(value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (PluginId, &T)> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| {
            // There are no more slots than a u16 counts.
            let id = PluginId { slot: at as u16, generation: slot.generation };
            Some((id, slot.value.as_deref()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Registry;
    use crate::id::PluginId;
    use alloc::boxed::Box;

    fn filled<const N: usize>(registry: &mut Registry<char, N>, value: char) -> Option<PluginId> {
        let id = registry.free()?;
        registry.fill(id, Box::new(value));
        Some(id)
    }

    #[test]
    fn ids_of_what_is_gone_are_stale_for_good() {
        let mut registry = Registry::<char, 2>::new();
        let a = filled(&mut registry, 'a').unwrap();
        let b = filled(&mut registry, 'b').unwrap();
        assert_eq!(filled(&mut registry, 'c'), None, "two slots");
        assert_eq!(registry.remove(a).as_deref(), Some(&'a'));
        assert_eq!(registry.get(a), None);
        assert_eq!(registry.remove(a), None);
        let c = filled(&mut registry, 'c').unwrap();
        assert_eq!((c.slot(), c.generation()), (a.slot(), 1));
        assert_eq!(registry.get(a), None);
        assert_eq!(registry.get_mut(a), None);
        assert_eq!((registry.get(b), registry.get(c)), (Some(&'b'), Some(&'c')));
        assert!(registry.iter().map(|(id, _)| id).eq([c, b]));
    }

    #[test]
    fn a_slot_whose_generations_are_used_up_is_left_alone() {
        let mut registry = Registry::<char, 1>::new();
        let a = filled(&mut registry, 'a').unwrap();
        registry.slots[0].generation = u32::MAX;
        let last = PluginId { generation: u32::MAX, ..a };
        assert!(registry.remove(last).is_some());
        assert_eq!(registry.free(), None);
        assert_eq!(registry.get(last), None);
    }

    #[test]
    fn bits_that_are_no_id_are_told() {
        let id = PluginId { slot: u16::MAX, generation: 7 };
        assert_eq!(PluginId::from_bits(id.bits()), Some(id));
        assert_eq!(PluginId::from_bits(u64::MAX), None);
    }
}
