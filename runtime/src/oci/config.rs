//! config.json, read into the description that `run.rs` and `init.rs` consume. What this runtime cannot do is refused by name: a
//! container that is less confined than its configuration says is worse than none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::mount::MsFlags;
use nix::sched::CloneFlags;
use nix::sys::resource::Resource;
use nix::sys::stat::{SFlag, makedev};
use oci_spec::runtime as oci;
use oci_spec::runtime::{LinuxNamespaceType as Kind, LinuxSeccompAction as Action, LinuxSeccompOperator as Operator};
use seccompiler::{BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp};

use super::resources;
use crate::caps::{self, Mask, Sets};
use crate::container::{Container, Process, Root};
use crate::dev::{self, Device};
use crate::error::{Error, Result};
use crate::flags::{self, Flags};
use crate::hooks::{Hook, Hooks, State};
use crate::mounts::{Mount, Source};
use crate::namespaces::{Mapping, Namespaces};
use crate::overlay::Image;
use crate::seccomp;
use crate::sys::Depth;
use crate::user::{Id, User};

/// Options of mounts that are flags of `mount(2)`: the name, the flag, and whether it is set or cleared. With an `r` before
/// them (`rro`) they are for all mounts below as well.
#[rustfmt::skip]
pub const OPTIONS: [(&str, MsFlags, bool); 26] = [
    ("defaults", MsFlags::empty(), true),
    ("ro", MsFlags::MS_RDONLY, true), ("rw", MsFlags::MS_RDONLY, false),
    ("nosuid", MsFlags::MS_NOSUID, true), ("suid", MsFlags::MS_NOSUID, false),
    ("nodev", MsFlags::MS_NODEV, true), ("dev", MsFlags::MS_NODEV, false),
    ("noexec", MsFlags::MS_NOEXEC, true), ("exec", MsFlags::MS_NOEXEC, false),
    ("sync", MsFlags::MS_SYNCHRONOUS, true), ("async", MsFlags::MS_SYNCHRONOUS, false),
    ("dirsync", MsFlags::MS_DIRSYNC, true), ("mand", MsFlags::MS_MANDLOCK, true),
    ("nomand", MsFlags::MS_MANDLOCK, false), ("silent", MsFlags::MS_SILENT, true),
    ("loud", MsFlags::MS_SILENT, false),
    ("noatime", MsFlags::MS_NOATIME, true), ("atime", MsFlags::MS_NOATIME, false),
    ("nodiratime", MsFlags::MS_NODIRATIME, true), ("diratime", MsFlags::MS_NODIRATIME, false),
    ("relatime", MsFlags::MS_RELATIME, true), ("norelatime", MsFlags::MS_RELATIME, false),
    ("strictatime", MsFlags::MS_STRICTATIME, true), ("nostrictatime", MsFlags::MS_STRICTATIME, false),
    ("nosymfollow", MsFlags::from_bits_retain(256), true), ("symfollow", MsFlags::from_bits_retain(256), false),
];

/// Reads a configuration.
pub fn read(path: &Path) -> Result<oci::Spec> {
    read_with_text(path).map(|(spec, _)| spec)
}

