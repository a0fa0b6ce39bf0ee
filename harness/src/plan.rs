//! What an agent is told to do.

use crate::manifest::Invocation;
use crate::terms::Terms;
use serde::{Deserialize, Serialize};

/// One exam of one runtime under test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Everything drawn comes from it.
    pub seed: u64,
    /// Ids of the scenarios, in order.
    pub scenarios: Vec<String>,
    /// How the program is called.
    pub invocation: Invocation,
    /// The program, relative to the submission.
    pub program: String,
    /// How many scenarios are examined side by side; 0 for as many as there are processors.
    pub jobs: usize,
    /// Whether the machine is ours to change: files of the submission's libraries may be put into its root.
    pub disposable: bool,
    /// What the course asks for.
    #[serde(default)]
    pub terms: Terms,
}
