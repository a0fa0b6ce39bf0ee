//! Several containers on one bridge: addresses from a subnet, names in a shared hosts file, a way out and ports that lead in.
//!
//! What they share is described in a directory below /run, with a file for every container, called by its address and locked
//! as long as its runtime lives: that is how others tell a container from one whose runtime was killed. Whoever changes
//! anything holds the lock of the directory, and writes down the whole of it anew; so two can begin and end at once, and
//! nothing is added twice or removed by the first who leaves. The last one takes it all away.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;

use crate::error::{Context, Error, Result};
use crate::net::{self, Veth};
use crate::netlink::{Netlink, Request, ifinfo};

const STATE: &str = "/run/mycontainer-networks";
const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// A bridge, as the user describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    pub name: String,
    /// Any address of the subnet, and the bits that name it.
    pub subnet: Ipv4Addr,
    pub prefix: u8,
    pub published: Vec<Port>,
}

impl Default for Bridge {
    fn default() -> Bridge {
        Bridge { name: "mycontainer0".into(), subnet: Ipv4Addr::new(10, 77, 0, 0), prefix: 24, published: Vec::new() }
    }
}

/// A port of the host's that leads to one of the container's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    protocol: String,
    host: u16,
    container: u16,
}

/// Reads `HOST:CONTAINER` or `HOST:CONTAINER/PROTOCOL`.
pub fn port(word: &str) -> Option<Port> {
    let (ports, protocol) = word.split_once('/').unwrap_or((word, "tcp"));
    let (host, container) = ports.split_once(':')?;
    let number = |word: &str| word.parse().ok().filter(|number| *number != 0);
    let known = matches!(protocol, "tcp" | "udp");
    known.then_some(Port { protocol: protocol.into(), host: number(host)?, container: number(container)? })
}

impl Bridge {
    fn base(&self) -> u32 {
        self.subnet.to_bits() & !self.mask()
    }

    fn mask(&self) -> u32 {
        u32::MAX >> self.prefix
    }

