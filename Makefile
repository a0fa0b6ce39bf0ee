# The commands a newcomer needs. Each installs what it lacks, and only that: once everything is there, none of them
# touches the network.

SHELL   := /bin/bash
HOST    := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
TARGET  := $(or $(CARGO_TARGET_DIR),target)
RELEASE := $(TARGET)/$(HOST)/release
DEBUG   := $(TARGET)/$(HOST)/debug
SUDO    := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
QEMU    := $(if $(filter aarch64%,$(HOST)),qemu-system-aarch64=qemu-system-arm,qemu-system-x86_64=qemu-system-x86)

# What is looked for, and the Debian package that has it. libc6-dev brings the C library that everything is linked with.
# READERS read what boxproof writes: each report is held before a real reader of its format.
BUILDS  := cc=gcc /usr/include/stdio.h=libc6-dev
# In a machine that is itself there to be thrown away (vagrant/provision.sh) the exam takes place on it, as root.
LOCAL   := $(filter local,$(BOXPROOF_BACKEND))
EXAMS   := $(BUILDS) $(if $(LOCAL),,$(QEMU)) busybox=busybox-static
# Ubuntu has Chromium only as a snap, which sees no temporary files of others: there a browser is brought by whoever wants one.
BROWSER := $(if $(shell command -v chromium google-chrome chromium-browser)$(shell grep -s '^ID=ubuntu' /etc/os-release),,chromium=chromium)
READERS := $(BROWSER) xmllint=libxml2-utils perl=perl cmark-gfm=cmark-gfm /usr/lib/python3/dist-packages/jsonschema=python3-jsonschema
TESTS   := $(EXAMS) $(READERS) go=golang-go python3=python3 unshare=util-linux ip=iproute2 nft=nftables bwrap=bubblewrap runc=runc \
           crun=crun podman=podman qemu-img=qemu-utils sfdisk=fdisk jq=jq
BENCHES := $(EXAMS) unshare=util-linux bwrap=bubblewrap
PROOF   := $(BUILDS) vagrant=vagrant /usr/share/doc/vagrant-libvirt=vagrant-libvirt libvirtd=libvirt-daemon-system \
           virsh=libvirt-clients dnsmasq=dnsmasq-base qemu-system-x86_64=qemu-system-x86 qemu-img=qemu-utils mmdebstrap=mmdebstrap \
           sfdisk=fdisk debugfs=e2fsprogs grub-mkimage=grub-common /usr/lib/grub/i386-pc=grub-pc-bin rsync=rsync ssh=openssh-client \
           iptables=iptables jq=jq /usr/sbin/sshd=openssh-server

.PHONY: help exam test bench matrix guest growth build docs vagrant-proof tools-for-builds tools-for-exams tools-for-tests tools-for-benches \
        tools-for-proof

help:
	@echo 'make exam    examine the reference runtime, mycontainer, in a virtual machine'
	@echo 'make test    run every test (as root, or by sudo)'
	@echo 'make bench   measure start-up, a whole exam, and a machine from its snapshot'
	@echo 'make matrix  every wrong runtime against every scenario: docs/kill-matrix.md'
	@echo 'make guest   kernels 6.1 and 6.12, builds and scripts in the virtual machine (downloads; minutes)'
	@echo 'make growth  what a class takes in time and memory, from 1 submission to 100 (half an hour and more)'
	@echo 'make vagrant-proof   the Vagrantfile and --backend vagrant with a real machine (root, long)'
	@echo 'make build   bin/boxproof and bin/mycontainer, no more'
	@echo 'make docs    write docs/scenarios.md anew'
	@echo
	@echo 'Your own runtime:  make build && bin/boxproof exam path/to/your/runtime'

exam: tools-for-exams build
	$(if $(LOCAL),$(SUDO)) bin/boxproof exam $(if $(LOCAL),--backend local) bin/mycontainer

build: tools-for-builds
	cargo build --release --locked -p boxproof -p mycontainer
	@mkdir -p bin
	@ln -sfn "$(abspath $(RELEASE))/boxproof" bin/boxproof
	@ln -sfn "$(abspath $(RELEASE))/mycontainer" bin/mycontainer
	@cp --remove-destination runtime/boxproof.toml bin/boxproof.toml

