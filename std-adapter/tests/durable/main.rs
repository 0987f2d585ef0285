//! Values kept in a file: what is there after a kill, and which files are refused.

mod files;
mod kill;
mod model;

use ampoule_std::{FileStore, services::Store as _};
use std::collections::BTreeMap;

/// All values, by plugin and key.
type Model = BTreeMap<(String, String), Vec<u8>>;

/// Numbers that look random and are the same in every run (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn bytes(&mut self, length: u64) -> Vec<u8> {
        (0..length).map(|_| self.below(256) as u8).collect()
    }
}

fn value(store: &mut FileStore, plugin: &str, key: &str) -> Option<Vec<u8>> {
    let length = store.get(plugin, key, &mut []).unwrap()?;
    let mut value = vec![0; length];
    assert_eq!(store.get(plugin, key, &mut value), Ok(Some(length)));
    Some(value)
}

fn keys(store: &mut FileStore, plugin: &str, prefix: &str) -> Vec<String> {
    let mut keys = Vec::new();
    store.keys(plugin, prefix, &mut |key| keys.push(key.to_owned())).unwrap();
    keys
}

/// All that the store keeps for some plugins.
fn contents(store: &mut FileStore, plugins: &[&str]) -> Model {
    let mut model = Model::new();
    for plugin in plugins {
        for key in keys(store, plugin, "") {
            let value = value(store, plugin, &key).unwrap();
            model.insert(((*plugin).to_owned(), key), value);
        }
    }
    model
}
