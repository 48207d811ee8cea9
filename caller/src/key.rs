//! Keys that flows store under. They are made here and not by `NewKey`, because a rerun of a flow must come to the same key:
//! a name, and a mark that the flow's request id and the attempt decide.

use contract::id::Uuid;
use prost_types::Timestamp;

use crate::attempt::Attempt;

/// How much of a file's name goes into a key, in bytes.
const MAX_STEM: usize = 100;
const MAX_EXTENSION: usize = 16;
/// How many hexadecimal digits tell two files of one name apart.
const MARK_DIGITS: usize = 12;

/// The key of a chat's document: `chats/{chat}/documents/{stem}_{mark}.{ext}`.
pub(crate) fn document(chat: Uuid, attempt: Attempt, name: &str) -> String {
    format!("chats/{chat}/documents/{}", file(name, attempt, "document"))
}

/// The key of the `index`-th picture of a turn: `chats/{chat}/images/{stem}_{mark}.{ext}`.
pub(crate) fn image(chat: Uuid, attempt: Attempt, index: usize, name: &str) -> String {
    let mark_of = format!("image {index}");
    format!("chats/{chat}/images/{}", file(name, attempt, &mark_of))
}

/// Whether blob-svc takes it as the name of an object.
pub(crate) fn is_key(name: &str) -> bool {
    contract::key::judge(name).is_ok()
}

fn file(name: &str, attempt: Attempt, mark_of: &str) -> String {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if is_extension(extension) => {
            (stem, format!(".{}", extension.to_ascii_lowercase()))
        }
        _ => (name, String::new()),
    };
    let time = time_of(attempt.flow())
        .map(|t| format!("{t}_"))
        .unwrap_or_default();
    let mut mark = attempt.id(mark_of).simple().to_string();
    mark.truncate(MARK_DIGITS);
    format!("{}_{time}{mark}{extension}", ascii(stem))
}

fn is_extension(text: &str) -> bool {
    (1..=MAX_EXTENSION).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// What a key may hold of a name: runs of everything else become one `_`.
fn ascii(stem: &str) -> String {
    let mut kept = String::new();
    for c in stem.chars() {
        if c.is_ascii_alphanumeric() || c == '-' {
            kept.push(c);
        } else if !kept.ends_with('_') {
            kept.push('_');
        }
    }
    kept.truncate(MAX_STEM);
    let kept = kept.trim_matches(['_', '-']);
    if kept.is_empty() { "file" } else { kept }.to_owned()
}

/// The second in which a request id of version 7 was made, for people who look into the bucket.
fn time_of(request_id: Uuid) -> Option<String> {
    let (seconds, _) = request_id.get_timestamp()?.to_unix();
    let seconds = i64::try_from(seconds).ok()?;
    let time = Timestamp { seconds, nanos: 0 }.to_string();
    Some(time.trim_matches(['+', 'Z']).replace(':', "-"))
}

#[cfg(test)]
mod tests {
    use contract::status::KEY_USED_UP;

    use super::*;
    use crate::Error;

    const V7: &str = "0193d8f0-5f00-7000-8000-000000000001";

    fn id(text: &str) -> Uuid {
        text.parse().expect("a UUID")
    }

    fn first(request_id: Uuid) -> Attempt {
        Attempt::first(request_id)
    }

    #[test]
    fn keys_of_a_first_attempt_stay_what_they_are_and_those_of_a_second_differ() {
        let attempt = first(id(V7));
        let (document, image) = (
            document(id(V7), attempt, "plan.pdf"),
            image(id(V7), attempt, 1, "x.png"),
        );
        let used_up = contract::status::failed_precondition(KEY_USED_UP, "k", "is used up");
        let second = attempt.behind(&Error::at("CreateChat")(used_up));
        let second = second.expect("there is another attempt");
        assert_ne!(super::document(id(V7), second, "plan.pdf"), document);
        assert_ne!(super::image(id(V7), second, 1, "x.png"), image);
        // Written down: a flow that began before an upgrade is finished behind it.
        assert_eq!(
            document,
            format!("chats/{V7}/documents/plan_2024-12-18T08-44-11_2fe4a047ea43.pdf")
        );
        assert_eq!(
            image,
            format!("chats/{V7}/images/x_2024-12-18T08-44-11_4685bfcacdf6.png")
        );
    }

    #[test]
    fn a_rerun_comes_to_the_same_key_and_another_request_or_picture_to_another() {
        let chat = id(V7);
        let (a, b) = (first(Uuid::from_u128(1)), first(Uuid::from_u128(2)));
        assert_eq!(document(chat, a, "x.pdf"), document(chat, a, "x.pdf"));
        assert_ne!(document(chat, a, "x.pdf"), document(chat, b, "x.pdf"));
        assert_ne!(image(chat, a, 0, "x.png"), image(chat, a, 1, "x.png"));
    }

    #[test]
    fn a_key_tells_the_name_and_the_time_of_a_version_7_request() {
        let key = document(id(V7), first(id(V7)), "document.PDF");
        let (folder, file) = key.rsplit_once('/').expect("a key has folders");
        assert_eq!(folder, format!("chats/{V7}/documents"));
        assert!(file.starts_with("document_2024-12-18T"), "{file}");
        assert!(file.ends_with(".pdf"), "{file}");
    }

    #[test]
    fn any_name_makes_a_key_that_the_store_takes() {
        let long = "a".repeat(5_000);
        let names = [
            "Насосная станция НС-1.pdf",
            "../../etc/passwd",
            "C:\\x\\..\\y.png",
            "..",
            ".",
            "",
            ".hidden",
            "a//b",
            "name.tar.gz",
            "x.длинное",
            "\0\n\t",
            &long,
        ];
        for name in names {
            let key = document(Uuid::max(), first(Uuid::max()), name);
            assert_eq!(contract::key::judge(&key), Ok(()), "{name:?} made {key}");
            assert!(key.len() <= 512, "{name:?} made {key}");
        }
    }
}
