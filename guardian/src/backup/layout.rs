//! `guardian.toml` for the restored directory: its paths set, everything else as the operator wrote it.

use super::places::{CUSTODY, DATA, IDENTITY, NETWORK};
use crate::{Error, config};
use serde::Deserialize;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

/// The paths of a configuration and where they stand.
#[derive(Deserialize)]
struct Paths {
    network: Spanned<String>,
    data_dir: Option<Spanned<String>>,
    keys: KeyPaths,
    admin: Option<AdminPath>,
}

#[derive(Deserialize)]
struct KeyPaths {
    identity: Spanned<String>,
    custody: Spanned<String>,
    password_file: Option<Spanned<String>>,
}

#[derive(Deserialize)]
struct AdminPath {
    socket: Option<Spanned<String>>,
}

/// A configuration with its new paths.
pub(super) struct Laid {
    pub(super) text: String,
    /// What is otherwise than it was, for people.
    pub(super) notes: Vec<String>,
}

/// Lays out `text`, the configuration that the backup has. `password_file` is an absolute path.
///
/// # Errors
/// [`Error::Document`], calling it `path`.
pub(super) fn lay_out(path: &Path, text: &str, password_file: Option<&str>) -> Result<Laid, Error> {
    let paths: Paths = config::parse(path, text)?;
    let mut notes = Vec::new();
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut set = |at: &Spanned<String>, value: &str| edits.push((at.span(), quoted(value)));
    set(&paths.network, NETWORK);
    set(&paths.keys.identity, IDENTITY);
    set(&paths.keys.custody, CUSTODY);
    if let Some(data_dir) = &paths.data_dir {
        set(data_dir, DATA);
    }
    if let Some(socket) = paths.admin.and_then(|admin| admin.socket)
        && socket.get_ref() != "data/admin.sock"
    {
        set(&socket, "data/admin.sock");
        notes.push(format!("[admin] socket was {}, it is data/admin.sock now", socket.get_ref()));
    }
    if let Some(old) = &paths.keys.password_file {
        match password_file {
            Some(new) => set(old, new),
            None => {
                notes.push(format!(
                    "keys.password_file was {}, which no backup holds: the password is asked for now; or put it into a \
                     file (mode 0600) and name it there",
                    old.get_ref()
                ));
                edits.push(forget(text, old.span()));
            }
        }
    }
    edits.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
    let mut text = text.to_owned();
    for (at, value) in edits {
        if text.get(at.clone()).is_some() {
            text.replace_range(at, &value);
        }
    }
    Ok(Laid { text, notes })
}

/// Takes a key out: its line becomes a remark, or, in a table that stands in one line, it goes with the comma before or
/// after it.
fn forget(text: &str, value: Range<usize>) -> (Range<usize>, String) {
    let line = text[..value.start].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[line..value.start];
    if ["password_file", "keys.password_file"].iter().any(|key| before.trim_start().starts_with(key)) {
        return (line..line, "# ".to_owned());
    }
    let key = before.rfind("password_file").map_or(value.start, |at| line + at);
    let rest = &text[value.end..];
    let gap = rest.len() - rest.trim_start().len();
    if rest.trim_start().starts_with(',') {
        return (key..value.end + gap + 1, String::new());
    }
    let start = text[..key].trim_end().strip_suffix(',').map_or(key, str::len);
    (start..value.end, String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(text: &str, password_file: Option<&str>) -> Laid {
        lay_out(Path::new("guardian.toml"), text, password_file).unwrap()
    }

    #[test]
    fn paths_are_set_and_everything_else_stays() {
        let text = "# mine\nnetwork = '/etc/n.toml' # theirs\ndata_dir = \"/var/x\"\nhttp = { listen = \"127.0.0.1:1\" }\n\
                    [keys]\nidentity = \"../i\"\ncustody = \"c\"\n  password_file = \"pw\"\n[admin]\nsocket = \"/run/a\"\n";
        let Laid { text: laid_out, notes } = laid(text, Some("/root/p\"w"));
        assert_eq!(
            laid_out,
            "# mine\nnetwork = \"network.toml\" # theirs\ndata_dir = \"data\"\nhttp = { listen = \"127.0.0.1:1\" }\n\
             [keys]\nidentity = \"identity.json\"\ncustody = \"custody.json\"\n  password_file = '/root/p\"w'\n[admin]\n\
             socket = \"data/admin.sock\"\n"
        );
        assert_eq!(notes.len(), 1, "{notes:?}");
        let Laid { text: forgotten, notes } = laid(text, None);
        assert!(forgotten.contains("\n#   password_file = \"pw\"\n[admin]"), "{forgotten}");
        assert!(notes[1].contains("was pw"), "{notes:?}");
    }

    #[test]
    fn a_password_file_in_a_table_of_one_line_goes_too() {
        for keys in [
            "{ identity = \"i\", custody = \"c\", password_file = \"p\" }",
            "{ identity = \"i\", password_file = \"p\" , custody = \"c\" }",
            "{ password_file = \"p\", identity = \"i\", custody = \"c\" }",
        ] {
            let Laid { text, .. } = laid(&format!("network = \"n\"\nkeys = {keys}\n"), None);
            let paths: Paths = toml::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
            assert!(paths.keys.password_file.is_none(), "{text}");
            assert_eq!(paths.keys.custody.get_ref(), "custody.json");
        }
    }
}
