//! What an exam needs of a machine, looked at before anything is brought there.

use super::VagrantError;
use crate::backend::ssh::Ssh;
use std::path::Path;

/// Left by provision.sh when it has come to its end.
const PROVISIONED: &str = "/var/lib/boxproof/provisioned";
/// What the scenarios need of cgroup v2.
const CONTROLLERS: [&str; 3] = ["memory", "cpu", "pids"];

/// Refuses a machine in which an exam would fail for reasons that are not the program's.
pub(super) fn survey(ssh: &Ssh, directory: &Path) -> Result<(), VagrantError> {
    let script = format!(
        "echo machine $(uname -m); {{ [ $(id -u) = 0 ] || sudo -n true; }} && echo root yes; test -e {PROVISIONED} && echo provisioned yes; \
         echo controllers $(cat /sys/fs/cgroup/cgroup.controllers)"
    );
    let output = ssh.run(&script).map_err(VagrantError::Agent)?;
    let found = Found::parse(&String::from_utf8_lossy(&output.stdout));
    match found {
        Some(found) => found.judge(directory),
        None => Err(VagrantError::Unreachable {
            directory: directory.to_owned(),
            detail: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }),
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    machine: String,
    root: bool,
    provisioned: bool,
    controllers: Vec<String>,
}

impl Found {
    /// Nothing, if not even the machine's kind was said.
    fn parse(text: &str) -> Option<Found> {
        let mut found = Found::default();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("machine", machine)) => found.machine = machine.to_owned(),
                Some(("root", "yes")) => found.root = true,
                Some(("provisioned", "yes")) => found.provisioned = true,
                Some(("controllers", names)) => found.controllers = names.split(' ').map(str::to_owned).collect(),
                _ => {}
            }
        }
        (!found.machine.is_empty()).then_some(found)
    }

    fn judge(&self, directory: &Path) -> Result<(), VagrantError> {
        let directory = directory.to_owned();
        if self.machine != std::env::consts::ARCH {
            let (machine, ours) = (self.machine.clone(), std::env::consts::ARCH);
            return Err(VagrantError::Architecture { directory, machine, ours });
        }
        if !self.root {
            return Err(VagrantError::NoRoot { directory });
        }
        if !self.provisioned {
            return Err(VagrantError::HalfProvisioned { directory });
        }
        let lacks = |name: &&str| !self.controllers.iter().any(|has| has == name);
        let lacking: Vec<&str> = CONTROLLERS.into_iter().filter(lacks).collect();
        match lacking.is_empty() {
            true => Ok(()),
            false => Err(VagrantError::NoControllers { directory, controllers: lacking.join(" ") }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<(), VagrantError> {
        Found::parse(text).expect("a machine").judge(Path::new("/vagrant"))
    }

    fn good() -> String {
        let arch = std::env::consts::ARCH;
        format!("machine {arch}\nroot yes\nprovisioned yes\ncontrollers cpuset cpu io memory pids\n")
    }

    #[test]
    fn each_lack_is_told_apart() {
        assert!(verdict(&good()).is_ok());
        let without = |line: &str| verdict(&good().replace(line, ""));
        assert!(matches!(without("root yes\n"), Err(VagrantError::NoRoot { .. })));
        assert!(matches!(without("provisioned yes\n"), Err(VagrantError::HalfProvisioned { .. })));
        let lacking = without(" memory");
        assert!(matches!(&lacking, Err(VagrantError::NoControllers { controllers, .. }) if controllers == "memory"));
        let foreign = verdict(&good().replace(std::env::consts::ARCH, "s390x"));
        assert!(matches!(&foreign, Err(VagrantError::Architecture { machine, .. }) if machine == "s390x"));
    }

    #[test]
    fn whoever_says_nothing_is_not_reached() {
        assert_eq!(Found::parse(""), None);
        assert_eq!(Found::parse("controllers \n"), None);
    }
}
