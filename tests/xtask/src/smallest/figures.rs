//! How much of each kind of memory the image has.

use crate::{Result, workspace};
use std::{fs, path::Path};

/// What is looked for in steps of so many bytes.
pub(super) const STEP: u32 = 256;

/// A kind of memory that there may be too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Stack,
    PluginsStack,
    Heap,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Stack, Self::PluginsStack, Self::Heap];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Stack => "stack",
            Self::PluginsStack => "plugins_stack",
            Self::Heap => "heap",
        }
    }

    /// What it has beyond the least that runs: on stacks, for what an interrupt or another compiler takes more. Want
    /// of heap ends a plugin, and nothing else.
    pub(super) const fn reserve(self) -> u32 {
        match self {
            Self::Stack | Self::PluginsStack => STEP,
            Self::Heap => 0,
        }
    }
}

/// Bytes of RAM: all, and of that each part. The rest is statics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) ram: u32,
    pub(super) stack: u32,
    pub(super) plugins_stack: u32,
    pub(super) heap: u32,
}

impl Figures {
    /// More than enough of each, to look for the least in; and not so much heap that another plugin is loaded.
    pub(super) const AMPLE: Self =
        Self { ram: 96 * 1024, stack: 16 * 1024, plugins_stack: 24 * 1024, heap: 20 * 1024 };

    pub(super) const fn of(&self, part: Part) -> u32 {
        match part {
            Part::Stack => self.stack,
            Part::PluginsStack => self.plugins_stack,
            Part::Heap => self.heap,
        }
    }

    /// With another number of bytes for a part.
    pub(super) const fn with(mut self, part: Part, bytes: u32) -> Self {
        *match part {
            Part::Stack => &mut self.stack,
            Part::PluginsStack => &mut self.plugins_stack,
            Part::Heap => &mut self.heap,
        } = bytes;
        self
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = workspace::read(path)?;
        Self::parse(&text).map_err(|why| format!("{}: {why}", path.display()).into())
    }

    fn parse(text: &str) -> Result<Self> {
        let figure = |name: &str| -> Result<u32> {
            let bytes = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
            Ok(bytes.ok_or_else(|| format!("it has no {name}"))?.parse()?)
        };
        Ok(Self {
            ram: figure("ram")?,
            stack: figure("stack")?,
            plugins_stack: figure("plugins_stack")?,
            heap: figure("heap")?,
        })
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let Self { ram, stack, plugins_stack, heap } = self;
        Ok(fs::write(
            path,
            format!(
                "\
# Bytes of RAM of the image `smallest`, an STM32F405 with as little as one plugin can do with. `cargo xtask smallest
# --sweep` writes this.
ram = {ram}
stack = {stack}
plugins_stack = {plugins_stack}
heap = {heap}
"
            ),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Figures, Part};

    #[test]
    fn figures_are_read_as_they_were_written() {
        let path = std::env::temp_dir().join(format!("ampoule-figures-{}", std::process::id()));
        let figures = Part::ALL.into_iter().zip(1..).fold(Figures::AMPLE, |figures, (part, at)| {
            let figures = figures.with(part, at);
            assert_eq!(figures.of(part), at);
            figures
        });
        figures.write(&path).unwrap();
        let read = Figures::read(&path);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read.unwrap(), figures);
        for wrong in ["", "ram = 1\nstack = 2\nheap = 3", "ram = x\nstack = 2\nplugins_stack = 3"] {
            assert!(Figures::parse(wrong).is_err(), "{wrong}");
        }
    }
}
