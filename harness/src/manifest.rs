//! `boxproof.toml`, beside a program: how the program is built and called, and which options it offers.
//!
//! ```toml
//! [build]                       # how it is built; this happens outside the exam's clock
//! command = ["go", "build", "-o", "mycontainer", "."]
//!
//! [runtime]
//! program = "mycontainer"       # relative to this file
//! adapter = "command"           # or "workshop", the default: PROGRAM run [OPTIONS] CMD ARGS...
//! command = ["{program}", "start", "--root={rootfs}", "{options}", "--", "{argv}"]
//!
//! [offers]                      # each option it offers unlocks the scenarios about it
//! memory = ["--memory", "{value}"]
//! hostname = ["--hostname={value}"]
//! network = ["--network", "{address},{gateway}"]
//! volume = ["--volume", "{value}"]
//! ```
//!
//! What `{value}` is filled with: for `memory` a number of bytes, for `cpus` a decimal number (0.5), for `pids` a number,
//! for `hostname` a name, for `volume` `FROM:TO` or `FROM:TO:ro` as `docker run -v` takes it, both absolute. A network
//! is a cable to the host; its words may hold `{address}` (the container's, as `10.0.0.2/24`), `{gateway}` (the host's,
//! as `10.0.0.1`) and `{link}` (a name for the host's end). What the words do not hold is for the runtime to choose.
//! `bridge` puts the container on a bridge of that `{name}`, with an address of that `{subnet}` (`10.1.2.0/28`), beside all
//! others that are told the same; the host has an address there, and masquerades. `publish` is `HOST:CONTAINER`, a TCP port
//! of the host that leads to one of a container on a bridge.
//! `overlay` is a directory, a layer of the image above those that were named before it, and `capabilities` stands for one
//! capability (`CAP_KILL`) that root in the container keeps, and no other.
//!
//! An OCI runtime needs no words of its own: adapter "oci" writes a bundle for each container and calls the verbs create,
//! start, kill and delete, as `podman` or `containerd` would. `command` then holds the words before the verb, by default
//! `["{program}", "--root", "{state}"]`. A runtime that has those verbs beside its `run` says so among its offers,
//! `oci = ["--root", "{state}"]`: they stand in the place of `run`.
//!
//! ```toml
//! [policy]                      # what the runtime does by design, where right runtimes disagree: see `policy.rs`
//! init = true
//! ```
//!
//! In a command `{program}`, `{rootfs}`, `{workdir}` and `{id}` may stand anywhere in a word; `{argv}` (the command to
//! run, with its arguments) and `{options}` are words of their own. In doubled braces a name stands for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::policy::Policy;

/// The file's name.
pub const FILE_NAME: &str = "boxproof.toml";

/// More bytes than any manifest has.
const LARGEST: u64 = 1 << 20;

/// What a `boxproof.toml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The directory it lies in, where it is built.
    pub directory: PathBuf,
    /// The command that builds the program, if it has to be built.
    pub build: Option<Vec<String>>,
    /// The program, below `directory`.
    pub program: PathBuf,
    /// How the program is called.
    pub invocation: Invocation,
}

/// Something a runtime can be asked for by an option, and whose scenarios are then examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offer {
    /// A memory limit; the value is a size in bytes.
    Memory,
    /// A share of processors; the value is a decimal number of processors.
    Cpus,
    /// A limit on the number of processes.
    Pids,
    /// The container's host name.
    Hostname,
    /// A cable to the host; the value is the container's address with its prefix, the host's address and a name for the
    /// host's end, with blanks between them.
    Network,
    /// A place on a bridge, with a way out; the value is the bridge's name and its subnet, with a blank between them.
    Bridge,
    /// A port of the host that leads to one of a container on a bridge; the value is `HOST:CONTAINER`.
    Publish,
    /// A directory of the host inside the container; the value is `FROM:TO` or `FROM:TO:ro`.
    Volume,
    /// One more layer of the image, above those named before: a directory that is only read. What the container writes is
    /// its own.
    Overlay,
    /// The one capability that root in the container keeps.
    Capabilities,
    /// The verbs of the OCI runtime specification; the words are those that stand before a verb.
    Oci,
}