    /// The first host of the subnet is the host.
    fn gateway(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.base() + 1)
    }

    fn describe(&self) -> String {
        format!("{}/{}", Ipv4Addr::from_bits(self.base()), self.prefix)
    }

    /// Where its description lies. Networks of the same name in other network namespaces are others.
    fn directory(&self) -> Result<PathBuf> {
        Ok(Path::new(STATE).join(format!("{}-{}", here()?, self.name)))
    }

    /// Takes an address, and makes the bridge if there is none.
    pub fn join(&self, hostname: &str) -> Result<Member> {
        let directory = self.directory()?;
        let lock = lock(&directory)?;
        let leases = living(&directory)?;
        let clash = leases.iter().find(|lease| {
            lease.name == hostname || lease.ports.iter().any(|port| self.published.iter().any(|own| own.clashes(port)))
        });
        if let Some(lease) = clash {
            let address = lease.address;
            return Err(Error::new(format!("{address} on {} has that name or that port already", self.name)));
        }
        let taken = |address: &Ipv4Addr| leases.iter().any(|lease| lease.address == *address);
        let Some(address) = (2..self.mask()).map(|n| Ipv4Addr::from_bits(self.base() + n)).find(|a| !taken(a)) else {
            return Err(Error::new(format!("all addresses of {} are taken", self.describe())));
        };
        let path = directory.join(address.to_string());
        let lease = Lease { address, name: hostname.into(), ports: self.published.clone() };
        let file = lease.write(&path).doing_with(|| format!("write {}", path.display()))?;
        // From here on it is undone by dropping.
        let member = Member { bridge: self.clone(), directory, address, lease: Some(file) };
        let made = self
            .look_for_ports(&member.directory)
            .and_then(|()| self.raise(leases.is_empty(), &member.directory))
            .and_then(|()| forward())
            .and_then(|()| self.update(&member.directory));
        drop(lock);
        made.map(|()| member)
    }

    /// The bridge itself. One of this name that nobody of us made belongs to somebody else.
    fn raise(&self, first: bool, directory: &Path) -> Result<()> {
        let host = Netlink::open().doing("open a netlink socket")?;
        let marker = directory.join("bridge");
        let known = fs::read_to_string(&marker).unwrap_or_default();
        match host.link(&self.name) {
            Ok(_) if known == self.describe() => return Ok(()),
            Ok(_) if known.is_empty() => {
                return Err(Error::new(format!(
                    "there is an interface {} already, and it is not mycontainer's",
                    self.name
                ))
                .hint("choose another name with --network bridge,name=NAME"));
            }
            Ok(_) if !first => return Err(Error::new(format!("{} is the bridge of {known}", self.name))),
            // Left by runtimes that were killed, with another subnet.
            Ok(link) => {
                host.execute(Request::new(libc::RTM_DELLINK, 0, &ifinfo(link.index, 0))).doing("remove the bridge")?
            }
            Err(_) => {}
        }
        self.look_for_clashes()?;
        fs::write(&marker, self.describe()).doing_with(|| format!("write {}", marker.display()))?;
        // A hardware address of its own, or it would have the lowest of its ports', another whenever one comes or goes: and
        // for half a minute containers would send to the former one.
        let mut mac = [2, 0x42, 0, 0, 0, 0];
        mac[2..].copy_from_slice(&self.gateway().octets());
        let request = Request::new(libc::RTM_NEWLINK, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &ifinfo(0, 0))
            .name(libc::IFLA_IFNAME, &self.name)
            .attribute(libc::IFLA_ADDRESS, &mac)
            .nested(libc::IFLA_LINKINFO, &[], |link| link.attribute(libc::IFLA_INFO_KIND, b"bridge"));
        host.execute(request).doing_with(|| format!("create the bridge {}", self.name))?;
        let index = host.link(&self.name).doing_with(|| format!("look up {}", self.name))?.index;
        net::set_address(&host, index, self.gateway(), self.prefix)
            .and_then(|()| net::switch_on(&host, index))
            .doing_with(|| format!("give {} the address {}", self.name, self.gateway()))
    }

    /// A network that the host has elsewhere would be out of its reach.
    fn look_for_clashes(&self) -> Result<()> {
        for address in getifaddrs().doing("list the host's addresses")? {
            let ip = |storage: Option<nix::sys::socket::SockaddrStorage>| storage?.as_sockaddr_in().map(|in4| in4.ip());
            let (Some(other), Some(mask)) = (ip(address.address), ip(address.netmask)) else { continue };
            let wider = !self.mask() & mask.to_bits();
            if other.to_bits() & wider == self.base() & wider {
                return Err(Error::new(format!(
                    "{} has {other}, which clashes with {}",
                    address.interface_name,
                    self.describe()
                ))
                .hint("choose another network with --network bridge,subnet=IP/PREFIX"));
            }
        }
        Ok(())
    }

    /// A port that leads to a container of another network leads nowhere else: of two tables of rules the first would win,
    /// without a word. Our own lease is written by now: of two who look at once, one sees the other's.
    fn look_for_ports(&self, directory: &Path) -> Result<()> {
        let others = networks()?.into_iter().filter(|other| other != directory);
        for path in others.flat_map(|other| entries(&other)).filter(|path| is_held(path)) {
            let Some(lease) = Lease::read(&path) else { continue };
            if let Some(port) = self.published.iter().find(|own| lease.ports.iter().any(|port| own.clashes(port))) {
                let (host, protocol, address) = (port.host, &port.protocol, lease.address);
                return Err(Error::new(format!("the host's {protocol} port {host} leads to {address} already")));
            }
        }
        Ok(())
    }

    /// Writes down names and rules anew, from what is there.
    fn update(&self, directory: &Path) -> Result<()> {
        let leases = living(directory)?;
        let lines = leases.iter().map(|lease| format!("{}\t{}\n", lease.address, lease.name)).collect::<String>();
        let hosts = format!("127.0.0.1\tlocalhost\n::1\tlocalhost\n{lines}");
        // In place: containers have this very file mounted.
        let path = directory.join("hosts");
        let written = File::options().write(true).create(true).truncate(false).open(&path).and_then(|mut file| {
            file.write_all(hosts.as_bytes())?;
            file.set_len(hosts.len() as u64)
        });
        written.doing_with(|| format!("write {}", path.display()))?;
        nft(&self.rules(&leases))
    }

    fn table(&self) -> String {
        format!("table ip mycontainer-{}", self.name)
    }

    /// A table of our own, replaced as a whole in one step: nothing can be in it twice. 127.0.0.1 is left out: the kernel routes
    /// no such packet to a bridge, and being refused is better than waiting.
    fn rules(&self, leases: &[Lease]) -> String {
        let (table, subnet, name) = (self.table(), self.describe(), &self.name);
        let doors: String = leases
            .iter()
            .flat_map(|lease| lease.ports.iter().map(move |port| (lease.address, port)))
            .map(|(address, Port { protocol, host, container })| {
                format!("fib daddr type local {protocol} dport {host} dnat to {address}:{container}\n")
            })
            .collect();
        format!(
            "{table}\ndelete {table}\n{table} {{\n\
             chain prerouting {{ type nat hook prerouting priority dstnat;\n{doors}}}\n\
             chain output {{ type nat hook output priority -100;\nip daddr 127.0.0.0/8 return\n{doors}}}\n\
             chain postrouting {{ type nat hook postrouting priority srcnat;\n\
             ip saddr {subnet} oifname != \"{name}\" masquerade\n\
             ip saddr {subnet} oifname \"{name}\" ct status dnat masquerade\n}}\n}}\n"
        )
    }

    /// Takes away all that was shared.
    fn raze(&self, directory: &Path) -> Result<()> {
        let host = Netlink::open().doing("open a netlink socket")?;
        if let Ok(link) = host.link(&self.name)
            && directory.join("bridge").exists()
        {
            host.execute(Request::new(libc::RTM_DELLINK, 0, &ifinfo(link.index, 0)))
                .doing_with(|| format!("remove {}", self.name))?;
        }
        let table = self.table();
        let removed = nft(&format!("{table}\ndelete {table}\n"));
        fs::remove_dir_all(directory).doing_with(|| format!("remove {}", directory.display()))?;
        stop_forwarding()?;
        removed
    }
}

