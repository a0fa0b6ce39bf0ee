//! Every control: a runtime that is right, each in its own way. One list for the tests and for `make matrix`.

use boxproof_harness::result::Tier;

/// A runtime that is known to be right.
pub struct Control {
    /// Its name, which is also that of the file or directory that `controls/build.sh` makes, unless it is one of the
    /// workspace's own programs.
    pub name: &'static str,
    /// The manifest of a program of this workspace, below `scenarios/`; none for what `build.sh` makes.
    pub manifest: Option<&'static str>,
    /// What it claims to be right in.
    pub tiers: &'static [Tier],
    /// Scenarios of these tiers that it fails all the same, each with the reason, which is not ours to mend.
    pub except: &'static [(&'static str, &'static str)],
    /// Whether it can be examined on this machine (`--backend local`).
    pub local: bool,
    /// Whether it has what it needs in the virtual machine, where limits hold; and what is of tier core, where that is the
    /// only place.
    pub machine: bool,
}

const ALL: &[Tier] = &[Tier::Core, Tier::Robust, Tier::Hardened];
const EVERY: &[Tier] = &[Tier::Core, Tier::Robust, Tier::Next, Tier::Hardened];
const ROBUST: &[Tier] = &[Tier::Core, Tier::Robust];
const CORE: &[Tier] = &[Tier::Core];

const RIGHT: Control = Control { name: "", manifest: None, tiers: ALL, except: &[], local: true, machine: false };

/// All of them.
pub const CONTROLS: [Control; 13] = [
    Control { name: "mycontainer", manifest: Some("../runtime/boxproof.toml"), tiers: EVERY, machine: true, ..RIGHT },
    Control { name: "wrong-runtime", manifest: Some("wrong/boxproof.toml"), tiers: EVERY, machine: true, ..RIGHT },
    Control { name: "c-minimal", machine: true, ..RIGHT },
    Control { name: "go-minimal", ..RIGHT },
    Control { name: "python-minimal.py", ..RIGHT },
    Control { name: "sh-minimal", ..RIGHT },
    Control { name: "bwrap", tiers: ROBUST, ..RIGHT },
    Control { name: "runc", tiers: EVERY, machine: true, ..RIGHT },
    Control { name: "crun", tiers: EVERY, machine: true, ..RIGHT },
    Control { name: "podman", except: &[NO_TERMINAL, ENGINE, STORE], ..RIGHT },
    Control { name: "unshare-chroot", tiers: CORE, ..RIGHT },
    Control { name: "manual-step2.sh", tiers: CORE, except: &[NO_NAME_YET], machine: true, ..RIGHT },
    Control { name: "go-workshop", tiers: CORE, machine: true, ..RIGHT },
];

const NO_TERMINAL: (&str, &str) = ("terminal-passed-on", "`podman run` asks for no terminal without -t");
const ENGINE: (&str, &str) = (
    "no-residue",
    "an engine keeps house: a parent cgroup, /etc/cni, and /etc/mtab and /run/.containerenv in the image",
);
const STORE: (&str, &str) =
    ("inner-verb-harmless", "`podman init` is a command of its own, and any of them mounts the engine's storage");
const NO_NAME_YET: (&str, &str) = ("hostname-isolated", "step 2 of the workshop makes no UTS namespace");

/// The control of this name.
pub fn control_named(name: &str) -> &'static Control {
    CONTROLS.iter().find(|control| control.name == name).unwrap_or_else(|| panic!("no control {name}"))
}