impl Offer {
    /// Every option there is, in the order in which they are passed.
    pub const ALL: [Self; 11] = [
        Self::Memory,
        Self::Cpus,
        Self::Pids,
        Self::Hostname,
        Self::Network,
        Self::Bridge,
        Self::Publish,
        Self::Volume,
        Self::Overlay,
        Self::Capabilities,
        Self::Oci,
    ];

    /// Its key in `[offers]`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpus => "cpus",
            Self::Pids => "pids",
            Self::Hostname => "hostname",
            Self::Network => "network",
            Self::Bridge => "bridge",
            Self::Publish => "publish",
            Self::Volume => "volume",
            Self::Overlay => "overlay",
            Self::Capabilities => "capabilities",
            Self::Oci => "oci",
        }
    }

    /// What may be filled in its words, each at most once.
    fn placeholders(self) -> &'static [&'static str] {
        match self {
            Self::Network => &["address", "gateway", "link"],
            Self::Bridge => &["name", "subnet"],
            Self::Oci => &["state"],
            _ => &["value"],
        }
    }

    /// Those without which it means nothing.
    fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Network | Self::Capabilities | Self::Oci => &[],
            _ => self.placeholders(),
        }
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// How a runtime is called: the adapter, the words of its options, and what it declares to do by design. Checked, so that
/// [`Invocation::words`] cannot fail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    adapter: Adapter,
    offers: BTreeMap<Offer, Vec<String>>,
    #[serde(default)]
    policy: BTreeSet<Policy>,
}

/// The form of the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Adapter {
    /// `PROGRAM run [OPTIONS] CMD ARGS...`, as in the workshop.
    #[default]
    Workshop,
    /// A template.
    Command(Vec<String>),
    /// The verbs of the OCI runtime specification over a bundle; these are the words before a verb.
    Oci(Vec<String>),
}

/// Where everything is that a call may name.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The runtime under test.
    pub program: &'a Path,
    /// The container's root.
    pub rootfs: &'a Path,
    /// The directory that the runtime is called in.
    pub workdir: &'a Path,
    /// Where an OCI runtime keeps what it knows of its containers.
    pub state: &'a Path,
    /// A name for the container.
    pub id: &'a str,
}

/// What any OCI runtime can be asked for, in its bundle.
const IN_A_BUNDLE: [Offer; 7] =
    [Offer::Memory, Offer::Cpus, Offer::Pids, Offer::Hostname, Offer::Volume, Offer::Capabilities, Offer::Oci];

impl Invocation {
    /// As the workshop calls its program, which offers nothing. This is what a program without a `boxproof.toml` gets.
    pub fn workshop() -> Self {
        Self::default()
    }

    /// As any OCI runtime is called.
    pub fn oci() -> Self {
        Self::oci_with(["{program}", "--root", "{state}"].map(str::to_owned).to_vec(), BTreeSet::new())
    }

    fn oci_with(line: Vec<String>, policy: BTreeSet<Policy>) -> Self {
        let offers = IN_A_BUNDLE.into_iter().map(|offer| (offer, Vec::new())).collect();
        Self { adapter: Adapter::Oci(line), offers, policy }
    }

