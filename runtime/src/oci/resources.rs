//! Limits in the words of the specification, which are those of cgroup v1, as settings of version 2.

use oci_spec::runtime as oci;

use crate::cgroup::Setting;
use crate::error::{Error, Result};

/// What is to be written to the container's group. What version 2 has no file for is refused.
///
/// Rules for devices are not among them: version 2 knows them only as programs (BPF) that are loaded into the kernel.
/// README.md says what that means.
pub fn settings(resources: &oci::LinuxResources) -> Result<Vec<Setting>> {
    let mut list = Vec::new();
    resources.memory().iter().try_for_each(|memory| self::memory(memory, &mut list))?;
    resources.cpu().iter().try_for_each(|cpu| self::cpu(cpu, &mut list))?;
    resources.block_io().iter().try_for_each(|io| self::io(io, &mut list))?;
    if let Some(limit) = resources.pids().map(|pids| pids.limit()).filter(|limit| *limit != 0) {
        list.push(Setting::new("pids.max", or_max(limit)));
    }
    for limit in resources.hugepage_limits().iter().flatten() {
        list.push(Setting::new(&format!("hugetlb.{}.max", limit.page_size()), or_max(limit.limit())));
    }
    for (device, limit) in resources.rdma().iter().flatten() {
        let part = |name: &str, value: Option<u32>| value.map(|value| format!(" {name}={value}")).unwrap_or_default();
        let limits = part("hca_handle", limit.hca_handles()) + &part("hca_object", limit.hca_objects());
        list.push(Setting::new("rdma.max", format!("{device}{limits}")));
    }
    if resources
        .network()
        .as_ref()
        .is_some_and(|network| network.class_id().is_some() || network.priorities().is_some())
    {
        return Err(none_for("network"));
    }
    for (file, value) in resources.unified().iter().flatten() {
        if file.contains('/') || !file.contains('.') {
            return Err(Error::new(format!("config.json: unified {file} is no file of a group")));
        }
        list.push(Setting::new(file, value));
    }
    Ok(list)
}

fn memory(memory: &oci::LinuxMemory, list: &mut Vec<Setting>) -> Result<()> {
    if memory.disable_oom_killer() == Some(true) {
        return Err(none_for("memory.disableOOMKiller"));
    }
    if memory.swappiness().is_some() {
        return Err(none_for("memory.swappiness"));
    }
    let set = |value: Option<i64>| value.filter(|value| *value != 0);
    if set(memory.kernel()).or(set(memory.kernel_tcp())).is_some() {
        return Err(none_for("memory.kernel and kernelTCP"));
    }
    if let Some(limit) = set(memory.limit()) {
        list.push(Setting::new("memory.max", or_max(limit)));
    }
    // Here it is memory and swap together, in version 2 swap alone.
    match (set(memory.swap()), set(memory.limit())) {
        (None, _) => {}
        (Some(-1), _) => list.push(Setting::new("memory.swap.max", "max")),
        (Some(swap), Some(limit)) if limit > 0 && swap >= limit => {
            list.push(Setting::new("memory.swap.max", swap - limit))
        }
        (Some(swap), _) => {
            return Err(Error::new(format!(
                "config.json: memory.swap {swap} is memory and swap: it needs a limit that is not larger"
            )));
        }
    }
    if let Some(reservation) = set(memory.reservation()) {
        list.push(Setting::new("memory.low", or_max(reservation)));
    }
    Ok(())
}

fn cpu(cpu: &oci::LinuxCpu, list: &mut Vec<Setting>) -> Result<()> {
    if cpu.realtime_runtime().is_some_and(|value| value != 0) || cpu.realtime_period().is_some_and(|value| value != 0) {
        return Err(none_for("cpu.realtimeRuntime"));
    }
    if let Some(shares) = cpu.shares().filter(|shares| *shares != 0) {
        list.push(Setting::new("cpu.weight", weight(shares)));
    }
    if cpu.quota().is_some() || cpu.period().is_some() {
        let quota = cpu.quota().filter(|quota| *quota > 0).map_or_else(|| "max".into(), |quota| quota.to_string());
        let period = cpu.period().filter(|period| *period != 0).unwrap_or(100_000);
        list.push(Setting::new("cpu.max", format!("{quota} {period}")));
    }
    let mut push = |file: &str, value: Option<String>| list.extend(value.map(|value| Setting::new(file, value)));
    push("cpu.max.burst", cpu.burst().map(|burst| burst.to_string()));
    push("cpu.idle", cpu.idle().map(|idle| idle.to_string()));
    push("cpuset.cpus", cpu.cpus().clone().filter(|list| !list.is_empty()));
    push("cpuset.mems", cpu.mems().clone().filter(|list| !list.is_empty()));
    Ok(())
}

