//! The bridge of `--bridge`: containers that share a network, a way out by masquerading, and ports of the host that lead in.
//!
//! What they share is written down in /run: a directory for each bridge, and in it a file for each container, locked as long
//! as its runtime lives. Whoever changes anything holds the lock on /run itself and writes the rules anew, as a whole; the
//! last one takes everything away.

use std::fs::{self, File};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::ifaddrs::getifaddrs;

use crate::defects::Defect::*;
use crate::defects::defect;
use crate::failure::{Doing, Failure};
use crate::net::{Netlink, Network};

const STATE: &str = "/run/wrong-runtime-bridges";
const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// So long that others who begin now look as well.
const LATE: Duration = Duration::from_secs(1);

/// What the command line asks for.
pub struct Bridge {
    name: String,
    /// The subnet's first address, and the bits that name it.
    subnet: u32,
    prefix: u8,
}

/// A port of the host, and the container's that it leads to.
#[derive(Clone, Copy)]
pub struct Port {
    host: u16,
    container: u16,
}

impl Port {
    /// Reads `HOST:CONTAINER`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let parts = || {
            let (host, container) = text.split_once(':')?;
            Some(Self { host: host.parse().ok()?, container: container.parse().ok()? })
        };
        parts().ok_or_else(|| Failure::own(format!("--publish {text}: not of the form 8080:80")))
    }
}

