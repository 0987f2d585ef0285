//! What an image takes of flash and RAM: by section, and by crate.

use crate::Result;
use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};
use std::{collections::BTreeMap, fs, path::Path};

/// Crates with less code than this stand in one line.
const SMALL_BYTES: u64 = 2 * 1024;
/// Statics with fewer bytes than this stand in one line.
const SMALL_STATIC_BYTES: u64 = 256;

/// Prints the tables, and answers the bytes of flash.
pub(crate) fn print(image: &Path) -> Result<u64> {
    let bytes = fs::read(image).map_err(|why| format!("{}: {why}", image.display()))?;
    let file = object::File::parse(&*bytes)?;
    println!("| section | bytes |\n|---|---|");
    let mut flash = 0;
    for section in file.sections().filter(|section| is_loaded(section.kind())) {
        if section.size() > 0 {
            println!("| `{}` | {} |", section.name()?, section.size());
            let flashed = section.kind() != SectionKind::UninitializedData;
            flash += if flashed { section.size() } else { 0 };
        }
    }
    println!("| all that is flashed | {flash} |");
    println!("\n| code of | bytes |\n|---|---|");
    for (name, size) in by_crate(&file) {
        println!("| {name} | {size} |");
    }
    Ok(flash)
}

const fn is_loaded(kind: SectionKind) -> bool {
    matches!(
        kind,
        SectionKind::Text
            | SectionKind::Data
            | SectionKind::ReadOnlyData
            | SectionKind::ReadOnlyString
            | SectionKind::ReadOnlyDataWithRel
            | SectionKind::UninitializedData
    )
}

/// What has memory of its own in RAM, beside heap and stacks, by name, the largest first.
pub(crate) fn statics(image: &Path) -> Result<Vec<(String, u64)>> {
    let bytes = fs::read(image).map_err(|why| format!("{}: {why}", image.display()))?;
    let file = object::File::parse(&*bytes)?;
    let data = file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Data);
    let in_ram = data.filter(|symbol| {
        let section = symbol.section_index().and_then(|at| file.section_by_index(at).ok());
        let kinds = [SectionKind::Data, SectionKind::UninitializedData];
        section.is_some_and(|section| kinds.contains(&section.kind()))
    });
    let named = in_ram.map(|symbol| {
        let name = symbol.name().unwrap_or_default();
        (format!("`{:#}`", rustc_demangle::demangle(name)), symbol.size())
    });
    let memory = |name: &str| name.ends_with("memory::HEAP`") || name.ends_with("memory::STACK`");
    let (mut large, small): (Vec<_>, Vec<_>) =
        named.filter(|(name, _)| !memory(name)).partition(|(_, size)| *size >= SMALL_STATIC_BYTES);
    large.sort_by_key(|(_, size)| core::cmp::Reverse(*size));
    large.push(("all other statics".into(), small.iter().map(|(_, size)| size).sum()));
    Ok(large)
}

/// Bytes of functions by crate, the largest first.
fn by_crate(file: &object::File<'_>) -> Vec<(String, u64)> {
    let mut sizes = BTreeMap::<String, u64>::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        let name = symbol.name().map_or_else(|_| String::new(), crate_of);
        *sizes.entry(name).or_default() += symbol.size();
    }
    let (small, mut large): (Vec<_>, Vec<_>) =
        sizes.into_iter().partition(|(_, size)| *size < SMALL_BYTES);
    large.sort_by_key(|(_, size)| core::cmp::Reverse(*size));
    let rest = small.iter().map(|(_, size)| size).sum();
    large.push(("all others".into(), rest));
    large
}

/// The first name in a function's path: `<wasmi::Store as X>::f` is of `wasmi`.
fn crate_of(symbol: &str) -> String {
    let path = format!("{:#}", rustc_demangle::demangle(symbol));
    let start = path.find(|character: char| character.is_alphanumeric() || character == '_');
    let path = path.get(start.unwrap_or(0)..).unwrap_or_default();
    let end = path.find(|character: char| !character.is_alphanumeric() && character != '_');
    let (name, rest) = path.split_at(end.unwrap_or(path.len()));
    if rest.starts_with("::") { name.to_owned() } else { "shared pieces and C names".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::crate_of;

    #[test]
    fn a_functions_crate_is_the_first_name_of_its_path() {
        for (symbol, expected) in [
            ("_ZN5wasmi6engine6Engine3new17h0123456789abcdefE", "wasmi"),
            (
                "_ZN58_$LT$ampoule..text..Text$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE",
                "ampoule",
            ),
            ("memcpy", "shared pieces and C names"),
            ("", "shared pieces and C names"),
        ] {
            assert_eq!(crate_of(symbol), expected, "{symbol}");
        }
    }
}
