//! `boxproof merge`: parts of a class, examined in several places, as if they had been examined in one.

use super::store::Store;
use super::summary::{About, Class};
use crate::args::{MergeArgs, language};
use crate::outcome::{Outcome, Trouble};
use boxproof_harness::result::{Report, Shard, write_atomically};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Puts parts together.
pub fn run(args: &MergeArgs) -> Result<Outcome, Trouble> {
    let texts = crate::words::texts(language(args.lang));
    let parts: Vec<(&PathBuf, Class)> =
        args.parts.iter().map(|path| Ok((path, Class::read(path)?))).collect::<Result<_, Trouble>>()?;
    let about = same_course(&parts)?;
    let shard = whole(&parts, args.partial)?;
    let owners = owners(&parts)?;
    fs::create_dir_all(&args.out)
        .map_err(|error| Trouble::environment(format!("mkdir {}: {error}", args.out.display())))?;
    let mut reports = Vec::new();
    for (id, part) in owners {
        reports.push(copied(id, part, &args.out)?);
    }
    let class = Class::of(about, shard, &reports);
    class.write(&reports, &args.out)?;
    super::pages::class(&class, &reports, &texts, &args.out)?;
    crate::words::print(&super::told_rows(&class, &texts))?;
    Ok(super::outcome(&class))
}

/// Results of different courses, or of different boxproofs, are no class.
fn same_course(parts: &[(&PathBuf, Class)]) -> Result<About, Trouble> {
    let Some(((first_path, first), others)) = parts.split_first() else {
        return Err(Trouble::usage("there is nothing to merge"));
    };
    for (path, other) in others {
        let what = match () {
            () if other.course != first.course => "another course",
            () if !other.students.is_empty() && !first.students.is_empty() && other.tool != first.tool => {
                "another boxproof"
            }
            () => continue,
        };
        let (path, first) = (path.display(), first_path.display());
        return Err(Trouble::usage(format!("{path} was examined with {what} than {first}: they cannot be merged")));
    }
    Ok(first.course.clone())
}

/// Which part of the class they are together: all of it, unless only some of it was asked for.
fn whole(parts: &[(&PathBuf, Class)], partial: bool) -> Result<Shard, Trouble> {
    let total = parts.iter().map(|(_, class)| class.shard.total).max().unwrap_or(1);
    if let Some((path, class)) = parts.iter().find(|(_, class)| class.shard.total != total) {
        let of = class.shard.total;
        return Err(Trouble::usage(format!("{} is one of {of} parts, others of {total}", path.display())));
    }
    let there: BTreeSet<u32> = parts.iter().map(|(_, class)| class.shard.index).collect();
    let missing: Vec<String> =
        (1..=total).filter(|index| !there.contains(index)).map(|index| format!("{index}/{total}")).collect();
    match missing.is_empty() || partial {
        true => Ok(Shard::default()),
        false => Err(Trouble::usage(format!(
            "these parts are missing: {}. Examine them, or say --partial to do without",
            missing.join(", ")
        ))),
    }
}

/// In which part everybody is.
fn owners<'a>(parts: &'a [(&'a PathBuf, Class)]) -> Result<BTreeMap<&'a str, &'a Path>, Trouble> {
    let mut owners: BTreeMap<&str, &Path> = BTreeMap::new();
    for (path, class) in parts {
        for row in &class.students {
            if let Some(other) = owners.insert(&row.id, path) {
                let (id, path, other) = (&row.id, path.display(), other.display());
                return Err(Trouble::usage(format!("{id} is in {other} and in {path}: who is right?")));
            }
        }
    }
    Ok(owners)
}

/// Takes everything of one student along, and gives what was found last.
fn copied(id: &str, part: &Path, out: &Path) -> Result<Report, Trouble> {
    let store = Store::of(part);
    let report = store.latest(id);
    let report =
        report.ok_or_else(|| Trouble::usage(format!("{}: there is no result", store.of_student(id).display())))?;
    let (from, to) = (store.of_student(id), Store::of(out).of_student(id));
    let failed = |path: &Path, error| Trouble::environment(format!("copy {}: {error}", path.display()));
    fs::create_dir_all(&to).map_err(|error| failed(&to, error))?;
    for entry in fs::read_dir(&from).map_err(|error| failed(&from, error))? {
        let path = entry.map_err(|error| failed(&from, error))?.path();
        let Some(name) = path.file_name().filter(|name| !name.as_encoded_bytes().starts_with(b".")) else { continue };
        let bytes = fs::read(&path).map_err(|error| failed(&path, error))?;
        write_atomically(&to.join(name), &bytes).map_err(|error| failed(&path, error))?;
    }
    Ok(report)
}
