//! `exec`: another process for a container that is there already.

use std::fs;
use std::path::Path;

use nix::sched::{CloneFlags, setns};
use nix::unistd::{geteuid, getpid};

use super::state::{Status, Store};
use super::{Joiner, Manner, config};
use crate::caps;
use crate::container::{Container, Process};
use crate::error::{Context, Error, Result};
use crate::init::{self, Bond};
use crate::run::{self, block_signals};
use crate::{exec as command, namespaces, sys};

/// Runs a command in a container, and returns its status, or 0 at once if nobody waits for it.
pub fn exec(root: &Path, id: &str, manner: Manner, joiner: Joiner) -> Result<u8> {
    let store = Store::look(root, id)?;
    let record = store.load()?.ok_or_else(|| Error::new(format!("container {id} was never finished")))?;
    let status = store.status(&record);
    let Some(first) = record.process().filter(|_| matches!(status, Status::Created | Status::Running)) else {
        return Err(Error::new(format!("cannot exec in container {id}: container not running")));
    };
    let io = &joiner.io;
    let container = Container { process: describe(&store, &joiner)?, ..Container::default() };
    let console = io.connect(container.process.terminal)?;
    let signals = block_signals().doing("block signals")?;
    let cgroup = record.cgroup.as_deref().map(fs::File::open).transpose().doing("open the container's cgroup")?;

    // A process cannot change its own PID namespace, only that of its children. All the others the child changes itself;
    // who is not root needs to be it in the container for that, already here.
    let user = differs(&first, "user");
    let early = if user && !geteuid().is_root() { CloneFlags::CLONE_NEWUSER } else { CloneFlags::empty() };
    setns(&first.pidfd, early | CloneFlags::CLONE_NEWPID).doing("join the container's PID namespace")?;
    let mut rest = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWCGROUP;
    if user && early.is_empty() {
        rest |= CloneFlags::CLONE_NEWUSER;
    }
    let bond = if manner == Manner::Attached { Bond::Parent } else { Bond::Nobody };
    let group = cgroup.as_ref().map(std::os::fd::AsFd::as_fd);
    let (mut child, mut go, report) = run::begin(0, group, |lines| {
        init::adjust_kernel(&container)?;
        if user {
            run::raise_limits(&container.process, getpid())?;
        }
        init::hide()?;
        nix::unistd::setsid().doing("setsid")?;
        setns(&first.pidfd, rest).doing("join the container's namespaces")?;
        if user {
            namespaces::become_root()?;
        }
        init::run(&container, bond, console, lines)
    })?;
    run::release(&mut go);
    drop(go);
    run::read_report(report)?;
    io.write_pid(child.process.pid.as_raw())?;
    if manner == Manner::Detached {
        child.release();
        return Ok(0);
    }
    child.supervise(&signals, false)
}

/// Is the process in another namespace of this kind than the caller?
fn differs(process: &sys::Process, kind: &str) -> bool {
    let link = |who: &str| fs::read_link(format!("/proc/{who}/ns/{kind}")).ok();
    link(&process.pid.to_string()) != link("self")
}

/// A process as it is described in a file, or else like the container's first one but for what was asked for.
fn describe(store: &Store, joiner: &Joiner) -> Result<Process> {
    let spec = config::read(&store.config())?;
    let linux = spec.linux().clone().unwrap_or_default();
    let filters = config::filters(&linux)?;
    let mut process = match (&joiner.process, spec.process()) {
        (Some(path), _) => config::process(&read(path)?)?,
        (None, Some(process)) => {
            let process = config::process(process)?;
            Process { args: joiner.args.clone(), terminal: joiner.terminal, ..process }
        }
        (None, None) => return Err(Error::new("the container has no process whose likeness could be made")),
    };
    process.seccomp = filters;
    process.preserved = joiner.io.preserved;
    process.create_cwd = false;
    process.terminal |= joiner.terminal;
    process.no_new_privileges |= joiner.no_new_privileges;
    joiner.cwd.iter().for_each(|cwd| process.cwd.clone_from(cwd));
    joiner.user.iter().for_each(|user| process.user = user.clone());
    joiner.environment.iter().for_each(|variable| command::set_variable(&mut process.env, variable.clone()));
    for name in &joiner.capabilities {
        let mask = caps::mask(name).ok_or_else(|| Error::new(format!("there is no capability {name}")))?;
        let sets = process.capabilities.get_or_insert_default();
        [&mut sets.bounding, &mut sets.effective, &mut sets.permitted].into_iter().for_each(|set| *set |= mask);
    }
    Ok(process)
}

fn read(path: &Path) -> Result<oci_spec::runtime::Process> {
    let doing = |error: &dyn std::fmt::Display| Error::new(format!("read {}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| doing(&error))?;
    serde_json::from_str(&text).map_err(|error| doing(&error))
}
