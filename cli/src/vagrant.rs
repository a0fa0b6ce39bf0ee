//! `--backend vagrant`: a machine of Vagrant's, which was there before and stays.

use crate::backend::OURSELVES;
use crate::outcome::Trouble;
use crate::report::params;
use boxproof_harness::backend::Agent;
use boxproof_harness::backend::vagrant::{self, Progress, VagrantAgent, VagrantError, VagrantOptions};
use boxproof_scenarios::texts::Texts;
use std::path::{Path, PathBuf};

/// Starts an agent in the machine of the Vagrantfile in `asked`, or of the nearest one. `say` gets a line for whoever waits.
pub fn agent(asked: Option<&Path>, keep: bool, texts: &Texts, say: &dyn Fn(&str)) -> Result<Box<dyn Agent>, Trouble> {
    let directory = directory(asked, texts)?;
    let regret = texts.text("vagrant-not-put-back", &params([("directory", &directory.display().to_string())]));
    let options = VagrantOptions { directory, keep, regret };
    let started = VagrantAgent::start(&options, Path::new(OURSELVES), &|progress| say(&told(&progress, texts)));
    match started {
        Ok(agent) => Ok(Box::new(agent)),
        Err(error) => Err(refused(&error, texts)),
    }
}

fn told(progress: &Progress, texts: &Texts) -> String {
    match progress {
        Progress::AwaitingMachine => texts.plain("ui-vagrant-awaiting"),
        Progress::BringingUp { state, keep } => {
            let id = if *keep { "ui-vagrant-up-and-kept" } else { "ui-vagrant-up" };
            texts.text(id, &params([("state", state)]))
        }
        Progress::Vagrant(line) => format!("vagrant: {line}"),
        Progress::Connecting => texts.plain("ui-vagrant-connecting"),
    }
}

/// In the reader's language.
fn refused(error: &VagrantError, texts: &Texts) -> Trouble {
    let text = error.text();
    Trouble::environment(texts.text(&text.id, &text.params))
}

fn directory(asked: Option<&Path>, texts: &Texts) -> Result<PathBuf, Trouble> {
    let named = asked.map(Path::to_owned).or_else(|| std::env::var_os("VAGRANT_CWD").map(PathBuf::from));
    let here = std::env::current_dir().map_err(|error| Trouble::environment(format!("current directory: {error}")))?;
    let found = match &named {
        Some(directory) => Some(here.join(directory)).filter(|directory| directory.join("Vagrantfile").is_file()),
        None => vagrant::find(&here),
    };
    let place = named.unwrap_or(here);
    found.ok_or_else(|| {
        Trouble::usage(texts.text("vagrant-no-file", &params([("directory", &place.display().to_string())])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxproof_harness::error::Error;
    use boxproof_scenarios::texts::Language;

    /// What the harness says in English is what the reader is told, in whichever language.
    #[test]
    fn every_refusal_has_its_text() {
        let (directory, detail) = (PathBuf::from("a/machine"), "as it is".to_owned());
        let all = [
            VagrantError::NotStarted { detail: detail.clone() },
            VagrantError::Refused { command: "vagrant status".into(), detail: detail.clone() },
            VagrantError::Several { directory: directory.clone(), names: vec!["a".into(), "b".into()] },
            VagrantError::Inaccessible { directory: directory.clone() },
            VagrantError::NotUp { directory: directory.clone(), detail: detail.clone() },
            VagrantError::Unreachable { directory: directory.clone(), detail },
            VagrantError::Architecture { directory: directory.clone(), machine: "aarch64".into(), ours: "x86_64" },
            VagrantError::NoRoot { directory: directory.clone() },
            VagrantError::HalfProvisioned { directory: directory.clone() },
            VagrantError::NoControllers { directory, controllers: "memory".into() },
            VagrantError::Agent(Error::new("start ssh")),
        ];
        let (english, japanese) = (crate::words::texts(Language::English), crate::words::texts(Language::Japanese));
        for error in all {
            let text = error.text();
            assert_eq!(english.text(&text.id, &text.params), error.to_string());
            let said = japanese.text(&text.id, &text.params);
            assert!(said == error.to_string() && text.id == "vagrant-refused" || said != error.to_string(), "{said}");
            assert_ne!(said, text.id);
        }
    }
}