fn io(io: &oci::LinuxBlockIo, list: &mut Vec<Setting>) -> Result<()> {
    if io.leaf_weight().is_some() || io.weight_device().iter().flatten().next().is_some() {
        return Err(none_for("blockIO.leafWeight and weightDevice"));
    }
    if let Some(weight) = io.weight().filter(|weight| *weight != 0) {
        // Numbers from 10 to 1000 there, from 1 to 10000 here.
        list.push(Setting::new("io.weight", 1 + (u64::from(weight.clamp(10, 1000)) - 10) * 9_999 / 990));
    }
    let kinds = [
        ("rbps", io.throttle_read_bps_device()),
        ("wbps", io.throttle_write_bps_device()),
        ("riops", io.throttle_read_iops_device()),
        ("wiops", io.throttle_write_iops_device()),
    ];
    for (key, devices) in kinds {
        for device in devices.iter().flatten() {
            list.push(Setting::new("io.max", format!("{}:{} {key}={}", device.major(), device.minor(), device.rate())));
        }
    }
    Ok(())
}

/// Shares are numbers from 2 to 262144, weights from 1 to 10000: the conversion that all runtimes use.
fn weight(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9_999 / 262_142
}

fn or_max(limit: i64) -> String {
    if limit < 0 { "max".into() } else { limit.to_string() }
}

fn none_for(name: &str) -> Error {
    Error::new(format!("config.json: cgroup v2 has nothing for linux.resources.{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn read(json: Value) -> Result<Vec<(String, String)>> {
        let settings = settings(&serde_json::from_value(json).unwrap())?;
        Ok(settings.into_iter().map(|setting| (setting.file, setting.value)).collect())
    }

    #[rstest]
    #[case(json!({ "memory": { "limit": 1048576, "swap": 3145728 } }), &[("memory.max", "1048576"), ("memory.swap.max", "2097152")])]
    #[case(json!({ "memory": { "limit": -1, "swap": -1 } }), &[("memory.max", "max"), ("memory.swap.max", "max")])]
    #[case(json!({ "cpu": { "shares": 1024, "quota": 50000 } }), &[("cpu.weight", "39"), ("cpu.max", "50000 100000")])]
    #[case(json!({ "pids": { "limit": 3 } }), &[("pids.max", "3")])]
    #[case(json!({ "blockIO": { "weight": 100 } }), &[("io.weight", "910")])]
    #[case(json!({ "unified": { "memory.high": "5" } }), &[("memory.high", "5")])]
    #[case(json!({ "devices": [{ "allow": false, "access": "rwm" }] }), &[])]
    fn limits_are_translated(#[case] json: Value, #[case] expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(file, value)| (file.to_string(), value.to_string())).collect();
        assert_eq!(read(json).unwrap(), expected);
    }

    #[rstest]
    #[case(json!({ "memory": { "swap": 5 } }), "needs a limit")]
    #[case(json!({ "memory": { "limit": 9, "swap": 5 } }), "needs a limit")]
    #[case(json!({ "memory": { "disableOOMKiller": true } }), "nothing for")]
    #[case(json!({ "memory": { "kernel": 4096 } }), "nothing for")]
    #[case(json!({ "network": { "classID": 1 } }), "nothing for")]
    #[case(json!({ "unified": { "../cgroup.procs": "1" } }), "no file of a group")]
    fn limits_are_refused(#[case] json: Value, #[case] why: &str) {
        assert!(read(json).unwrap_err().to_string().contains(why));
    }
}