/// Reads a configuration once and for all: who keeps its text keeps what it has been taken for.
pub fn read_with_text(path: &Path) -> Result<(oci::Spec, String)> {
    let doing = |error: &dyn std::fmt::Display| Error::new(format!("read {}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| doing(&error))?;
    let spec: oci::Spec = serde_json::from_str(&text).map_err(|error| doing(&error))?;
    match spec.version().split('.').next() {
        Some("1") => Ok((spec, text)),
        _ => Err(doing(&format!("ociVersion {} is not one of version 1", spec.version()))),
    }
}

/// Turns a configuration into a container. Relative paths are the bundle's.
pub fn container(id: &str, bundle: &Path, spec: &oci::Spec) -> Result<Container> {
    let linux = spec.linux().clone().unwrap_or_default();
    refuse_unsupported(spec, &linux)?;
    let Some(root) = spec.root() else { return Err(Error::new("config.json has no root")) };
    let Some(process) = spec.process() else { return Err(Error::new("config.json has no process")) };
    let namespaces = namespaces(&linux)?;
    let mounts = spec.mounts().iter().flatten().map(|item| mount(item, bundle)).collect::<Result<Vec<_>>>()?;
    // Where the host's /dev comes in as it is, nothing is to be made in it.
    let own_dev =
        !mounts.iter().any(|item| item.target == Path::new("/dev") && matches!(item.source, Source::Bind { .. }));
    let extra = linux.devices().iter().flatten().map(device).collect::<Result<Vec<_>>>()?;
    let usual = dev::usual().into_iter().filter(|usual| extra.iter().all(|device| device.path != usual.path));
    let devices = own_dev.then(|| usual.chain(extra.iter().cloned()).collect());
    let paths = |list: &Option<Vec<String>>| list.iter().flatten().map(PathBuf::from).collect();
    Ok(Container {
        root: Root {
            image: Image::Directory(bundle.join(root.path())),
            read_only: root.readonly().unwrap_or(false),
            propagation: root_propagation(&linux, &mounts)?,
        },
        hostname: name(spec.hostname(), &namespaces)?,
        domainname: name(spec.domainname(), &namespaces)?,
        mounts,
        devices,
        covers: Vec::new(),
        read_only: paths(linux.readonly_paths()),
        masked: paths(linux.masked_paths()),
        sysctls: sysctls(&linux, &namespaces)?,
        limits: linux.resources().as_ref().map(resources::settings).transpose()?.unwrap_or_default(),
        hooks: hooks(id, bundle, spec)?,
        process: Process { seccomp: filters(&linux)?, ..self::process(process)? },
        namespaces,
    })
}

/// The state that hooks read, as far as the configuration determines it.
pub fn annotations(spec: &oci::Spec) -> serde_json::Value {
    serde_json::json!(spec.annotations().clone().unwrap_or_default())
}

fn refuse_unsupported(spec: &oci::Spec, linux: &oci::Linux) -> Result<()> {
    let text = |value: &Option<String>| value.as_deref().is_some_and(|text| !text.is_empty());
    let items = spec.mounts().iter().flatten();
    refuse(&[
        (text(linux.mount_label()), "linux.mountLabel"),
        (linux.intel_rdt().is_some(), "linux.intelRdt"),
        (linux.memory_policy().is_some(), "linux.memoryPolicy"),
        (linux.personality().is_some(), "linux.personality"),
        (linux.time_offsets().iter().flatten().next().is_some(), "linux.timeOffsets"),
        (linux.net_devices().iter().flatten().next().is_some(), "linux.netDevices"),
        (
            items.clone().any(|item| item.uid_mappings().is_some() || item.gid_mappings().is_some()),
            "mounts.uidMappings",
        ),
        (spec.vm().is_some(), "vm"),
    ])
}

fn refuse(properties: &[(bool, &str)]) -> Result<()> {
    match properties.iter().find(|(present, _)| *present) {
        Some((_, name)) => Err(Error::new(format!("config.json: {name} is not supported by mycontainer"))),
        None => Ok(()),
    }
}

fn namespaces(linux: &oci::Linux) -> Result<Namespaces> {
    let mut namespaces = Namespaces::default();
    let mut named = 0;
    for namespace in linux.namespaces().iter().flatten() {
        let kind = namespace.typ();
        let flag = kind as i32;
        if named & flag != 0 {
            return Err(Error::new(format!("config.json: the {kind} namespace is named twice")));
        }
        named |= flag;
        match namespace.path() {
            Some(path) if matches!(kind, Kind::User | Kind::Mount | Kind::Time) => {
                return Err(Error::new(format!(
                    "config.json: joining the {kind} namespace {} is not supported by mycontainer",
                    path.display()
                )));
            }
            Some(path) => namespaces.joined.push((CloneFlags::from_bits_retain(flag), path.clone())),
            None if kind == Kind::Cgroup => namespaces.cgroup = true,
            None => namespaces.new |= flag,
        }
    }
    if namespaces.new & libc::CLONE_NEWNS == 0 {
        return Err(Error::new("config.json: without a mount namespace the host's / would be exchanged"));
    }
    let mapping = |mapping: &oci::LinuxIdMapping| Mapping {
        inside: mapping.container_id(),
        outside: mapping.host_id(),
        size: mapping.size(),
    };
    namespaces.users = linux.uid_mappings().iter().flatten().map(mapping).collect();
    namespaces.groups = linux.gid_mappings().iter().flatten().map(mapping).collect();
    match (namespaces.user(), namespaces.users.is_empty() || namespaces.groups.is_empty()) {
        (true, true) => Err(Error::new("config.json: a user namespace needs uidMappings and gidMappings")),
        (false, false) => Err(Error::new("config.json: there are mappings and no user namespace")),
        _ => Ok(namespaces),
    }
}

/// A hostname or domainname. Where the container has no namespace for it, it would be the machine's that changes.
fn name(name: &Option<String>, namespaces: &Namespaces) -> Result<Option<String>> {
    match name.clone().filter(|name| !name.is_empty()) {
        Some(name) if !namespaces.has(CloneFlags::CLONE_NEWUTS) => {
            Err(Error::new(format!("config.json: the name {name} needs a UTS namespace, or it would be the machine's")))
        }
        name => Ok(name),
    }
}

fn root_propagation(linux: &oci::Linux, mounts: &[Mount]) -> Result<MsFlags> {
    match linux.rootfs_propagation().as_deref() {
        // A volume that hears of the host's mounts needs the ties of its source uncut.
        None | Some("") if mounts.iter().any(|item| item.flags.propagation.contains(MsFlags::MS_SLAVE)) => {
            Ok(MsFlags::MS_SLAVE | MsFlags::MS_REC)
        }
        None | Some("") => Ok(MsFlags::empty()),
        Some(word) => flags::propagation(word)
            .map(|flags| flags | MsFlags::MS_REC & if word == "unbindable" { MsFlags::empty() } else { MsFlags::all() })
            .ok_or_else(|| Error::new(format!("config.json: rootfsPropagation {word} is unknown"))),
    }
}

fn mount(item: &oci::Mount, bundle: &Path) -> Result<Mount> {
    let target = Path::new("/").join(item.destination());
    let none = MsFlags::empty();
    let mut flags = Flags::of(none);
    let (mut data, mut bind, mut copy_up) = (Vec::new(), None, false);
    for option in item.options().iter().flatten() {
        let known = |name: &str| OPTIONS.iter().find(|(other, ..)| *other == name);
        match option.as_str() {
            "bind" => bind = bind.or(Some(Depth::Single)),
            "rbind" => bind = Some(Depth::Recursive),
            word if flags::propagation(word).is_some() => flags.propagation = flags::propagation(word).unwrap_or(none),
            word => match (known(word), word.strip_prefix('r').and_then(known)) {
                (Some((_, flag, true)), _) => (flags.set, flags.clear) = (flags.set | *flag, flags.clear - *flag),
                (Some((_, flag, false)), _) => (flags.set, flags.clear) = (flags.set - *flag, flags.clear | *flag),
                (None, Some((_, flag, true))) => flags.set_below |= *flag,
                (None, Some((_, flag, false))) => flags.clear_below |= *flag,
                (None, None) if word == "tmpcopyup" => copy_up = true,
                (None, None) => data.push(word),
            },
        }
    }
    let kind = item.typ().as_deref().unwrap_or_default();
    let name = item.source().clone().unwrap_or_default();
    if kind == "bind" {
        bind = bind.or(Some(Depth::Recursive));
    }
    let source = match bind {
        // The kernel takes no data for a bind, and configurations in the field have some (`size=64k`): it says nothing. A word
        // that is no data may be a flag with a slip in it.
        Some(_) if data.iter().any(|word| !word.contains('=')) => {
            let (target, words) = (target.display(), data.join(","));
            return Err(Error::new(format!("config.json: {target} has an unknown option {words}")));
        }
        Some(depth) => Source::Bind { path: bundle.join(name), depth },
        None => {
            // What the kernel calls version 2 is the only version that is known here.
            let kind = if kind == "cgroup" { "cgroup2" } else { kind };
            Source::New { kind: kind.into(), name: name.to_string_lossy().into_owned(), data: data.join(","), copy_up }
        }
    };
    Ok(Mount { target, source, flags })
}

fn device(device: &oci::LinuxDevice) -> Result<Device> {
    let kind = match device.typ() {
        oci::LinuxDeviceType::B => SFlag::S_IFBLK,
        oci::LinuxDeviceType::C | oci::LinuxDeviceType::U => SFlag::S_IFCHR,
        oci::LinuxDeviceType::P => SFlag::S_IFIFO,
        oci::LinuxDeviceType::A => return Err(Error::new("config.json: a device of type a is none")),
    };
    Ok(Device {
        path: device.path().clone(),
        kind,
        number: makedev(device.major() as u64, device.minor() as u64),
        mode: device.file_mode().unwrap_or(0o666) & 0o7777,
        owner: device.uid().unwrap_or(0),
        group: device.gid().unwrap_or(0),
    })
}

/// Only what a namespace divides: everything else would be changed for the machine.
fn sysctls(linux: &oci::Linux, namespaces: &Namespaces) -> Result<Vec<(String, String)>> {
    let mut list = Vec::new();
    for (name, value) in linux.sysctl().iter().flatten() {
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        let namespaced = starts(&["net."]) && namespaces.has(CloneFlags::CLONE_NEWNET)
            || starts(&["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."])
                && namespaces.has(CloneFlags::CLONE_NEWIPC)
            || starts(&["kernel.domainname", "kernel.hostname"]) && namespaces.has(CloneFlags::CLONE_NEWUTS);
        if !namespaced || name.contains("..") {
            return Err(Error::new(format!("config.json: sysctl {name} is not of a namespace that the container has")));
        }
        list.push((name.replace('.', "/"), value.clone()));
    }
    Ok(list)
}

/// The hooks, which are read again whenever some are to be run.
pub fn hooks(id: &str, bundle: &Path, spec: &oci::Spec) -> Result<Hooks> {
    let hooks = spec.hooks().clone().unwrap_or_default();
    let list = |hooks: &Option<Vec<oci::Hook>>| hooks.iter().flatten().map(hook).collect::<Result<Vec<_>>>();
    let prestart = list(hooks.prestart())?;
    Ok(Hooks {
        create_runtime: [prestart, list(hooks.create_runtime())?].concat(),
        create_container: list(hooks.create_container())?,
        start_container: list(hooks.start_container())?,
        poststart: list(hooks.poststart())?,
        poststop: list(hooks.poststop())?,
        state: State { id: id.into(), bundle: bundle.into(), annotations: annotations(spec), pid: 0 },
    })
}

fn hook(hook: &oci::Hook) -> Result<Hook> {
    let path = hook.path();
    if !path.is_absolute() {
        return Err(Error::new(format!("config.json: the path of the hook {} is not absolute", path.display())));
    }
    if hook.timeout().is_some_and(|seconds| seconds <= 0) {
        return Err(Error::new(format!(
            "config.json: the timeout of the hook {} is not greater than zero",
            path.display()
        )));
    }
    let variable = |word: &String| word.split_once('=').map(|(name, value)| (name.into(), value.into()));
    Ok(Hook {
        path: path.clone(),
        args: hook.args().iter().flatten().map(Into::into).collect(),
        env: hook.env().iter().flatten().filter_map(variable).collect(),
        timeout: hook.timeout().map(|seconds| Duration::from_secs(seconds as u64)),
    })
}

/// A process, the container's first or one that joins it.
pub fn process(process: &oci::Process) -> Result<Process> {
    let text = |value: &Option<String>| value.as_deref().is_some_and(|text| !text.is_empty());
    refuse(&[
        (text(process.apparmor_profile()), "process.apparmorProfile"),
        (text(process.selinux_label()), "process.selinuxLabel"),
        (process.io_priority().is_some(), "process.ioPriority"),
        (process.scheduler().is_some(), "process.scheduler"),
        (process.exec_cpu_affinity().is_some(), "process.execCPUAffinity"),
    ])?;
    let args: Vec<_> = process.args().iter().flatten().map(Into::into).collect();
    if args.is_empty() {
        return Err(Error::new("config.json: process.args is empty"));
    }
    if !process.cwd().is_absolute() {
        return Err(Error::new(format!("config.json: process.cwd {} is not absolute", process.cwd().display())));
    }
    let user = process.user();
    let mut rlimits: Vec<(Resource, u64, u64)> = Vec::new();
    for limit in process.rlimits().iter().flatten() {
        let name = limit.typ().to_string();
        let Some(resource) = crate::values::resource(name.trim_start_matches("RLIMIT_")) else {
            return Err(Error::new(format!("config.json: the limit {name} is unknown")));
        };
        if rlimits.iter().any(|(other, ..)| *other == resource) {
            return Err(Error::new(format!("config.json: the limit {name} is set twice")));
        }
        rlimits.push((resource, limit.soft(), limit.hard()));
    }
    Ok(Process {
        args,
        env: process.env().iter().flatten().map(Into::into).collect(),
        cwd: process.cwd().clone(),
        create_cwd: true,
        user: User {
            uid: Id::Number(user.uid()),
            gid: Some(Id::Number(user.gid())),
            groups: user.additional_gids().clone().unwrap_or_default(),
            umask: user.umask(),
        },
        // Nothing said is nothing granted.
        capabilities: Some(process.capabilities().as_ref().map(sets).unwrap_or_default()),
        no_new_privileges: process.no_new_privileges().unwrap_or(false),
        seccomp: Vec::new(),
        rlimits,
        oom_score_adj: process.oom_score_adj(),
        terminal: process.terminal().unwrap_or(false),
        console_size: process.console_size().map(|size| (size.height() as u16, size.width() as u16)),
        keep_keyring: false,
        preserved: 0,
    })
}

fn sets(capabilities: &oci::LinuxCapabilities) -> Sets {
    let mask = |set: &Option<oci::Capabilities>| -> Mask {
        set.iter().flatten().filter_map(|capability| caps::mask(&capability.to_string())).fold(0, |sum, bit| sum | bit)
    };
    Sets {
        bounding: mask(capabilities.bounding()),
        effective: mask(capabilities.effective()),
        permitted: mask(capabilities.permitted()),
        inheritable: mask(capabilities.inheritable()),
        ambient: mask(capabilities.ambient()),
    }
}

/// The filters that a configuration describes.
pub fn filters(linux: &oci::Linux) -> Result<Vec<BpfProgram>> {
    let Some(profile) = linux.seccomp() else { return Ok(Vec::new()) };
    let flags = profile.flags().iter().flatten();
    if let Some(flag) = flags.into_iter().find(|flag| **flag != oci::LinuxSeccompFilterFlag::SeccompFilterFlagTsync) {
        return Err(Error::new(format!("config.json: the seccomp flag {flag} is not supported by mycontainer")));
    }
    let otherwise = action(profile.default_action(), profile.default_errno_ret())?;
    let mut classes: Vec<seccomp::Class> = Vec::new();
    for entry in profile.syscalls().iter().flatten() {
        let action = action(entry.action(), entry.errno_ret())?;
        // What happens anyway needs no rule.
        if action == otherwise {
            continue;
        }
        let comparisons = entry.args().iter().flatten().map(comparison).collect::<Result<Vec<_>>>()?;
        let rules = if comparisons.is_empty() { None } else { Some(seccomp::rule(&comparisons)?) };
        let place = match classes.iter().position(|(other, _)| *other == action) {
            Some(place) => place,
            None => {
                classes.push((action, Default::default()));
                classes.len() - 1
            }
        };
        // Calls that this processor does not have need no filter: profiles are written for all of them.
        for number in entry.names().iter().filter_map(|name| name.parse::<syscalls::Sysno>().ok()) {
            let known = classes[place].1.entry(i64::from(number.id()));
            match (known, &rules) {
                (std::collections::btree_map::Entry::Vacant(empty), rules) => {
                    empty.insert(rules.clone().into_iter().collect());
                }
                // Without conditions it is whatever the arguments are.
                (std::collections::btree_map::Entry::Occupied(mut known), None) => known.get_mut().clear(),
                (std::collections::btree_map::Entry::Occupied(known), Some(_)) if known.get().is_empty() => {}
                (std::collections::btree_map::Entry::Occupied(mut known), Some(rule)) => {
                    known.get_mut().push(rule.clone())
                }
            }
        }
    }
    seccomp::compile(otherwise, classes)
}

fn action(action: Action, number: Option<u32>) -> Result<SeccompAction> {
    let number_or = |default: i32| number.unwrap_or(default as u32);
    Ok(match action {
        Action::ScmpActAllow => SeccompAction::Allow,
        Action::ScmpActErrno => SeccompAction::Errno(number_or(libc::EPERM)),
        Action::ScmpActKill | Action::ScmpActKillThread => SeccompAction::KillThread,
        Action::ScmpActKillProcess => SeccompAction::KillProcess,
        Action::ScmpActLog => SeccompAction::Log,
        Action::ScmpActTrace => SeccompAction::Trace(number_or(libc::EPERM)),
        Action::ScmpActTrap => SeccompAction::Trap,
        Action::ScmpActNotify => {
            return Err(Error::new("config.json: the seccomp action SCMP_ACT_NOTIFY is not supported by mycontainer"));
        }
    })
}

fn comparison(argument: &oci::LinuxSeccompArg) -> Result<seccomp::Comparison> {
    let index = match argument.index() {
        index @ 0..=5 => index as u8,
        index => return Err(Error::new(format!("config.json: calls have no argument {index}, only 0 to 5"))),
    };
    let (value, second) = (argument.value(), argument.value_two().unwrap_or(0));
    let (operator, value) = match argument.op() {
        Operator::ScmpCmpNe => (SeccompCmpOp::Ne, value),
        Operator::ScmpCmpLt => (SeccompCmpOp::Lt, value),
        Operator::ScmpCmpLe => (SeccompCmpOp::Le, value),
        Operator::ScmpCmpEq => (SeccompCmpOp::Eq, value),
        Operator::ScmpCmpGe => (SeccompCmpOp::Ge, value),
        Operator::ScmpCmpGt => (SeccompCmpOp::Gt, value),
        Operator::ScmpCmpMaskedEq => (SeccompCmpOp::MaskedEq(value), second),
    };
    Ok((index, SeccompCmpArgLen::Qword, operator, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read(json: serde_json::Value) -> Result<Container> {
        container("id", Path::new("/bundle"), &serde_json::from_value(json).unwrap())
    }

    fn config() -> serde_json::Value {
        serde_json::json!({
            "ociVersion": "1.2.0",
            "process": { "user": { "uid": 0, "gid": 0 }, "args": ["true"], "cwd": "/" },
            "root": { "path": "rootfs" },
            "linux": { "namespaces": [{ "type": "mount" }, { "type": "pid" }] },
        })
    }

    #[test]
    fn the_rootfs_is_the_bundles() {
        let container = read(config()).unwrap();
        assert!(matches!(container.root.image, Image::Directory(path) if path == Path::new("/bundle/rootfs")));
        assert_eq!(container.namespaces.new, libc::CLONE_NEWNS | libc::CLONE_NEWPID);
        assert_eq!(container.process.capabilities, Some(Sets::default()));
    }

    #[rstest]
    #[case("/linux/namespaces/0", serde_json::json!({ "type": "ipc" }), "without a mount namespace")]
    #[case("/linux/namespaces/1", serde_json::json!({ "type": "mount" }), "named twice")]
    #[case("/linux/namespaces", serde_json::json!([{ "type": "mount" }, { "type": "ipc", "path": "/x" }, { "type": "ipc" }]), "named twice")]
    #[case("/linux/namespaces/1", serde_json::json!({ "type": "user" }), "needs uidMappings")]
    #[case("/linux/namespaces/1", serde_json::json!({ "type": "user", "path": "/x" }), "is not supported")]
    #[case("/process/args", serde_json::json!([]), "args is empty")]
    #[case("/process/cwd", serde_json::json!("tmp"), "not absolute")]
    fn what_cannot_be_is_refused(#[case] place: &str, #[case] value: serde_json::Value, #[case] why: &str) {
        let mut config = config();
        *config.pointer_mut(place).unwrap() = value;
        assert!(read(config).unwrap_err().to_string().contains(why));
    }

    #[rstest]
    #[case("sysctl", serde_json::json!({ "kernel.core_pattern": "x" }), "sysctl kernel.core_pattern")]
    #[case("sysctl", serde_json::json!({ "net.ipv4.ip_forward": "1" }), "sysctl net.ipv4.ip_forward")]
    #[case("rootfsPropagation", serde_json::json!("wild"), "wild is unknown")]
    #[case("intelRdt", serde_json::json!({}), "linux.intelRdt is not supported")]
    fn what_is_not_divided_is_refused(#[case] key: &str, #[case] value: serde_json::Value, #[case] why: &str) {
        let mut config = config();
        config["linux"][key] = value;
        let message = read(config).unwrap_err().to_string();
        assert!(message.contains(why), "{message}");
    }

    #[rstest]
    #[case(5, None)]
    #[case(6, Some("calls have no argument 6"))]
    #[case(256, Some("calls have no argument 256"))]
    fn calls_have_six_arguments(#[case] index: u32, #[case] why: Option<&str>) {
        let mut config = config();
        let argument = serde_json::json!({ "index": index, "value": 0, "op": "SCMP_CMP_EQ" });
        let call = serde_json::json!({ "names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [argument] });
        config["linux"]["seccomp"] = serde_json::json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [call] });
        let error = read(config).err().map(|error| error.to_string());
        assert_eq!(error.is_some(), why.is_some());
        assert!(error.iter().all(|error| error.contains(why.unwrap_or_default())), "{error:?}");
    }

    #[rstest]
    #[case(serde_json::json!({ "path": "bin/true" }), "hook bin/true is not absolute")]
    #[case(serde_json::json!({ "path": "/bin/true", "timeout": 0 }), "hook /bin/true is not greater than zero")]
    fn hooks_must_be_possible(#[case] hook: serde_json::Value, #[case] why: &str) {
        let mut config = config();
        config["hooks"] = serde_json::json!({ "poststop": [hook] });
        assert!(read(config).unwrap_err().to_string().contains(why));
    }

    #[rstest]
    fn names_need_a_namespace(#[values("hostname", "domainname")] key: &str) {
        let mut config = config();
        config[key] = "web".into();
        assert!(read(config.clone()).unwrap_err().to_string().contains("needs a UTS namespace"));
        config["linux"]["namespaces"].as_array_mut().unwrap().push(serde_json::json!({ "type": "uts" }));
        read(config).unwrap();
    }

    /// A namespace that is joined may be the machine's own, by whatever path.
    #[rstest]
    #[case("network", "net", "net.ipv4.ip_forward")]
    #[case("ipc", "ipc", "kernel.shmmax")]
    #[case("uts", "uts", "kernel.hostname")]
    fn what_is_joined_divides_if_it_is_another(#[case] kind: &str, #[case] file: &str, #[case] name: &str) {
        let mut config = config();
        let own = format!("/proc/{}/ns/{file}", std::process::id());
        config["linux"]["namespaces"].as_array_mut().unwrap().push(serde_json::json!({ "type": kind, "path": own }));
        config["linux"]["sysctl"] = serde_json::json!({ name: "1" });
        let message = read(config.clone()).unwrap_err().to_string();
        assert!(message.contains(&format!("sysctl {name} is not of a namespace")), "{message}");
        // What is not there is another, until somebody tries to join it.
        config["linux"]["namespaces"][2]["path"] = "/absent".into();
        read(config).unwrap();
    }

    #[test]
    fn options_are_flags_or_data() {
        let item: oci::Mount = serde_json::from_value(serde_json::json!({
            "destination": "/data", "type": "tmpfs", "source": "tmpfs",
            "options": ["nosuid", "ro", "rw", "noexec", "size=64k", "mode=755", "rslave"],
        }))
        .unwrap();
        let mount = mount(&item, Path::new("/bundle")).unwrap();
        assert_eq!(mount.flags.set, MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC);
        assert_eq!(mount.flags.propagation, MsFlags::MS_SLAVE | MsFlags::MS_REC);
        let data = "size=64k,mode=755".to_owned();
        assert_eq!(mount.source, Source::New { kind: "tmpfs".into(), name: "tmpfs".into(), data, copy_up: false });
    }

    #[test]
    fn binds_may_be_read_only_all_the_way_down() {
        let item: oci::Mount = serde_json::from_value(serde_json::json!({
            "destination": "data", "source": "files", "options": ["rbind", "rro"],
        }))
        .unwrap();
        let mount = mount(&item, Path::new("/bundle")).unwrap();
        assert_eq!(mount.target, Path::new("/data"));
        assert_eq!(mount.source, Source::Bind { path: "/bundle/files".into(), depth: Depth::Recursive });
        assert_eq!(mount.flags, Flags::READ_ONLY);
    }
}