    /// The adapter's name: `workshop`, `command` or `oci`.
    pub fn adapter(&self) -> &'static str {
        match self.adapter {
            Adapter::Workshop => "workshop",
            Adapter::Command(_) => "command",
            Adapter::Oci(_) => "oci",
        }
    }

    /// Whether containers are made by the verbs of the OCI runtime specification.
    pub fn is_oci(&self) -> bool {
        matches!(self.adapter, Adapter::Oci(_))
    }

    /// What every runtime behind this adapter does by design, because its callers rely on it: a container of an OCI runtime
    /// outlives whoever made it, and a command that cannot be executed is an error of `create` or `start`.
    pub fn implies(&self, policy: Policy) -> bool {
        self.is_oci() && matches!(policy, Policy::OutlivesRuntime | Policy::OwnStatuses)
    }

    /// Whether the runtime offers this option.
    pub fn offers(&self, offer: Offer) -> bool {
        self.offers.contains_key(&offer)
    }

    /// Whether the words of this option hold this placeholder: whether the runtime can be told, or chooses itself.
    pub fn takes(&self, offer: Offer, placeholder: &str) -> bool {
        let words = self.offers.get(&offer).into_iter().flatten();
        words.flat_map(|word| placeholders(word)).any(|name| name == placeholder)
    }

    /// The options it offers.
    pub fn offered(&self) -> impl Iterator<Item = Offer> {
        self.offers.keys().copied()
    }

    /// Whether the runtime declares to do this by design.
    pub fn declares(&self, policy: Policy) -> bool {
        self.policy.contains(&policy)
    }

    /// What it declares.
    pub fn declared(&self) -> impl Iterator<Item = Policy> {
        self.policy.iter().copied()
    }

    /// The words that stand before a verb of the OCI runtime specification. Those of a runtime that has the verbs beside its
    /// `run` stand in the place of that.
    pub fn before_verb(&self, place: &Place) -> Vec<OsString> {
        let own = self.offers.get(&Offer::Oci).into_iter().flatten();
        let words: Vec<&String> = match &self.adapter {
            Adapter::Oci(line) => line.iter().collect(),
            Adapter::Command(template) => template.iter().take_while(|word| *word != "run").chain(own).collect(),
            Adapter::Workshop => {
                return [place.program.into()].into_iter().chain(own.map(|word| place.fill(word))).collect();
            }
        };
        words.into_iter().map(|word| place.fill(word)).collect()
    }

    /// The whole command line that runs `argv` in a container, the program itself being its first word (unless a
    /// template wraps it in another). Options that the runtime does not offer are left out. Of an OCI runtime, which is told
    /// all that by a bundle, it is the words before the verb.
    pub fn words(&self, place: &Place, options: &[(Offer, &str)], argv: &[OsString]) -> Vec<OsString> {
        let offered =
            options.iter().filter_map(|(offer, value)| Some((self.offers.get(offer)?, offer.placeholders(), *value)));
        let options = offered.flat_map(|(words, names, value)| {
            // One value is taken as it is, several have blanks between them.
            let values: Vec<(&str, &OsStr)> = match names {
                [name] => vec![(*name, value.as_ref())],
                names => names.iter().copied().zip(value.split(' ').map(OsStr::new)).collect(),
            };
            words.iter().map(move |word| filled(word, &values))
        });
        let template = match &self.adapter {
            Adapter::Workshop => {
                let run = [place.program.into(), "run".into()];
                return run.into_iter().chain(options).chain(argv.iter().cloned()).collect();
            }
            Adapter::Oci(_) => return self.before_verb(place),
            Adapter::Command(template) => template,
        };
        let options: Vec<OsString> = options.collect();
        let mut words = Vec::new();
        for word in template {
            match word.as_str() {
                "{argv}" => words.extend_from_slice(argv),
                "{options}" => words.extend_from_slice(&options),
                word => words.push(place.fill(word)),
            }
        }
        words
    }
}

impl Place<'_> {
    fn fill(&self, word: &str) -> OsString {
        let values = [
            ("program", self.program.as_os_str()),
            ("rootfs", self.rootfs.as_os_str()),
            ("workdir", self.workdir.as_os_str()),
            ("state", self.state.as_os_str()),
            ("id", self.id.as_ref()),
        ];
        filled(word, &values)
    }
}

/// Why a `boxproof.toml` cannot be used: `/home/me/boxproof.toml:3:1: unknown field ...`.
#[derive(Debug)]
pub struct ManifestError {
    path: PathBuf,
    /// Line and column, counted from 1.
    position: Option<(usize, usize)>,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Read(io::Error),
    Text(String),
}

