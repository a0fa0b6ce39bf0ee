//! The kernel modules the guest needs, in the order in which they can be loaded. Packages bring no `modules.dep`, so
//! the dependencies are read where `depmod` reads them: in the modules themselves.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::VmError;

/// Without one of these no exam can be held.
pub const NEEDED: &[&str] = &["virtio_pci", "virtio_console", "overlay", "veth", "bridge", "zram"];

/// Without one of these something smaller is missing. `lzo_rle` is what zram compresses with unless told otherwise, and
/// older kernels would ask for it through a modprobe that the guest does not have; two are for the disk with the user
/// land; the rest is masquerading.
pub const OPTIONAL: &[&str] = &["lzo_rle", "loop", "virtio_blk", "squashfs", "nf_tables", "nft_chain_nat", "nft_masq"];

/// A module, ready to be handed to the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its name, with underscores.
    pub name: String,
    /// The ELF object, decompressed.
    pub object: Vec<u8>,
    /// Whether the guest may go on when it cannot be loaded.
    pub optional: bool,
}

/// What to load, in order, and which optional modules this kernel does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Every module after those it depends on.
    pub load: Vec<Module>,
    /// Optional modules that were not found.
    pub absent: Vec<String>,
}

/// Plans the loading of `needed` and `optional` from the directory `lib/modules/RELEASE`.
pub fn plan(directory: &Path, needed: &[&str], optional: &[&str]) -> Result<Plan, VmError> {
    let mut planner = Planner { tree: Tree::scan(directory)?, planned: HashSet::new(), plan: Plan::default() };
    for name in needed {
        planner.add(name, false)?;
    }
    for name in optional {
        if planner.tree.has(name) {
            planner.add(name, true)?;
        } else {
            planner.plan.absent.push((*name).to_owned());
        }
    }
    Ok(planner.plan)
}

/// The kernel treats `-` and `_` in names alike; files use both.
fn normal(name: &str) -> String {
    name.replace('-', "_")
}

/// The modules of one kernel: files and built-in ones, by normal name.
struct Tree {
    files: HashMap<String, PathBuf>,
    builtin: HashSet<String>,
}

impl Tree {
    fn scan(directory: &Path) -> Result<Self, VmError> {
        let mut files = HashMap::new();
        let mut pending = vec![directory.join("kernel")];
        while let Some(folder) = pending.pop() {
            // A kernel with everything built in has no such directory.
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.map_err(|error| VmError::file("read directory", &folder, error))?,
            };
            for entry in entries {
                let path = entry.map_err(|error| VmError::file("read directory", &folder, error))?.path();
                match path.file_name().and_then(|name| name.to_str()).and_then(module_name) {
                    Some(name) => drop(files.insert(name, path)),
                    None if path.is_dir() => pending.push(path),
                    None => {}
                }
            }
        }
        // Lines such as `kernel/fs/ext4/ext4.ko`.
        let builtin = fs::read_to_string(directory.join("modules.builtin")).unwrap_or_default();
        let builtin = builtin.lines().filter_map(|line| module_name(line.rsplit('/').next()?)).collect();
        Ok(Self { files, builtin })
    }

    fn has(&self, name: &str) -> bool {
        self.builtin.contains(name) || self.files.contains_key(name)
    }
}

/// `lzo-rle.ko.xz` is the module lzo_rle.
fn module_name(file: &str) -> Option<String> {
    let (name, suffix) = file.split_once(".ko")?;
    matches!(suffix, "" | ".xz" | ".zst" | ".gz").then(|| normal(name))
}

struct Planner {
    tree: Tree,
    planned: HashSet<String>,
    plan: Plan,
}

