//! A new migration: a folder named by the time and by what it does, with an `up.sql` and a `down.sql` to be filled in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use time::{OffsetDateTime, macros::format_description};

/// The longest name; folders are listed, not read.
const MAX_NAME: usize = 60;

/// Makes the migration that `message` describes in `folder`, behind all that are there.
pub(super) fn make(folder: &Path, message: &str) -> anyhow::Result<PathBuf> {
    ensure!(
        folder.is_dir(),
        "{} is no folder: run this in the repository, or name the migrations by --folder",
        folder.display()
    );
    let time = OffsetDateTime::now_utc().format(format_description!(
        "[year]-[month]-[day]-[hour][minute][second]"
    ))?;
    let made = folder.join(format!("{time}_{}", name(message)?));
    fs::create_dir(&made).with_context(|| format!("making {}", made.display()))?;
    let first_line = message.lines().next().unwrap_or_default().trim();
    for (file, way) in [("up.sql", ""), ("down.sql", "The way back from: ")] {
        fs::write(made.join(file), format!("-- {way}{first_line}\n"))?;
    }
    Ok(made)
}

/// The words of a message as a name.
fn name(message: &str) -> anyhow::Result<String> {
    let words = message
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let name = words
        .map(str::to_ascii_lowercase)
        .collect::<Vec<_>>()
        .join("_");
    if name.is_empty() || name.len() > MAX_NAME {
        bail!("the message must have words of a-z and 0-9, at most {MAX_NAME} characters of them");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_folder_with_both_ways() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let made =
            make(folder.path(), "Give chats a colour: \"red\"").expect("it is a fine message");
        let name = made
            .file_name()
            .and_then(|name| name.to_str())
            .expect("it has a name");
        assert!(name.ends_with("_give_chats_a_colour_red"), "{name}");
        let up = fs::read_to_string(made.join("up.sql")).expect("it is there");
        assert_eq!(up, "-- Give chats a colour: \"red\"\n");
        assert!(made.join("down.sql").is_file());
        assert!(make(folder.path(), "цвет").is_err() && make(&made.join("nowhere"), "x").is_err());
    }
}
