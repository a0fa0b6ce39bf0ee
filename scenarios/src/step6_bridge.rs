//! A next step of the workshop: several containers on one bridge, and the way from there to everywhere.
//!
//! What is looked for lies in the kernel: in its tables of links and addresses, in what it counts, and at the other end of a
//! connection. That other end is a network of the scenario's own beyond the host, as the world is beyond a machine.

use crate::scenario;
use crate::step2_namespaces::{in_a_fresh_network, names};
use crate::step4_network::{Network, any, await_carrier, way_in};
use crate::step4_veth::{find, way_back};
use crate::step5_files::{self, Seen, report};
use boxproof_harness::container::{Answer, Container};
use boxproof_harness::error::{Context, Result};
use boxproof_harness::evidence::{Evidence, Namespace};
use boxproof_harness::expect::{Expect, List, Yes, is, is_not};
use boxproof_harness::manifest::Offer;
use boxproof_harness::netlink::{Link, NetnsRef, Rtnetlink};
use boxproof_harness::pace::Watch;
use boxproof_harness::result::Residue;
use boxproof_harness::result::Tier::Next;
use boxproof_harness::scenario::{Exam, Requirement, Scenario, Setup, Trouble, Verdict};
use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use nix::unistd::gettid;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] = &[
    offered(scenario(
        "bridge-option",
        "6-4",
        Next,
        &["linked", "address", "default-route", "plugged-in", "bridge-is-up", "host-address", "way-in", "way-back"],
        bridge_option,
    )),
    offered(scenario(
        "bridge-neighbours",
        "6-4",
        Next,
        &["addresses-differ", "reaches-the-other", "reached-by-the-other"],
        bridge_neighbours,
    )),
    offered(scenario("bridge-many-at-once", "6-4", Next, &["all-start", "addresses-differ"], bridge_many_at_once)),
    offered(scenario(
        "bridge-way-out",
        "6-4",
        Next,
        &["host-reaches-it", "container-reaches-it", "seen-as-the-host"],
        bridge_way_out,
    )),
    offered(scenario(
        "bridge-outlives-the-first",
        "6-4",
        Next,
        &["way-out-before", "hardware-address-stays", "bridge-stays", "way-out-after"],
        bridge_outlives_the_first,
    )),
    offered(scenario("bridges-apart", "6-4", Next, &["way-out-before", "way-out-after"], bridges_apart)),
    offered(scenario(
        "bridge-no-residue",
        "6-4",
        Next,
        &["after-one", "after-two", "forwarding-kept"],
        bridge_no_residue,
    )),
    offered(scenario(
        "bridge-clash",
        "6-4",
        Next,
        &["name-refused", "others-bridge-as-before", "subnet-refused"],
        bridge_clash,
    )),
    offered(scenario("bridge-filter-fails", "6-4", Next, &["refused-or-complete"], bridge_filter_fails)),
    Scenario {
        offers: Some(Offer::Publish),
        ..offered(scenario("bridge-publish", "6-4", Next, &["reached", "closed-afterwards"], bridge_publish))
    },
];

const fn offered(scenario: Scenario) -> Scenario {
    Scenario { offers: Some(Offer::Bridge), requires: &[Requirement::PacketFilter], ..scenario }
}

/// Longest wait for a connection, before scaling.
const CONNECTION: Duration = Duration::from_secs(5);
const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// A bridge, as the runtime is asked for it.
struct Asked {
    name: String,
    subnet: Ipv4Addr,
}

impl Asked {
    const PREFIX: u8 = 28;

    /// Neither docker's name nor its addresses, nor a prefix that anybody would have compiled in.
    fn draw(exam: &mut Exam) -> Asked {
        let [second, third, block] = [1..250, 1..250, 1..15].map(|range| exam.lot.number(range));
        let subnet = Ipv4Addr::from_bits((10 << 24) | (second << 16) | (third << 8) | (block << 4));
        Asked { name: format!("br-{}", exam.lot.word(6)), subnet }
    }

    fn subnet(&self) -> String {
        format!("{}/{}", self.subnet, Self::PREFIX)
    }

    fn setup(&self) -> Setup {
        Setup::new().option(Offer::Bridge, format!("{} {}", self.name, self.subnet()))
    }

    /// The bridge of that name, if there is one.
    fn link(&self, host: &Rtnetlink) -> Result<Option<Link>> {
        Ok(host.link(&self.name)?.filter(|link| link.kind.as_deref() == Some("bridge")))
    }

