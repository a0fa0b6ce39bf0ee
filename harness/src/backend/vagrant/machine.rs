//! What Vagrant says of a machine, and what it is told to do with it.

use super::VagrantError;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The machine of a Vagrantfile.
pub(super) struct Machine {
    /// Where the Vagrantfile is.
    pub(super) directory: PathBuf,
}

/// What a machine is, as its provider calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    /// The machine's name in its Vagrantfile: `default`.
    pub(super) target: String,
    /// `libvirt`, `virtualbox`.
    pub(super) provider: String,
    /// `running`, `not_created`, `shutoff`.
    pub(super) name: String,
}

impl State {
    pub(super) fn is_running(&self) -> bool {
        self.name == "running"
    }

    /// What leaves the machine as it was: one that slept sleeps again, any other is switched off. One that was not there stays, as it
    /// took minutes to make.
    pub(super) fn restored_by(&self) -> &'static str {
        match self.name.as_str() {
            "saved" | "suspended" | "paused" => "suspend",
            _ => "halt",
        }
    }
}

/// The directory of the nearest Vagrantfile: here or in a parent, in itself or in its `vagrant/`.
pub fn find(from: &Path) -> Option<PathBuf> {
    let near = from.ancestors().flat_map(|place| [place.to_owned(), place.join("vagrant")]);
    near.into_iter().find(|place| place.join("Vagrantfile").is_file())
}

/// As many of Vagrant's last lines as explain a failure.
const LAST_LINES: usize = 12;

/// What Vagrant says of a machine with which another Vagrant is busy.
pub(super) const BUSY: &str = "other Vagrant process";

impl Machine {
    pub(super) fn new(directory: &Path) -> Machine {
        Machine { directory: directory.to_owned() }
    }

    /// `vagrant` in the machine's directory, in plain text.
    pub(super) fn vagrant(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("vagrant");
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env("VAGRANT_CWD", &self.directory)
            .env("LC_ALL", "C.UTF-8");
        command
    }

    fn output(&self, arguments: &[&str]) -> Result<Output, VagrantError> {
        let output = self.vagrant(arguments).stdin(Stdio::null()).output();
        output.map_err(|error| VagrantError::not_started(&error))
    }

    /// What it is now.
    pub(super) fn state(&self) -> Result<State, VagrantError> {
        let output = self.output(&["status", "--machine-readable"])?;
        let text = String::from_utf8_lossy(&output.stdout);
        if let Some(error) = field(&text, "", "error-exit") {
            return Err(VagrantError::Refused { command: "vagrant status".into(), detail: error });
        }
        let mut states = states(&text);
        match (states.pop(), states.is_empty()) {
            (Some(state), true) if state.name == "inaccessible" => {
                Err(VagrantError::Inaccessible { directory: self.directory.clone() })
            }
            (Some(state), true) => Ok(state),
            (Some(last), false) => {
                let names: Vec<String> = states.into_iter().chain([last]).map(|state| state.target).collect();
                Err(VagrantError::Several { directory: self.directory.clone(), names })
            }
            (None, _) => {
                let detail = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                Err(VagrantError::Refused { command: "vagrant status".into(), detail })
            }
        }
    }

