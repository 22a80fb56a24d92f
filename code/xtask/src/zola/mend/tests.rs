//! The mend, tried on a library of 1 KiB that is written here by hand.

use object::elf::{
    ELFCLASS64, ELFDATA2LSB, ELFMAG, EV_CURRENT, SHT_GNU_VERSYM, SHT_STRTAB, STB_GLOBAL, STB_WEAK,
    STT_FUNC, SectionHeader64, SectionType, Sym64, SymbolBind, SymbolSection, VersionFlags,
    VersionIndex, Versym, VersymIndex,
};

use super::*;

const LITTLE: Endianness = Endianness::Little;

/// Where the parts of the library stand.
const SECTIONS: usize = 64;
const NAMES: usize = 448;
const SYMBOLS: usize = 640;
const VERSIONS: usize = 768;
const NEEDS: usize = 800;

const TEXT: &str = "\0libc.so.6\0GLIBC_2.34\0GLIBC_2.39\0read\0pidfd_spawnp\0";

/// A library that calls `read`, of glibc 2.34, and `pidfd_spawnp`, of glibc 2.39.
fn library(pidfd_spawnp: SymbolBind) -> Vec<u8> {
    let mut file = vec![0; 1024];
    let header: &mut FileHeader64<Endianness> = at(&mut file, 0);
    header.e_ident.magic = ELFMAG;
    header.e_ident.class = ELFCLASS64;
    header.e_ident.data = ELFDATA2LSB;
    header.e_ident.version = EV_CURRENT;
    header.e_shoff.set(LITTLE, SECTIONS as u64);
    header.e_shentsize.set(LITTLE, 64);
    header.e_shnum.set(LITTLE, 5);
    header.e_shstrndx.set(LITTLE, SymbolSection(1));

    section(&mut file, 1, SHT_STRTAB, NAMES, TEXT.len(), 0);
    section(&mut file, 2, SHT_DYNSYM, SYMBOLS, 3 * 24, 1);
    section(&mut file, 3, SHT_GNU_VERSYM, VERSIONS, 3 * 2, 2);
    section(&mut file, 4, SHT_GNU_VERNEED, NEEDS, 3 * 16, 1);
    file[NAMES..][..TEXT.len()].copy_from_slice(TEXT.as_bytes());

    // The first symbol of a table is always empty.
    symbol(&mut file, 1, "read", STB_GLOBAL, 2);
    symbol(&mut file, 2, "pidfd_spawnp", pidfd_spawnp, 3);

    let needed: &mut Verneed<Endianness> = at(&mut file, NEEDS);
    needed.vn_version.set(LITTLE, 1);
    needed.vn_cnt.set(LITTLE, 2);
    needed.vn_file.set(LITTLE, name("libc.so.6"));
    needed.vn_aux.set(LITTLE, 16);
    need(&mut file, NEEDS + 16, "GLIBC_2.34", 2, 16);
    need(&mut file, NEEDS + 32, "GLIBC_2.39", 3, 0);
    file
}

fn at<T: Pod>(file: &mut [u8], offset: usize) -> &mut T {
    pod::from_bytes_mut(&mut file[offset..]).unwrap().0
}

fn name(text: &str) -> u32 {
    TEXT.find(text).unwrap() as u32
}

fn section(file: &mut [u8], n: usize, kind: SectionType, offset: usize, size: usize, link: u32) {
    let section: &mut SectionHeader64<Endianness> = at(file, SECTIONS + 64 * n);
    section.sh_type.set(LITTLE, kind);
    section.sh_offset.set(LITTLE, offset as u64);
    section.sh_size.set(LITTLE, size as u64);
    section.sh_link.set(LITTLE, link);
}

fn symbol(file: &mut [u8], n: usize, text: &str, bind: SymbolBind, version: u16) {
    let symbol: &mut Sym64<Endianness> = at(file, SYMBOLS + 24 * n);
    symbol.st_name.set(LITTLE, name(text));
    symbol.set_st_info(bind, STT_FUNC);
    let asked: &mut Versym<Endianness> = at(file, VERSIONS + 2 * n);
    asked.0.set(LITTLE, VersymIndex(version));
}

fn need(file: &mut [u8], offset: usize, version: &str, index: u16, next: u32) {
    let need: &mut Vernaux<Endianness> = at(file, offset);
    need.vna_name.set(LITTLE, name(version));
    need.vna_other.set(LITTLE, VersionIndex(index));
    need.vna_next.set(LITTLE, next);
}

fn flags(file: &[u8], offset: usize) -> VersionFlags {
    let (need, _) = pod::from_bytes::<Vernaux<Endianness>>(&file[offset..]).unwrap();
    need.vna_flags.get(LITTLE)
}

fn glibc(version: &str) -> Glibc {
    version.parse().unwrap()
}

#[test]
fn a_need_of_weak_functions_only_becomes_weak() {
    let mut library = library(STB_WEAK);
    let mended = mend(&mut library, &glibc("2.36")).unwrap();
    let expected = Mended {
        version: "GLIBC_2.39".to_owned(),
        functions: vec!["pidfd_spawnp".to_owned()],
    };
    assert_eq!(mended, [expected]);
    assert_eq!(flags(&library, NEEDS + 16), VersionFlags(0));
    assert_eq!(flags(&library, NEEDS + 32), VER_FLG_WEAK);
}

#[test]
fn nothing_else_changes_and_twice_is_once() {
    let before = library(STB_WEAK);
    let mut once = before.clone();
    mend(&mut once, &glibc("2.36")).unwrap();
    let changed = before.iter().zip(&once).filter(|(a, b)| a != b).count();
    assert_eq!(changed, 1);

    let mut twice = once.clone();
    mend(&mut twice, &glibc("2.36")).unwrap();
    assert_eq!(once, twice);
}

#[test]
fn a_system_that_is_new_enough_needs_no_mending() {
    let mut library = library(STB_GLOBAL);
    let before = library.clone();
    assert_eq!(mend(&mut library, &glibc("2.39")).unwrap(), []);
    assert_eq!(mend(&mut library, &glibc("2.41")).unwrap(), []);
    assert_eq!(library, before);
}

#[test]
fn a_function_that_must_be_there_is_refused_by_name() {
    let mut file = library(STB_GLOBAL);
    let error = mend(&mut file, &glibc("2.36")).unwrap_err().to_string();
    assert_eq!(error, "it needs GLIBC_2.39 for pidfd_spawnp");
    let mut file = library(STB_WEAK);
    let error = mend(&mut file, &glibc("2.31")).unwrap_err().to_string();
    assert_eq!(error, "it needs GLIBC_2.34 for read");
    assert_eq!(file, library(STB_WEAK));
}

#[test]
fn a_file_that_is_no_library_is_refused() {
    for bad in [&b""[..], b"#!/bin/sh", &library(STB_WEAK)[..NEEDS + 20]] {
        assert!(mend(&mut bad.to_vec(), &glibc("2.36")).is_err());
    }
}
