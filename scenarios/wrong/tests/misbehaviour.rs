//! Every defect really misbehaves, and in the way its row says: the same script prints one thing without it and another
//! with it. Needs root; everything happens in a machine of its own.
//!
//! Not here: what shows only under limits (CG15, CG17, CG19, CG21, CG29, CG33, CG35, CG36, CG38), for which a machine needs cgroup v2 with
//! the memory, cpu and pids controllers.

mod machine;

use rstest::rstest;

const CWD: &str = "hold; [ $(readlink /proc/$P/cwd) = \"$WORK\" ] && echo outside || echo inside; release";
const WHOSE_ROOT: &str = "r run /bin/sh -c 'test -d /usr/lib && echo host || echo rootfs' 2>/dev/null";
const RUNS: &str = "r run true 2>/dev/null; echo $?";
const LEAK: &str = "before=$(mounts); r run true; [ $(mounts) = $before ] && echo clean || echo leaked";
const STATUS: &str = "r run sh -c 'exit 37'; echo $?";
const KILLED: &str = "hold; kill -KILL $P; wait $R; echo $?";
const PID: &str = "[ $(r run sh -c 'echo $$') = 1 ] && echo one || echo other";
const IN_CGROUP: &str = "hold; grep -c /wrong-runtime- /proc/$P/cgroup; release";
/// Moved to another group, and whether the payload is still there half a second later.
const MOVED: &str = "hold; other=\"$CGROUP_ROOT\"/other; mkdir $other; echo $P > $other/cgroup.procs; tries=50; \
    while grep -q /other$ /proc/$P/cgroup && [ $((tries -= 1)) -gt 0 ]; do sleep 0.01; done; \
    grep -c /other$ /proc/$P/cgroup; release; rmdir $other";
const CGROUPS: &str = "r run true; cgroups";
const SECOND: &str = "hold; r run true 2>/dev/null; echo $?; release";
/// A container with the network that follows, and a look into it.
const NETWORK: &str = "hold --network 10.9.8.2/28,10.9.8.1; nsenter -t $P -n ip -4 ";
const TWO_NETWORKS: &str =
    "hold --network 10.9.8.2/28,10.9.8.1; r run --network 10.9.9.2/28,10.9.9.1 true 2>/dev/null; echo $?; release";
/// A container on a bridge.
const BRIDGE: &str = "hold --bridge br9,10.9.8.0/28;";
/// The same, after a second one there has ended.
const TWO_ON_A_BRIDGE: &str = "hold --bridge br9,10.9.8.0/28; r run --bridge br9,10.9.8.0/28 true;";
/// A read-only volume, as a bundle has it.
const VOLUME_IN_BUNDLE: &str =
    r#"',"mounts":[{"destination":"/v","type":"bind","source":"'$PWD'/v","options":["rbind","ro"]}]'"#;
/// An image of three layers.
const LAYERS: &str = "mkdir l1 l2; echo 1 > l1/both; echo 2 > l2/both; : > rootfs/gone; mknod l1/gone c 0 0; \
                      LAYERS='--image rootfs --image l1 --image l2'";
const LONG: &str = "a-name-so-long-that-ninety-nine-of-it-do-not-fit-in-a-page-";
/// A volume with a file in it.
const VOLUME: &str = "mkdir v; echo nonce > v/file; ";
const ONLY_INSIDE: &str = "printf '#!/bin/sh\\necho found' > rootfs/bin/only-inside; chmod +x rootfs/bin/only-inside; \
                           r run only-inside 2>/dev/null; echo $?";

