//! The kernel's description of its own types (Documentation/bpf/btf.rst), as far as guards need it: the number of a
//! function, and where in a structure a member lies.

/// A description, whole.
pub(super) struct Btf<'a> {
    types: &'a [u8],
    strings: &'a [u8],
}

/// One type, with what follows its head.
struct Type<'a> {
    id: u32,
    name: u32,
    kind: u32,
    rest: &'a [u8],
}

const STRUCT: u32 = 4;
const FUNC: u32 = 12;
/// A head: name, kind with counts, size.
const HEAD: usize = 12;
/// A member of a structure: name, type, offset in bits.
const MEMBER: usize = 12;

impl<'a> Btf<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        const MAGIC: u32 = 0xeb9f;
        let length = number(bytes, 4)? as usize;
        let part = |offset, length_at| {
            let start = length.checked_add(number(bytes, offset)? as usize)?;
            bytes.get(start..start.checked_add(number(bytes, length_at)? as usize)?)
        };
        (number(bytes, 0)? & 0xffff == MAGIC).then_some(())?;
        Some(Self { types: part(8, 12)?, strings: part(16, 20)? })
    }

    /// The numbers of functions, in the order asked for.
    pub(super) fn functions<const N: usize>(&self, names: [&str; N]) -> [Option<u32>; N] {
        let mut found = [None; N];
        for function in self.iter().filter(|found| found.kind == FUNC) {
            if let Some(at) = names.iter().position(|name| self.is(function.name, name)) {
                found[at] = Some(function.id);
            }
        }
        found
    }

    /// Where members of structures lie, in bytes: `("file", "f_inode")`.
    pub(super) fn offsets<const N: usize>(&self, members: [(&str, &str); N]) -> [Option<i16>; N] {
        let mut found = [None; N];
        for structure in self.iter().filter(|found| found.kind == STRUCT) {
            for (at, (name, member)) in members.iter().enumerate() {
                if self.is(structure.name, name) {
                    found[at] = found[at].or_else(|| self.offset(&structure, member));
                }
            }
        }
        found
    }

    fn offset(&self, structure: &Type<'_>, member: &str) -> Option<i16> {
        let found = structure
            .rest
            .chunks_exact(MEMBER)
            .find(|found| number(found, 0).is_some_and(|name| self.is(name, member)))?;
        i16::try_from(number(found, 8)? / 8).ok()
    }

    fn is(&self, name: u32, text: &str) -> bool {
        let rest = self.strings.get(name as usize..).unwrap_or_default();
        rest.strip_prefix(text.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
    }

    fn iter(&self) -> impl Iterator<Item = Type<'a>> {
        let (mut rest, mut id) = (self.types, 0);
        std::iter::from_fn(move || {
            let (name, info) = (number(rest, 0)?, number(rest, 4)?);
            let (kind, count) = (info >> 24 & 0x1f, (info & 0xffff) as usize);
            let follows = match kind {
                1 | 14 | 17 => 4,
                3 => 12,
                6 | 13 => count * 8,
                4 | 5 | 15 | 19 => count * MEMBER,
                _ => 0,
            };
            let this = rest.get(HEAD..HEAD + follows)?;
            rest = &rest[HEAD + follows..];
            id += 1;
            Some(Type { id, name, kind, rest: this })
        })
    }
}

/// The kernel writes it in the machine's own order.
fn number(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(offset..offset.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `int`, `struct pair { int first; int second; }`, and a function.
    fn description() -> Vec<u8> {
        let strings = b"\0int\0pair\0first\0second\0look\0";
        let types: [u32; 19] =
            [1, 1 << 24, 4, 32, 5, 4 << 24 | 2, 8, 10, 1, 0, 16, 1, 32, 23, 12 << 24, 9, 0, 2 << 24, 1];
        let types: Vec<u8> = types.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let head = [0x01_eb9f, 24, 0, types.len() as u32, types.len() as u32, strings.len() as u32];
        let head = head.iter().flat_map(|word| word.to_ne_bytes());
        head.chain(types).chain(strings.iter().copied()).collect()
    }

    #[test]
    fn functions_and_members_are_found() {
        let bytes = description();
        let btf = Btf::parse(&bytes).expect("a description");
        assert_eq!(btf.functions(["look", "loo", "pair"]), [Some(3), None, None]);
        let asked = [("pair", "second"), ("pair", "first"), ("pair", "third"), ("look", "first")];
        assert_eq!(btf.offsets(asked), [Some(4), Some(0), None, None]);
    }

    #[test]
    fn what_is_cut_short_is_no_description() {
        let bytes = description();
        for length in 0..bytes.len() {
            assert!(Btf::parse(&bytes[..length]).is_none(), "{length}");
        }
        assert!(Btf::parse(&[0; 64]).is_none());
    }
}
