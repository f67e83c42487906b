//! Whom an emergency shall hit, as operators write it: checked whole before anything is sent.

use crate::cli::Misused;
use crate::file;
use crypto::execution::{Address, ModuleName};
use crypto::spec::{BlsPubkey, ValidatorIndex};
use guardian_core::emergency::MAX_TARGETS;
use guardian_core::request::{Selection, ValidatorName};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Under which heading help shows these flags.
const WHOM: &str = "Whom";

/// Longest piece of an entry that is shown.
const SHOWN: usize = 40;

#[derive(Debug, clap::Args)]
#[group(id = "chosen", required = true, multiple = false)]
pub(super) struct Chosen {
    /// Validators by index, range of indices or public key, such as 1,2,7-9,0x8f3c...
    #[arg(long, value_name = "LIST", help_heading = WHOM)]
    validators: Option<String>,
    /// The same from a file, one entry a line; `#` begins a comment
    #[arg(long, value_name = "FILE", help_heading = WHOM)]
    validators_file: Option<PathBuf>,
    /// All validators of this node operator that are on duty and not leaving
    #[arg(long, value_name = "ADDRESS", help_heading = WHOM)]
    of_operator: Option<Address>,
    /// All validators of this module that are on duty and not leaving: its name, or its 32 bytes in hex
    #[arg(long, value_name = "MODULE", value_parser = module, help_heading = WHOM)]
    module: Option<ModuleName>,
}

impl Chosen {
    /// The selection.
    ///
    /// # Errors
    /// The first entry that is none, is there twice, or is one too many; a file that cannot be read.
    pub(super) fn selection(&self) -> anyhow::Result<Selection> {
        let mut list = List::default();
        match (&self.validators, &self.validators_file, self.of_operator, self.module) {
            (Some(text), ..) => {
                for (number, entry) in (1..).zip(text.split(',')) {
                    list.add(entry.trim(), || format!("--validators, entry {number}"))?;
                }
            }
            (None, Some(path), ..) => list.read(path)?,
            (None, None, Some(operator), _) => return Ok(Selection::Operator(operator)),
            (None, None, None, Some(module)) => return Ok(Selection::Module(module)),
            // clap asks for one of them.
            (None, None, None, None) => {
                return Err(Misused(
                    "say whom: --validators, --validators-file, --of-operator or --module".to_owned(),
                )
                .into());
            }
        }
        Ok(Selection::Validators(list.names))
    }
}

/// Validators named so far, with the place of each.
#[derive(Default)]
struct List {
    names: Vec<ValidatorName>,
    places: BTreeMap<ValidatorName, String>,
}

impl List {
    fn read(&mut self, path: &Path) -> anyhow::Result<()> {
        let text = file::read_text(path, "list of validators")?;
        for (number, line) in (1..).zip(text.lines()) {
            let entry = line.split('#').next().unwrap_or_default().trim();
            if !entry.is_empty() {
                self.add(entry, || format!("{}:{number}", path.display()))?;
            }
        }
        if self.names.is_empty() {
            return Err(Misused(format!("{} names no validator; write one a line", path.display())).into());
        }
        Ok(())
    }

