//! Bundles for OCI runtimes: a `config.json` beside which a container is made by the verbs create, start, kill and delete.
//!
//! What a runtime with a command line of its own is told by words, an OCI runtime reads in a file: the adapter `oci` writes
//! it, so that the whole catalogue is examined through those verbs. The caller that the runtime then has is the probe
//! program in its third role (`probe/src/caller.rs`): it ends as the container ends.

use crate::error::{Context, Error, Result};
use crate::manifest::Offer;
use crate::run::shell_line;
pub use serde_json::{Value, json};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// The first word of a line that is not the runtime's own, but its caller's.
pub(crate) const CALLER: &str = "shim";

/// The words before and behind what the caller is told.
const HEAD: [&str; 2] = [CALLER, "call"];

/// What docker and podman both leave to root in a container.
pub const CAPABILITIES: [&str; 11] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

/// Calls that nobody needs in a container who has not the capability for them, those under a newer name as well.
const REFUSED: [&str; 25] = [
    "add_key",
    "bpf",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "init_module",
    "finit_module",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "mount",
    "mount_setattr",
    "move_mount",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pivot_root",
    "reboot",
    "request_key",
    "setns",
    "umount2",
    "unshare",
    "userfaultfd",
    "swapon",
];

/// A directory with a `config.json`, and the name that its container is to have.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The directory.
    pub directory: PathBuf,
    /// The container's id.
    pub id: String,
    /// What is to be written as `config.json`; a scenario changes in it what it is about.
    pub config: Value,
}

impl Bundle {
    /// The bundle of a container with `rootfs` as its root and nothing special.
    pub(crate) fn new(directory: PathBuf, id: &str, rootfs: &Path, argv: &[OsString]) -> Bundle {
        Bundle { directory, id: id.to_owned(), config: config(id, rootfs, argv) }
    }

    /// What the options of a command line would ask for, in the specification's words.
    pub(crate) fn with_options(mut self, options: &[(Offer, &str)]) -> Result<Bundle> {
        for (offer, value) in options {
            let value = *value;
            let number =
                || value.parse::<i64>().map_err(|error| Error::new(format!("the option {offer} {value}: {error}")));
            let resources = &mut self.config["linux"]["resources"];
            match offer {
                // With swap as the specification counts it: memory and swap together.
                Offer::Memory => resources["memory"] = json!({ "limit": number()?, "swap": number()? }),
                Offer::Cpus => {
                    let cpus: f64 =
                        value.parse().map_err(|error| Error::new(format!("the option {offer} {value}: {error}")))?;
                    resources["cpu"] = json!({ "quota": (cpus * 100_000.0).round() as i64, "period": 100_000 });
                }
                Offer::Pids => resources["pids"] = json!({ "limit": number()? }),
                Offer::Hostname => self.config["hostname"] = value.into(),
                Offer::Volume => self.mount(volume(value)?),
                Offer::Capabilities => self.set_capabilities(&[value]),
                Offer::Network | Offer::Bridge | Offer::Publish | Offer::Overlay | Offer::Oci => {}
            }
        }
        Ok(self)
    }

    /// One more mount, after those that are there.
    pub fn mount(&mut self, mount: Value) {
        if let Some(mounts) = self.config["mounts"].as_array_mut() {
            mounts.push(mount);
        }
    }

    /// These capabilities and no others.
    pub fn set_capabilities(&mut self, names: &[&str]) {
        self.config["process"]["capabilities"] = json!({ "bounding": names, "effective": names, "permitted": names });
    }

    /// Writes `config.json`, into a directory that is made for it.
    pub fn write(&self) -> Result<()> {
        let path = self.directory.join("config.json");
        fs::create_dir_all(&self.directory).context(format!("mkdir {}", self.directory.display()))?;
        let text = serde_json::to_vec_pretty(&self.config).context("write config.json as JSON")?;
        fs::write(&path, text).context(format!("write {}", path.display()))
    }

    /// The words by which its caller is started; `line` is the runtime with the words before a verb.
    pub(crate) fn called(&self, line: Vec<OsString>) -> Vec<OsString> {
        let own = [self.directory.clone().into_os_string(), OsString::from(&self.id)];
        HEAD.iter().map(OsString::from).chain(own).chain(line).collect()
    }
}

/// What one would type for what the caller does.
pub(crate) fn typed(words: &[OsString]) -> String {
    let [_, _, bundle, id, line @ ..] = words else { return shell_line(words) };
    let verb = |rest: &[&OsStr]| {
        let rest = rest.iter().map(|word| (*word).to_owned());
        shell_line(&line.iter().cloned().chain(rest).collect::<Vec<_>>())
    };
    let create = verb(&["create".as_ref(), "--bundle".as_ref(), bundle, id]);
    format!("{create} && {}", verb(&["start".as_ref(), id]))
}

