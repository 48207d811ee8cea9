//! Removing folders.

use super::*;

#[tokio::test]
async fn removal_of_a_folder_counts_every_page_and_spares_its_neighbour() {
    let rig = Rig::new().await;
    let plain = Attributes {
        content_type: OCTET_STREAM.to_owned(),
        sha256: None,
        original_name: None,
        request_id: None,
    };
    let keys = (0..1_003)
        .map(|n| format!("images/{n}"))
        .chain(["images2/0".to_owned()]);
    let (store, plain) = (&rig.bucket.store, &plain);
    let puts = keys.map(async |key| store.put(&key, plain, &["xy".into()]).await);
    futures::stream::iter(puts)
        .buffered(16)
        .try_collect::<Vec<()>>()
        .await
        .expect("stored");
    let folder = || Folder::parse("images/".to_owned()).expect("a folder");
    let counts = |steps: &[DeletePrefixResponse]| {
        steps
            .iter()
            .map(|step| (step.matched_count, step.deleted_count, step.done))
            .collect::<Vec<_>>()
    };
    let dry: Vec<_> = prefix::remove(Arc::clone(&rig.bucket), folder(), true)
        .try_collect()
        .await
        .expect("counted");
    assert_eq!(
        counts(&dry),
        [(1_000, 0, false), (1_003, 0, false), (1_003, 0, true)]
    );
    assert_eq!(dry[2].matched_bytes, 2_006);
    let wet: Vec<_> = prefix::remove(Arc::clone(&rig.bucket), folder(), false)
        .try_collect()
        .await
        .expect("removed");
    assert_eq!(
        counts(&wet),
        [
            (1_000, 1_000, false),
            (1_003, 1_003, false),
            (1_003, 1_003, true)
        ]
    );
    assert_eq!(rig.keys().await, ["images2/0"]);
}