/// The network namespace that this is.
fn here() -> Result<u64> {
    fs::metadata("/proc/self/ns/net").doing("look at this network namespace").map(|file| file.ino())
}

/// Where it is remembered that one of us has switched forwarding on here. That is a matter of all networks: who ends first
/// must not cut off the others.
fn marker() -> Result<PathBuf> {
    Ok(Path::new(STATE).join(format!("forwarded-{}", here()?)))
}

fn forward() -> Result<()> {
    let _lock = lock(Path::new(STATE))?;
    let forwarding = fs::read_to_string(FORWARDING).doing_with(|| format!("read {FORWARDING}"))?;
    if forwarding.trim() == "0" {
        fs::write(marker()?, "").doing("remember that forwarding was off")?;
        fs::write(FORWARDING, "1").doing_with(|| format!("write {FORWARDING}"))?;
    }
    Ok(())
}

/// Leaves the machine as it was found, unless another network lives. The last one takes the marker away, and the place of all
/// networks if that is empty.
fn stop_forwarding() -> Result<()> {
    let _lock = lock(Path::new(STATE))?;
    let marker = marker()?;
    if marker.exists() && !networks()?.iter().any(|directory| lives(directory)) {
        fs::write(FORWARDING, "0").doing_with(|| format!("write {FORWARDING}"))?;
        fs::remove_file(&marker).doing_with(|| format!("remove {}", marker.display()))?;
    }
    let lock = Path::new(STATE).join("lock");
    if entries(Path::new(STATE)) == [lock.clone()] {
        // Somebody may come just now.
        let _ = fs::remove_file(lock).and_then(|()| fs::remove_dir(STATE));
    }
    Ok(())
}

/// The directories of all networks here.
fn networks() -> Result<Vec<PathBuf>> {
    let prefix = format!("{}-", here()?);
    let mut networks = entries(Path::new(STATE));
    networks.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)));
    Ok(networks)
}

/// Does a network have containers? Or is somebody at it just now, who will ask the same if he is its last.
fn lives(directory: &Path) -> bool {
    let is_living = |path: &PathBuf| Lease::read(path).is_some() && is_held(path);
    is_held(&directory.join("lock")) || entries(directory).iter().any(is_living)
}

/// Does somebody hold the lock on a file?
fn is_held(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_err())
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

impl Port {
    fn clashes(&self, other: &Port) -> bool {
        (&self.protocol, self.host) == (&other.protocol, other.host)
    }
}

/// A container's place on a bridge. Dropping it gives it up.
pub struct Member {
    bridge: Bridge,
    directory: PathBuf,
    address: Ipv4Addr,
    /// Locked as long as this process lives.
    lease: Option<File>,
}

impl Member {
    /// The file that tells the names of all.
    pub fn hosts(&self) -> PathBuf {
        self.directory.join("hosts")
    }

    /// The cable between the bridge and the container. Its name is that of an address, so no two are alike.
    pub fn cable(&self) -> Veth {
        Veth {
            host: format!("mc{:08x}", self.address.to_bits()),
            name: "eth0".into(),
            address: self.address,
            prefix: self.bridge.prefix,
            gateway: self.bridge.gateway(),
            bridge: Some(self.bridge.name.clone()),
        }
    }