    /// Hosts of the subnet, with its prefix: that is what an address of a container should be.
    fn has(&self) -> Expect<List> {
        let subnet = self.subnet.to_bits();
        let within = move |address: &String| {
            let Some((address, prefix)) = address.split_once('/') else { return false };
            let number = address.parse().map_or(0, |address: Ipv4Addr| address.to_bits() ^ subnet);
            prefix == Self::PREFIX.to_string() && (1..15).contains(&number)
        };
        Expect::that(format!("an address of {}", self.subnet()), move |found: &List| {
            !found.0.is_empty() && found.0.iter().all(within)
        })
    }
}

/// A container on that bridge. Every scenario here has first seen one without: what is in the way is the bridge.
fn start(exam: &mut Exam, asked: &Asked) -> Result<Container, Trouble> {
    exam.start_with(asked.setup()).map_err(|trouble| trouble.because("bridge-breaks-the-run"))
}

/// Another on the same.
fn start_another(exam: &mut Exam, asked: &Asked) -> Result<Container, Trouble> {
    exam.start_with(asked.setup()).map_err(|trouble| trouble.because("second-on-the-bridge-fails"))
}

fn end(exam: &Exam, container: Container) -> Result<()> {
    container.finish(0, exam.finish_patience())?;
    container.wait_gone(exam.finish_patience())?;
    Ok(())
}

/// Whether this host passes on what is not for itself; as it was before, once this is dropped. A machine is no router unless
/// somebody makes it one, and whatever this one is a scenario begins with what it needs.
struct Forwarding {
    before: String,
}

impl Forwarding {
    fn set(value: &str) -> Result<Forwarding> {
        let before = Forwarding::now()?;
        fs::write(FORWARDING, value).context(format!("write {FORWARDING}"))?;
        Ok(Forwarding { before })
    }

    fn now() -> Result<String> {
        Ok(fs::read_to_string(FORWARDING).context(format!("read {FORWARDING}"))?.trim().to_owned())
    }

    fn is_off() -> Result<bool> {
        Ok(Forwarding::now()? == "0")
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        let _ = fs::write(FORWARDING, &self.before);
    }
}

/// A network beyond the host, with one machine in it; gone when dropped.
struct Upstream {
    netns: OwnedFd,
    host: Rtnetlink,
    link: String,
    /// The host's address there.
    near: Ipv4Addr,
    /// That machine's.
    far: Ipv4Addr,
}

impl Upstream {
    fn make(exam: &mut Exam) -> Result<Upstream> {
        let [second, third] = [16..32, 1..250].map(|range| exam.lot.number(range));
        let address = |number| Ipv4Addr::from_bits((172 << 24) | (second << 16) | (third << 8) | number);
        let link = format!("up-{}", exam.lot.word(6));
        exam.own(&link);
        exam.own(format!("{}/24 on {link}", address(1)));
        let proc = exam.bed.host().clone();
        let (netns, there) = in_a_fresh_network(move || {
            // Not by the /proc that is mounted here: that one does not know this thread.
            let netns = proc.namespace_fd(gettid().as_raw(), Namespace::Net)?;
            Ok((netns, Rtnetlink::here()?))
        })?;
        let host = exam.bed.netlink()?;
        host.add_veth(&link, "uplink", Some(NetnsRef::Fd(netns.as_fd())))?;
        let upstream = Upstream { netns, host, link, near: address(1), far: address(2) };
        let near = find(&upstream.host, &upstream.link)?;
        upstream.host.add_address(near.index, upstream.near, 24)?;
        upstream.host.set_up(near.index)?;
        let far = find(&there, "uplink")?;
        there.add_address(far.index, upstream.far, 24)?;
        there.set_up(far.index)?;
        // It knows a way back to anybody: so whoever is not masqueraded is answered, too, and seen for what he is.
        there.add_default_route(upstream.near)?;
        await_carrier(exam, &upstream.host, near.index)?;
        await_carrier(exam, &there, far.index)?;
        Ok(upstream)
    }

    /// Runs `job` on that machine, on a thread of its own.
    fn inside<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<JoinHandle<io::Result<T>>> {
        let netns = self.netns.try_clone().context("dup a network namespace")?;
        Ok(std::thread::spawn(move || {
            setns(netns, CloneFlags::CLONE_NEWNET)?;
            job()
        }))
    }

    /// A server there that answers one call. Who called it, and with what words, is known by joining: after a call that was
    /// answered. Else it ends by itself.
    fn serve(&self, exam: &Exam, answer: String) -> Result<(u16, Server)> {
        let far = self.far;
        let listener = joined(self.inside(move || TcpListener::bind((far, 0)))?).context(format!("listen on {far}"))?;
        let port = listener.local_addr().context("the port of a listening socket")?.port();
        let (watch, patience) = (exam.watch_for(CONNECTION * 2), exam.patience(CONNECTION));
        Ok((port, std::thread::spawn(move || answer_one(&listener, &answer, watch, patience))))
    }

