//! Uploads that come twice, or at once.

use super::*;

#[tokio::test]
async fn same_request_id_answers_the_same_and_other_content_is_refused() {
    for way in WAYS {
        let rig = Rig::new().await;
        let content = bytes(way.length);
        let upload = || frames(header(way, &content), &content, Some(commit(&content)));
        let first = rig.put(upload()).await.expect("stored");
        assert_eq!(rig.put(upload()).await.expect("the same again"), first);
        let other = bytes(way.length + 1);
        let reused = rig
            .put(frames(header(way, &other), &other, Some(commit(&other))))
            .await;
        assert!(
            matches!(reused, Err(Error::RequestIdReused)),
            "{way:?} {reused:?}"
        );
        let renamed = PutObjectHeader {
            original_name: "other.pdf".to_owned(),
            ..header(way, &content)
        };
        let reused = rig
            .put(frames(renamed, &content, Some(commit(&content))))
            .await;
        assert!(
            matches!(reused, Err(Error::RequestIdReused)),
            "{way:?} {reused:?}"
        );
        let anonymous = PutObjectHeader {
            request_id: String::new(),
            ..header(way, &content)
        };
        let taken = rig
            .put(frames(anonymous, &content, Some(commit(&content))))
            .await;
        assert!(
            matches!(taken, Err(Error::KeyTaken(_))),
            "{way:?} {taken:?}"
        );
    }
}

#[tokio::test]
async fn uploads_of_one_request_at_once_get_one_answer_and_of_several_one_wins() {
    for way in WAYS {
        let rig = Rig::new().await;
        let content = bytes(way.length);
        let same = (0..4).map(|_| {
            rig.put(frames(
                header(way, &content),
                &content,
                Some(commit(&content)),
            ))
        });
        let answers: Vec<BlobRef> = futures::future::join_all(same)
            .await
            .into_iter()
            .collect::<Result<_, _>>()
            .expect("all succeed");
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
        let other = |n: u8| PutObjectHeader {
            key: "docs/contested".to_owned(),
            request_id: format!("0193f5c0-0000-7000-8000-0000000001{n:02}"),
            ..header(way, &content)
        };
        let several = (10..14).map(|n| rig.put(frames(other(n), &content, Some(commit(&content)))));
        let outcomes = futures::future::join_all(several).await;
        assert_eq!(
            outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
            1,
            "{way:?} {outcomes:?}"
        );
        assert!(
            outcomes
                .iter()
                .all(|outcome| matches!(outcome, Ok(_) | Err(Error::KeyTaken(_)))),
            "{outcomes:?}"
        );
        assert_eq!(
            rig.keys().await,
            ["docs/contested", "docs/plan.pdf"],
            "{way:?}"
        );
        let open = rig.bucket.store.open_uploads().await;
        assert!(open.is_empty(), "{way:?}: {open:?}");
    }
}
