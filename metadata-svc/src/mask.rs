//! Update masks: which fields an update changes (AIP-134, AIP-161).

use contract::Violations;
use prost_types::FieldMask;

/// Every field.
const ALL: &str = "*";

/// Judges `update_mask` against the fields that may change, each with whether the request's message has it set. Tells of
/// each whether it is named; without a mask, or with an empty one, those that are set are.
pub(crate) fn named<const N: usize>(
    v: &mut Violations,
    mask: Option<FieldMask>,
    fields: [(&str, bool); N],
) -> [bool; N] {
    let paths = mask.unwrap_or_default().paths;
    let is_known = |path: &&String| *path == ALL || fields.iter().any(|(field, _)| field == path);
    if let Some(unknown) = paths.iter().find(|path| !is_known(path)) {
        let names = fields.map(|(field, _)| field).join(", ");
        let shown: String = unknown.chars().take(64).collect();
        v.add(
            "update_mask",
            format!("must name {names} or *, and names {shown:?}"),
        );
    }
    fields.map(|(field, is_set)| names(&paths, field, is_set))
}

/// Whether a mask of these paths names a field; an empty one does when the field is set.
pub(crate) fn names(paths: &[String], field: &str, is_set: bool) -> bool {
    match paths {
        [] => is_set,
        paths => paths.iter().any(|path| path == field || path == ALL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(paths: &[&str]) -> Result<[bool; 2], Violations> {
        let mut v = Violations::default();
        let paths = paths.iter().map(ToString::to_string).collect();
        let named = named(
            &mut v,
            Some(FieldMask { paths }),
            [("title", true), ("metadata", false)],
        );
        v.accept(Some(named))
    }

    #[test]
    fn an_empty_mask_names_what_is_set_and_a_star_names_all() {
        assert_eq!(of(&[]).expect("fine"), [true, false]);
        assert_eq!(of(&["*"]).expect("fine"), [true, true]);
        assert_eq!(of(&["metadata"]).expect("fine"), [false, true]);
        assert_eq!(of(&["title", "title"]).expect("fine"), [true, false]);
    }

    #[test]
    fn an_unknown_path_is_refused_beside_known_ones_too() {
        for paths in [&["user_id"][..], &["title", "document.key"], &["*", ""]] {
            let violations = of(paths).expect_err("unknown");
            assert_eq!(violations.fields(), ["update_mask"], "{paths:?}");
        }
    }
}