impl ManifestError {
    /// Line and column of the mistake, counted from 1.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.position
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.position) {
            (Cause::Read(error), _) => match error.raw_os_error() {
                Some(number) => write!(f, "read {}: {}", self.path.display(), Errno::from_raw(number)),
                None => write!(f, "read {}: {error}", self.path.display()),
            },
            (Cause::Text(text), Some((line, column))) => write!(f, "{}:{line}:{column}: {text}", self.path.display()),
            (Cause::Text(text), None) => write!(f, "{}: {text}", self.path.display()),
        }
    }
}

impl std::error::Error for ManifestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Read(error) => Some(error),
            Cause::Text(_) => None,
        }
    }
}

impl Manifest {
    /// The manifest in this directory, if there is one.
    pub fn beside(directory: &Path) -> Result<Option<Self>, ManifestError> {
        let path = directory.join(FILE_NAME);
        match read(&path) {
            Ok(Some(text)) => Self::parse(&text, &path).map(Some),
            Ok(None) => {
                let what = format!("it must be a file of at most {} KiB, and no link to one", LARGEST >> 10);
                Err(ManifestError { path, position: None, cause: Cause::Text(what) })
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(ManifestError { path, position: None, cause: Cause::Read(error) }),
        }
    }

    /// Reads the text of the file at `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ManifestError> {
        let mistake = |span: Option<Range<usize>>, message: String| ManifestError {
            path: path.to_owned(),
            position: span.map(|span| position(text, span.start)),
            cause: Cause::Text(message),
        };
        let raw: RawManifest =
            toml::from_str(text).map_err(|error| mistake(error.span(), error.message().trim().replace('\n', ", ")))?;
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        raw.checked(directory).map_err(|wrong| mistake(Some(wrong.span), wrong.message))
    }
}

/// The text of a regular file; none for anything else. Whoever wrote it is not trusted: what is wrong with it is quoted, so
/// a link to somebody's file must not be followed, and a pipe not waited for.
fn read(path: &Path) -> io::Result<Option<String>> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = match fs::OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Ok(None);
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Line and column of a byte, counted from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// A mistake that the format allows but the contents do not.
struct Wrong {
    span: Range<usize>,
    message: String,
}

fn wrong<T>(span: Range<usize>, message: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { span, message: message.into() })
}