impl Bridge {
    /// Reads `br0,10.1.2.0/24`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let parts = || {
            let (name, subnet) = text.split_once(',')?;
            let (address, prefix) = subnet.split_once('/')?;
            let prefix: u8 = prefix.parse().ok().filter(|prefix| (1..=30).contains(prefix))?;
            // It becomes part of a rule and of a path.
            let plain = (1..=15).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            let address: Ipv4Addr = address.parse().ok()?;
            plain.then(|| Self { name: name.into(), subnet: address.to_bits() & !(u32::MAX >> prefix), prefix })
        };
        parts().ok_or_else(|| Failure::own(format!("--bridge {text}: not of the form br0,10.1.2.0/24")))
    }

    fn address(&self, number: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.subnet + number)
    }

    fn subnet(&self) -> String {
        format!("{}/{}", self.address(0), self.prefix)
    }

    fn directory(&self) -> PathBuf {
        Path::new(STATE).join(&self.name)
    }

    /// Takes an address, and makes the bridge if there is none.
    pub fn join(self, id: &str, ports: &[Port]) -> Result<Member, Failure> {
        let mut held = lock()?;
        let known = self.directory().exists();
        fs::create_dir_all(self.directory()).doing(format_args!("mkdir {}", self.directory().display()))?;
        let mut others = self.living();
        let free = |address: &Ipv4Addr| defect(BR32) || others.iter().all(|other| other.address != *address);
        let hosts = 2..u32::MAX >> self.prefix;
        let Some(address) = hosts.map(|number| self.address(number)).find(free) else {
            return Err(Failure::own(format!("all addresses of {} are taken", self.name)));
        };
        if defect(BR37) {
            drop(held);
            thread::sleep(LATE);
            held = lock()?;
            others = self.living();
        }
        let path = self.directory().join(id);
        let mut file = File::create(&path).doing(format_args!("create {}", path.display()))?;
        file.lock().doing(format_args!("lock {}", path.display()))?;
        let words: String = ports.iter().map(|port| format!(" {}:{}", port.host, port.container)).collect();
        write!(file, "{address}{words}").doing(format_args!("write {}", path.display()))?;
        // From here on dropping it takes back what is there.
        let mut member = Member { bridge: self, address, path, _file: file, made: false };
        let made = member.complete(others.is_empty(), known);
        // Whoever gives up its place takes the lock again.
        drop(held);
        made.map(|()| member)
    }

    /// Those on the bridge whose runtime lives.
    fn living(&self) -> Vec<Lease> {
        let entries = fs::read_dir(self.directory()).into_iter().flatten().flatten();
        let held = |path: &PathBuf| File::open(path).is_ok_and(|file| file.try_lock().is_err());
        entries.map(|entry| entry.path()).filter(held).filter_map(|path| Lease::read(&path)).collect()
    }

    /// The bridge itself. One of this name that is not known is somebody else's.
    fn raise(&self, known: bool, made: &mut bool) -> Result<(), Failure> {
        let host = Netlink::open().doing("open a netlink socket")?;
        if known {
            // Left by a runtime that was killed.
            let _ = host.delete(&self.name);
        }
        if !defect(BR31) {
            self.look_for_clashes()?;
        }
        let [a, b, c, d] = self.address(1).octets();
        let mac = if defect(BR36) { None } else { Some([2, 0x42, a, b, c, d]) };
        match host.add_bridge(&self.name, mac) {
            // "It is there already."
            Err(nix::errno::Errno::EEXIST) if defect(BR15) => {}
            added => added.doing(format_args!("create the bridge {}", self.name))?,
        }
        *made = true;
        if !defect(BR01) {
            let gateway = self.address(1);
            host.add_address(&self.name, gateway, self.prefix).doing(format_args!("give {} its address", self.name))?;
        }
        if !defect(BR02) {
            host.set_up(&self.name).doing(format_args!("set {} up", self.name))?;
        }
        Ok(())
    }

    /// A network that the host has elsewhere would be out of its reach.
    fn look_for_clashes(&self) -> Result<(), Failure> {
        for found in getifaddrs().doing("list the host's addresses")? {
            let ip = |storage: Option<nix::sys::socket::SockaddrStorage>| storage?.as_sockaddr_in().map(|in4| in4.ip());
            let (Some(other), Some(mask)) = (ip(found.address), ip(found.netmask)) else { continue };
            let wider = !(u32::MAX >> self.prefix) & mask.to_bits();
            if other.to_bits() & wider == self.subnet & wider {
                return Err(Failure::own(format!("{} has {other}, of the same network", found.interface_name)));
            }
        }
        Ok(())
    }

    fn table(&self) -> String {
        format!("table ip wrong-runtime-{}", self.name)
    }

    /// The rules for those who are on the bridge now. A table is replaced in one step: nothing can be in it twice.
    fn filter(&self) -> Result<(), Failure> {
        let (table, name) = (self.table(), &self.name);
        let doors: String = self.living().iter().map(Lease::doors).collect();
        let away = if defect(BR05) || defect(BR08) { String::new() } else { masquerade(&self.subnet(), name) };
        nft(&format!(
            "{table}\ndelete {table}\n{table} {{\n\
             chain prerouting {{ type nat hook prerouting priority dstnat;\n{doors}}}\n\
             chain postrouting {{ type nat hook postrouting priority srcnat;\n{away}}}\n}}\n"
        ))
    }

    /// Takes away what was shared.
    fn raze(&self) {
        if let Ok(host) = Netlink::open() {
            let _ = host.delete(&self.name);
        }
        if !defect(BR07) {
            let _ = nft(&format!("{0}\ndelete {0}\n", self.table()));
        }
        if defect(BR08) {
            remove_one(&self.name);
        }
        let _ = fs::remove_dir_all(self.directory());
        stop_forwarding();
    }
}

fn masquerade(subnet: &str, bridge: &str) -> String {
    format!("ip saddr {subnet} oifname != \"{bridge}\" masquerade\n")
}

/// Nobody else begins or ends meanwhile. The directory is locked, so that no file is left of it.
fn lock() -> Result<File, Failure> {
    let run = File::open("/run").doing("open /run")?;
    run.lock().doing("lock /run")?;
    Ok(run)
}

/// Where it is remembered that one of us has switched forwarding on: that is a matter of all bridges.
fn marker() -> PathBuf {
    Path::new(STATE).join("forwarding")
}

fn forward() -> Result<(), Failure> {
    let now = fs::read_to_string(FORWARDING).doing(format_args!("read {FORWARDING}"))?;
    if now.trim() == "0" && !defect(BR04) {
        File::create(marker()).doing("remember that forwarding was off")?;
        fs::write(FORWARDING, "1").doing(format_args!("write {FORWARDING}"))?;
    }
    Ok(())
}

