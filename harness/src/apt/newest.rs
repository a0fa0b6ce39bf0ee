//! The newest package of a family: `linux-image-6.12-cloud`, whichever that is today. What this release of the
//! distribution does not have its backports may: from the mirror that the machine uses, with lists of our own, so that
//! nothing of the machine is changed.

use std::fs;
use std::path::Path;

use super::{Apt, AptError, Result, Store, Unpacked, create_private, explain, failed, fetch, write_atomically};

/// The newest package whose name begins with `prefix` and satisfies `wanted`, with that name. The name is kept, as for
/// [`fetch_dependency`](super::fetch_dependency).
pub fn fetch_newest(prefix: &str, wanted: impl Fn(&str) -> bool) -> Result<(String, Unpacked)> {
    let store = Store::open()?;
    let record = record_of(&store, prefix);
    if let Ok(known) = fs::read_to_string(&record) {
        let package = fetch(&known)?;
        return Ok((known, package));
    }
    // Lists that are there take no time; backports are few and their list is short; lists of everything come last.
    let found = match newest(&store.apt_at_hand(), prefix, &wanted) {
        Ok(name) => fetch(&name).map(|package| (name, package)),
        Err(_) => from_backports(&store, prefix, &wanted),
    };
    let (name, package) = match found {
        Err(AptError::NoApt { program }) => return Err(AptError::NoApt { program }),
        Err(why) => {
            let name = match store.with_lists(|apt| newest(apt, prefix, &wanted)) {
                // That it is unknown here was to be expected; why the backports could not be asked was not.
                Err(AptError::NotFound { .. }) if !matches!(why, AptError::NotFound { .. }) => return Err(why),
                name => name?,
            };
            let package = fetch(&name)?;
            (name, package)
        }
        Ok(found) => found,
    };
    write_atomically(&record, name.as_bytes())?;
    Ok((name, package))
}

/// Whether [`fetch_newest`] would not touch the network.
pub fn is_known(prefix: &str) -> bool {
    Store::open()
        .is_ok_and(|store| fs::read_to_string(record_of(&store, prefix)).is_ok_and(|name| super::is_cached(&name)))
}

fn record_of(store: &Store, prefix: &str) -> std::path::PathBuf {
    store.root.join(format!("{prefix}.newest"))
}

fn newest(apt: &Apt, prefix: &str, wanted: &impl Fn(&str) -> bool) -> Result<String> {
    let listing = apt.run("apt-cache", ["pkgnames", prefix], None).map_err(|error| explain(error, prefix))?;
    let names = listing.lines().filter(|name| wanted(name));
    let newest = names.max_by_key(|name| numbers(name)).map(str::to_owned);
    newest.ok_or_else(|| AptError::NotFound { package: format!("{prefix}*") })
}

/// The numbers in a name, by which 6.12.9 comes before 6.12.10.
fn numbers(name: &str) -> Vec<u64> {
    name.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

fn from_backports(store: &Store, prefix: &str, wanted: &impl Fn(&str) -> bool) -> Result<(String, Unpacked)> {
    let apt = backports(store)?;
    let name = newest(&apt, prefix, wanted)?;
    let package = store.add_from(&name, |directory| apt.download(&name, directory))?;
    Ok((name, package))
}

/// apt with this release's backports for its only source.
fn backports(store: &Store) -> Result<Apt> {
    const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let state = store.cache.join("backports");
    create_private(&state.join("lists/partial"))?;
    create_private(&state.join("cache/archives/partial"))?;
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let codename = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).unwrap_or_default();
    let nothing = || AptError::NotFound { package: format!("{codename}-backports") };

    let targets = Apt::with_lists_of_the_machine(&state).run(
        "apt-get",
        ["indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"],
        None,
    )?;
    let mirror = targets.lines().find_map(|line| line.strip_prefix(codename)?.strip_prefix(' ')).ok_or_else(nothing)?;
    let signed = if Path::new(KEYRING).exists() { format!("[signed-by={KEYRING}] ") } else { String::new() };
    let source = state.join("sources.list");
    fs::write(&source, format!("deb {signed}{mirror} {codename}-backports main\n"))
        .map_err(failed("write", &source))?;

    let mut apt = Apt::with_lists_of_our_own(&state);
    apt.set("Dir::Etc::sourcelist", &source);
    apt.set("Dir::Etc::sourceparts", Path::new("/dev/null"));
    apt.options.push("-oAcquire::Languages=none".to_owned());
    apt.run("apt-get", ["update"], None).map_err(|error| explain(error, codename))?;
    Ok(apt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let mut names =
            ["linux-image-6.12.9+deb12-cloud", "linux-image-6.12.90+deb12.1-cloud", "linux-image-6.12.90+deb12-cloud"];
        names.sort_by_key(|name| numbers(name));
        assert_eq!(names[2], "linux-image-6.12.90+deb12.1-cloud");
        assert_eq!(names[0], "linux-image-6.12.9+deb12-cloud");
    }
}
