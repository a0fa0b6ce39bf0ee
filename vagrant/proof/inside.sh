#!/bin/bash
# The part of run.sh that runs in namespaces of its own. Each step says what it shows; the first that does not ends it.
set -euo pipefail

work=$1 boxproof=$2 runtime=$3 tests=$4
vagrantfile=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=$work/state

step() { printf '\n== %s  (%d s)\n' "$*" "$SECONDS"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
# expect STATUS COMMAND...: it must end so. What it printed is in $said.
expect() {
    local wanted=$1 status=0
    shift
    said=$("$@" 2>&1) || status=$?
    printf '%s\n' "$said" | sed 's/^/    /' | tail -n 12
    [ "$status" = "$wanted" ] || fail "$* ended with $status, not $wanted"
}
says() { [[ $said == *"$1"* ]] || fail "it does not say: $1"; }
remote() { ssh -F "$state/ssh" -o LogLevel=ERROR default "$1"; }
machine() { vagrant status --machine-readable | sed -n 's/^[0-9]*,default,state,//p'; }
becomes() { [ "$(machine)" = "$1" ]; }
is() { becomes "$1" || fail "the machine is $(machine), not $1"; }
exam() { "$boxproof" exam "$runtime" --backend vagrant --seed 1 "$@"; }
# await COMMAND...: until it is so; a boot may be a part of it.
await() {
    local end=$((SECONDS + 900))
    until "$@"; do
        ((SECONDS < end)) || fail "in vain: $*"
        read -rt 1 < <(:) || true
    done
}

# Everything of libvirt's that would stay on this machine lies in $state or in memory.
mount --make-rprivate /
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir -p "$state"/{libvirt,cache,log,home,etc} /run/lock
cp -a /etc/libvirt/. "$state/etc"
mount --bind "$state/etc" /etc/libvirt
mount --bind "$state/libvirt" /var/lib/libvirt
mount --bind "$state/cache" /var/cache/libvirt
mount --bind "$state/log" /var/log/libvirt
cat > /etc/libvirt/qemu.conf << 'CONF'
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
remember_owner = 0
CONF
cat > /etc/libvirt/libvirtd.conf << 'CONF'
auth_unix_ro = "none"
auth_unix_rw = "none"
CONF
rm -f /etc/libvirt/qemu/networks/autostart/*
libvirtd > "$state/log/libvirtd" 2>&1 &
await virsh -q -c qemu:///system list > /dev/null 2>&1

cd "$vagrantfile"
export HOME=$state/home VAGRANT_HOME=$state/home/.vagrant.d VAGRANT_DOTFILE_PATH=$state/dotfile
export VAGRANT_DEFAULT_PROVIDER=libvirt VAGRANT_CHECKPOINT_DISABLE=1 LC_ALL=C.UTF-8
export VM_BOX=boxproof-debian VM_BOX_URL=file://$work/debian.box VM_DRIVER=qemu VM_PROVISION=--no-rust

up() {
    step "a machine that is not there: vagrant up makes it and provisions it"
    is not_created
    vagrant up --no-color
    is running
    vagrant ssh-config > "$state/ssh"
}

inside() {
    step "tests of boxproof in it, as root"
    tar -C "$(dirname "$tests")/.." -c "deps/$(basename "$tests")" boxproof mycontainer | remote 'mkdir -p t && tar -C t -x'
    remote "cd t && sudo -E deps/$(basename "$tests") as_root" | tail -n 15
}

whole() {
    step "an exam in it, while it runs: it goes on running"
    expect 0 exam --json
    jq -e '.status == "pass" and .environment.isolation == "vm" and .environment.limits.machine_was == "running"' \
        <<< "$(sed -n '/^{/,$p' <<< "$said")" > /dev/null || fail "not passed in the machine"
    is running
    remote '! ls -d /tmp/tmp.* 2> /dev/null && ! pgrep -x boxproof' || fail "something of boxproof is left in the machine"
}

half() {
    step "half-provisioned"
    remote 'sudo mv /var/lib/boxproof/provisioned /root'
    expect 3 exam --only pid-one
    says "vagrant provision"
    vagrant provision --no-color | tail -n 2
    expect 0 exam --only pid-one
}

foreign() {
    step "another architecture"
    remote 'printf "#!/bin/sh\necho aarch64\n" | sudo tee /usr/local/bin/uname > /dev/null; sudo chmod 755 /usr/local/bin/uname'
    expect 3 exam --only pid-one
    says "the machine is aarch64"
    remote 'sudo rm /usr/local/bin/uname'
}

vanishes() {
    step "it vanishes in the middle of an exam"
    is running
    exam --json > "$state/result.json" 2> "$state/said" &
    local examiner=$!
    await grep -q '^\[1/' "$state/said"
    virsh -q -c qemu:///system destroy vagrant_default
    wait $examiner && fail "that is no success"
    jq -r '.infrastructure_errors[].text' "$state/result.json"
    jq -e '.status == "error" and (.infrastructure_errors[0].text | contains("not running any more"))' "$state/result.json" > /dev/null ||
        fail "it is not said that the machine is gone"
    is shutoff
}

killed() {
    step "switched off, brought up for an exam, and boxproof is killed: the machine is switched off all the same"
    is shutoff
    # The program itself, not a shell that waits for it.
    "$boxproof" exam "$runtime" --backend vagrant > /dev/null 2> "$state/said" &
    local examiner=$!
    await grep -q '^\[1/' "$state/said"
    kill -KILL $examiner
    wait $examiner || true
    tail -n 3 "$state/said"
    await becomes shutoff
}

killed_coming_up() {
    step "killed while the machine comes up: it is switched off as soon as Vagrant lets it"
    is shutoff
    "$boxproof" exam "$runtime" --backend vagrant > /dev/null 2> "$state/said" &
    local examiner=$!
    await grep -q 'vagrant: ' "$state/said"
    kill -KILL $examiner
    wait $examiner || true
    await becomes running
    await becomes shutoff
}

off() {
    step "switched off: brought up, examined, switched off again"
    is shutoff
    expect 0 exam --tier core
    is shutoff
}

kept() {
    step "--keep: it stays"
    expect 0 exam --only pid-one --keep
    is running
}

deaf() {
    step "its ssh does not answer"
    vagrant ssh-config > "$state/ssh"
    remote 'sudo systemctl stop ssh.socket ssh' || true
    expect 3 exam --only pid-one
    says "does not answer"
}

gone() {
    step "destroyed: nothing is left"
    vagrant destroy -f
    is not_created
    [ -z "$(virsh -q -c qemu:///system list --all --name)" ] || fail "libvirt still has a machine"
    pgrep -a qemu && fail "QEMU still runs"
    step "done"
}

for part in ${PARTS:-up inside whole half foreign vanishes killed killed_coming_up off kept deaf gone}; do "$part"; done