    /// The host's own way there: what fails from then on is not ours.
    fn asked_by_host(&self, exam: &mut Exam) -> Result<String> {
        let answer = exam.lot.word(12);
        let (port, _) = self.serve(exam, answer.clone())?;
        let heard = call(SocketAddr::from((self.far, port)), "host", exam.patience(CONNECTION));
        Ok(heard.map_or_else(|error| error.to_string(), |heard| told(&heard, &answer)))
    }

    /// What became of a call from the container, and who it was for whoever was called.
    fn asked_by(&self, exam: &mut Exam, container: &Container) -> Result<Called, Trouble> {
        let (question, answer) = (exam.lot.word(12), exam.lot.word(12));
        let (port, server) = self.serve(exam, answer.clone())?;
        match container.ask(&format!("tcp {} {port}", self.far), question.as_bytes())? {
            Answer::Done(_, back) => {
                let heard = joined(server).ok().filter(|(heard, _)| *heard == question);
                let back = told(&String::from_utf8_lossy(&back), &answer);
                Ok(Called { back, caller: heard.map(|(_, peer)| peer) })
            }
            Answer::Refused(_, reason) => Ok(Called { back: reason, caller: None }),
            Answer::Gone => Err(Trouble::runtime("container-gone", "the container lives", "it ended at a call")),
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        if let Ok(Some(link)) = self.host.link(&self.link) {
            let _ = self.host.delete_link(link.index);
        }
    }
}

/// What a server heard, and from whom.
type Server = JoinHandle<io::Result<(String, IpAddr)>>;

/// A call from a container to the world.
struct Called {
    /// What it got back.
    back: String,
    /// Who it was there.
    caller: Option<IpAddr>,
}

impl Called {
    /// In words that are compared.
    fn words(&self) -> String {
        match self.caller {
            Some(caller) => format!("{}, as {caller}", self.back),
            None => self.back.clone(),
        }
    }
}

/// Of words that were drawn it only matters whether they came.
fn told(heard: &str, answer: &str) -> String {
    if heard == answer { "answered".to_owned() } else { format!("heard {heard:?}") }
}

fn joined<T>(thread: JoinHandle<io::Result<T>>) -> io::Result<T> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread of the scenario panicked")))
}

/// What was heard, and from whom, within `watch`: whoever was to call may not get here.
fn answer_one(
    listener: &TcpListener,
    answer: &str,
    mut watch: Watch,
    patience: Duration,
) -> io::Result<(String, IpAddr)> {
    listener.set_nonblocking(true)?;
    let (mut stream, peer) = loop {
        match listener.accept() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && watch.again() => {}
            accepted => break accepted?,
        }
    };
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(patience))?;
    let mut heard = String::new();
    stream.read_to_string(&mut heard)?;
    stream.write_all(answer.as_bytes())?;
    Ok((heard, peer.ip()))
}

fn call(target: SocketAddr, question: &str, patience: Duration) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&target, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(question.as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut back = String::new();
    stream.read_to_string(&mut back)?;
    Ok(back)
}

/// Waits until packets pass between this container and the bridge, and gives its address.
fn settled(exam: &Exam, container: &Container) -> Result<Option<Ipv4Addr>> {
    let network = Network::awaited(exam, container)?;
    if let Some(link) = &network.link {
        await_carrier(exam, &container.netlink()?, link.index)?;
    }
    Ok(network.first_address())
}

/// What is wrong with the bridge itself, if there is something: then nothing that leads over it can be right.
fn fault(exam: &Exam, asked: &Asked, container: &Container) -> Result<Option<&'static str>> {
    let host = exam.bed.netlink()?;
    let Some(bridge) = asked.link(&host)? else { return Ok(Some("bridge-not-made")) };
    let network = Network::of(container)?;
    let own = network.link.and_then(|link| link.link);
    let plugged = host.links()?.iter().any(|link| Some(link.index) == own && link.master == Some(bridge.index));
    let held = host.addresses()?;
    let gateway = network.gateway.filter(|gateway| held.iter().any(|address| address.address == *gateway));
    Ok(match () {
        () if !plugged => Some("cable-not-plugged-in"),
        () if !bridge.up => Some("bridge-down"),
        () if network.gateway.is_none() => Some("default-route-missing"),
        () if gateway.is_none() => Some("bridge-without-address"),
        () => None,
    })
}

