//! Who the command runs as: numbers, or names that are looked up in the *container's* /etc/passwd and /etc/group.

use std::fs;

use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use crate::error::{Context, Error, Result};

/// A user as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    pub uid: Id,
    /// `None`: the one that /etc/passwd gives the user, else 0.
    pub gid: Option<Id>,
    /// Beside the group. Whatever groups the runtime's caller is in, the container is not.
    pub groups: Vec<u32>,
    pub umask: Option<u32>,
}

/// A number, or a name that only the image can translate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id {
    Number(u32),
    Name(String),
}

impl Default for Id {
    fn default() -> Id {
        Id::Number(0)
    }
}

/// Reads `UID`, `NAME`, `UID:GID` or `NAME:GROUP`.
pub fn parse(word: &str) -> Option<User> {
    let id = |word: &str| match word.parse() {
        // The kernel takes the highest number for "do not change".
        Ok(u32::MAX) => None,
        Ok(number) => Some(Id::Number(number)),
        Err(_) if word.is_empty() || word.contains(|c: char| c.is_whitespace() || c.is_control()) => None,
        Err(_) if word.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') => None,
        Err(_) => Some(Id::Name(word.to_owned())),
    };
    let (user, group) = word.split_once(':').map_or((word, None), |(user, group)| (user, Some(group)));
    let gid = group.map(|group| id(group).ok_or(())).transpose().ok()?;
    Some(User { uid: id(user)?, gid, ..User::default() })
}

/// A user in numbers.
#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    gid: u32,
    groups: Vec<u32>,
    pub home: Option<String>,
}

impl User {
    /// Is this certainly root, before the image has been asked?
    pub fn is_root(&self) -> bool {
        self.uid == Id::Number(0) || self.uid == Id::Name("root".into())
    }

    /// Translates names by the files of what is `/` now. A number needs no entry there.
    pub fn look_up(&self) -> Result<Account> {
        self.find(&read("/etc/passwd"), &read("/etc/group"))
    }

    fn find(&self, passwd: &str, group: &str) -> Result<Account> {
        // NAME:password:UID:GID:comment:HOME:shell
        let entry = entry(passwd, &self.uid);
        let number = |place: usize| entry.as_ref()?.get(place)?.parse().ok();
        let uid = match &self.uid {
            Id::Number(uid) => *uid,
            Id::Name(name) => {
                number(2).ok_or_else(|| Error::new(format!("there is no user {name} in the image's /etc/passwd")))?
            }
        };
        let gid = match &self.gid {
            Some(Id::Number(gid)) => *gid,
            Some(Id::Name(name)) => self::entry(group, &Id::Name(name.clone()))
                .and_then(|entry| entry.get(2)?.parse().ok())
                .ok_or_else(|| Error::new(format!("there is no group {name} in the image's /etc/group")))?,
            None => number(3).unwrap_or(0),
        };
        let mut groups = self.groups.clone();
        // A user who is asked for by name, without a group, comes with all groups that name it.
        if let (Id::Name(name), None) = (&self.uid, &self.gid) {
            let member = |line: &&str| line.rsplit(':').next().is_some_and(|names| names.split(',').any(|n| n == name));
            groups.extend(group.lines().filter(member).filter_map(|line| line.split(':').nth(2)?.parse::<u32>().ok()));
        }
        let home = entry.as_ref().and_then(|entry| entry.get(5)).filter(|home| home.starts_with('/'));
        Ok(Account { uid, gid, groups, home: home.map(|home| (*home).to_owned()) })
    }
}

/// A file of the image's, which need not be there and need not be UTF-8: people's names are in it.
fn read(path: &str) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

fn entry<'a>(file: &'a str, id: &Id) -> Option<Vec<&'a str>> {
    let mut lines = file.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.find(|fields| match id {
        Id::Name(name) => fields[0] == name,
        Id::Number(number) => fields.get(2).and_then(|field| field.parse().ok()) == Some(*number),
    })
}

impl Account {
    /// Becomes this user. Groups first: whoever has given up root may no longer change them.
    pub fn assume(&self) -> Result<()> {
        let groups: Vec<Gid> = self.groups.iter().copied().map(Gid::from_raw).collect();
        // In a user namespace made without privileges nobody may: there the kernel wants the groups kept.
        let denied = || fs::read_to_string("/proc/self/setgroups").is_ok_and(|text| text.trim() == "deny");
        match setgroups(&groups) {
            Err(_) if groups.is_empty() && denied() => {}
            result => result.doing("set the supplementary groups")?,
        }
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        setresgid(gid, gid, gid).doing_with(|| format!("change to group {gid}"))?;
        setresuid(uid, uid, uid).doing_with(|| format!("change to user {uid}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nann:x:7:8:Ann:/home/ann:/bin/sh\n";
    const GROUP: &str = "root:x:0:\nstaff:x:50:bob,ann\nannex:x:51:joanna\n";

    #[rstest]
    #[case("7", 7, 8, &[])]
    #[case("7:9", 7, 9, &[])]
    #[case("1234", 1234, 0, &[])]
    #[case("ann", 7, 8, &[50])]
    #[case("ann:staff", 7, 50, &[])]
    fn users_are_looked_up(#[case] word: &str, #[case] uid: u32, #[case] gid: u32, #[case] groups: &[u32]) {
        let account = parse(word).unwrap().find(PASSWD, GROUP).unwrap();
        assert_eq!((account.uid, account.gid, account.groups.as_slice()), (uid, gid, groups));
    }

    #[rstest]
    #[case("eve", "no user eve")]
    #[case("ann:eves", "no group eves")]
    fn nobody_is_invented(#[case] word: &str, #[case] why: &str) {
        assert!(parse(word).unwrap().find(PASSWD, GROUP).unwrap_err().to_string().contains(why));
    }

    #[rstest]
    fn no_users(#[values("", ":", "1:", ":1", "-1", "4294967295", "4294967296", "a b", "1x")] word: &str) {
        assert_eq!(parse(word), None);
    }
}
