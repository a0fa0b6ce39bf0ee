#!/bin/bash
# Makes a box for Vagrant out of a cloud image of Ubuntu or Debian. The public registry of boxes closes at the end of 2026;
# cloud images stay, and this needs no registry.
#
#     vagrant/make-box.sh ubuntu.box                                          downloads Ubuntu 24.04 for this machine's architecture
#     vagrant/make-box.sh --image IMAGE.img --sha256 HEX my.box               any image that has cloud-init
#     cd vagrant && VM_BOX=boxproof VM_BOX_URL=file://$PWD/ubuntu.box vagrant up
#
#     --provider NAME   libvirt (also for qemu, the default), or virtualbox
#     --arch ARCH       amd64 or arm64; default: this machine's
#     --size GIB        of the machine's disk; default 20
#
# Needs qemu-img (qemu-utils), debugfs (e2fsprogs) and sfdisk (fdisk), no root: nothing is mounted or booted. The image stays as
# it is but for two files, which tell its cloud-init of the user `vagrant`. Vagrant replaces that user's key, which everybody
# knows, when the machine first comes up.
set -euo pipefail

releases=https://cloud-images.ubuntu.com/releases/noble/release
# Vagrant's insecure key.
key='ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAQEA6NF8iallvQVp22WDkTkyrtvp9eWW6A8YVr+kz4TjGYe7gHzIw+niNltGEFHzD8+v1I2YJ6oXevct1YeS0o9HZyN1Q9qgCgzUFtdOKLv6IedplqoPkcmF0aYet2PkEDo3MlTBckFXPITAMzF8dJSIFo9D8HfdOV0IAdx4O7PtixWKn5y2hMNG0zQPyUecp4pzC6kivAIhyfHilFR61RGL+GPXQ2MWZWFYbAGjyiYJnAmCP3NOTd0jMZEnDkbUvxhMmBYSdETk1rRgm+R4LOzFUGaHqHDLKLX+FIPKcF96hrucXzcWyLbIbEgE98OHlnVYCzRdK8jlqm8tehUc9c9WhQ== vagrant insecure public key'

main() {
    local image='' sha256='' provider=libvirt size=20 arch out=''
    case $(uname -m) in aarch64 | arm64) arch=arm64 ;; *) arch=amd64 ;; esac
    while (($#)); do
        case $1 in
            --image) image=${2:?--image FILE} && shift ;;
            --sha256) sha256=${2:?--sha256 HEX} && shift ;;
            --provider) provider=${2:?--provider NAME} && shift ;;
            --arch) arch=${2:?--arch ARCH} && shift ;;
            --size) size=${2:?--size GIB} && shift ;;
            -*) fail "unknown option $1" ;;
            *) out=$1 ;;
        esac
        shift
    done
    [ -n "$out" ] || fail "where does the box go? $0 ubuntu.box"
    case $provider in libvirt | virtualbox) ;; *) fail "--provider $provider: there are libvirt and virtualbox" ;; esac
    case $arch in amd64 | arm64) ;; *) fail "--arch $arch: there are amd64 and arm64" ;; esac
    [[ $size =~ ^[1-9][0-9]*$ ]] || fail "--size $size: a number of GiB"
    need qemu-img qemu-utils
    need debugfs e2fsprogs
    need sfdisk fdisk

    work=$(mktemp -d "${TMPDIR:-/tmp}/boxproof-box.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    if [ -z "$image" ]; then
        image=$work/image
        download "$arch" "$image"
    else
        [ -f "$image" ] || fail "$image: no such image"
        [ -n "$sha256" ] || fail "--image wants --sha256: the checksum that its publisher names"
        checked "$image" "$sha256"
    fi
    qemu-img convert -O raw "$image" "$work/disk.raw"
    seed "$work/disk.raw"
    qemu-img resize -q -f raw "$work/disk.raw" "${size}G"
    mkdir "$work/box"
    "box_for_$provider" "$work/disk.raw" "$size" "$arch" "$work/box"
    tar -C "$work/box" -cf "$out" .
    echo "$out: $(du -h "$out" | cut -f1), for $provider on $arch"
}

fail() {
    echo "make-box.sh: $*" >&2
    exit 1
}

need() {
    PATH=$PATH:/usr/sbin:/sbin command -v "$1" > /dev/null || fail "$1 is missing: sudo apt-get install $2"
}

download() {
    local name=ubuntu-24.04-server-cloudimg-$1.img
    need curl curl
    curl -f --retry 3 -o "$work/SHA256SUMS" "$releases/SHA256SUMS"
    # Who signed the checksums is looked at where the key is at hand.
    local keys=/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg
    if [ -e $keys ]; then
        curl -f --retry 3 -o "$work/SHA256SUMS.gpg" "$releases/SHA256SUMS.gpg"
        gpgv --quiet --keyring $keys "$work/SHA256SUMS.gpg" "$work/SHA256SUMS" || fail "SHA256SUMS is not signed by Ubuntu"
    else
        echo "make-box.sh: the signature is not looked at, only https and the checksum: package ubuntu-cloudimage-keyring is missing" >&2
    fi
    local sum
    sum=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$name\$/\1/p" "$work/SHA256SUMS")
    [ -n "$sum" ] || fail "$releases/SHA256SUMS does not name $name"
    curl -f --retry 3 -o "$2" "$releases/$name"
    checked "$2" "$sum"
}

checked() {
    local sum
    sum=$(sha256sum "$1" | cut -d' ' -f1)
    [ "$sum" = "$2" ] || fail "$1 is not what was published: sha256 $sum, expected $2"
}

