//! Ids: UUIDs, made by the services as version 7 (RFC 9562, section 5.7), so that they sort by the time they were made.

pub use uuid::Uuid;

/// Makes an id; ids made by one process sort in the order they were made.
#[must_use]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// Makes the id of the `step`-th thing that is done on behalf of `id`: the same input gives the same id, always.
///
/// A flow of several calls takes its request ids from its own this way, so that a rerun repeats each call and none twice.
#[must_use]
pub fn derived_id(id: Uuid, step: &str) -> Uuid {
    Uuid::new_v5(&id, step.as_bytes())
}

/// Reads an id in its 36-character form; the other forms of a UUID (braces, `urn:`, no hyphens) are refused, so that an id
/// has one spelling.
#[must_use]
pub fn parse_id(text: &str) -> Option<Uuid> {
    if text.len() == 36 {
        Uuid::try_parse(text).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let id = new_id();
        assert_eq!(parse_id(&id.to_string()), Some(id));
        for other in [
            id.simple().to_string(),
            id.braced().to_string(),
            id.urn().to_string(),
            String::new(),
        ] {
            assert_eq!(parse_id(&other), None, "{other}");
        }
    }

    #[test]
    fn ids_of_one_process_sort_in_the_order_they_were_made() {
        let ids: Vec<_> = (0..1_000).map(|_| new_id()).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn steps_of_a_flow_have_ids_that_stay_and_differ() {
        let flow = new_id();
        assert_eq!(derived_id(flow, "upload"), derived_id(flow, "upload"));
        assert_ne!(derived_id(flow, "upload"), derived_id(flow, "append"));
    }
}