/// The container has an address of the subnet, its cable is plugged into the bridge that was asked for, and the host is
/// there, too.
fn bridge_option(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: without the option it starts.
    drop(exam.start()?);
    let asked = Asked::draw(exam);
    let container = start(exam, &asked)?;
    let network = Network::awaited(exam, &container)?;
    let host = exam.bed.netlink()?;
    let shared = container.namespace(Namespace::Net)?.value == exam.bed.namespace(Namespace::Net)?.value;
    let links = Evidence::read(network.name(), format!("RTM_GETLINK {}", network.source), names(&host)?);
    exam.check("linked", &links, &any())
        .because_if(shared, "network-namespace-not-new")
        .because("bridge-network-not-made");
    let Some(link) = &network.link else { return Ok(()) };

    let address = Evidence::plain(network.address(), format!("RTM_GETADDR {} {}", link.name, network.source));
    exam.check("address", &address, &asked.has())
        .because_if(address.value.0.is_empty(), "address-missing")
        .because("address-outside-the-subnet");
    let gateway: List = network.gateway.iter().map(IpAddr::to_string).collect();
    let gateway = Evidence::plain(gateway, format!("RTM_GETROUTE {}: default via", network.source));
    exam.check("default-route", &gateway, &any()).because("default-route-missing");

    let bridge = asked.link(&host)?;
    let ends = host.links()?;
    let own = link.link.and_then(|index| ends.iter().find(|end| end.index == index));
    let master = own.and_then(|end| end.master).and_then(|master| ends.iter().find(|link| link.index == master));
    let plugged = master.map_or("none".to_owned(), |master| master.name.clone());
    let source = format!("IFLA_MASTER of the host's end of {}", link.name);
    let plugged = exam
        .check("plugged-in", &Evidence::plain(plugged, source), &is(asked.name.clone()))
        .because_if(bridge.is_none(), "bridge-not-made")
        .because("cable-not-plugged-in")
        .passed();
    let (Some(bridge), true) = (bridge, plugged) else { return Ok(()) };
    let source = format!("RTM_GETLINK on the host, {}: IFF_UP", bridge.name);
    let up = exam.check("bridge-is-up", &Evidence::plain(Yes(bridge.up), source), &is(Yes(true)));
    if !up.because("bridge-down").passed() {
        return Ok(());
    }

    let (Some(IpAddr::V4(gateway)), Some(own)) = (network.gateway, network.first_address()) else { return Ok(()) };
    let held = host.addresses()?.into_iter().filter(|address| address.address == IpAddr::V4(gateway));
    let holder = held.map(|address| address.index).next();
    let holder: List = ends.iter().filter(|link| Some(link.index) == holder).map(|link| link.name.clone()).collect();
    let nobodys = holder.0.is_empty();
    let source = format!("RTM_GETADDR on the host: who has {gateway}, the container's way out");
    let has = exam
        .check("host-address", &Evidence::plain(holder, source), &is(List(vec![asked.name.clone()])))
        .because_if(nobodys, "bridge-without-address")
        .because("gateway-not-the-bridge")
        .passed();
    if !has {
        return Ok(());
    }
    await_carrier(exam, &container.netlink()?, link.index)?;
    if way_in(exam, &container, own, false)? {
        way_back(exam, &container, "way-back", gateway, own)?;
    }
    Ok(end(exam, container)?)
}

/// Two on one bridge have two addresses, and each reaches the other.
fn bridge_neighbours(exam: &mut Exam) -> Result<(), Trouble> {
    drop(exam.start()?);
    let asked = Asked::draw(exam);
    let first = start(exam, &asked)?;
    let second = start_another(exam, &asked)?;
    let (here, there) = (settled(exam, &first)?, settled(exam, &second)?);
    let different: BTreeSet<Ipv4Addr> = here.into_iter().chain(there).collect();
    let source = format!("RTM_GETADDR in the network namespaces of pids {} and {}", first.pid(), second.pid());
    let found: List = here.iter().chain(&there).map(Ipv4Addr::to_string).collect();
    exam.check("addresses-differ", &Evidence::read(different.len(), source, found), &is(2))
        .because_if(here.is_none() || there.is_none(), "address-missing")
        .because("address-not-unique");
    let (Some(here), Some(there), 2) = (here, there, different.len()) else { return Ok(()) };
    let fault = fault(exam, &asked, &first)?.or(fault(exam, &asked, &second)?);
    reaches(exam, "reaches-the-other", (&first, &second), there, fault)?;
    reaches(exam, "reached-by-the-other", (&second, &first), here, fault)?;
    end(exam, second)?;
    Ok(end(exam, first)?)
}

