//! What the values of options mean: sizes, processors, places, limits. Nothing of this needs to be read to follow a container.

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hasher};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use nix::mount::MsFlags;
use nix::sys::resource::Resource;

use crate::bridge::{self, Port};
use crate::caps::{self, Mask};
use crate::cgroup::Setting;
use crate::error::{Error, Result};
use crate::flags::Flags;
use crate::mounts::{Mount, Source};
use crate::sys::Depth;
use crate::user;
/// A size in bytes. The kernel takes only bytes, and takes `50` for 50 of them: the container is killed before its
/// first instruction. So a bare small number is refused, and every suffix means what it means in `docker run -m`.
pub fn size(option: &str, word: &str) -> Result<u64> {
    const SMALLEST: u64 = 1 << 20;
    let refuse = |why: &str| {
        Err(Error::new(format!("{option} {word}: {why}; write bytes or K, M, G, KiB, MiB, GiB, for example 50M")))
    };
    let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, suffix) = word.split_at(digits);
    let unit: u64 = match suffix.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return refuse("not a size"),
    };
    if number.is_empty() {
        return refuse("not a size");
    }
    // memory.max is kept in pages and read as a signed number of bytes: beyond i64 the kernel would mean something else.
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).filter(|&size| size <= i64::MAX as u64)
    {
        None => refuse("too large"),
        Some(size) if size < SMALLEST => refuse("less than 1 MiB, in which no process can start"),
        Some(size) => Ok(size),
    }
}

/// Microseconds of processor time per period of 100 ms.
pub fn cpus(word: &str) -> Result<Setting> {
    let plain = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match word.parse::<f64>() {
        // 0.01 is the kernel's own floor (a quota of 1 ms); no machine has the processors to reach the ceiling.
        Ok(number) if plain && (0.01..=100_000.0).contains(&number) => {
            Ok(Setting::new("cpu.max", format!("{} 100000", (number * 100_000.0).round() as u64)))
        }
        _ => Err(Error::new(format!("--cpus {word}: not a number of processors from 0.01 upwards, for example 0.5"))),
    }
}

pub fn pids(word: &str) -> Result<Setting> {
    match word.parse::<u32>() {
        Ok(number) if number > 0 => Ok(Setting::new("pids.max", number)),
        _ => Err(Error::new(format!("--pids {word}: not a whole number from 1 upwards"))),
    }
}

/// The kernel accepts up to 64 bytes of anything; the characters are those of hostname(7).
pub fn hostname(name: String) -> Result<String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if name.is_empty() || name.len() > 64 || !name.chars().all(valid) {
        return Err(Error::new(format!("--hostname {name}: 1 to 64 letters, digits, '-', '.' and '_' are possible")));
    }
    Ok(name)
}

/// Two containers must not be called alike, nor after the machine they run on.
pub fn random_hostname() -> String {
    // The standard library seeds this hasher from the kernel's random numbers.
    format!("{:012x}", RandomState::new().build_hasher().finish() & 0xffff_ffff_ffff)
}

pub fn workdir(path: OsString) -> Result<PathBuf> {
    match path.as_bytes().first() {
        Some(b'/') => Ok(path.into()),
        _ => Err(Error::new(format!("--workdir {path:?}: not an absolute path"))),
    }
}

/// `SRC:DST` or `SRC:DST:ro`. A path with a colon in it cannot be given.
pub fn volume(word: OsString) -> Result<Mount> {
    let parts: Vec<PathBuf> =
        word.as_bytes().split(|&byte| byte == b':').map(|part| OsStr::from_bytes(part).into()).collect();
    let (source, target, flags) = match &parts[..] {
        [source, target] => (source, target, Flags::of(MsFlags::empty())),
        [source, target, option] if option.as_os_str() == "ro" => (source, target, Flags::READ_ONLY),
        _ => return Err(Error::new(format!("--volume {word:?}: not of the form SRC:DST or SRC:DST:ro"))),
    };
    if source.as_os_str().is_empty() || !is_place(target) {
        return Err(Error::new(format!("--volume {word:?}: DST is an absolute path below / without `..`")));
    }
    let source = Source::Bind { path: source.into(), depth: Depth::Recursive };
    Ok(Mount { target: target.into(), source, flags })
}

/// `DST` or `DST:SIZE`. Without a size a tmpfs may take half of the machine's memory.
pub fn tmpfs(word: OsString) -> Result<Mount> {
    let mut parts = word.as_bytes().splitn(2, |&byte| byte == b':');
    let target = PathBuf::from(OsStr::from_bytes(parts.next().unwrap_or_default()));
    let bytes = match parts.next() {
        None => 64 << 20,
        Some(number) => size("--tmpfs", &String::from_utf8_lossy(number))?,
    };
    if !is_place(&target) {
        return Err(Error::new(format!("--tmpfs {word:?}: DST is an absolute path below / without `..`")));
    }
    let source = Source::New {
        kind: "tmpfs".into(),
        name: "tmpfs".into(),
        data: format!("mode=1777,size={bytes}"),
        copy_up: false,
    };
    Ok(Mount { target, source, flags: Flags::of(MsFlags::MS_NOSUID | MsFlags::MS_NODEV) })
}