/// What the verb `state` says of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The container's id.
    pub id: String,
    /// `created`, `running`, `stopped`.
    pub status: String,
    /// Its first process, as the runtime's PID namespace counts.
    pub pid: Option<i64>,
    /// The bundle's directory.
    pub bundle: String,
    /// The version of the specification.
    pub version: String,
}

impl State {
    /// Reads it; none if it is no JSON object, or lacks what every state must have.
    pub fn parse(text: &str) -> Option<State> {
        let value: Value = serde_json::from_str(text).ok()?;
        let word = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(State {
            id: word("id")?,
            status: word("status")?,
            pid: value.get("pid").and_then(Value::as_i64),
            bundle: word("bundle")?,
            version: word("ociVersion")?,
        })
    }
}

fn config(id: &str, rootfs: &Path, argv: &[OsString]) -> Value {
    let words: Vec<_> = argv.iter().map(|word| word.to_string_lossy()).collect();
    let user = libc::CLONE_NEWUSER;
    let new_user = json!({ "index": 0, "value": user, "valueTwo": user, "op": "SCMP_CMP_MASKED_EQ" });
    let namespaces = ["pid", "network", "ipc", "uts", "mount", "cgroup"].map(|kind| json!({ "type": kind }));
    let mut config = json!({
        "ociVersion": "1.0.2",
        "process": {
            "user": { "uid": 0, "gid": 0 },
            "args": words,
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"],
            "cwd": "/",
            "noNewPrivileges": true,
        },
        "root": { "path": rootfs.to_string_lossy() },
        "hostname": id,
        "mounts": mounts(),
        "linux": {
            "cgroupsPath": format!("/{id}"),
            "resources": {},
            "namespaces": namespaces,
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
            "seccomp": {
                "defaultAction": "SCMP_ACT_ALLOW",
                "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
                "syscalls": [
                    { "names": REFUSED, "action": "SCMP_ACT_ERRNO", "errnoRet": libc::EPERM },
                    // As if the kernel did not know it: its flags lie in memory, where no filter looks.
                    { "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": libc::ENOSYS },
                    { "names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": libc::EPERM, "args": [new_user] },
                ],
            },
        },
    });
    let names = json!({ "bounding": CAPABILITIES, "effective": CAPABILITIES, "permitted": CAPABILITIES });
    config["process"]["capabilities"] = names;
    config
}

fn mounts() -> Value {
    json!([
        { "destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"] },
        { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"] },
        { "destination": "/dev/pts", "type": "devpts", "source": "devpts",
          "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
        { "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
          "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=64m"] },
        { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] },
    ])
}

/// `FROM:TO` or `FROM:TO:ro` as a bind mount.
fn volume(value: &str) -> Result<Value> {
    let (paths, how) = value.strip_suffix(":ro").map_or((value, "rw"), |paths| (paths, "ro"));
    let (from, to) =
        paths.split_once(':').ok_or_else(|| Error::new(format!("the volume {value} has no colon in it")))?;
    Ok(json!({ "destination": to, "type": "bind", "source": from, "options": ["rbind", "rprivate", how] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(options: &[(Offer, &str)]) -> Bundle {
        let bundle = Bundle::new("/run/b".into(), "c1", "/srv/rootfs".as_ref(), &["sh".into(), "a b".into()]);
        bundle.with_options(options).expect("options that the specification has words for")
    }

    #[test]
    fn options_become_what_the_specification_calls_them() {
        let options = [
            (Offer::Memory, "52428800"),
            (Offer::Cpus, "0.25"),
            (Offer::Pids, "20"),
            (Offer::Hostname, "box"),
            (Offer::Volume, "/a:/b:ro"),
            (Offer::Capabilities, "CAP_KILL"),
        ];
        let config = bundle(&options).config;
        let resources = &config["linux"]["resources"];
        assert_eq!(resources["memory"], json!({ "limit": 52_428_800, "swap": 52_428_800 }));
        assert_eq!(resources["cpu"], json!({ "quota": 25_000, "period": 100_000 }));
        assert_eq!(resources["pids"]["limit"], 20);
        assert_eq!(config["hostname"], "box");
        assert_eq!(config["process"]["capabilities"]["effective"], json!(["CAP_KILL"]));
        let mount = config["mounts"].as_array().and_then(|mounts| mounts.last()).expect("mounts");
        assert_eq!(mount["destination"], "/b");
        assert_eq!(mount["options"], json!(["rbind", "rprivate", "ro"]));
        assert_eq!(config["process"]["args"], json!(["sh", "a b"]));
    }

    #[test]
    fn the_caller_is_shown_as_what_one_would_type() {
        let words = bundle(&[]).called(vec!["/bin/runc".into(), "--root".into(), "/run/s".into()]);
        assert_eq!(
            typed(&words),
            "/bin/runc --root /run/s create --bundle /run/b c1 && /bin/runc --root /run/s start c1"
        );
    }
}
