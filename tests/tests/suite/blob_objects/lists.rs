//! Lists: in the byte order of keys, a page at a time, folders folded.

use contract::blob::v1::{DeleteObjectRequest, ListObjectsRequest, ListObjectsResponse};

use crate::{
    blob::{BlobSvc, Objects, put, start},
    storage::on_each_object_store,
};
use tests::ObjectStore;

on_each_object_store![
    pages_of_any_size_neither_skip_nor_repeat_a_key,
    a_prefix_holds_the_keys_that_begin_with_it,
    a_delimiter_folds_what_lies_deeper_whatever_the_page_size,
    a_list_tells_size_etag_and_time_of_each_object,
    a_walk_goes_on_when_the_last_key_of_its_page_is_gone
];

/// In byte order.
const KEYS: [&str; 9] = [
    "A", "a", "a-b/1", "a.b", "a/1", "a/2/x", "a/2/y", "a/3", "b/2/z",
];

async fn filled(store: ObjectStore) -> (BlobSvc, Objects) {
    let (service, objects) = start(store).await;
    // SeaweedFS refuses an object where it has a folder of that name already, and takes them the other way round.
    let (short, long): (Vec<_>, Vec<_>) = KEYS.into_iter().rev().partition(|key| key.len() == 1);
    for key in short.into_iter().chain(long) {
        put(&objects, key, key.as_bytes()).await;
    }
    (service, objects)
}

/// Keys as a walk shows them: in the order of their bytes; SeaweedFS walks its folders, each in that order.
fn in_order<'a>(store: ObjectStore, keys: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut keys: Vec<_> = keys.into_iter().collect();
    match store {
        ObjectStore::Embedded => keys.sort(),
        ObjectStore::Seaweed => keys.sort_by_key(|key| key.split('/').collect::<Vec<_>>()),
    }
    keys
}

/// All pages of a list.
async fn pages(objects: &Objects, mut request: ListObjectsRequest) -> Vec<ListObjectsResponse> {
    let mut pages = Vec::new();
    loop {
        let page = objects
            .clone()
            .list_objects(request.clone())
            .await
            .expect("a page is answered")
            .into_inner();
        request.page_token = page.next_page_token.clone();
        pages.push(page);
        if request.page_token.is_empty() {
            return pages;
        }
        assert!(pages.len() < 100, "the walk ends");
    }
}

/// The keys and the folded prefixes of pages, in order of appearance.
fn names(pages: &[ListObjectsResponse]) -> (Vec<&str>, Vec<&str>) {
    let keys = pages
        .iter()
        .flat_map(|page| &page.objects)
        .map(|object| object.key.as_str());
    (
        keys.collect(),
        pages
            .iter()
            .flat_map(|page| &page.prefixes)
            .map(String::as_str)
            // SeaweedFS keeps the empty folder in which the service tried it.
            .filter(|prefix| *prefix != "uploads/")
            .collect(),
    )
}

fn list(prefix: &str, delimiter: &str, page_size: i32) -> ListObjectsRequest {
    ListObjectsRequest {
        prefix: prefix.to_owned(),
        delimiter: delimiter.to_owned(),
        page_size,
        ..Default::default()
    }
}

async fn pages_of_any_size_neither_skip_nor_repeat_a_key(store: ObjectStore) {
    let (_service, objects) = filled(store).await;
    for page_size in [0, 1, 2, 3, 8, 9, 10, 1_000, i32::MAX] {
        let pages = pages(&objects, list("", "", page_size)).await;
        assert_eq!(
            names(&pages),
            (in_order(store, KEYS), vec![]),
            "page_size {page_size}"
        );
        let size = if page_size == 0 {
            50
        } else {
            page_size as usize
        };
        assert!(pages.iter().all(|page| page.objects.len() <= size));
    }
}

async fn a_prefix_holds_the_keys_that_begin_with_it(store: ObjectStore) {
    let (_service, objects) = filled(store).await;
    for prefix in ["a", "a/", "a/2", "a/2/", "a/2/x", "b", "c", "a-"] {
        let expected = KEYS.into_iter().filter(|key| key.starts_with(prefix));
        let expected = in_order(store, expected);
        assert_eq!(
            names(&pages(&objects, list(prefix, "", 2)).await),
            (expected, vec![]),
            "{prefix}"
        );
    }
}

async fn a_delimiter_folds_what_lies_deeper_whatever_the_page_size(store: ObjectStore) {
    let (_service, objects) = filled(store).await;
    for page_size in [1, 2, 3, 1_000] {
        let top = pages(&objects, list("", "/", page_size)).await;
        assert_eq!(
            names(&top),
            (vec!["A", "a", "a.b"], in_order(store, ["a-b/", "a/", "b/"])),
            "page_size {page_size}"
        );
        let inside = pages(&objects, list("a/", "/", page_size)).await;
        assert_eq!(
            names(&inside),
            (vec!["a/1", "a/3"], vec!["a/2/"]),
            "page_size {page_size}"
        );
        let part = pages(&objects, list("a", "/", page_size)).await;
        assert_eq!(
            names(&part),
            (vec!["a", "a.b"], in_order(store, ["a-b/", "a/"])),
            "page_size {page_size}"
        );
        // To SeaweedFS the object `a` and the folder `a/` are one entry.
        let size = page_size as usize + usize::from(store == ObjectStore::Seaweed);
        assert!(
            top.iter()
                .all(|page| page.objects.len() + page.prefixes.len() <= size),
            "{top:?}"
        );
    }
}

async fn a_list_tells_size_etag_and_time_of_each_object(store: ObjectStore) {
    let (_service, objects) = filled(store).await;
    let pages = pages(&objects, list("", "", 0)).await;
    for object in pages.iter().flat_map(|page| &page.objects) {
        assert_eq!(object.size_bytes, object.key.len() as i64);
        assert!(
            !object.etag.is_empty() && object.create_time.is_some() && !object.bucket.is_empty(),
            "{object:?}"
        );
        assert!(
            object.sha256.is_empty()
                && object.content_type.is_empty()
                && object.original_name.is_empty()
        );
    }
}

async fn a_walk_goes_on_when_the_last_key_of_its_page_is_gone(store: ObjectStore) {
    let (_service, mut objects) = filled(store).await;
    let request = list("", "", 4);
    let first = objects
        .list_objects(request.clone())
        .await
        .expect("a page is answered")
        .into_inner();
    let keys = in_order(store, KEYS);
    for key in &keys[2..6] {
        let gone = DeleteObjectRequest {
            key: (*key).to_owned(),
            ..Default::default()
        };
        objects.delete_object(gone).await.expect("it is removed");
    }
    let rest = pages(
        &objects,
        ListObjectsRequest {
            page_token: first.next_page_token,
            ..request
        },
    )
    .await;
    assert_eq!(names(&rest).0, keys[6..]);
}
