//! Without `--defect` the runtime is right. Needs root; everything happens in a machine of its own.

mod machine;

use rstest::rstest;

#[rstest]
#[case::exit_status("r run sh -c 'exit 37'; echo $?", "37")]
#[case::killed("hold; kill -KILL $P; wait $R; echo $?", "137")]
#[case::not_found("r run no-such-command 2>/dev/null; echo $?", "127")]
#[case::not_executable("r run /etc 2>/dev/null; echo $?", "126")]
#[case::usage("r run 2>/dev/null; echo $?", "2")]
#[case::no_rootfs("rm -r rootfs; r run true 2>/dev/null; echo $?", "125")]
#[case::not_root("as_user run true 2>/dev/null; echo $?", "125")]
#[case::bad_size("r run --memory 64X true 2>/dev/null; echo $?; cgroups", "125\n0")]
#[case::pid_one("r run sh -c 'echo $$'", "1")]
#[case::lone_loopback("r run ls /sys/class/net; r run cat /sys/class/net/lo/flags", "lo\n0x9")]
#[case::hostname("r run --hostname inside hostname; hostname", "inside\noutside")]
#[case::arguments("r run printf '<%s>' a '' 'b c' --hostname -- x", "<a><><b c><--hostname><--><x>")]
#[case::double_dash("r run -- echo --", "--")]
#[case::streams("printf 'a\\377b' | r run sh -c 'cat; echo error >&2' 2>/dev/null | od -An -tx1", " 61 ff 62")]
#[case::environment(
    "export CANARY=1; r run env -u TERM | grep -v -e ^SHLVL -e ^PWD | sort",
    "HOME=/root\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)]
#[case::descriptors("exec 9< /dev/null; r run sh -c 'ls /proc/$$/fd; :'", "0\n1\n2")]
#[case::signals("trap '' INT; r run grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d 'a-zA-Z:\\t\\n0'", "")]
#[case::root("r run sh -c 'ls /; ls -d .'", "bin\ndev\netc\ngo\nproc\nready\nroot\nsys\ntmp\n.")]
#[case::own_cgroup("hold; grep -c 0::.*/wrong-runtime- /proc/$P/cgroup; release; cgroups; echo $S", "1\n0\n0")]
#[case::own_namespaces(
    "hold; for ns in cgroup ipc mnt net pid uts; do cmp -s /proc/$$/ns/$ns /proc/$P/ns/$ns; \
     [ $(readlink /proc/$$/ns/$ns) != $(readlink /proc/$P/ns/$ns) ] || echo $ns; done; release",
    ""
)]
#[case::network(
    "hold --network 10.9.8.2/28,10.9.8.1; nsenter -t $P -n ip -o -4 address show eth0 | grep -o '10[^ ]*/28'; \
     nsenter -t $P -n ip route | grep -o default.via.10.9.8.1; release; links",
    "10.9.8.2/28\ndefault via 10.9.8.1\n0"
)]
#[case::bridge(
    "hold --bridge br9,10.9.8.0/28 --publish 80:8080; nsenter -t $P -n ip -o -4 address show eth0 | grep -o '10[^ ]*/28'; \
     r run --bridge br9,10.9.8.0/28 ip route | grep -o default.via.10.9.8.1; nft list ruleset | grep -c -e masq -e dnat; \
     release; links; ip link | grep -c br9; nft list ruleset | wc -l; cat /proc/sys/net/ipv4/ip_forward; ls /run",
    "10.9.8.2/28\ndefault via 10.9.8.1\n2\n0\n0\n0\n0"
)]
#[case::volume(
    "mkdir v; echo nonce > v/file; r run --volume $PWD/v:/deep/v sh -c 'cat /deep/v/file; echo back > /deep/v/other'; \
     cat v/other; r run --volume $PWD/v:/v:ro sh -c ': > /v/third' 2>/dev/null; ls v",
    "nonce\nback\nfile\nother"
)]
#[case::mounts_do_not_leak(
    "before=$(mounts); hold; echo $(($(mounts) - before)); release; echo $(($(mounts) - before))",
    "0\n0"
)]
#[case::nothing_left(
    "r run true; ls -A . /tmp /run; find rootfs -newer \"$RUNTIME\" -type f -empty",
    ".:\nrootfs\n\n/run:\n\n/tmp:"
)]
#[case::two_at_once("hold; r run echo beside; release; echo $S", "beside\n0")]
#[case::terminated("hold; kill -TERM $R; wait $R; echo $?", "143")]
#[case::signal_passed_on(
    "\"$RUNTIME\" $DEFECT run sh -c 'trap \"exit 9\" TERM; echo > /ready; while :; do read line < /go; done' & R=$!; \
     read line < rootfs/ready; kill -TERM $R; wait $R; echo $?",
    "9"
)]
#[case::dies_with_the_runtime(
    "hold; kill -KILL $R; wait $R; while alive $P; do :; done; while [ $(cgroups) != 0 ]; do :; done; echo gone",
    "gone"
)]
fn holds(#[case] script: &str, #[case] expected: &str) {
    assert_eq!(machine::run(None, script), expected);
}