    /// One entry: an index, a range of indices, or a key.
    fn add(&mut self, entry: &str, place: impl Fn() -> String) -> anyhow::Result<()> {
        let shown = || entry.chars().take(SHOWN).collect::<String>();
        let none = |problem: &str| Misused(format!("{}: `{}` {problem}", place(), shown()));
        let index = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| digits)
        };
        if entry.starts_with("0x") {
            let key = entry.parse::<BlsPubkey>();
            let key = key.map_err(|_| none("is no public key: that is 0x and 96 hexadecimal digits"))?;
            return self.push(ValidatorName::Pubkey(key), place());
        }
        if let Some((first, last)) = entry.split_once('-') {
            let (Some(first), Some(last)) = (index(first.trim()), index(last.trim())) else {
                return Err(none("is no range of indices: write it like 7-9").into());
            };
            if last < first {
                return Err(none("ends before it begins").into());
            }
            let room = u64::try_from(MAX_TARGETS.saturating_sub(self.names.len())).unwrap_or(0);
            if last - first >= room {
                return Err(none(&format!(
                    "makes more than {MAX_TARGETS} validators; raise several emergencies"
                ))
                .into());
            }
            return (first..=last)
                .try_for_each(|index| self.push(ValidatorName::Index(ValidatorIndex(index)), place()));
        }
        match index(entry) {
            Some(index) => self.push(ValidatorName::Index(ValidatorIndex(index)), place()),
            None => Err(none("is neither an index, nor a range such as 7-9, nor a public key").into()),
        }
    }

    fn push(&mut self, name: ValidatorName, place: String) -> anyhow::Result<()> {
        if let Some(first) = self.places.get(&name) {
            return Err(Misused(format!(
                "{place}: validator {name} is there twice, first in {first}; name it once"
            ))
            .into());
        }
        if self.names.len() >= MAX_TARGETS {
            return Err(Misused(format!(
                "{place}: validator {name} is one too many: an emergency names at most {MAX_TARGETS}; raise several"
            ))
            .into());
        }
        self.places.insert(name, place);
        self.names.push(name);
        Ok(())
    }
}

/// Reads the name of a module: 32 bytes in hex, or text that is padded with zeros.
fn module(text: &str) -> Result<ModuleName, String> {
    if text.starts_with("0x") {
        return text.parse().map_err(|_| "a module in hex is 0x and 64 hexadecimal digits".to_owned());
    }
    let mut name = [0; ModuleName::LEN];
    match name.get_mut(..text.len()) {
        Some(place) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            place.copy_from_slice(text.as_bytes());
            Ok(ModuleName(name))
        }
        _ => Err("a module is 1 to 32 printable characters, or 0x and 64 hexadecimal digits".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<ValidatorName>, String> {
        let chosen = Chosen {
            validators: Some(text.to_owned()),
            validators_file: None,
            of_operator: None,
            module: None,
        };
        match chosen.selection() {
            Ok(Selection::Validators(names)) => Ok(names),
            Ok(other) => panic!("{other:?}"),
            Err(problem) => Err(problem.to_string()),
        }
    }

    #[test]
    fn indices_ranges_and_keys_stay_in_order() {
        let key = BlsPubkey([0x8f; 48]);
        let index = |index| ValidatorName::Index(ValidatorIndex(index));
        let expected = vec![index(9), index(2), index(3), index(4), ValidatorName::Pubkey(key), index(0)];
        assert_eq!(read(&format!("9, 2-4,{key},0")), Ok(expected));
        assert_eq!(read("0-1023").unwrap().len(), MAX_TARGETS);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let key = BlsPubkey([0x8f; 48]);
        for (text, expected) in [
            ("1,two", "entry 2: `two` is neither"),
            ("1,,2", "entry 2: `` is neither"),
            ("", "entry 1: `` is neither"),
            ("+1", "`+1` is neither"),
            ("1,0x8f", "entry 2: `0x8f` is no public key"),
            ("9-7", "`9-7` ends before it begins"),
            ("7-", "`7-` is no range"),
            ("-7", "`-7` is no range"),
            ("1-2-3", "`1-2-3` is no range"),
            ("3,1-5", "validator 3 is there twice, first in --validators, entry 1"),
            ("0-1023,2000", "validator 2000 is one too many: an emergency names at most 1024"),
            ("5,6-1029", "`6-1029` makes more than 1024 validators"),
            ("0-18446744073709551615", "makes more than 1024"),
            ("18446744073709551616", "is neither"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(expected), "{text}: {refused}");
        }
        let refused = read(&format!("{key},{key}")).unwrap_err();
        assert!(refused.contains("entry 2") && refused.contains("is there twice"), "{refused}");
    }

    #[test]
    fn modules_are_text_or_bytes() {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(b"POOL");
        assert_eq!(module("POOL"), Ok(ModuleName(bytes)));
        assert_eq!(module(&ModuleName(bytes).to_string()), Ok(ModuleName(bytes)));
        for text in ["", "0x12", "two words", &"x".repeat(33)] {
            assert!(module(text).is_err(), "{text}");
        }
    }
}