# Byte at which the largest partition with an ext file system begins: the root. Boot partitions are smaller.
root_at() {
    PATH=$PATH:/usr/sbin:/sbin sfdisk --dump "$1" | sed -n 's/.*start= *\([0-9]*\), size= *\([0-9]*\),.*/\2 \1/p' | sort -rn |
        while read -r _ start; do
            # The magic number of ext2 and its successors (0xef53), 1080 bytes into the file system.
            if [ "$(od -An -tx2 -j $((start * 512 + 1080)) -N 2 "$1" | tr -d ' ')" = ef53 ]; then
                echo $((start * 512))
                break
            fi
        done
}

# Puts the two files of a NoCloud seed into the root file system. debugfs writes into the image itself.
seed() {
    local disk=$1 at
    at=$(root_at "$disk")
    [ -n "$at" ] || fail "the image has no partition with an ext4 file system"
    # A machine that Vagrant makes is a new one for cloud-init, whatever it is called.
    echo 'instance-id: vagrant' > "$work/meta-data"
    cat > "$work/user-data" << USER
#cloud-config
users:
  - name: vagrant
    gecos: Vagrant
    shell: /bin/bash
    sudo: ALL=(ALL) NOPASSWD:ALL
    lock_passwd: true
    ssh_authorized_keys:
      - $key
ssh_pwauth: false
USER
    local directory=/var/lib/cloud/seed
    {
        printf 'mkdir %s\n' /var/lib/cloud $directory $directory/nocloud
        for name in meta-data user-data; do
            echo "rm $directory/nocloud/$name"
            echo "write $work/$name $directory/nocloud/$name"
        done
    } > "$work/commands"
    PATH=$PATH:/usr/sbin:/sbin debugfs -w -f "$work/commands" "$disk?offset=$at" > "$work/debugfs.log" 2>&1
    # debugfs complains of what is there already, and says nothing useful of the rest: what counts is what is there then.
    for name in meta-data user-data; do
        PATH=$PATH:/usr/sbin:/sbin debugfs -R "cat $directory/nocloud/$name" "$disk?offset=$at" 2> /dev/null | cmp -s - "$work/$name" ||
            fail "$directory/nocloud/$name could not be written into the image: $(tail -n 3 "$work/debugfs.log")"
    done
}

box_for_libvirt() {
    local disk=$1 size=$2 arch=$3 box=$4
    qemu-img convert -c -f raw -O qcow2 "$disk" "$box/box.img"
    printf '{"provider": "libvirt", "format": "qcow2", "virtual_size": %d, "architecture": "%s"}\n' "$size" "$arch" > "$box/metadata.json"
    : > "$box/Vagrantfile"
}

box_for_virtualbox() {
    local disk=$1 size=$2 arch=$3 box=$4
    qemu-img convert -f raw -O vmdk -o subformat=streamOptimized "$disk" "$box/disk.vmdk"
    printf '{"provider": "virtualbox", "architecture": "%s"}\n' "$arch" > "$box/metadata.json"
    # VirtualBox wants to know the card's address beforehand; Vagrant draws another for each machine.
    printf 'Vagrant.configure("2") { |config| config.vm.base_mac = "0800274B29D3" }\n' > "$box/Vagrantfile"
    local kind=102 name=Ubuntu_64 # CIM's number for a 64-bit Linux
    [ "$arch" = arm64 ] && name=Ubuntu_arm64
    cat > "$box/box.ovf" << OVF
<?xml version="1.0"?>
<Envelope ovf:version="1.0" xml:lang="en-US" xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
    xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
    xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData"
    xmlns:vbox="http://www.virtualbox.org/ovf/machine">
  <References><File ovf:id="disk" ovf:href="disk.vmdk"/></References>
  <DiskSection><Info>Disks</Info>
    <Disk ovf:diskId="disk" ovf:fileRef="disk" ovf:capacity="$((size << 30))"
        ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <NetworkSection><Info>Networks</Info><Network ovf:name="NAT"><Description>NAT</Description></Network></NetworkSection>
  <VirtualSystem ovf:id="boxproof"><Info>A machine to examine container runtimes in</Info>
    <OperatingSystemSection ovf:id="$kind"><Info>Ubuntu</Info><vbox:OSType ovf:required="false">$name</vbox:OSType></OperatingSystemSection>
    <VirtualHardwareSection><Info>Hardware</Info>
      <System><vssd:ElementName>Virtual Hardware</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>boxproof</vssd:VirtualSystemIdentifier><vssd:VirtualSystemType>virtualbox-2.2</vssd:VirtualSystemType></System>
      <Item><rasd:ElementName>2 CPUs</rasd:ElementName><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType>
        <rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
      <Item><rasd:AllocationUnits>MegaBytes</rasd:AllocationUnits><rasd:ElementName>2048 MB</rasd:ElementName><rasd:InstanceID>2</rasd:InstanceID>
        <rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>2048</rasd:VirtualQuantity></Item>
      <Item><rasd:Address>0</rasd:Address><rasd:ElementName>SATA</rasd:ElementName><rasd:InstanceID>3</rasd:InstanceID>
        <rasd:ResourceSubType>AHCI</rasd:ResourceSubType><rasd:ResourceType>20</rasd:ResourceType></Item>
      <Item><rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:ElementName>Disk</rasd:ElementName><rasd:HostResource>/disk/disk</rasd:HostResource>
        <rasd:InstanceID>4</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>
      <Item><rasd:AutomaticAllocation>true</rasd:AutomaticAllocation><rasd:Connection>NAT</rasd:Connection><rasd:ElementName>Card</rasd:ElementName>
        <rasd:InstanceID>5</rasd:InstanceID><rasd:ResourceSubType>E1000</rasd:ResourceSubType><rasd:ResourceType>10</rasd:ResourceType></Item>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
OVF
}

main "$@"