    fn leave(&mut self) -> Result<()> {
        let _lock = lock(&self.directory)?;
        let path = self.directory.join(self.address.to_string());
        fs::remove_file(&path).doing_with(|| format!("remove {}", path.display()))?;
        self.lease = None;
        if living(&self.directory)?.is_empty() {
            self.bridge.raze(&self.directory)
        } else {
            self.bridge.update(&self.directory)
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Err(error) = self.leave() {
            error.print();
        }
    }
}

/// What is written down of a container.
struct Lease {
    address: Ipv4Addr,
    name: String,
    ports: Vec<Port>,
}

impl Lease {
    fn write(&self, path: &Path) -> io::Result<File> {
        let mut file = File::create(path)?;
        file.try_lock()?;
        let ports = self.ports.iter().map(|port| format!(" {}:{}/{}", port.host, port.container, port.protocol));
        write!(file, "{}{}", self.name, ports.collect::<String>())?;
        Ok(file)
    }

    fn read(path: &Path) -> Option<Lease> {
        let address = path.file_name()?.to_str()?.parse().ok()?;
        let text = fs::read_to_string(path).ok()?;
        let mut words = text.split(' ');
        Some(Lease { address, name: words.next()?.to_owned(), ports: words.filter_map(port).collect() })
    }
}

/// All containers on the bridge; those whose runtime was killed are forgotten.
fn living(directory: &Path) -> Result<Vec<Lease>> {
    let mut leases = Vec::new();
    for entry in fs::read_dir(directory).doing_with(|| format!("list {}", directory.display()))?.flatten() {
        let path = entry.path();
        let Some(lease) = Lease::read(&path) else { continue };
        if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(&path);
        } else {
            leases.push(lease);
        }
    }
    leases.sort_by_key(|lease| lease.address);
    Ok(leases)
}

/// Claims the directory, which whoever held it before may have removed. It is root's alone: whoever can open a file can lock it.
fn lock(directory: &Path) -> Result<File> {
    let doing = || format!("lock {}", directory.display());
    loop {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).doing_with(doing)?;
        let file = match File::create(directory.join("lock")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file.doing_with(doing)?,
        };
        file.lock().doing_with(doing)?;
        if file.metadata().doing_with(doing)?.nlink() > 0 {
            return Ok(file);
        }
    }
}

/// nft(8), with rules on its stdin.
fn nft(rules: &str) -> Result<()> {
    let doing = || "start nft".to_owned();
    let mut command = Command::new("nft");
    command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Err(error) if Errno::ENOENT == Errno::from_raw(error.raw_os_error().unwrap_or(0)) => {
            return Err(error)
                .doing_with(doing)
                .map_err(|error| error.hint("a bridge needs nftables: apt-get install nftables"));
        }
        child => child.doing_with(doing)?,
    };
    // One that ends without reading them all has something to say about it: that comes first.
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(rules.as_bytes()));
    let output = child.wait_with_output().doing("wait for nft")?;
    if output.status.success() {
        return written.doing("write the rules to nft");
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!("nft has refused the rules: {}", said.lines().next().unwrap_or("without a word"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn ports_lead_somewhere() {
        assert_eq!(port("8080:80"), Some(Port { protocol: "tcp".into(), host: 8080, container: 80 }));
        assert_eq!(port("53:5353/udp").map(|port| port.protocol), Some("udp".into()));
    }

    #[rstest]
    fn no_ports(#[values("", "80", "0:80", "80:0", "80:80/sctp", "65536:1", "a:b", "1:2:3")] word: &str) {
        assert_eq!(port(word), None);
    }

    #[test]
    fn the_rules_replace_the_former_ones() {
        let bridge = Bridge::default();
        let lease =
            Lease { address: Ipv4Addr::new(10, 77, 0, 2), name: "a".into(), ports: vec![port("8080:80").unwrap()] };
        let rules = bridge.rules(&[lease]);
        assert!(
            rules.starts_with("table ip mycontainer-mycontainer0\ndelete table ip mycontainer-mycontainer0\n"),
            "{rules}"
        );
        assert_eq!(rules.matches("tcp dport 8080 dnat to 10.77.0.2:80").count(), 2, "{rules}");
        assert!(rules.contains("ip saddr 10.77.0.0/24 oifname != \"mycontainer0\" masquerade"), "{rules}");
    }
}