/// Nobody listens there: a neighbour that is reached refuses, and has received the packet that it refuses.
fn reaches(
    exam: &mut Exam,
    check: &'static str,
    (from, to): (&Container, &Container),
    address: Ipv4Addr,
    fault: Option<&str>,
) -> Result<(), Trouble> {
    let before = to.host().tcp_segments(to.pid())?;
    let port = exam.lot.port();
    let errno = from.ask(&format!("tcp {address} {port}"), b"")?.errno();
    let answer = errno.map_or("gone".to_owned(), |errno| format!("{:?}", Errno::from_raw(errno)));
    let arrived = to.host().tcp_segments(to.pid())? > before;
    let observed = format!("{answer}, {}", if arrived { "by the other" } else { "not by the other" });
    let source = format!(
        "connect(2) to {address}:{port} in the container of pid {}, and Tcp: InSegs of /proc/{}/net/snmp",
        from.pid(),
        to.pid()
    );
    exam.check(check, &Evidence::plain(observed, source), &is("ECONNREFUSED, by the other".to_owned()))
        .because_if(fault.is_some(), fault.unwrap_or_default())
        .because("neighbours-apart");
    Ok(())
}

/// Whoever looks for a free address has it only once it is written down, and others look at the same time.
fn bridge_many_at_once(exam: &mut Exam) -> Result<(), Trouble> {
    const MANY: usize = 4;
    drop(exam.start()?);
    let asked = Asked::draw(exam);
    let others = exam.bed.processes()?;
    // Commands that can be told apart: nobody is waited for before the last is called.
    let commands: Vec<[String; 2]> =
        (0..MANY).map(|number| ["/bin/sleep".into(), format!("{}", 31337 + number)]).collect();
    let mut runs = Vec::new();
    for command in &commands {
        runs.push(exam.call(&command.each_ref().map(OsString::from), asked.setup())?);
    }
    let mut pids = Vec::new();
    for (run, command) in runs.iter().zip(&commands) {
        match exam.await_command(run, &others, &command.each_ref().map(String::as_str)) {
            Ok(pid) => pids.push(pid),
            Err(trouble) if trouble.is("command-not-started") => {}
            Err(trouble) => return Err(trouble),
        }
    }
    let source = format!("/proc/*/cmdline of the testbed, after {MANY} calls that did not wait for each other");
    exam.check("all-start", &Evidence::plain(pids.len(), source), &is(MANY))
        .because("containers-collide-on-the-bridge");
    let mut addresses = Vec::new();
    for &pid in &pids {
        addresses.extend(address_of(exam, pid)?);
    }
    let found: List = addresses.iter().map(Ipv4Addr::to_string).collect();
    let different: BTreeSet<_> = addresses.iter().collect();
    let source = format!("RTM_GETADDR in their network namespaces: {found}");
    exam.check("addresses-differ", &Evidence::plain(different.len(), source), &is(pids.len()))
        .because_if(addresses.len() < pids.len(), "address-missing")
        .because("address-taken-twice");
    for pid in pids {
        exam.bed.end(pid)?;
    }
    for run in runs {
        run.wait(exam.finish_patience())?;
    }
    Ok(())
}

/// The address of a process that is no probe, beside that of its loopback.
fn address_of(exam: &Exam, pid: i32) -> Result<Option<Ipv4Addr>> {
    let there = exam.bed.host().inside(pid, Namespace::Net, Rtnetlink::here)??;
    Ok(there.addresses()?.into_iter().find_map(|address| match address.address {
        IpAddr::V4(address) if !address.is_loopback() => Some(address),
        _ => None,
    }))
}

/// Beyond the host a container is seen as the host.
fn bridge_way_out(exam: &mut Exam) -> Result<(), Trouble> {
    drop(exam.start()?);
    let _forwarding = Forwarding::set("0")?;
    let upstream = Upstream::make(exam)?;
    // The twin: the host itself gets there.
    let source = format!("connect(2) from the host to {}", upstream.far);
    let twin = Evidence::plain(upstream.asked_by_host(exam)?, source);
    if !exam.check("host-reaches-it", &twin, &is("answered".to_owned())).passed() {
        return Ok(());
    }
    let asked = Asked::draw(exam);
    let container = start(exam, &asked)?;
    settled(exam, &container)?;
    let called = upstream.asked_by(exam, &container)?;
    let off = Forwarding::is_off()?;
    let fault = fault(exam, &asked, &container)?;
    let source =
        format!("connect(2) in the container to {}, beyond the host; ip_forward is off: {}", upstream.far, Yes(off));
    let reached = exam
        .check("container-reaches-it", &Evidence::plain(called.back, source), &is("answered".to_owned()))
        .because_if(fault.is_some(), fault.unwrap_or_default())
        .because_if(off, "forwarding-off")
        .because("no-way-out")
        .passed();
    if !reached {
        return Ok(());
    }
    let caller = called.caller.map_or("nobody".to_owned(), |caller| caller.to_string());
    let source = format!("accept(2) on {}, beyond the host", upstream.far);
    exam.check("seen-as-the-host", &Evidence::plain(caller, source), &is(upstream.near.to_string()))
        .because("not-masqueraded");
    Ok(end(exam, container)?)
}