    /// Brings it up; `say` gets Vagrant's lines as they come.
    pub(super) fn up(&self, say: &dyn Fn(String)) -> Result<(), VagrantError> {
        let started = || {
            let (reader, writer) = std::io::pipe()?;
            let mut command = self.vagrant(&["up", "--no-color"]);
            command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
            let child = command.spawn()?;
            // The command holds the pipe's other end: as long as it lives, there is no end of input.
            drop(command);
            Ok((child, reader))
        };
        let (mut child, reader) = started().map_err(|error| VagrantError::not_started(&error))?;
        let mut last = Vec::new();
        for line in BufReader::new(reader).lines().map_while(std::io::Result::ok) {
            say(line.clone());
            last.push(line);
            if last.len() > LAST_LINES {
                last.remove(0);
            }
        }
        match child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err(VagrantError::NotUp { directory: self.directory.clone(), detail: last.join("\n") }),
            Err(error) => Err(VagrantError::not_started(&error)),
        }
    }

    /// How ssh reaches it, as a file that lasts as long as it is held.
    pub(super) fn ssh_config(&self) -> Result<tempfile::NamedTempFile, VagrantError> {
        let output = self.output(&["ssh-config"])?;
        if !output.status.success() {
            let detail = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(VagrantError::Refused { command: "vagrant ssh-config".into(), detail });
        }
        let written = || {
            let mut file = tempfile::NamedTempFile::with_prefix("boxproof-ssh-")?;
            file.write_all(&output.stdout)?;
            Ok(file)
        };
        written().map_err(|error: std::io::Error| VagrantError::Refused {
            command: "write the output of vagrant ssh-config".into(),
            detail: error.to_string(),
        })
    }
}

/// The machines in the output of `vagrant status --machine-readable`, lines of `time,target,kind,data...`.
fn states(text: &str) -> Vec<State> {
    let all = text.lines().filter_map(|line| {
        let mut fields = line.splitn(4, ',').skip(1);
        let (target, kind, name) = (fields.next()?, fields.next()?, fields.next()?);
        (kind == "state").then(|| State {
            target: target.to_owned(),
            provider: field(text, target, "provider-name").unwrap_or_default(),
            name: name.to_owned(),
        })
    });
    all.collect()
}

/// The data of the first line of one kind. Vagrant writes commas and line ends in it in words.
fn field(text: &str, target: &str, kind: &str) -> Option<String> {
    let data = text.lines().find_map(|line| {
        let mut fields = line.splitn(4, ',').skip(1);
        (fields.next()? == target && fields.next()? == kind).then(|| fields.next().unwrap_or_default())
    })?;
    Some(data.replace("%!(VAGRANT_COMMA)", ",").replace("\\n", "\n").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What Vagrant 2.3.4 with vagrant-libvirt 0.11.2 wrote.
    const SHUTOFF: &str = "\
1796000000,default,metadata,provider,libvirt
1796000000,default,provider-name,libvirt
1796000000,default,state,shutoff
1796000000,default,state-human-short,shutoff
1796000000,default,state-human-long,The Libvirt domain is not running. Run `vagrant up` to start it.
1796000000,,ui,info,Current machine states:\\n\\ndefault                   shutoff (libvirt)
";

    #[test]
    fn the_state_is_what_vagrant_says() {
        let [state] = states(SHUTOFF).try_into().expect("one machine");
        assert_eq!(state, State { target: "default".into(), provider: "libvirt".into(), name: "shutoff".into() });
        assert!(!state.is_running());
        assert_eq!(state.restored_by(), "halt");
    }

    #[test]
    fn a_machine_that_slept_sleeps_again() {
        let [state] = states(&SHUTOFF.replace("state,shutoff", "state,saved")).try_into().expect("one machine");
        assert_eq!(state.restored_by(), "suspend");
    }

    #[test]
    fn an_error_is_read_with_its_commas_and_lines() {
        let text = "1,,error-exit,Vagrant::Errors::X,No usable%!(VAGRANT_COMMA) provider\\nSecond line\n";
        let said = field(text, "", "error-exit").expect("an error");
        assert_eq!(said, "Vagrant::Errors::X,No usable, provider\nSecond line");
        assert!(states(text).is_empty());
    }

    #[test]
    fn the_nearest_vagrantfile_is_found_from_below() {
        let place = tempfile::tempdir().expect("a directory");
        let (below, vagrant) = (place.path().join("src/deep"), place.path().join("vagrant"));
        fs::create_dir_all(&below).expect("mkdir");
        fs::create_dir_all(&vagrant).expect("mkdir");
        fs::write(vagrant.join("Vagrantfile"), "").expect("write");
        assert_eq!(find(&below), Some(vagrant));
        fs::write(below.join("Vagrantfile"), "").expect("write");
        assert_eq!(find(&below), Some(below));
    }
}
