//! A machine of its own for a shell script: namespaces, a shared `/` as systemd makes it, empty /tmp and /run, a part of
//! the cgroup tree, and a work directory with a busybox rootfs. What a defective runtime does there ends there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{io, thread};

/// Every script begins with this.
///
/// `r` is the runtime. `hold` starts a container that waits, and knows the runtime's pid as $R and the payload's as $P;
/// `release` ends it, $S is the runtime's status. Both sides wait for each other at FIFOs, nobody sleeps.
const PRELUDE: &str = r#"
set -u
# /tmp is about to be covered, and below /root an ordinary user finds nothing: wherever the clone lies, it is here.
mount --bind "$WORK" /mnt
mount --bind "${RUNTIME%/*}" /media
WORK=/mnt RUNTIME=/media/${RUNTIME##*/}
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
[ -z "$CGROUP" ] || mount --bind "$CGROUP" "$CGROUP_ROOT"
mount --make-rshared /
hostname outside
echo 0 > /proc/sys/net/ipv4/ip_forward # whatever the machine has, from which a new namespace takes it over
umask 022
rmdir /run/mount 2> /dev/null || : # mount(8) has made it
cd "$WORK"
mkfifo rootfs/ready rootfs/go
r() { "$RUNTIME" $DEFECT "$@"; }
hold() {
    "$RUNTIME" $DEFECT run "$@" /bin/sh -c 'echo > /ready; read line < /go' &
    R=$!
    read line < rootfs/ready
    for child in $(cat /proc/$R/task/$R/children); do
        [ "$(cat /proc/$child/comm)" != sh ] || P=$child
    done
}
release() { echo > rootfs/go; wait $R; S=$?; }
as_user() { setpriv --reuid 1000 --regid 1000 --clear-groups "$RUNTIME" $DEFECT "$@"; }
alive() { grep -q State:.[^Z] /proc/$1/status 2> /dev/null; }
soon_dead() { # within five seconds, which even a busy machine does not need to deliver SIGKILL
    tries=500
    while alive $1 && [ $((tries -= 1)) -gt 0 ]; do sleep 0.01; done
    alive $1 && echo alive || echo dead
}
call() { # runs C statements in the container, by the C compiler of the host
    printf '%s\n' '#include <unistd.h>' "int main(void) { $1 }" | cc -w -static -x c -o rootfs/bin/call -
    r run call
    echo $?
}
oci() { "$RUNTIME" $DEFECT --root /run/oci "$@"; }
bundle() { # members of process, of root, of linux, and beside them; the container waits as that of `hold` does
    mkdir -p b
    process='"args":["/bin/sh","-c","echo > /ready; read line < /go"],"env":["PATH=/bin"],"cwd":"/"'
    echo "{\"process\":{$process${1:-}},\"root\":{\"path\":\"../rootfs\"${2:-}},\"linux\":{${3:-}}${4:-}}" > b/config.json
}
created() { oci create --bundle b c < /dev/null 2> /dev/null; echo $?; }
of_state() { oci state c | grep -o '"pid": [0-9]*' | grep -o '[0-9]*'; }
oci_hold() { created > /dev/null; oci start c; read line < rootfs/ready; P=$(of_state); }
oci_release() { echo > rootfs/go; while alive $P; do :; done; }
mounts() { wc -l < /proc/self/mountinfo; }
links() { ip -o link | grep -c -e wr- -e eth0; }
cgroups() { find "$CGROUP_ROOT" -mindepth 1 -maxdepth 1 -type d | wc -l; }
"#;

/// Runs the script, once with the defect or once without, and gives what it printed.
pub fn run(defect: Option<&str>, script: &str) -> String {
    let work = tempfile::Builder::new().prefix("machine-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("tempdir");
    fs::set_permissions(work.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
    make_rootfs(&work.path().join("rootfs"));
    let cgroup = Cgroup::create(&work.path().file_name().expect("a name").to_string_lossy());
    let output = Command::new("timeout")
        .args([
            // unshare(1) waits for its child whatever else it is sent, and takes it along when it is killed.
            "--signal=KILL",
            "60",
            "unshare",
            "--mount",
            "--net",
            "--uts",
            "--ipc",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ])
        .args(["--propagation", "private", "sh", "-c", &format!("{PRELUDE}{script}")])
        .env("RUNTIME", env!("CARGO_BIN_EXE_wrong-runtime"))
        .env("DEFECT", defect.map(|id| format!("--defect {id}")).unwrap_or_default())
        .env("WORK", work.path())
        .env("CGROUP", &cgroup.path)
        .env("CGROUP_ROOT", &cgroup.root)
        .stdin(Stdio::null())
        .output()
        .expect("timeout unshare");
    // Shown when the test fails.
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// busybox under all its names: Debian's busybox-static.
fn make_rootfs(rootfs: &Path) {
    for directory in ["bin", "dev", "etc", "proc", "root", "sys", "tmp"] {
        fs::create_dir_all(rootfs.join(directory)).expect("mkdir in rootfs");
    }
    // By a process of its own: while this one has the file open for writing, other tests fork, and what their children
    // hold open for writing nobody can execute (ETXTBSY).
    let copied = Command::new("cp").arg("/bin/busybox").arg(rootfs.join("bin")).status().expect("start cp");
    assert!(copied.success(), "copy /bin/busybox (apt-get install busybox-static): {copied}");
    let list = Command::new("/bin/busybox").arg("--list").output().expect("busybox --list");
    for name in String::from_utf8_lossy(&list.stdout).lines().filter(|name| *name != "busybox") {
        symlink("busybox", rootfs.join("bin").join(name)).expect("symlink in rootfs");
    }
}

/// A cgroup v2 that the script sees as the root of the tree, if this machine has cgroup v2.
struct Cgroup {
    root: PathBuf,
    path: PathBuf,
}

impl Cgroup {
    fn create(name: &str) -> Self {
        let mounts = fs::read_to_string("/proc/self/mounts").expect("read /proc/self/mounts");
        let root = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>()).find(|fields| fields[2] == "cgroup2");
        let root = PathBuf::from(root.expect("cgroup v2 is mounted somewhere")[1]);
        let path = root.join(name);
        fs::create_dir(&path).expect("mkdir in cgroup v2 (as root)");
        Self { root, path }
    }
}

impl Drop for Cgroup {
    /// Every process in it was in the script's pid namespace and is dead; the kernel may need a moment to let go.
    fn drop(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        while let Err(error) = remove_tree(&self.path) {
            assert!(Instant::now() < deadline, "rmdir {}: {error}", self.path.display());
            thread::yield_now();
        }
    }
}

/// Removes a cgroup and those in it, from the leaves on. (Files in cgroupfs cannot and need not be removed.)
fn remove_tree(cgroup: &Path) -> io::Result<()> {
    for entry in fs::read_dir(cgroup)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(cgroup)
}