/// The container's way out, as a check of its own: at first, or after it was there once and something has ended.
fn way_out<'a>(
    exam: &'a mut Exam,
    check: &'static str,
    upstream: &Upstream,
    (asked, container): (&Asked, &Container),
) -> Result<Verdict<'a>, Trouble> {
    let called = upstream.asked_by(exam, container)?;
    let off = Forwarding::is_off()?;
    let fault = fault(exam, asked, container)?;
    let bare = called.caller.is_some_and(|caller| caller != IpAddr::V4(upstream.near));
    let first = check == "way-out-before";
    let source = format!(
        "connect(2) in the container to {}, and accept(2) there; ip_forward is off: {}",
        upstream.far,
        Yes(off)
    );
    let verdict = exam
        .check(check, &Evidence::plain(called.words(), source), &is(format!("answered, as {}", upstream.near)))
        .because_if(fault.is_some(), fault.unwrap_or_default())
        .because_if(off && first, "forwarding-off")
        .because_if(off, "forwarding-switched-off")
        .because_if(bare && first, "not-masqueraded");
    Ok(verdict)
}

/// The first of two ends, and whoever stays has what both have shared.
fn bridge_outlives_the_first(exam: &mut Exam) -> Result<(), Trouble> {
    drop(exam.start()?);
    let _forwarding = Forwarding::set("0")?;
    let upstream = Upstream::make(exam)?;
    let asked = Asked::draw(exam);
    let first = start(exam, &asked)?;
    let second = start_another(exam, &asked)?;
    settled(exam, &second)?;
    // The twin: while both live there is a way.
    if !way_out(exam, "way-out-before", &upstream, (&asked, &second))?.because("no-way-out").passed() {
        return Ok(());
    }
    if !hardware_address_stays(exam, &asked)? {
        return Ok(());
    }
    end(exam, first)?;
    let bridge = asked.link(&exam.bed.netlink()?)?;
    let source = format!("RTM_GETLINK on the host: {}, IFF_UP", asked.name);
    let stays = Evidence::plain(Yes(bridge.is_some_and(|bridge| bridge.up)), source);
    if exam.check("bridge-stays", &stays, &is(Yes(true))).because("shared-bridge-removed").passed() {
        way_out(exam, "way-out-after", &upstream, (&asked, &second))?.because("shared-rule-removed");
    }
    Ok(end(exam, second)?)
}

/// A bridge takes the lowest hardware address of its ports unless it was given one. Those of cables are drawn by the kernel: a
/// cable of ours is as low as the next container's may be.
fn hardware_address_stays(exam: &mut Exam, asked: &Asked) -> Result<bool, Trouble> {
    const LOW: [u8; 6] = [0, 0, 0, 0, 0, 2];
    let host = exam.bed.netlink()?;
    let Some(bridge) = asked.link(&host)? else { return Ok(true) };
    let name = format!("low-{}", exam.lot.word(6));
    let peer = format!("peer-{}", exam.lot.word(6));
    exam.own(&name);
    exam.own(&peer);
    host.add_veth(&name, &peer, None)?;
    let low = find(&host, &name)?;
    host.set_mac(low.index, LOW)?;
    host.set_master(low.index, Some(bridge.index))?;
    let now = find(&host, &asked.name)?;
    host.delete_link(low.index)?;
    let source =
        format!("RTM_GETLINK on the host: {}, when a cable of a lower hardware address is plugged in", asked.name);
    let stays = Evidence::plain(now.mac_text(), source);
    let verdict = exam.check("hardware-address-stays", &stays, &is(bridge.mac_text()));
    Ok(verdict.because("bridge-hardware-address-changes").passed())
}

