//! Listings, and the keys in them.

use super::*;

#[tokio::test]
async fn any_key_of_1024_bytes_is_stored_listed_and_removed() {
    let rig = Rig::new().await;
    let mut keys: Vec<String> = [
        "../other/key",
        "a//b",
        ".",
        "ключ с пробелом + плюс",
        "q?x=1&y#z%41",
        "tab\there",
        "new\nline",
        "<&\"'>",
    ]
    .map(str::to_owned)
    .into();
    keys.push("k".repeat(1_024));
    keys.push("ж/".repeat(341));
    for key in &keys {
        rig.put(key, key.clone())
            .await
            .unwrap_or_else(|error| panic!("{key:?}: {error}"));
    }
    keys.sort_unstable();
    assert_eq!(rig.keys(all()).await, keys);
    for key in &keys {
        assert_eq!(
            rig.get(key, Span::WHOLE).await.expect("readable"),
            key.as_bytes()
        );
        rig.store
            .delete(key)
            .await
            .unwrap_or_else(|error| panic!("{key:?}: {error}"));
    }
    assert!(rig.keys(all()).await.is_empty());
    assert_eq!(rig.files(), 0);
}

#[tokio::test]
async fn pages_cover_a_listing_once_with_and_without_folders() {
    let rig = Rig::new().await;
    for key in ["a/1", "a/2", "b", "c/1", "c/2/3", "c0", "d/1"] {
        rig.put(key, "").await.expect("stored");
    }
    for (prefix, delimiter, expected) in [
        ("", Some("/"), vec!["b", "c0", "a/", "c/", "d/"]),
        ("c/", Some("/"), vec!["c/1", "c/2/"]),
        (
            "",
            None,
            vec!["a/1", "a/2", "b", "c/1", "c/2/3", "c0", "d/1"],
        ),
        ("nothing/", None, vec![]),
    ] {
        for limit in 1..9 {
            let (mut objects, mut prefixes, mut continuation) = (Vec::new(), Vec::new(), None);
            loop {
                let listing = Listing {
                    prefix: prefix.to_owned(),
                    delimiter: delimiter.map(str::to_owned),
                    continuation,
                    limit,
                    ..Listing::default()
                };
                let page = rig
                    .store
                    .list(&listing)
                    .await
                    .expect("the bucket can be listed");
                assert!(page.objects.len() + page.prefixes.len() <= usize::from(limit));
                objects.extend(page.objects.into_iter().map(|object| object.key));
                prefixes.extend(page.prefixes);
                continuation = page.next;
                if continuation.is_none() {
                    break;
                }
            }
            objects.extend(prefixes);
            assert_eq!(objects, expected, "prefix {prefix:?}, pages of {limit}");
        }
    }
    let after = Listing {
        start_after: Some("c/1".to_owned()),
        ..all()
    };
    assert_eq!(rig.keys(after).await, ["c/2/3", "c0", "d/1"]);
}

#[tokio::test]
async fn absent_bucket_is_told_from_an_empty_one() {
    let rig = Rig::new().await;
    assert!(rig.keys(all()).await.is_empty());
    let absent = StoreClient::new(&rig.embedded.endpoint).bucket("absent");
    assert_eq!(absent.list(&all()).await, Err(StoreError::NoSuchBucket));
    assert_eq!(absent.bucket_exists().await, Ok(false));
    assert_eq!(
        absent.put("k", &plain(), &[]).await,
        Err(StoreError::NoSuchBucket)
    );
}