/// With `..` it would not be certain where the directories begin that the image lacks.
fn is_place(target: &Path) -> bool {
    target.is_absolute() && target.components().all(|part| part != Component::ParentDir) && target.parent().is_some()
}

pub fn user(word: &str) -> Result<user::User> {
    user::parse(word).ok_or_else(|| Error::new(format!("--user {word}: not of the form USER or USER:GROUP")))
}

pub fn capability(word: &str) -> Result<Mask> {
    caps::mask(word)
        .ok_or_else(|| Error::new(format!("{word}: no capability of capabilities(7), for example NET_ADMIN")))
}

pub fn publish(word: &str) -> Result<Port> {
    bridge::port(word)
        .ok_or_else(|| Error::new(format!("--publish {word}: not of the form HOST:CONTAINER or HOST:CONTAINER/udp")))
}

pub fn confined(word: &str) -> Result<bool> {
    match word {
        "default" => Ok(true),
        "unconfined" => Ok(false),
        _ => Err(Error::new(format!("--seccomp {word}: neither default nor unconfined"))),
    }
}

/// `NAME=SOFT` or `NAME=SOFT:HARD`, as in `docker run --ulimit`.
pub fn rlimit(word: &str) -> Result<(Resource, u64, u64)> {
    let number = |word: &str| if word == "unlimited" { Some(u64::MAX) } else { word.parse().ok() };
    let limit = word.split_once('=').and_then(|(name, limits)| {
        let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
        Some((resource(name)?, number(soft)?, number(hard)?))
    });
    limit.filter(|(_, soft, hard)| soft <= hard).ok_or_else(|| {
        Error::new(format!("--rlimit {word}: not of the form NAME=SOFT[:HARD], for example nofile=1024:4096"))
    })
}

/// The names of setrlimit(2), without their prefix.
pub fn resource(name: &str) -> Option<Resource> {
    Some(match name.to_ascii_lowercase().as_str() {
        "as" => Resource::RLIMIT_AS,
        "core" => Resource::RLIMIT_CORE,
        "cpu" => Resource::RLIMIT_CPU,
        "data" => Resource::RLIMIT_DATA,
        "fsize" => Resource::RLIMIT_FSIZE,
        "locks" => Resource::RLIMIT_LOCKS,
        "memlock" => Resource::RLIMIT_MEMLOCK,
        "msgqueue" => Resource::RLIMIT_MSGQUEUE,
        "nice" => Resource::RLIMIT_NICE,
        "nofile" => Resource::RLIMIT_NOFILE,
        "nproc" => Resource::RLIMIT_NPROC,
        "rss" => Resource::RLIMIT_RSS,
        "rtprio" => Resource::RLIMIT_RTPRIO,
        "rttime" => Resource::RLIMIT_RTTIME,
        "sigpending" => Resource::RLIMIT_SIGPENDING,
        "stack" => Resource::RLIMIT_STACK,
        _ => return None,
    })
}

pub fn variable(word: OsString) -> Result<OsString> {
    match word.as_bytes().iter().position(|&byte| byte == b'=') {
        None | Some(0) => Err(Error::new(format!("--env {word:?}: not of the form NAME=VALUE"))),
        Some(_) => Ok(OsString::from_vec(word.into_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("1048576", 1 << 20)]
    #[case("52428800", 52428800)]
    #[case("50M", 52428800)]
    #[case("50m", 52428800)]
    #[case("50MB", 52428800)]
    #[case("50MiB", 52428800)]
    #[case("2048K", 2 << 20)]
    #[case("4096M", 4 << 30)]
    #[case("3GiB", 3 << 30)]
    fn sizes(#[case] word: &str, #[case] bytes: u64) {
        assert_eq!(size("--memory", word).unwrap(), bytes);
    }

    #[rstest]
    #[case("")]
    #[case("0")]
    #[case("0M")]
    #[case("50")]
    #[case("-1")]
    #[case("-50M")]
    #[case("1.5G")]
    #[case("50 M")]
    #[case("50Q")]
    #[case("M")]
    #[case("99999999999999999999")]
    #[case("9000000000G")]
    #[case("８M")]
    #[case("max")]
    fn no_sizes(#[case] word: &str) {
        let message = size("--memory", word).unwrap_err().to_string();
        assert!(message.contains("for example 50M"), "{message}");
    }

    #[rstest]
    #[case("0.5", "50000 100000")]
    #[case("1", "100000 100000")]
    #[case("2.25", "225000 100000")]
    #[case("0.01", "1000 100000")]
    fn processors(#[case] word: &str, #[case] quota: &str) {
        assert_eq!(cpus(word).unwrap(), Setting::new("cpu.max", quota));
    }

    #[rstest]
    fn no_processors(#[values("0", "0.001", "-1", "nan", "inf", "1e3", "50%", "", ".", "1/2")] word: &str) {
        assert!(cpus(word).is_err());
    }

    #[rstest]
    fn no_numbers_of_processes(#[values("0", "-1", "max", "1.5", "4294967296", "")] word: &str) {
        assert!(pids(word).is_err());
    }

    #[test]
    fn hostnames_have_64_bytes_at_most() {
        assert!(hostname("h".repeat(64)).is_ok());
        assert!(hostname("h".repeat(65)).is_err());
    }

    #[test]
    fn hostnames_differ_by_default() {
        assert_ne!(random_hostname(), random_hostname());
    }
}
