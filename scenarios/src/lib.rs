//! The catalogue: one file per step of the workshop, texts beside the code.
//!
//! A scenario is one property that a learner can name. It reads like the workshop's instructions: start a container, look,
//! compare. What it compares is what the kernel says from the outside; what the container prints stands beside it.

mod step1_rootfs;
mod step2_devices;
mod step2_namespaces;
mod step2_proc;
mod step2_volumes;
mod step3_cgroups;
mod step3_groups;
mod step3_options;
mod step4_network;
mod step4_veth;
mod step5_caller;
mod step5_files;
mod step5_honesty;
mod step5_hostname;
mod step5_lifetime;
mod step5_program;
mod step5_streams;
mod step6_bridge;
mod step6_layers;
mod step6_oci;
mod step6_privileges;
pub mod texts;

use boxproof_harness::scenario::Scenario;
use std::sync::LazyLock;

/// Every scenario, in the workshop's order.
pub fn catalogue() -> &'static [Scenario] {
    static ALL: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
        [
            step1_rootfs::SCENARIOS,
            step2_namespaces::SCENARIOS,
            step2_devices::SCENARIOS,
            step2_proc::SCENARIOS,
            step2_volumes::SCENARIOS,
            step3_cgroups::SCENARIOS,
            step3_options::SCENARIOS,
            step3_groups::SCENARIOS,
            step4_veth::SCENARIOS,
            step5_lifetime::SCENARIOS,
            step4_network::SCENARIOS,
            step5_program::SCENARIOS,
            step5_hostname::SCENARIOS,
            step5_streams::SCENARIOS,
            step5_files::SCENARIOS,
            step5_honesty::SCENARIOS,
            step5_caller::SCENARIOS,
            step6_privileges::SCENARIOS,
            step6_layers::SCENARIOS,
            step6_oci::SCENARIOS,
            step6_bridge::SCENARIOS,
        ]
        .concat()
    });
    &ALL
}

/// What every scenario of the catalogue starts from.
const fn scenario(
    id: &'static str,
    step: &'static str,
    tier: boxproof_harness::result::Tier,
    checks: &'static [&'static str],
    run: fn(&mut boxproof_harness::scenario::Exam) -> Result<(), boxproof_harness::scenario::Trouble>,
) -> Scenario {
    Scenario { id, step, tier, checks, requires: &[], offers: None, run }
}