/// The last container on one bridge ends; those on another still get out.
fn bridges_apart(exam: &mut Exam) -> Result<(), Trouble> {
    drop(exam.start()?);
    let _forwarding = Forwarding::set("0")?;
    let upstream = Upstream::make(exam)?;
    let (one, two) = (Asked::draw(exam), Asked::draw(exam));
    let first = start(exam, &one)?;
    let second = exam.start_with(two.setup()).map_err(|trouble| trouble.because("second-bridge-fails"))?;
    settled(exam, &first)?;
    // The twin: while both live there is a way.
    if !way_out(exam, "way-out-before", &upstream, (&one, &first))?.because("no-way-out").passed() {
        return Ok(());
    }
    end(exam, second)?;
    way_out(exam, "way-out-after", &upstream, (&one, &first))?.because("rule-of-another-removed");
    Ok(end(exam, first)?)
}

/// Links, rules, settings: all as before once the last has ended; and a host that was a router stays one.
fn bridge_no_residue(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let seen = Seen::of(exam, &container)?;
    drop(container);
    let forwarding = Forwarding::now()?;
    let off = Forwarding::set("0")?;
    if forwarding != "0" {
        exam.own(FORWARDING);
    }
    let asked = Asked::draw(exam);
    let container = start(exam, &asked)?;
    end(exam, container)?;
    let mut left = exam.residue(step5_files::PATIENCE, |_| true)?;
    if forwarding != "0" && !Forwarding::is_off()? {
        let told = |value: u8| format!("{FORWARDING}: {value}");
        left.push(Residue { kind: "sysctl".into(), before: told(0), after: told(1), scenario: String::new() });
    }
    let clean = left.is_empty();
    report(exam, "after-one", left, seen);

    // The second begins while the first lives, and ends after it.
    let asked = Asked::draw(exam);
    let first = start(exam, &asked)?;
    let second = start_another(exam, &asked)?;
    end(exam, first)?;
    end(exam, second)?;
    let left = exam.residue(step5_files::PATIENCE, |_| true)?;
    let piled_up = clean && left.iter().any(|item| item.kind == "rule");
    if piled_up {
        let left: List = left.iter().map(step5_files::line).collect();
        exam.check(
            "after-two",
            &Evidence::plain(left, "inventory of the host before and after"),
            &is(List(Vec::new())),
        )
        .because("rule-added-twice");
    } else {
        report(exam, "after-two", left, seen);
    }
    drop(off);

    let on = Forwarding::set("1")?;
    let asked = Asked::draw(exam);
    let container = start(exam, &asked)?;
    end(exam, container)?;
    let kept = Evidence::plain(Forwarding::now()?, format!("{FORWARDING}, which was 1 before the container"));
    exam.check("forwarding-kept", &kept, &is("1".to_owned())).because("forwarding-switched-off");
    drop(on);
    Ok(())
}

/// What a machine's other programs have is theirs: a run that would need it is refused.
fn bridge_clash(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    drop(container);
    let host = exam.bed.netlink()?;
    let shell = ["/bin/sh", "-c", "exit 0"];
    // The twin: where nothing is in the way the command runs.
    let asked = Asked::draw(exam);
    drop(start(exam, &asked)?);

    let asked = Asked::draw(exam);
    exam.own(&asked.name);
    host.add_bridge(&asked.name)?;
    let others = find(&host, &asked.name)?;
    let before = theirs(&host, &asked.name, others.index)?;
    let status = exam.run_with(&shell, asked.setup())?.status();
    exam.check("name-refused", &status, &is_not(0)).because("name-clash-unchecked");
    let after = Evidence::plain(theirs(&host, &asked.name, others.index)?, "RTM_GETLINK and RTM_GETADDR on the host");
    exam.check("others-bridge-as-before", &after, &is(before)).because("bridge-of-another-taken");
    if let Some(link) = host.link(&asked.name)? {
        host.delete_link(link.index)?;
    }

    let (asked, other) = (Asked::draw(exam), Asked::draw(exam));
    exam.own(&other.name);
    let address = Ipv4Addr::from_bits(asked.subnet.to_bits() | exam.lot.number(2..14));
    exam.own(format!("{address}/{} on {}", Asked::PREFIX, other.name));
    host.add_bridge(&other.name)?;
    let others = find(&host, &other.name)?;
    host.add_address(others.index, address, Asked::PREFIX)?;
    host.set_up(others.index)?;
    let status = exam.run_with(&shell, asked.setup())?.status();
    exam.check("subnet-refused", &status, &is_not(0)).because("subnet-clash-unchecked");
    host.delete_link(others.index)?;
    Ok(())
}

/// Somebody else's bridge: that it is the same one, down, and without an address.
fn theirs(host: &Rtnetlink, name: &str, index: u32) -> Result<String> {
    let Some(link) = host.link(name)?.filter(|link| link.index == index) else { return Ok("gone".to_owned()) };
    let addresses: List =
        host.addresses()?.iter().filter(|held| held.index == index).map(ToString::to_string).collect();
    Ok(format!("up {}, addresses {addresses}", Yes(link.up)))
}

