//! What an ELF file says about the machine it is for, its loader and its libraries
//! ([elf(5)](https://man7.org/linux/man-pages/man5/elf.5.html)).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use object::elf::{self, FileHeader64};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::{Endianness, ReadRef};

use super::{ProgramError, Result};

type Header = FileHeader64<Endianness>;
type Segment = elf::ProgramHeader64<Endianness>;

/// The part of an ELF file that decides how it is started.
#[derive(Debug, Default)]
pub(super) struct Elf {
    /// PT_INTERP.
    pub(super) loader: Option<PathBuf>,
    /// DT_NEEDED, in order.
    pub(super) needed: Vec<OsString>,
    /// DT_RPATH, its entries.
    pub(super) rpath: Vec<OsString>,
    /// DT_RUNPATH, its entries.
    pub(super) runpath: Vec<OsString>,
}

impl Elf {
    /// Checks that it is for this machine and whole, and reads it.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let corrupt = |detail: String| ProgramError::Corrupt { path: path.to_owned(), detail };
        if let Some(built_for) = foreign(bytes).map_err(corrupt)? {
            return Err(ProgramError::Foreign { path: path.to_owned(), built_for, machine: machine() });
        }
        read(bytes).map_err(corrupt)
    }
}

/// A human name for every machine somebody might hand in a program for. The names are those of `uname -m`.
fn machine_name(machine: u16) -> String {
    let name = match machine {
        3 => "i386",
        8 => "mips",
        20 => "ppc",
        21 => "ppc64",
        22 => "s390x",
        40 => "arm",
        62 => "x86_64",
        183 => "aarch64",
        243 => "riscv64",
        247 => return "eBPF".to_owned(),
        258 => "loongarch64",
        other => return format!("machine number {other}"),
    };
    name.to_owned()
}

/// e_machine of this machine: boxproof itself runs on it.
fn native() -> Option<u16> {
    match std::env::consts::ARCH {
        "x86_64" => Some(62),
        "aarch64" => Some(183),
        "riscv64" => Some(243),
        "powerpc64" => Some(21),
        "s390x" => Some(22),
        "loongarch64" => Some(258),
        _ => None,
    }
}

fn machine() -> String {
    std::env::consts::ARCH.to_owned()
}

/// What Go calls an architecture.
pub(super) fn go_name(architecture: &str) -> &str {
    match architecture {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        "loongarch64" => "loong64",
        other => other,
    }
}

/// What the file is built for when that is not this machine. Only the first bytes are looked at, which are laid out
/// alike for every word size; they are read by hand because the parser below knows one word size only.
fn foreign(bytes: &[u8]) -> std::result::Result<Option<String>, String> {
    let Some(header) = bytes.get(..20) else {
        return Err(format!("it ends after {} bytes, within its header", bytes.len()));
    };
    let (class, order, system) = (header[4], header[5], header[7]);
    let number = [header[18], header[19]];
    let number = if order == elf::ELFDATA2MSB.0 { u16::from_be_bytes(number) } else { u16::from_le_bytes(number) };
    let mut name = machine_name(number);
    let mut other = native().is_some_and(|native| native != number);
    if class == elf::ELFCLASS32.0 {
        name += " (32 bit)";
        other = true;
    }
    if (order == elf::ELFDATA2MSB.0) != cfg!(target_endian = "big") {
        name += if order == elf::ELFDATA2MSB.0 { " (big-endian)" } else { " (little-endian)" };
        other = true;
    }
    if let Some(system) = other_system(system) {
        name = format!("{system} on {name}");
        other = true;
    }
    Ok(other.then_some(name))
}

/// EI_OSABI of systems whose programs Linux loads but cannot run.
fn other_system(number: u8) -> Option<&'static str> {
    match number {
        1 => Some("HP-UX"),
        2 => Some("NetBSD"),
        6 => Some("Solaris"),
        9 => Some("FreeBSD"),
        12 => Some("OpenBSD"),
        _ => None,
    }
}

fn read(bytes: &[u8]) -> std::result::Result<Elf, String> {
    let text = |error: object::Error| error.to_string();
    let header = Header::parse(bytes).map_err(text)?;
    let endian = header.endian().map_err(text)?;
    match header.e_type(endian) {
        elf::ET_EXEC | elf::ET_DYN => {}
        elf::ET_REL => return Err("it is an object file that was never linked".to_owned()),
        elf::ET_CORE => return Err("it is a core dump".to_owned()),
        _ => return Err("it is of no executable type".to_owned()),
    }
    let segments = header.program_headers(endian, bytes).map_err(text)?;
    whole(segments, endian, bytes.len() as u64)?;
    let mut elf = Elf::default();
    for segment in segments {
        if let Some(loader) = segment.interpreter(endian, bytes).map_err(text)? {
            elf.loader = Some(OsStr::from_bytes(loader).into());
        }
        if let Some(entries) = segment.dynamic(endian, bytes).map_err(text)? {
            dynamic(&mut elf, entries, segments, endian, bytes)?;
        }
    }
    Ok(elf)
}

/// Everything that is to be loaded is in the file.
fn whole(segments: &[Segment], endian: Endianness, length: u64) -> std::result::Result<(), String> {
    let loaded = || segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD);
    if loaded().next().is_none() {
        return Err("nothing in it is to be loaded".to_owned());
    }
    let end = loaded().map(|segment| {
        let (offset, size) = segment.file_range(endian);
        offset.saturating_add(size)
    });
    match end.max() {
        Some(end) if end > length => Err(format!("it is cut off: {length} bytes are there, {end} are to be loaded")),
        _ => Ok(()),
    }
}

fn dynamic(
    elf: &mut Elf,
    entries: &[elf::Dyn64<Endianness>],
    segments: &[Segment],
    endian: Endianness,
    bytes: &[u8],
) -> std::result::Result<(), String> {
    let used = || entries.iter().take_while(|entry| entry.d_tag(endian) != elf::DT_NULL);
    let value = |tag| used().find(|entry| entry.d_tag(endian) == tag).map(|entry| entry.d_val(endian));
    let Some(address) = value(elf::DT_STRTAB) else { return Ok(()) };
    let strings = file_offset(segments, endian, address).ok_or("its string table is nowhere in the file")?;
    let string = |at: u64| -> std::result::Result<OsString, String> {
        let start = strings.checked_add(at).ok_or("a string lies outside the file")?;
        let text = bytes.read_bytes_at_until(start..bytes.len() as u64, 0);
        text.map(|text| OsStr::from_bytes(text).to_owned()).map_err(|()| "a string lies outside the file".to_owned())
    };
    for entry in used() {
        let at = entry.d_val(endian);
        match entry.d_tag(endian) {
            elf::DT_NEEDED => elf.needed.push(string(at)?),
            elf::DT_RPATH => elf.rpath = colon_separated(&string(at)?),
            elf::DT_RUNPATH => elf.runpath = colon_separated(&string(at)?),
            _ => {}
        }
    }
    Ok(())
}

/// Where in the file lies what is loaded at an address.
fn file_offset(segments: &[Segment], endian: Endianness, address: u64) -> Option<u64> {
    segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD).find_map(|segment| {
        let into = address.checked_sub(segment.p_vaddr(endian))?;
        (into < segment.p_filesz(endian)).then(|| segment.p_offset(endian).checked_add(into))?
    })
}

fn colon_separated(list: &OsStr) -> Vec<OsString> {
    let entries = list.as_bytes().split(|byte| *byte == b':').filter(|entry| !entry.is_empty());
    entries.map(|entry| OsStr::from_bytes(entry).to_owned()).collect()
}