# Scenarios make namespaces and cgroups on this machine. Whoever is not root builds as himself and runs the tests by sudo,
# which has a PATH of its own: tests that build with cargo would not find it.
ROOT_RUNNER = $(if $(SUDO),CARGO_TARGET_$(shell echo '$(HOST)' | tr 'a-z-' 'A-Z_')_RUNNER='sudo -E -H env PATH=$(PATH)')
test: tools-for-tests
	scenarios/controls/build.sh "$(TARGET)/controls"
	$(ROOT_RUNNER) BOXPROOF_CONTROLS="$(abspath $(TARGET))/controls" cargo test --workspace --locked

bench: tools-for-benches build
	$(ROOT_RUNNER) cargo bench --locked -p mycontainer --bench startup
	$(ROOT_RUNNER) cargo bench --locked -p boxproof --bench exam
	cargo bench --locked -p boxproof --bench restore

# Every wrong runtime, cheat and control against the whole catalogue, written down. `make test` compares.
matrix: tools-for-tests
	scenarios/controls/build.sh "$(TARGET)/controls"
	cargo build --locked -p boxproof -p mycontainer -p wrong-runtime
	$(ROOT_RUNNER) BOXPROOF_CONTROLS="$(abspath $(TARGET))/controls" BOXPROOF_WRITE_MATRIX=1 INSTA_UPDATE=always \
		cargo test --locked -p boxproof-scenarios --test matrix -- --nocapture all::

# The real Vagrant with a real machine, in namespaces of its own: root, some ten minutes, x86_64, never CI.
vagrant-proof: tools-for-proof build
	$(ROOT_RUNNER) cargo test --locked -p boxproof-harness --lib --features sshd backend::ssh
	cargo build --locked -p boxproof -p mycontainer
	program=$$(cargo test --locked -p boxproof --test command_line --no-run --message-format=json | jq -r 'select(.executable).executable' | tail -n 1) && \
		$(SUDO) vagrant/proof/run.sh "$(abspath $(TARGET))/vagrant-proof" bin/boxproof bin/mycontainer "$$program"

# What the virtual machine has besides busybox, and the kernels it can have: not in `make test`, for it downloads a lot.
guest: tools-for-exams
	cargo build --locked -p boxproof -p mycontainer
	cargo test --locked -p boxproof --test guest --features guest -- --test-threads=1

growth: tools-for-tests build
	scenarios/controls/build.sh "$(TARGET)/controls"
	cli/benches/growth.sh bin/boxproof "$(TARGET)/controls" $(COUNTS)

docs: build
	bin/boxproof list --markdown --lang en > docs/scenarios.md
	bin/boxproof list --markdown --lang ja > docs/scenarios.ja.md

# $(call install,PROGRAM=PACKAGE...): installs the packages of programs (or files) that are not there.
define install
@command -v cargo >/dev/null || { echo 'cargo is missing: install Rust from https://rustup.rs' >&2; exit 1; }
@missing=; \
for pair in $(1); do \
	program="$${pair%%=*}"; package="$${pair#*=}"; \
	command -v "$$program" >/dev/null || [ -e "$$program" ] || PATH="$$PATH:/usr/sbin:/sbin" command -v "$$program" >/dev/null \
		|| missing="$$missing $$package"; \
done; \
[ -n "$$missing" ] || exit 0; \
command -v apt-get >/dev/null || { echo "please install:$$missing (their names on Debian)" >&2; exit 1; }; \
echo "installing:$$missing"; \
install="$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends$$missing"; \
$$install || { $(SUDO) apt-get update && $$install; }
endef

tools-for-builds:
	$(call install,$(BUILDS))
tools-for-exams:
	$(call install,$(EXAMS))
tools-for-tests:
	$(call install,$(TESTS))
tools-for-benches:
	$(call install,$(BENCHES))
tools-for-proof:
	$(call install,$(PROOF))