/// A bundle with a createRuntime hook that is this line, and what is then done.
fn hook(line: &str, then: &str) -> String {
    let hooks = format!(r#"',"hooks":{{"createRuntime":[{{"path":"/bin/sh","args":["sh","-c","{line}"]}}]}}'"#);
    format!("bundle '' '' '' {hooks}; {then}")
}

#[rstest]
#[case("RF01", CWD, "inside", "outside")]
#[case("RF02", CWD, "inside", "outside")]
#[case("RF03", "rm -r rootfs; r run /bin/sh -c 'test -d /usr/lib && echo host' 2>/dev/null; echo $?", "125", "host\n0")]
#[case("RF04", WHOSE_ROOT, "rootfs", "host")]
#[case("RF06", WHOSE_ROOT, "rootfs", "host")]
#[case("RF07", "hold; nsenter -t $P -m ls -d /usr/lib 2>/dev/null || echo none; release", "none", "/usr/lib")]
#[case("RF08", RUNS, "0", "125")]
#[case("RF09", "r run true 2>/dev/null; echo $?; grep -c rootfs /proc/self/mountinfo", "0\n0", "125\n1")]
#[case("RF11", "hold; nsenter -t $P -m ls -d /usr/lib 2>/dev/null || echo none; release", "none", "/usr/lib")]
#[case(
    "RF12", // with a root that may be lost: a tmpfs
    "mount --make-rprivate /; mkdir /tmp/host; mount -t tmpfs tmpfs /tmp/host; cp -a rootfs \"$RUNTIME\" /tmp/host; \
     cd /tmp/host; mkdir proc dev canary; mount -t proc proc proc; cp -a /dev/urandom dev; \
     chroot . rootfs/bin/sh -c \"/${RUNTIME##*/} $DEFECT run true\"; ls -d canary 2>/dev/null || echo deleted",
    "canary",
    "deleted"
)]
#[case(
    "RF13",
    "r run true; ls -d rootfs/.old_root 2>/dev/null; r run true 2>/dev/null; echo $?",
    "0",
    "rootfs/.old_root\n125"
)]
// Its /proc may be gone as well.
#[case("RF14", "before=$(mounts); r run true; [ \"$(mounts)\" = $before ] && echo kept || echo fewer", "kept", "fewer")]
#[case("RF16", RUNS, "0", "125")]
#[case("RF17", "r run true; ls /tmp | wc -l", "0", "1")]
#[case("RF18", "r run true; ls /tmp | wc -l", "0", "1")]
#[case("RF19", "r run true; r run true; cat rootfs/.container-name 2>/dev/null | wc -l", "0", "2")]
#[case("RF20", "r run test -c /dev/null; echo $?", "0", "1")]
#[case("RF21", "r run test -d /dev/null; echo $?", "1", "0")]
#[case("RF22", "r run true; ls etc 2>/dev/null || echo none", "none", "hostname")]
#[case("RF23", "r run test -e /dev/zero; echo $?", "0", "1")]
#[case("RF25", "r run stat -c %a /dev/null", "666", "644")]
#[case("RF26", "mkdir 'a b'; mv rootfs 'a b'; cd 'a b'; r run true 2>/dev/null; echo $?", "0", "125")]
#[case(
    "RF30",
    "hold; [ $(stat -c %i /proc/$P/cwd/) = $(stat -c %i rootfs) ] && echo inside || echo outside; release",
    "inside",
    "outside"
)]
#[case("UT01", "r run --hostname inside true; hostname", "outside", "inside")]
#[case("UT03", "r run --hostname $(printf %065d 0) true 2>/dev/null; echo $?", "125", "0")]
#[case("UT04", "[ $(r run hostname) = $(r run hostname) ] && echo same || echo different", "different", "same")]
#[case("UT05", "r run --hostname $(printf %065d 0) true 2>/dev/null; echo $?", "125", "0")]
#[case("UT30", "r run --hostname $(printf %064d 0) hostname | wc -c", "65", "64")]
#[case("UT31", "r run --hostname inside hostname | wc -l", "1", "2")]
#[case("PI01", PID, "one", "other")]
#[case("PI02", PID, "one", "other")]
#[case("PI03", "as_user run /bin/sh -c 'test -d /usr/lib && echo host' 2>/dev/null; echo $?", "125", "host\n0")]
#[case("PI04", "r run sh -c 'echo $$'", "1", "2")]
#[case(
    "PI06",
    "r run sh -c '(sh -c \"echo \\$\\$ > /orphan; echo > /ready\" &); read line < /ready; orphan=$(cat /orphan); \
     while ! grep -q State:.Z /proc/$orphan/status 2>/dev/null && [ -d /proc/$orphan ]; do /bin/true; done; \
     /bin/true; /bin/true; test -d /proc/$orphan && echo zombie || echo reaped'",
    "reaped",
    "zombie"
)]
#[case(
    "PI07",
    "\"$RUNTIME\" $DEFECT run sh -c 'sleep 60 & exit 3' & R=$!; soon_dead $R; kill -KILL $R 2>/dev/null; wait $R; echo $?",
    "dead\n3",
    "alive\n137"
)]
#[case("PI08", STATUS, "37", "0")]
#[case(
    "PI10",
    "\"$RUNTIME\" $DEFECT run sh -c 'trap \"exit 9\" TERM; echo > /ready; while :; do read line < /go; done' & R=$!; \
     read line < rootfs/ready; kill -TERM $R; soon_dead $R; kill -KILL $R 2>/dev/null",
    "dead",
    "alive"
)]
#[case("PI11", "hold; kill -KILL $R; soon_dead $P", "dead", "alive")]
#[case("PI30", "hold; kill -KILL $R; soon_dead $P", "dead", "alive")]
#[case(
    "PI31",
    "r run sh -c '(sh -c \"echo \\$\\$ > /orphan; echo > /ready; exit 9\" &); read line < /ready; orphan=$(cat /orphan); \
     while [ -d /proc/$orphan ]; do /bin/true; done; exit 3'; echo $?",
    "3",
    "9"
)]
#[case(
    "PI32",
    "\"$RUNTIME\" $DEFECT run sh -c 'read line < /go; exit 3' & R=$!; soon_dead $R; echo > rootfs/go; wait $R; echo $?",
    "alive\n3",
    "dead\n0"
)]
#[case("MP01", LEAK, "clean", "leaked")]
#[case("MP02", LEAK, "clean", "leaked")]
#[case("MP03", LEAK, "clean", "leaked")]
#[case("MP05", "r run ls -d /proc/self 2>/dev/null || echo none", "/proc/self", "none")]
#[case(
    "MP06",
    "[ $(r run sh -c 'read pid rest < /proc/self/stat; echo $pid') = 1 ] && echo own || echo host",
    "own",
    "host"
)]
#[case("MP08", "r run true; [ -e /proc/$$/stat ] && echo own || echo covered", "own", "covered")]
#[case("MP09", "r run grep ' /proc ' /proc/self/mountinfo | grep -c nosuid,nodev,noexec", "1", "0")]
#[case("MP13", "r run grep -q ' /proc/' /proc/self/mountinfo; echo $?", "0", "1")]
#[case("MP14", "r run sh -c ': >> /proc/sys/kernel/core_pattern' 2>/dev/null; echo $?", "1", "0")]
#[case("MP15", "r run grep -c ' /sys ro,' /proc/self/mountinfo", "1", "0")]
#[case("MP17", "r run ls /dev/ptmx 2>/dev/null; r run grep -c ptmxmode=666 /proc/self/mountinfo", "/dev/ptmx\n1", "0")]
#[case("MP18", "r run grep ' /dev ' /proc/self/mountinfo | grep -c devtmpfs", "0", "1")]
#[case("MP19", "mkdir v; r run --volume $PWD/v:/v:ro sh -c ': > /v/file' 2>/dev/null; ls v", "", "file")]
#[case("MP20", "mkdir rootfs/v; mount -t tmpfs tmpfs rootfs/v; : > rootfs/v/file; r run ls /v", "file", "")]
#[case(
    "MP22",
    "rmdir rootfs/proc; mkdir -p /tmp/x rootfs/tmp/x; ln -s /tmp/x rootfs/proc; r run ls -d /proc/self 2>/dev/null || echo none",
    "/proc/self",
    "none"
)]
#[case("MP23", "r run ls -d /proc/self 2>/dev/null || echo none", "/proc/self", "none")]
#[case(
    "MP29",
    "mkdir v /run/there rootfs/run rootfs/run/there; : > v/file; ln -s /run/there rootfs/v; \
     r run --volume $PWD/v:/v ls /run/there",
    "file",
    ""
)]
#[case("MP24", "r run grep -c size= /proc/self/mountinfo", "4", "0")]
#[case("MP25", "rmdir rootfs/proc; : > rootfs/proc; r run true 2>/dev/null; echo $?", "125", "0")]
#[case(
    "MP31",
    "mount -t sysfs sysfs /sys; ip link add canary type veth; r run ls /sys/class/net | grep -c canary",
    "0",
    "1"
)]
#[case("MP32", "r run grep -c ptmxmode=666 /proc/self/mountinfo", "1", "0")]
#[case(
    "MP26",
    "mkdir v v/below; mount -t tmpfs tmpfs v/below; : > v/below/file; r run --volume $PWD/v:/v ls /v/below",
    "file",
    ""
)]
#[case("MP27", "mkdir v; : > v/file; r run --volume $PWD/v:/v:ro ls /v 2>/dev/null", "file", "")]
#[case("MP36", "r run sh -c ': > /dev/null' 2>/dev/null; echo $?", "0", "1")]
#[case("MP28", "rm rootfs/bin/mount; r run ls -d /proc/self 2>/dev/null || echo none", "/proc/self", "none")]
#[case(
    "NN01",
    "[ $(r run readlink /proc/self/ns/net) = $(readlink /proc/$$/ns/net) ] && echo host || echo own",
    "own",
    "host"
)]
#[case("NN02", "r run cat /sys/class/net/lo/flags", "0x9", "0x8")]
#[case("NN04", "r run true; ls /run/netns 2>/dev/null | wc -l", "0", "1")]
#[case("NN05", SECOND, "0", "125")]
#[case("NN09", "mount -t tmpfs tmpfs /etc; r run true; ls /etc", "", "resolv.conf")]
#[case("NN10", "rm rootfs/bin/ip; r run cat /sys/class/net/lo/flags 2>/dev/null", "0x9", "0x8")]
#[case("VE01", &format!("{NETWORK} -o link show eth0 | grep -c ,UP; release"), "1", "0")]
#[case("VE03", &format!("{NETWORK} route | grep -c default; release"), "1", "0")]
#[case("VE04", TWO_NETWORKS, "0", "125")]
#[case("VE05", TWO_NETWORKS, "0", "125")]
#[case("VE06", &format!("{NETWORK} -o address show eth0 | grep -c 10.9.8.2; release"), "1", "0")]
#[case("VE10", &format!("{NETWORK} link show eth0 2>/dev/null | grep -c eth0; release"), "1", "0")]
#[case("VE11", &format!("{NETWORK} link show eth0 2>/dev/null | grep -c eth0; release"), "1", "0")]
#[case("VE13", "rm -r rootfs/bin; mv rootfs r; r run --network 10.9.8.2/28,10.9.8.1 true 2>/dev/null; links", "0", "2")]
#[case(
    "VE14",
    "hold --network 10.9.8.2/28,10.9.8.1; r run --network 10.9.9.2/28,10.9.9.1 true; links; release",
    "1",
    "0"
)]
#[case("VE16", &format!("{NETWORK} link show eth0 | grep -c 02:00:00:00:00:02; release"), "0", "1")]
#[case("VE17", "r run --hostname 'x;>/tmp/y' true > /dev/null; ls /tmp", "", "y")]
#[case("VE21", &format!("{NETWORK} -o address show eth0 | grep -c 10.9.8.2; release"), "1", "0")]
#[case("VE22", "hold --network 10.9.8.2/28,10.9.8.1; ip link | grep wr- | grep -c ,UP; release", "1", "0")]
#[case("VE23", &format!("{NETWORK} -o address show eth0 | grep -c /28; release"), "1", "0")]
#[case("VE24", "hold --network 10.9.8.2/28,10.9.8.1; ip address | grep -c 10.9.8.1; release", "1", "0")]
#[case("VE26", "r run --network 10.9.8.2/28,10.9.8.1 true; cat /proc/sys/net/ipv4/ip_forward", "0", "1")]
#[case("VE27", "r run --network 10.9.8.2/28,10.9.8.1 true; ip address show lo | grep -c 10.9.8.1", "0", "1")]
#[case("VE28", "r run --network 10.9.8.2/28,10.9.8.1 true 2>/dev/null; echo $?", "0", "125")]
#[case("VE29", &format!("{NETWORK} link | grep -c eth0; release"), "1", "0")]
#[case("BR01", &format!("{BRIDGE} ip -o -4 address show br9 | grep -c 10.9.8.1; release"), "1", "0")]
#[case("BR02", &format!("{BRIDGE} ip -o link show br9 | grep -c ,UP; release"), "1", "0")]
#[case("BR04", &format!("{BRIDGE} cat /proc/sys/net/ipv4/ip_forward; release"), "1", "0")]
#[case("BR05", &format!("{BRIDGE} nft list ruleset | grep -c masquerade; release"), "1", "0")]
#[case("BR07", "r run --bridge br9,10.9.8.0/28 true; nft list ruleset | grep -c masquerade", "0", "1")]
#[case("BR08", &format!("{TWO_ON_A_BRIDGE} release; nft list ruleset | grep -c masquerade"), "0", "1")]
#[case("BR09", &format!("{TWO_ON_A_BRIDGE} nft list ruleset | grep -c masquerade; release"), "1", "0")]
#[case("BR11", "r run --bridge br9,10.9.8.0/28 true; cat /proc/sys/net/ipv4/ip_forward", "0", "1")]
#[case(
    "BR13",
    &format!("{BRIDGE} r run --bridge br9,10.9.8.0/28 --publish 80:80 true; nft list ruleset | grep -c dnat; release"),
    "0",
    "1"
)]
#[case(
    "BR14",
    "printf '#!/bin/sh\nexit 1' > /tmp/nft; chmod +x /tmp/nft; PATH=/tmp:$PATH; \
     r run --bridge br9,10.9.8.0/28 true 2>/dev/null; echo $?",
    "125",
    "0"
)]
#[case(
    "BR15",
    "ip link add br9 type bridge; r run --bridge br9,10.9.8.0/28 true 2>/dev/null; echo $?; ip link | grep -c br9",
    "125\n1",
    "0\n0"
)]
#[case(
    "BR30",
    "echo 1 > /proc/sys/net/ipv4/ip_forward; r run --bridge br9,10.9.8.0/28 true; cat /proc/sys/net/ipv4/ip_forward",
    "1",
    "0"
)]
#[case(
    "BR31",
    "ip link add other type bridge; ip address add 10.9.8.5/24 dev other; \
     r run --bridge br9,10.9.8.0/28 true 2>/dev/null; echo $?",
    "125",
    "0"
)]
#[case(
    "BR32",
    &format!("{BRIDGE} r run --bridge br9,10.9.8.0/28 ip -o -4 address show eth0 | grep -c 10.9.8.2/; release"),
    "0",
    "1"
)]
#[case(
    "BR33",
    &format!("{BRIDGE} r run --bridge br8,10.9.9.0/28 true; cat /proc/sys/net/ipv4/ip_forward; release"),
    "1",
    "0"
)]
#[case("BR34", &format!("{BRIDGE} ip -o link show master br9 | grep -c wr-; release"), "1", "0")]
#[case("BR35", &format!("{TWO_ON_A_BRIDGE} ip link | grep -c br9: ; release"), "1", "0")]
#[case(
    "BR36",
    &format!(
        "{BRIDGE} ip link add low address 00:00:00:00:00:02 type veth peer name low2; ip link set low master br9; \
         ip link show br9 | grep -c 00:00:00:00:00:02; release"
    ),
    "0",
    "1"
)]
#[case(
    "BR37",
    "for n in 1 2; do r run --bridge br9,10.9.8.0/28 ip -o -4 address show eth0 > $n & done; wait; cmp -s 1 2; echo $?",
    "1",
    "0"
)]
#[case("CG01", IN_CGROUP, "1", "0")]
#[case("CG02", "mount -o remount,bind,ro \"$CGROUP_ROOT\"; r run --pids 9 true 2>/dev/null; echo $?", "125", "0")]
#[case("CG03", "hold; grep -c /payload$ /proc/$P/cgroup; release", "0", "1")]
#[case("CG05", "hold; grep -c /container$ /proc/$P/cgroup; release", "0", "1")]
#[case("CG06", CGROUPS, "0", "1")]
#[case("CG07", CGROUPS, "0", "1")]
#[case("CG09", CGROUPS, "0", "1")]
#[case("CG10", IN_CGROUP, "1", "0")]
#[case("CG12", "hold; grep -c /wrong-runtime- /proc/$R/cgroup; release; cgroups", "0\n0", "1\n1")]
#[case("CG13", "hold; grep -c /wrong-runtime- /proc/1/cgroup; release; cgroups", "0\n0", "1\n1")]
#[case("CG14", IN_CGROUP, "1", "0")]
#[case("CG20", "r run --pids 99999999 true 2>/dev/null; echo $?", "125", "0")]
#[case("CG25", "hold; grep -c /wrong-runtime- /proc/$R/cgroup; release; cgroups", "0\n0", "1\n0")]
#[case("CG26", "r run grep -c cgroup2 /proc/self/mountinfo", "0", "1")]
#[case("CG27", "r run grep -c ^0::/$ /proc/self/cgroup", "1", "0")]
#[case("CG30", CGROUPS, "0", "1")]
#[case("CG39", MOVED, "1", "0")]
#[case("OV10", &format!("{VOLUME} r run --volume $PWD/v:/v true; ls v"), "file", "")]
#[case("OV16", &format!("{VOLUME} chmod 750 v; r run --volume $PWD/v:/v true; stat -c %a v"), "750", "777")]
#[case("OV21", &format!("{VOLUME} r run --volume $PWD/v:/v cp /v/file /v/more; ls v"), "file\nmore", "file")]
#[case("OV22", &format!("{VOLUME} r run --volume $PWD/v:/v cp /v/file /v/more 2>/dev/null; ls v"), "file\nmore", "file")]
#[case("OV23", &format!("{VOLUME} r run --volume $PWD/v:/v true 2>/dev/null; echo $?"), "0", "125")]
#[case("OV24", &format!("{VOLUME} mkdir rootfs/mnt; r run --volume $PWD/v:/mnt cat /mnt/file 2>/dev/null"), "nonce", "")]
#[case("OV01", &format!("{LAYERS}; r run $LAYERS sh -c 'echo new > /new'; ls l2"), "both", "both\nnew")]
#[case("OV03", &format!("{LAYERS}; r run $LAYERS true 2>/dev/null; echo $?"), "0", "125")]
#[case("OV04", &format!("{LAYERS}; r run $LAYERS sh -c 'echo new > /new'; r run $LAYERS ls /new 2>/dev/null"), "", "/new")]
#[case("OV06", &format!("{LAYERS}; r run $LAYERS cat /both"), "2", "1")]
#[case("OV07", &format!("{LAYERS}; r run $LAYERS ls /gone 2>/dev/null"), "", "/gone")]
#[case("OV11", &format!("{LAYERS}; mkdir a:b; r run $LAYERS --image a:b true 2>/dev/null; echo $?"), "0", "125")]
#[case(
    "OV12",
    &format!("{LAYERS}; for n in $(seq 99); do mkdir {LONG}$n; LAYERS=\"$LAYERS --image {LONG}$n\"; done; \
              r run $LAYERS true 2>/dev/null; echo $?"),
    "0",
    "125"
)]
#[case("OV25", &format!("{LAYERS}; r run $LAYERS true; ls /run"), "", "wrong-runtime")]
#[case("CA01", "r run grep -c CapEff:.00000000a8 /proc/self/status", "1", "0")]
#[case("CA04", "r run grep -c CapInh:.0000000000000000 /proc/self/status", "1", "0")]
#[case("CA06", "r run grep -c CapBnd:.00000000a8 /proc/self/status", "1", "0")]
#[case("CA07", "r run grep -c CapBnd:.000001c0 /proc/self/status", "0", "1")]
#[case("CA08", "r run grep -c CapBnd:.00000000 /proc/self/status", "1", "0")]
#[case("CA10", "r run grep -c NoNewPrivs:.1 /proc/self/status", "1", "0")]
#[case("CA12", "r run unshare -U true 2>/dev/null; echo $?", "1", "0")]
#[case(
    "CA13",
    "call 'long r; asm(\"int $128\" : \"=a\"(r) : \"a\"(288), \"b\"(0), \"c\"(-3), \"d\"(0)); return r < 0;'",
    "1",
    "0"
)]
#[case("CA14", "call 'long a[11] = {0x10000000, 0, 0, 0, 17}; return syscall(435, a, sizeof a) < 0;'", "1", "0")]
#[case("CA31", "r run --cap-drop ALL --cap-add KILL grep -c CapEff.*20$ /proc/self/status", "1", "0")]
#[case("CA32", "r run --cap-drop ALL --cap-add KILL grep -c CapEff.*20$ /proc/self/status", "1", "0")]
#[case("CA33", "setpriv --groups 4242 \"$RUNTIME\" $DEFECT run grep -c Groups:.*4242 /proc/self/status", "0", "1")]
#[case("CA34", "r run grep -c Seccomp:.*2 /proc/self/status", "1", "0")]
#[case("CA16", "bundle ',\"user\":{\"uid\":1000,\"gid\":1000}'; created", "0", "125")]
#[case("OC01", "bundle; created; P=$(of_state); readlink /proc/$P/exe | grep -c busybox", "0\n0", "0\n1")]
#[case("OC02", "bundle; oci_hold; oci delete c 2>/dev/null; echo $?", "125", "0")]
#[case("OC03", "bundle; oci_hold; oci_release; oci state c | grep -c stopped", "1", "0")]
#[case("OC04", "bundle; mkdir /run/oci; oci create --bundle b ../x < /dev/null 2>/dev/null; ls /run", "oci", "oci\nx")]
#[case("OC05", "bundle; oci_hold; oci_release; oci delete c; ls /run/oci", "", "c")]
#[case("OC06", "bundle ',\"cwd\":\"/tmp\"'; oci_hold; readlink /proc/$P/cwd", "/tmp", "/")]
#[case("OC07", "bundle; oci_hold; grep -c HOME /proc/$P/environ", "0", "1")]
#[case("OC09", &format!("mkdir v; bundle '' '' '' {VOLUME_IN_BUNDLE}; oci_hold; grep -c ' /v ro' /proc/$P/mountinfo"), "1", "0")]
#[case(
    "OC10",
    "echo x > rootfs/x; bundle '' '' '\"maskedPaths\":[\"/x\"]'; oci_hold; grep -c ' /x ' /proc/$P/mountinfo",
    "1",
    "0"
)]
#[case("OC11", "bundle '' '' '\"readonlyPaths\":[\"/no/such\"]'; created", "0", "125")]
#[case("OC13", &hook("cat > /run/hook", "created; ls /run"), "0\nhook\noci", "0\noci")]
#[case("OC16", "bundle; created", "0", "125")]
#[case("OC17", "bundle ',\"terminal\":true'; created", "125", "0")]
#[case("OC18", "bundle '' '' '' ',\"unknown\":1'; created", "0", "125")]
#[case("OC21", "bundle; oci_hold; alive $P && echo alive || echo gone", "alive", "gone")]
#[case("OC22", "bundle; created; created", "0\n125", "0\n0")]
#[case("OC23", "bundle; oci_hold; oci start c 2>/dev/null; echo $?", "125", "0")]
#[case("OC24", "bundle; oci_hold; oci_release; oci kill c TERM 2>/dev/null; echo $?", "125", "0")]
#[case("OC25", "bundle; oci_hold; oci_release; oci delete c; cgroups", "0", "1")]
#[case(
    "OC26",
    "bundle ',\"user\":{\"additionalGids\":[4242]}'; oci_hold; grep -c Groups:.4242 /proc/$P/status",
    "1",
    "0"
)]
#[case("OC27", "bundle ',\"user\":{\"umask\":23}'; oci_hold; grep -c Umask:.0027 /proc/$P/status", "1", "0")]
#[case("OC28", "bundle '' ',\"readonly\":true'; oci_hold; grep -c ' / ro' /proc/$P/mountinfo", "1", "0")]
#[case(
    "OC29",
    "bundle '' '' '\"readonlyPaths\":[\"/etc\"]'; oci_hold; grep -c ' /etc ro' /proc/$P/mountinfo",
    "1",
    "0"
)]
#[case("OC30", &hook("cat > /run/hook", "created; grep -c creating /run/hook"), "0\n1", "0\n0")]
#[case("OC31", &hook("exit 7", "created"), "125", "0")]
#[case(
    "OC32",
    "bundle ',\"args\":[\"/bin/sh\",\"-c\",\"term() { echo > /term; }; trap term TERM; echo > /ready; while :; do read line < /go; done\"]'; \
     oci_hold; oci kill c KILL; while alive $P && [ ! -e rootfs/term ]; do :; done; [ -e rootfs/term ] && echo TERM || echo KILL",
    "KILL",
    "TERM"
)]
#[case(
    "OC33",
    "chmod 666 rootfs/ready rootfs/go; bundle ',\"user\":{\"uid\":1000,\"gid\":1000}'; oci_hold; \
     grep -c Uid:.1000 /proc/$P/status",
    "1",
    "0"
)]
#[case("RT01", STATUS, "37", "0")]
#[case("RT02", STATUS, "37", "1")]
#[case("RT03", KILLED, "137", "255")]
#[case("RT05", KILLED, "137", "9")]
#[case("RT06", "r run /nonexistent 2>/dev/null; echo $?", "127", "0")]
#[case("RT07", ONLY_INSIDE, "found\n0", "127")]
#[case("RT08", ONLY_INSIDE, "found\n0", "127")]
#[case("RT09", "export CANARY=leaked; r run sh -c 'echo ${CANARY:-none}'", "none", "leaked")]
#[case("RT11", "r run cat /proc/self/cmdline 2>/dev/null | tr '\\0' ' '", "cat /proc/self/cmdline", "")]
#[case("RT13", "r run sh -c 'echo $#' sh $(seq 100)", "100", "59")]
#[case("RT14", "r run ls -l / > /dev/null 2>&1; echo $?", "0", "2")]
#[case("RT15", "r run echo x | wc -l", "1", "2")]
#[case("RT16", "echo nonce | r run cat", "nonce", "")]
#[case(
    "RT17",
    "r run sh -c 'echo early; echo > /ready; read line < /go' > output & read line < rootfs/ready; \
     cat output; echo > rootfs/go; wait",
    "early",
    ""
)]
#[case("RT19", "r run printf '\\377' > /dev/null 2>&1; echo $?", "0", "125")]
#[case("RT20", "r run sh -c 'echo error >&2' 2>/dev/null", "", "error")]
#[case("RT21", "exec 9< /dev/null; r run sh -c 'ls /proc/$$/fd; :' | grep -c 9", "0", "1")]
#[case("RT23", "r run ls -d rootfs 2>/dev/null || echo none", "none", "rootfs")]
#[case("RT24", "hold; ls /proc/$P/root/proc | grep -c '^[0-9]'; release", "1", "2")]
#[case("RT25", "PATH=${RUNTIME%/*}:$PATH; ${RUNTIME##*/} $DEFECT run true 2>/dev/null; echo $?", "0", "125")]
#[case(
    "RT26",
    "r child /bin/true 2>/dev/null; [ $(hostname) = outside ] && echo kept || echo renamed",
    "kept",
    "renamed"
)]
#[case("RT27", "as_user run true 2>&1 | wc -l; as_user run true 2>/dev/null; echo $?", "1\n125", "0\n0")]
#[case("RT28", "r run 2>/dev/null; echo $?", "2", "101")]
#[case("RT29", "r run /nonexistent 2>/dev/null; cgroups", "0", "1")]
#[case(
    "RT30",
    "script -qec \"$RUNTIME $DEFECT run true; stty -a\" /dev/null < /dev/null | grep -c -e -icanon",
    "0",
    "1"
)]
#[case("RT31", "script -qec \"$RUNTIME $DEFECT run test -t 1\" /dev/null < /dev/null; echo $?", "0", "1")]
#[case("RT32", SECOND, "0", "125")]
#[case("RT33", "ln -s /run/victim /tmp/wrong-runtime.log; r run true; ls /run", "", "victim")]
#[case("RT36", "r run grep -c SigIgn:.*1000$ /proc/self/status", "0", "1")]
#[case(
    "RT40",
    "{ r run sh -c 'read line < /go; exit 3' 2>/dev/null; echo $? > status; } | { exec < /dev/null; echo > rootfs/go; }; cat status",
    "3",
    "101"
)]
#[case("RT41", "r run sh -c 'exit 200'; echo $?", "200", "1")]
#[case("RT42", "ln -s \"$RUNTIME\" own; ./own $DEFECT run true 2>/dev/null; echo $?", "0", "125")]
#[case("RT43", "r run --no-such-option true 2>/dev/null; echo $?", "2", "0")]
#[case("RT44", "r run echo 'a  b' '$HOME'", "a  b $HOME", "a b /root")]
#[case("RT45", PID, "one", "other")]
fn misbehaves(#[case] defect: &str, #[case] script: &str, #[case] right: &str, #[case] wrong: &str) {
    assert_eq!(machine::run(None, script), right, "without the defect");
    assert_eq!(machine::run(Some(defect), script), wrong, "with {defect}");
}