impl Planner {
    /// Plans a module after everything it depends on.
    fn add(&mut self, name: &str, optional: bool) -> Result<(), VmError> {
        let name = normal(name);
        if self.tree.builtin.contains(&name) || !self.planned.insert(name.clone()) {
            return Ok(());
        }
        let path = self.tree.files.get(&name).ok_or_else(|| VmError::NoModule { name: name.clone() })?;
        let object = read(path)?;
        let depends = depends(&object).ok_or_else(|| {
            VmError::file("read dependencies of", path, io::Error::new(io::ErrorKind::InvalidData, "no .modinfo"))
        })?;
        for dependency in &depends {
            self.add(dependency, optional)?;
        }
        self.plan.load.push(Module { name, object, optional });
        Ok(())
    }
}

/// Reads a module as the kernel wants it. Whether a kernel can decompress modules itself varies; ours need not.
fn read(path: &Path) -> Result<Vec<u8>, VmError> {
    let decompress = || {
        let bytes = fs::read(path)?;
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("xz") => {
                let mut object = Vec::new();
                lzma_rs::xz_decompress(&mut bytes.as_slice(), &mut object)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{error:?}")))?;
                Ok(object)
            }
            Some("zst") => {
                let mut object = Vec::new();
                let mut decoder = ruzstd::decoding::StreamingDecoder::new(bytes.as_slice())
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
                decoder.read_to_end(&mut object)?;
                Ok(object)
            }
            Some("gz") => Err(io::Error::new(io::ErrorKind::Unsupported, "gzip-compressed modules are not read")),
            _ => Ok(bytes),
        }
    };
    decompress().map_err(|error| VmError::file("read module", path, error))
}

/// The `depends=` of a module: strings separated by NUL in the section `.modinfo` of a 64-bit little-endian ELF file
/// (elf(5); `MODULE_INFO` in include/linux/module.h).
fn depends(object: &[u8]) -> Option<Vec<String>> {
    let information = section(object, b".modinfo")?;
    let line = information.split(|&byte| byte == 0).find_map(|line| line.strip_prefix(b"depends="))?;
    let names = std::str::from_utf8(line).ok()?;
    Some(names.split(',').filter(|name| !name.is_empty()).map(normal).collect())
}

/// The content of a section, by name.
fn section<'a>(object: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    const ELF64_LITTLE_ENDIAN: &[u8] = b"\x7fELF\x02\x01";
    if !object.starts_with(ELF64_LITTLE_ENDIAN) {
        return None;
    }
    let table = usize::try_from(number(object, 0x28, 8)?).ok()?;
    let size = usize::try_from(number(object, 0x3a, 2)?).ok()?;
    let count = usize::try_from(number(object, 0x3c, 2)?).ok()?;
    let names = usize::try_from(number(object, 0x3e, 2)?).ok()?;
    let header = |index: usize| object.get(table.checked_add(index.checked_mul(size)?)?..);
    let content = |header: &[u8]| {
        let offset = usize::try_from(number(header, 0x18, 8)?).ok()?;
        let length = usize::try_from(number(header, 0x20, 8)?).ok()?;
        object.get(offset..offset.checked_add(length)?)
    };
    let names = content(header(names)?)?;
    (0..count).filter_map(header).find_map(|header| {
        let label = names.get(usize::try_from(number(header, 0, 4)?).ok()?..)?;
        label.strip_prefix(name).is_some_and(|rest| rest.first() == Some(&0)).then(|| content(header)).flatten()
    })
}