/// As it was found, once nobody needs it any more.
fn stop_forwarding() {
    let entries = fs::read_dir(STATE).into_iter().flatten().flatten();
    let needed = entries.filter(|entry| entry.path().is_dir()).count() > 0;
    if (marker().exists() && (!needed || defect(BR33)) && !defect(BR11)) || defect(BR30) {
        let _ = fs::write(FORWARDING, "0");
    }
    if !needed {
        let _ = fs::remove_dir_all(STATE);
    }
}

/// What is written down of a container.
struct Lease {
    address: Ipv4Addr,
    ports: Vec<Port>,
}

impl Lease {
    fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let mut words = text.split(' ');
        let address = words.next()?.parse().ok()?;
        Some(Self { address, ports: words.filter_map(|word| Port::parse(word).ok()).collect() })
    }

    fn doors(&self) -> String {
        let rule = |Port { host, container }: &Port| {
            format!("fib daddr type local tcp dport {host} dnat to {}:{container}\n", self.address)
        };
        self.ports.iter().map(rule).collect()
    }
}

/// A container's place on a bridge. Dropping it gives it up.
pub struct Member {
    bridge: Bridge,
    address: Ipv4Addr,
    path: PathBuf,
    /// Locked as long as this process lives.
    _file: File,
    /// Whether the bridge is ours to take away.
    made: bool,
}

impl Member {
    fn complete(&mut self, first: bool, known: bool) -> Result<(), Failure> {
        if first {
            self.bridge.raise(known, &mut self.made)?;
        }
        self.made = true;
        forward()?;
        if defect(BR08) {
            append(&masquerade(&self.bridge.subnet(), &self.bridge.name))?;
        }
        self.bridge.filter()
    }

    /// The cable that leads there.
    pub fn network(&self) -> Network {
        Network::new(self.address, self.bridge.prefix, self.bridge.address(1))
    }

    /// The bridge that it is plugged into.
    pub fn bridge(&self) -> &str {
        &self.bridge.name
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let Ok(_lock) = lock() else { return };
        let _ = fs::remove_file(&self.path);
        let alone = self.bridge.living().is_empty();
        if !self.made {
            let _ = fs::remove_dir(self.bridge.directory()).and_then(|()| fs::remove_dir(STATE));
        } else if alone {
            self.bridge.raze();
        } else if defect(BR09) {
            let _ = nft(&format!("delete {}\n", self.bridge.table()));
        } else if defect(BR35) {
            self.bridge.raze();
        } else if !defect(BR13) {
            let _ = self.bridge.filter();
        }
    }
}

/// nft(8), with rules on its stdin.
fn nft(rules: &str) -> Result<(), Failure> {
    let call = || {
        let mut child = Command::new("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // Whoever ends before it has read all says so by its status.
            let _ = stdin.write_all(rules.as_bytes());
        }
        child.wait()
    };
    let done = call().doing("run nft").and_then(|status| match status.success() {
        true => Ok(()),
        false => Err(Failure::own(format!("nft has refused the rules: {status}"))),
    });
    match done {
        Err(failure) if defect(BR14) => {
            eprintln!("wrong-runtime: warning: {}", failure.message);
            Ok(())
        }
        done => done,
    }
}

// What follows is there for defects alone.

const SHARED: &str = "ip wrong-runtime";

/// One more rule, whatever is there.
fn append(rule: &str) -> Result<(), Failure> {
    nft(&format!(
        "table {SHARED} {{\nchain postrouting {{ type nat hook postrouting priority srcnat;\n}}\n}}\n\
         add rule {SHARED} postrouting {rule}"
    ))
}

/// As `iptables -D`, which takes away the first that is like this.
fn remove_one(bridge: &str) {
    let Ok(listed) = Command::new("nft").args(["-a", "list", "chain", "ip", "wrong-runtime", "postrouting"]).output()
    else {
        return;
    };
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let rule = listed.lines().find(|line| line.contains(&format!("\"{bridge}\" masquerade")));
    if let Some((_, handle)) = rule.and_then(|line| line.split_once("# handle ")) {
        let _ = nft(&format!("delete rule {SHARED} postrouting handle {handle}\n"));
    }
}
