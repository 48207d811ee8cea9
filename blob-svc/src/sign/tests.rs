use super::*;
use crate::s3::{Credentials, Style};
use std::time::Duration;
use time::macros::datetime;

fn endpoint(authority: &str) -> Endpoint {
    Endpoint {
        scheme: "https",
        credentials: Credentials {
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
            expire_time: None,
        },
        ..Endpoint::fake(authority.to_owned())
    }
}

/// The example of the Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters". It is virtual-hosted.
#[test]
fn signature_equals_the_published_example() {
    let signer = Signer::new(Endpoint {
        style: Style::VirtualHost,
        ..endpoint("s3.amazonaws.com")
    });
    let day = Lifetime::new(datetime!(2013-05-24 00:00 UTC), Duration::from_secs(86_400));
    let signed = signer.sign("GET", "examplebucket", "test.txt", &[], Vec::new(), day);
    assert_eq!(
        signed.url,
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z\
         &X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
    assert_eq!(signed.expire_time, datetime!(2013-05-25 00:00 UTC));
}

#[test]
fn key_of_another_day_signs_otherwise() {
    let signer = Signer::new(endpoint("s3.example.test"));
    let at = |now| {
        signer
            .get(
                "examplebucket",
                "k",
                None,
                Lifetime::new(now, Duration::from_secs(60)),
            )
            .url
    };
    let first = at(datetime!(2026-01-01 23:59:59 UTC));
    assert!(at(datetime!(2026-01-02 00:00:00 UTC)).contains("20260102"));
    assert_eq!(first, at(datetime!(2026-01-01 23:59:59 UTC)));
}

#[test]
fn put_binds_type_length_digest_and_a_free_key() {
    let signer = Signer::new(endpoint("s3.example.test"));
    let minute = Lifetime::new(datetime!(2026-01-01 00:00 UTC), Duration::from_secs(60));
    let digest = Digest::from([0; 32]);
    let signed = signer.put(
        "examplebucket",
        "a/b.png",
        "image/png",
        7,
        Some(digest),
        minute,
    );
    assert!(signed.url.contains(
        "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256&"
    ));
    let names: Vec<_> = signed.headers.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "content-length",
            "content-type",
            "if-none-match",
            "x-amz-checksum-sha256"
        ]
    );
    let other = signer.put(
        "examplebucket",
        "a/b.png",
        "image/png",
        8,
        Some(digest),
        minute,
    );
    assert_ne!(
        signed.url, other.url,
        "the length is part of what is signed"
    );
}

#[test]
fn cyrillic_disposition_is_encoded_in_the_query() {
    let signer = Signer::new(endpoint("s3.example.test"));
    let minute = Lifetime::new(datetime!(2026-01-01 00:00 UTC), Duration::from_secs(60));
    let signed = signer.get(
        "examplebucket",
        "a/b.pdf",
        Some(&attachment("Ё.pdf")),
        minute,
    );
    assert!(signed.url.contains(
        "&response-content-disposition=attachment%3B%20filename%3D%22_.pdf%22%3B%20filename%2A%3D"
    ));
    assert!(
        signed
            .url
            .contains("UTF-8%27%27%25D0%2581.pdf&X-Amz-Signature=")
    );
}
