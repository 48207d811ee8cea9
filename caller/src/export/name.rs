//! Names of the files of an export: whatever a picture was called, its name is a plain one on every system, lies in the
//! export's own folder, and is taken by no other.

use contract::metadata::v1::{Image, Turn};

/// How much of a picture's own name is kept, in bytes; with what stands before it, below the 255 that file systems take.
const MAX_NAME: usize = 120;

/// The name of a turn's picture: `images/{seq}_{place}_{name}`.
pub(super) fn picture(turn: &Turn, index: usize, image: &Image) -> String {
    let seq = turn.message.as_ref().map_or(0, |m| m.seq);
    format!(
        "images/{seq:04}_{:02}_{}",
        index + 1,
        plain(&image.image_name)
    )
}

/// The name of the chat's document: `documents/{name}`.
pub(super) fn document(name: &str) -> String {
    format!("documents/{}", plain(name))
}

/// Letters and digits of any script, `-`, `_`, and dots between them; its end is kept, because it tells the type.
fn plain(name: &str) -> String {
    let keep = |c: char| {
        if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') {
            c
        } else {
            '_'
        }
    };
    let mut plain: String = name.chars().map(keep).collect();
    while plain.contains("..") {
        plain = plain.replace("..", "_");
    }
    let plain = plain.trim_matches('.');
    let mut begin = plain.len().saturating_sub(MAX_NAME);
    while !plain.is_char_boundary(begin) {
        begin += 1;
    }
    if plain.is_empty() {
        "file"
    } else {
        &plain[begin..]
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_the_folder_or_breaks_a_link() {
        let long = "ж".repeat(500) + ".png";
        let hostile = [
            "../../etc/passwd",
            "..",
            "a/../../b.png",
            "C:\\windows\\x.png",
            "\u{202e}gnp.exe",
            "a](javascript:x).png",
            "x\0y\n.png",
            ".htaccess",
            "",
            &long,
        ];
        for image_name in hostile {
            let image = Image {
                image_name: image_name.into(),
                ..Default::default()
            };
            let name = picture(&Turn::default(), 0, &image);
            let file = name.strip_prefix("images/0000_01_").expect(image_name);
            assert!(!file.is_empty() && file.len() <= MAX_NAME, "{name}");
            assert!(
                !file.contains("..")
                    && !file.contains(['/', '\\', ':', '(', ')', '\0', '\u{202e}']),
                "{name}"
            );
        }
        assert_eq!(document("../x.pdf"), "documents/__x.pdf");
    }

    #[test]
    fn cyrillic_and_the_ending_are_kept() {
        let image = Image {
            image_name: "Лист 1 (план).png".into(),
            ..Default::default()
        };
        assert_eq!(
            picture(&Turn::default(), 1, &image),
            "images/0000_02_Лист_1__план_.png"
        );
    }
}