type Words = Spanned<Vec<Spanned<String>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    build: Option<RawBuild>,
    runtime: RawRuntime,
    #[serde(default)]
    offers: RawOffers,
    #[serde(default)]
    policy: RawPolicy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBuild {
    command: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRuntime {
    program: Spanned<String>,
    #[serde(default)]
    adapter: RawAdapter,
    command: Option<Words>,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum RawAdapter {
    #[default]
    Workshop,
    Command,
    Oci,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOffers {
    memory: Option<Words>,
    cpus: Option<Words>,
    pids: Option<Words>,
    hostname: Option<Words>,
    network: Option<Words>,
    bridge: Option<Words>,
    publish: Option<Words>,
    volume: Option<Words>,
    overlay: Option<Words>,
    capabilities: Option<Words>,
    oci: Option<Words>,
}

/// A key more than [`Policy`] has, or one less, is a mistake of ours that `every_policy_can_be_declared` finds.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawPolicy {
    init: Option<Spanned<bool>>,
    inherits_descriptors: Option<Spanned<bool>>,
    rootless: Option<Spanned<bool>>,
    outlives_runtime: Option<Spanned<bool>>,
    keeps_signals: Option<Spanned<bool>>,
    own_statuses: Option<Spanned<bool>>,
    needs_image_programs: Option<Spanned<bool>>,
}

impl RawManifest {
    fn checked(self, directory: PathBuf) -> Result<Manifest, Wrong> {
        let build = self.build.map(|build| plain_words(build.command, "build")).transpose()?;
        let program = self.runtime.program;
        if program.as_ref().trim().is_empty() {
            return wrong(program.span(), "`program` is empty: name the program, relative to this file");
        }
        let offers = self.offers.checked()?;
        let policy = self.policy.checked()?;
        let adapter = match (self.runtime.adapter, self.runtime.command) {
            (RawAdapter::Workshop, None) => Adapter::Workshop,
            (RawAdapter::Workshop, Some(command)) => {
                return wrong(command.span(), "`command` is used only with adapter = \"command\" or \"oci\"");
            }
            (RawAdapter::Oci, _) if !offers.is_empty() => {
                return wrong(
                    program.span(),
                    "an OCI runtime is asked by its bundle: adapter = \"oci\" needs no [offers]",
                );
            }
            (RawAdapter::Oci, command) => {
                let program = directory.join(program.into_inner());
                let invocation = match command {
                    Some(command) => Invocation::oci_with(before_verb(command)?, policy),
                    None => Invocation { policy, ..Invocation::oci() },
                };
                return Ok(Manifest { directory, build, program, invocation });
            }
            (RawAdapter::Command, None) => {
                let message =
                    "adapter = \"command\" needs a `command`, for instance [\"{program}\", \"run\", \"{argv}\"]";
                return wrong(program.span(), message);
            }
            (RawAdapter::Command, Some(command)) => Adapter::Command(template(command, !offers.is_empty())?),
        };
        let program = directory.join(program.into_inner());
        Ok(Manifest { directory, build, program, invocation: Invocation { adapter, offers, policy } })
    }
}

impl RawOffers {
    fn checked(self) -> Result<BTreeMap<Offer, Vec<String>>, Wrong> {
        if let (Some(publish), None) = (&self.publish, &self.bridge) {
            return wrong(publish.span(), "`publish` leads to a container on a bridge: it needs the offer `bridge`");
        }
        let given = [
            self.memory,
            self.cpus,
            self.pids,
            self.hostname,
            self.network,
            self.bridge,
            self.publish,
            self.volume,
            self.overlay,
            self.capabilities,
            self.oci,
        ];
        let mut offers = BTreeMap::new();
        for (offer, words) in Offer::ALL.into_iter().zip(given) {
            let Some(words) = words else { continue };
            let span = words.span();
            let known = offer.placeholders();
            let mut found: Vec<String> = Vec::new();
            for word in words.as_ref() {
                let names = placeholders(word.as_ref());
                if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
                    let known = known.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(" ");
                    return wrong(
                        word.span(),
                        format!("unknown placeholder {{{unknown}}}, this option has only {known}"),
                    );
                }
                found.extend(names.into_iter().map(str::to_owned));
            }
            let words = plain_words(words, offer.key())?;
            if let Some(missing) = offer.needed().iter().find(|needed| !found.iter().any(|name| name == *needed)) {
                return wrong(span, format!("the words of `{offer}` must hold {{{missing}}} exactly once"));
            }
            if let Some(twice) = known.iter().find(|known| found.iter().filter(|name| name == *known).count() > 1) {
                return wrong(span, format!("the words of `{offer}` must hold {{{twice}}} exactly once"));
            }
            offers.insert(offer, words);
        }
        Ok(offers)
    }
}

impl RawPolicy {
    fn checked(self) -> Result<BTreeSet<Policy>, Wrong> {
        let given = [
            self.init,
            self.inherits_descriptors,
            self.rootless,
            self.outlives_runtime,
            self.keeps_signals,
            self.own_statuses,
            self.needs_image_programs,
        ];
        let mut declared = BTreeSet::new();
        for (policy, value) in Policy::ALL.into_iter().zip(given) {
            let Some(value) = value else { continue };
            if !value.as_ref() {
                return wrong(
                    value.span(),
                    format!("`{policy}` can only be declared, as true: what is not declared is expected otherwise"),
                );
            }
            declared.insert(policy);
        }
        Ok(declared)
    }
}

fn plain_words(words: Words, key: &str) -> Result<Vec<String>, Wrong> {
    let span = words.span();
    let words: Vec<String> = words.into_inner().into_iter().map(Spanned::into_inner).collect();
    match words.first() {
        None => wrong(span, format!("`{key}` holds no words")),
        Some(first) if first.is_empty() => wrong(span, format!("the first word of `{key}` is empty")),
        Some(_) => Ok(words),
    }
}

/// That it holds no placeholders but `known`.
fn only(word: &Spanned<String>, known: &[&str]) -> Result<(), Wrong> {
    match placeholders(word.as_ref()).into_iter().find(|name| !known.contains(name)) {
        Some(name) => {
            let known = known.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(" ");
            wrong(word.span(), format!("unknown placeholder {{{name}}}, expected one of {known}"))
        }
        None => Ok(()),
    }
}

/// Checks the words of adapter "oci".
fn before_verb(command: Words) -> Result<Vec<String>, Wrong> {
    let span = command.span();
    for word in command.as_ref() {
        only(word, &["program", "workdir", "state"])?;
    }
    if !command.as_ref().iter().any(|word| placeholders(word.as_ref()).contains(&"program")) {
        return wrong(span, "`command` does not run {program}, which is what is examined");
    }
    plain_words(command, "command")
}

/// Checks the template of adapter "command".
fn template(command: Words, has_offers: bool) -> Result<Vec<String>, Wrong> {
    const KNOWN: [&str; 6] = ["program", "rootfs", "workdir", "id", "options", "argv"];
    let span = command.span();
    let mut counts = BTreeMap::new();
    for (number, word) in command.as_ref().iter().enumerate() {
        only(word, &KNOWN)?;
        for name in placeholders(word.as_ref()) {
            let whole_word = matches!(name, "argv" | "options");
            if whole_word && *word.as_ref() != format!("{{{name}}}") {
                return wrong(
                    word.span(),
                    format!("{{{name}}} expands to several words: it must be a word of its own"),
                );
            }
            if whole_word && number == 0 {
                return wrong(word.span(), format!("{{{name}}} cannot be the program that is run"));
            }
            *counts.entry(name.to_owned()).or_insert(0) += 1;
        }
    }
    let count = |name: &str| counts.get(name).copied().unwrap_or(0);
    if count("argv") != 1 {
        return wrong(span, "`command` must hold \"{argv}\", the command to run in the container, exactly once");
    }
    if count("program") == 0 {
        return wrong(span, "`command` does not run {program}, which is what is examined");
    }
    if count("options") > 1 {
        return wrong(span, "`command` holds \"{options}\" more than once");
    }
    if has_offers && count("options") == 0 {
        return wrong(span, "[offers] names options: `command` must say where they go with the word \"{options}\"");
    }
    plain_words(command, "command")
}

/// One piece of a word.
enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// Takes a word apart. `{name}` of lower-case letters is a placeholder, `{{name}}` is the text `{name}`, and any other
/// brace is text.
fn pieces(word: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while let Some(open) = rest.find('{') {
        let after = &rest[open + 1..];
        let (text, doubled) = match after.strip_prefix('{') {
            Some(inner) => (inner, true),
            None => (after, false),
        };
        let length = text.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(text.len());
        let (name, behind) = text.split_at(length);
        let closing = if doubled { "}}" } else { "}" };
        let Some(behind) = behind.strip_prefix(closing).filter(|_| !name.is_empty()) else {
            pieces.push(Piece::Text(&rest[..=open]));
            rest = after;
            continue;
        };
        pieces.push(Piece::Text(&rest[..open]));
        // The doubled form keeps its inner braces: they are the bytes just before and after the name.
        let start = rest.len() - text.len();
        pieces.push(if doubled { Piece::Text(&rest[start - 1..=start + length]) } else { Piece::Placeholder(name) });
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn placeholders(word: &str) -> Vec<&str> {
    let name = |piece| match piece {
        Piece::Placeholder(name) => Some(name),
        Piece::Text(_) => None,
    };
    pieces(word).into_iter().filter_map(name).collect()
}

/// The word with its placeholders replaced. Paths need not be UTF-8, so this is put together from pieces.
fn filled(word: &str, values: &[(&str, &OsStr)]) -> OsString {
    let mut filled = OsString::new();
    for piece in pieces(word) {
        match piece {
            Piece::Text(text) => filled.push(text),
            Piece::Placeholder(name) => {
                let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
                filled.push(value.copied().unwrap_or_default());
            }
        }
    }
    filled
}

#[cfg(test)]
mod tests;
