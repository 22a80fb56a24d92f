//! Letting an ELF library load on a system whose C library is older than the one it was built on.
//!
//! A library lists the versions of glibc that it needs, and the loader refuses it if one is
//! missing, even if every function it wants from that version is *weak*: one that it asks for,
//! and does without. The need itself can be marked weak too, which linkers leave undone; with
//! that mark the loader accepts the library and leaves those functions out.

use anyhow::{Context, Result, bail};
use object::Endianness;
use object::elf::{FileHeader64, SHT_DYNSYM, SHT_GNU_VERNEED, VER_FLG_WEAK, Vernaux, Verneed};
use object::pod::{self, Pod};
use object::read::ReadRef;
use object::read::elf::{FileHeader, SectionHeader, Sym};

use super::glibc::Glibc;

/// A version of glibc that the library was allowed to do without.
#[derive(Debug, PartialEq, Eq)]
pub struct Mended {
    pub version: String,
    pub functions: Vec<String>,
}

/// Marks as weak each need of `library` for a glibc newer than `system`.
/// Refuses if the library cannot do without one of them. Doing it twice changes nothing more.
pub fn mend(library: &mut [u8], system: &Glibc) -> Result<Vec<Mended>> {
    let needs = read_needs(library).context("cannot read which glibc it needs")?;
    let newer: Vec<Need> = needs
        .into_iter()
        .filter(|need| Glibc::asked_by(&need.version).is_some_and(|asked| asked > *system))
        .collect();
    if let Some(need) = newer.iter().find(|need| !need.strong.is_empty()) {
        bail!("it needs {} for {}", need.version, need.strong.join(", "));
    }
    for need in &newer {
        mark_weak(library, need.entry).context("the list of needs is cut short")?;
    }
    let mended = newer.into_iter().map(|need| Mended {
        version: need.version,
        functions: need.weak,
    });
    Ok(mended.collect())
}

/// Sets the weak flag of the entry that stands at `entry` in the file.
fn mark_weak(library: &mut [u8], entry: usize) -> Option<()> {
    let endian = FileHeader64::<Endianness>::parse(&*library)
        .ok()?
        .endian()
        .ok()?;
    let bytes = library.get_mut(entry..)?;
    let (entry, _) = pod::from_bytes_mut::<Vernaux<Endianness>>(bytes).ok()?;
    let flags = entry.vna_flags.get(endian);
    entry.vna_flags.set(endian, flags | VER_FLG_WEAK);
    Some(())
}

/// One version that the library asks another library for.
struct Need {
    version: String,
    /// Where its entry (`Vernaux`) stands in the file.
    entry: usize,
    weak: Vec<String>,
    strong: Vec<String>,
}

fn read_needs(library: &[u8]) -> Result<Vec<Need>> {
    let header = FileHeader64::<Endianness>::parse(library)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, library)?;
    let symbols = sections.symbols(endian, library, SHT_DYNSYM)?;
    let versions = sections.versions(endian, library)?.unwrap_or_default();
    let Some(section) = sections
        .iter()
        .find(|section| section.sh_type(endian) == SHT_GNU_VERNEED)
    else {
        return Ok(Vec::new());
    };
    let strings = sections.strings(endian, library, section.link(endian))?;

    let mut needs = Vec::new();
    // The section is a list of libraries, each with a list of versions. An entry says how many
    // bytes further the next one stands; the last one says 0.
    let mut library_at = section.sh_offset(endian) as usize;
    loop {
        let needed = read_at::<Verneed<Endianness>>(library, library_at)?;
        let mut entry_at = library_at + needed.vn_aux.get(endian) as usize;
        for _ in 0..needed.vn_cnt.get(endian) {
            let entry = read_at::<Vernaux<Endianness>>(library, entry_at)?;
            let mut need = Need {
                version: text(entry.name(endian, strings)?),
                entry: entry_at,
                weak: Vec::new(),
                strong: Vec::new(),
            };
            for (index, symbol) in symbols.enumerate() {
                if versions.version_index(endian, index).index() == entry.vna_other(endian).index()
                {
                    let name = text(symbols.symbol_name(endian, symbol)?);
                    let list = if symbol.is_weak() {
                        &mut need.weak
                    } else {
                        &mut need.strong
                    };
                    list.push(name);
                }
            }
            needs.push(need);
            entry_at += entry.vna_next.get(endian) as usize;
        }
        match needed.vn_next.get(endian) {
            0 => return Ok(needs),
            next => library_at += next as usize,
        }
    }
}

fn read_at<T: Pod>(library: &[u8], at: usize) -> Result<&T> {
    let entry = library.read_at(at as u64).ok();
    entry.context("the list of needs is cut short")
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests;