/// The programs by which rules are made fail. Then the run fails as well, or it did not need them: a container that is
/// started without a part of its network nobody would miss it.
fn bridge_filter_fails(exam: &mut Exam) -> Result<(), Trouble> {
    const PROGRAMS: [&str; 6] =
        ["nft", "iptables", "iptables-nft", "iptables-legacy", "iptables-restore", "xtables-nft-multi"];
    drop(exam.start()?);
    let _forwarding = Forwarding::set("0")?;
    let upstream = Upstream::make(exam)?;
    // The twin: where they do not fail there is a container.
    let asked = Asked::draw(exam);
    let container = start(exam, &asked)?;
    end(exam, container)?;

    let directory = format!("/{}", exam.lot.word(8));
    let outside = exam.bed.rootfs().join(&directory[1..]);
    exam.own(outside.display());
    fs::create_dir(&outside).context(format!("mkdir {}", outside.display()))?;
    for name in PROGRAMS {
        exam.script(&format!("{directory}/{name}"), "#!/bin/sh\necho 'Operation not supported' >&2\nexit 1\n")?;
    }
    let path = format!("{}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", outside.display());
    let asked = Asked::draw(exam);
    let observed = match exam.start_with(asked.setup().variable("PATH", &path)) {
        Err(trouble) if trouble.is("command-not-started") => "refused".to_owned(),
        Err(trouble) => return Err(trouble),
        Ok(container) => {
            settled(exam, &container)?;
            let called = upstream.asked_by(exam, &container)?;
            end(exam, container)?;
            called.words()
        }
    };
    let complete = format!("answered, as {}", upstream.near);
    let expected = Expect::that("refused, or answered as the host", move |found: &String| {
        *found == "refused" || *found == complete
    });
    let source = format!("a run whose PATH begins with programs that fail, and a call from there to {}", upstream.far);
    exam.check("refused-or-complete", &Evidence::plain(observed, source), &expected).because("filter-failure-ignored");
    Ok(())
}

/// A port of the host leads into the container as long as that lives, whoever else is on the bridge.
fn bridge_publish(exam: &mut Exam) -> Result<(), Trouble> {
    drop(exam.start()?);
    let _forwarding = Forwarding::set("0")?;
    let upstream = Upstream::make(exam)?;
    let patience = exam.patience(CONNECTION);
    let asked = Asked::draw(exam);
    let stays = start(exam, &asked)?;
    let (door, inside) = (exam.lot.port(), exam.lot.port());
    let published = asked.setup().option(Offer::Publish, format!("{door}:{inside}"));
    let container = exam.start_with(published).map_err(|trouble| trouble.because("publish-breaks-the-run"))?;
    settled(exam, &container)?;
    let target = SocketAddr::from((upstream.near, door));
    let answer = exam.lot.word(12);
    let reply = answer.clone();
    // A socket of ours that listens in the container's network.
    let listener = container.inside(Namespace::Net, move || TcpListener::bind((Ipv4Addr::UNSPECIFIED, inside)))?;
    let listener = listener.context(format!("listen on port {inside} of the container"))?;
    let watch = exam.watch_for(CONNECTION * 2);
    let server = std::thread::spawn(move || answer_one(&listener, &reply, watch, patience));
    let heard = joined(upstream.inside(move || call(target, "world", patience))?);
    // Its socket has to be gone: it holds the container's network.
    let _ = joined(server);
    let heard = heard.map_or_else(|error| error.to_string(), |heard| told(&heard, &answer));
    let (off, fault) = (Forwarding::is_off()?, fault(exam, &asked, &container)?);
    let source =
        format!("connect(2) from beyond the host to {target}, and accept(2) at port {inside} in the container");
    let reached = exam
        .check("reached", &Evidence::plain(heard, source), &is("answered".to_owned()))
        .because_if(fault.is_some(), fault.unwrap_or_default())
        .because_if(off, "forwarding-off")
        .because("port-not-published")
        .passed();
    if !reached {
        return Ok(());
    }
    end(exam, container)?;
    let again = upstream.inside(move || TcpStream::connect_timeout(&target, patience).map(drop))?;
    let observed = joined(again).map_or_else(|error| format!("{:?}", error.kind()), |()| "connected".to_owned());
    let observed = Evidence::plain(observed, format!("connect(2) from beyond the host to {target}, afterwards"));
    exam.check("closed-afterwards", &observed, &is("ConnectionRefused".to_owned())).because("port-outlives-container");
    Ok(end(exam, stays)?)
}
