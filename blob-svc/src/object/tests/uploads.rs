//! Uploads, whichever way they take.

use super::*;

#[tokio::test]
async fn upload_is_stored_whole_whichever_way_it_takes() {
    for way in WAYS {
        let rig = Rig::new().await;
        let content = bytes(way.length);
        let blob = rig
            .put(frames(
                header(way, &content),
                &content,
                Some(commit(&content)),
            ))
            .await
            .expect("stored");
        assert_eq!(
            (blob.size_bytes, &blob.sha256),
            (way.length as i64, &hex_digest(&content)),
            "{way:?}"
        );
        let stored = rig
            .bucket
            .store
            .head("docs/plan.pdf")
            .await
            .expect("it is there");
        assert_eq!(
            stored.attributes.sha256.map(|digest| digest.to_string()),
            Some(hex_digest(&content))
        );
        assert_eq!(stored.attributes.original_name.as_deref(), Some("План.pdf"));
        assert_eq!(
            rig.bucket
                .digest("docs/plan.pdf", &stored.etag)
                .await
                .expect("readable"),
            stored.attributes.sha256.expect("set")
        );
        assert_eq!(rig.keys().await, ["docs/plan.pdf"], "{way:?}");
        let open = rig.bucket.store.open_uploads().await;
        assert!(open.is_empty(), "{way:?}: {open:?}");
    }
}

#[tokio::test]
async fn upload_that_lies_or_breaks_off_leaves_nothing_whichever_way_it_takes() {
    let rig = Rig::new().await;
    for way in WAYS {
        let content = bytes(way.length);
        let good = commit(&content);
        let longer = PutObjectCommit {
            size_bytes: good.size_bytes + 1,
            ..good.clone()
        };
        let other = PutObjectCommit {
            sha256: hex_digest(b"other"),
            ..good.clone()
        };
        let shouted = PutObjectCommit {
            sha256: good.sha256.to_uppercase(),
            ..good.clone()
        };
        for end in [None, Some(longer), Some(other), Some(shouted)] {
            let lie = frames(header(way, &content), &content, end.clone());
            assert_eq!(
                code(rig.put(lie).await.expect_err("a lie")),
                Code::InvalidArgument,
                "{way:?} {end:?}"
            );
        }
        let mut broken = frames(header(way, &content), &content, None);
        broken.push(Err(Status::cancelled("gone")));
        assert_eq!(
            code(rig.put(broken).await.expect_err("broken off")),
            Code::Cancelled,
            "{way:?}"
        );
        let mut late = frames(header(way, &content), &content, Some(good));
        late.push(Ok(Frame::Chunk(Bytes::from_static(b"late"))));
        assert_eq!(
            code(rig.put(late).await.expect_err("a frame behind the last")),
            Code::InvalidArgument,
            "{way:?}"
        );
        assert!(rig.is_empty().await, "{way:?}");
    }
}

#[tokio::test]
async fn frames_out_of_order_are_refused_by_name() {
    let rig = Rig::new().await;
    let first = header(WAYS[1], b"x");
    for (frames, field) in [
        (vec![], "header"),
        (vec![Ok(Frame::Chunk(Bytes::from_static(b"x")))], "header"),
        (vec![Ok(Frame::Commit(commit(b"")))], "header"),
        (
            vec![
                Ok(Frame::Header(first.clone())),
                Ok(Frame::Header(first.clone())),
            ],
            "header",
        ),
        (vec![Ok(Frame::Header(first.clone()))], "commit"),
        (
            vec![
                Ok(Frame::Header(first.clone())),
                Ok(Frame::Chunk(vec![0; 2 * MIB + 1].into())),
            ],
            "chunk",
        ),
    ] {
        let status = Status::from(rig.put(frames).await.expect_err("out of order"));
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().starts_with(field), "{}", status.message());
    }
}

#[tokio::test]
async fn more_than_the_limit_or_than_was_declared_is_refused() {
    let rig = Rig::new().await;
    let content = bytes(31 * MIB);
    for way in [
        Way {
            length: content.len(),
            declared: true,
        },
        Way {
            length: content.len(),
            declared: false,
        },
    ] {
        let large = frames(header(way, &content), &content, Some(commit(&content)));
        assert_eq!(
            code(rig.put(large).await.expect_err("over the limit")),
            Code::ResourceExhausted
        );
    }
    let declared = Way {
        length: 9 * MIB,
        declared: true,
    };
    let more = frames(
        header(declared, &content[..9 * MIB]),
        &content,
        Some(commit(&content)),
    );
    assert_eq!(
        code(rig.put(more).await.expect_err("more than declared")),
        Code::InvalidArgument
    );
    let less = frames(
        header(declared, &content[..9 * MIB]),
        &content[..MIB],
        Some(commit(&content[..MIB])),
    );
    assert_eq!(
        code(rig.put(less).await.expect_err("less than declared")),
        Code::InvalidArgument
    );
    assert!(rig.is_empty().await);
}

#[tokio::test]
async fn upload_whose_time_is_out_leaves_nothing_whichever_way_it_takes() {
    let rig = Rig::new().await;
    for way in WAYS {
        let content = bytes(way.length);
        let begun = frames(header(way, &content), &content, None);
        let begun = begun
            .into_iter()
            .map(|frame| frame.map(|frame| PutObjectRequest { frame: Some(frame) }));
        let stream = futures::stream::iter(begun).chain(futures::stream::pending());
        let late = rig.receive(stream, Duration::from_millis(300)).await;
        assert_eq!(
            code(late.expect_err("it never commits")),
            Code::DeadlineExceeded,
            "{way:?}"
        );
        assert!(rig.is_empty().await, "{way:?}");
    }
}