/// A little-endian number of `width` bytes.
fn number(bytes: &[u8], offset: usize, width: usize) -> Option<u64> {
    let field = bytes.get(offset..offset.checked_add(width)?)?;
    Some(field.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest ELF file with a `.modinfo`: header, names, information, three section headers.
    fn module(depends: &str) -> Vec<u8> {
        let names = b"\0.shstrtab\0.modinfo\0";
        let information = format!("license=GPL\0depends={depends}\0name=x\0");
        let (names_at, information_at) = (64, 64 + names.len());
        let table = information_at + information.len();
        let mut object = vec![0; 64];
        object[..6].copy_from_slice(b"\x7fELF\x02\x01");
        object[0x28..0x30].copy_from_slice(&(table as u64).to_le_bytes());
        object[0x3a..0x40].copy_from_slice(&[64, 0, 3, 0, 1, 0]);
        object.extend_from_slice(names);
        object.extend_from_slice(information.as_bytes());
        for (name, offset, length) in [(0, 0, 0), (1, names_at, names.len()), (11, information_at, information.len())] {
            let mut header = [0; 64];
            header[..4].copy_from_slice(&u32::to_le_bytes(name));
            header[0x18..0x20].copy_from_slice(&(offset as u64).to_le_bytes());
            header[0x20..0x28].copy_from_slice(&(length as u64).to_le_bytes());
            object.extend_from_slice(&header);
        }
        object
    }

    fn tree(modules: &[(&str, &str)], builtin: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("temporary directory");
        for (path, depends) in modules {
            let path = directory.path().join("kernel").join(path);
            fs::create_dir_all(path.parent().expect("parent")).expect("directory");
            fs::write(path, module(depends)).expect("module");
        }
        fs::write(directory.path().join("modules.builtin"), builtin).expect("modules.builtin");
        directory
    }

    fn names(plan: &Plan) -> Vec<(&str, bool)> {
        plan.load.iter().map(|module| (module.name.as_str(), module.optional)).collect()
    }

    #[test]
    fn a_module_comes_after_what_it_depends_on_and_once() {
        let tree = tree(
            &[
                ("net/bridge/bridge.ko", "stp,llc"),
                ("net/802/stp.ko", "llc"),
                ("net/llc/llc.ko", ""),
                ("drivers/virtio/virtio-pci.ko", "virtio_ring"),
            ],
            "kernel/drivers/virtio/virtio_ring.ko\n",
        );
        let plan = plan(tree.path(), &["bridge", "virtio_pci"], &["llc", "loop"]).expect("plan");
        assert_eq!(names(&plan), [("llc", false), ("stp", false), ("bridge", false), ("virtio_pci", false)]);
        assert_eq!(plan.absent, ["loop"]);
    }

    #[test]
    fn a_missing_needed_module_is_named() {
        let tree = tree(&[("fs/overlayfs/overlay.ko", "gone")], "");
        let error = plan(tree.path(), &["overlay"], &[]).expect_err("incomplete");
        assert!(matches!(&error, VmError::NoModule { name } if name == "gone"), "{error}");
    }

    #[test]
    fn modules_that_need_each_other_do_not_hang() {
        let tree = tree(&[("a.ko", "b"), ("b.ko", "a")], "");
        assert_eq!(names(&plan(tree.path(), &["a"], &[]).expect("plan")), [("b", false), ("a", false)]);
    }

    #[test]
    fn compressed_modules_are_decompressed() {
        let tree = tree(&[], "");
        let object = module("");
        let mut xz = Vec::new();
        lzma_rs::xz_compress(&mut object.as_slice(), &mut xz).expect("xz");
        fs::write(tree.path().join("kernel-a"), b"").expect("file");
        fs::create_dir(tree.path().join("kernel")).expect("directory");
        fs::write(tree.path().join("kernel/a.ko.xz"), xz).expect("module");
        let zst = ruzstd::encoding::compress_to_vec(object.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
        fs::write(tree.path().join("kernel/b.ko.zst"), zst).expect("module");
        let plan = plan(tree.path(), &["a", "b"], &[]).expect("plan");
        assert!(plan.load.iter().all(|module| module.object == object), "decompressed");
    }

    #[test]
    fn damaged_modules_are_refused() {
        let object = module("llc");
        for length in 0..object.len() - 64 {
            assert_eq!(depends(&object[..length]).unwrap_or_default(), Vec::<String>::new());
        }
        assert_eq!(depends(&object), Some(vec!["llc".to_owned()]));
    }
}
