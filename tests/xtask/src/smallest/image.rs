//! An image with less memory than it was built with.

use super::figures::Figures;
use crate::Result;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where RAM starts, and with it the stack, which grows down to there.
const RAM: u32 = 0x2000_0000;
/// The words that say how much heap and how much of the plugins' stack is used.
const USED: &str = "AMPOULE_USED";

/// A firmware's file.
pub(super) struct Image {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Image {
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let bytes = fs::read(&path).map_err(|why| format!("{}: {why}", path.display()))?;
        Ok(Self { path, bytes })
    }

    /// Bytes of RAM that are neither stack, from the end of the host's on.
    pub(super) fn statics(&self) -> Result<u32> {
        let file = object::File::parse(&*self.bytes)?;
        let in_ram = file.sections().filter(|section| {
            let kinds = [SectionKind::Data, SectionKind::UninitializedData];
            kinds.contains(&section.kind())
                && section.address() >= RAM.into()
                && section.name() != Ok(".cell_stack")
        });
        let end = in_ram.map(|section| section.address() + section.size()).max().unwrap_or(0);
        let start = symbol(&file, "_stack_start")?;
        Ok(u32::try_from(end.saturating_sub(start))?)
    }

    /// The same with less of something, in a file beside it.
    pub(super) fn less(&self, figures: &Figures) -> Result<PathBuf> {
        let mut bytes = self.bytes.clone();
        let file = object::File::parse(&*self.bytes)?;
        let used = symbol(&file, USED)?;
        let vectors = file.section_by_name(".vector_table").ok_or("there are no vectors")?;
        let words = [
            (vectors.address(), RAM + figures.stack),
            (used, figures.heap),
            (used + 4, figures.plugins_stack),
        ];
        for (address, word) in words {
            let at = place(&file, address)?;
            let place = bytes.get_mut(at..at + 4).ok_or("a word outside of the file")?;
            place.copy_from_slice(&word.to_le_bytes());
        }
        let path = self.path.with_extension("less");
        fs::write(&path, bytes)?;
        Ok(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn symbol(file: &object::File<'_>, name: &str) -> Result<u64> {
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name));
    Ok(symbol.ok_or_else(|| format!("the image has no {name}"))?.address())
}

/// Where in the file the word at an address lies.
fn place(file: &object::File<'_>, address: u64) -> Result<usize> {
    let offset = file.sections().find_map(|section| {
        let within = address.checked_sub(section.address())?;
        let (start, size) = section.file_range()?;
        (within + 4 <= size).then_some(start + within)
    });
    Ok(usize::try_from(offset.ok_or("an address that isn't in the file")?)?)
}
