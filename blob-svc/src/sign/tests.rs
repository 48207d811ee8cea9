//! Signatures against published examples, and against those that botocore 1.43 makes of the same requests at the same time
//! (`generate_presigned_url`, its clock held still, `signature_version="s3v4"`). botocore orders the query otherwise; what is
//! signed is the query in canonical order, so that signatures are the same.

use super::*;
use crate::object::Sha256 as Digest;
use crate::s3::{Credentials, Style};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-03-01 12:00:30 UTC);

fn endpoint(scheme: &'static str, authority: &str) -> Endpoint {
    Endpoint {
        scheme,
        credentials: Credentials {
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
            expire_time: None,
        },
        ..Endpoint::fake(authority.to_owned())
    }
}

fn virtual_host(scheme: &'static str, authority: &str) -> Endpoint {
    Endpoint {
        style: Style::VirtualHost,
        ..endpoint(scheme, authority)
    }
}

fn path_style() -> Endpoint {
    endpoint("https", "s3.example.test")
}

fn pen(endpoint: Endpoint, seconds: u64) -> Pen {
    let life = Lifetime::new(NOW, Duration::from_secs(seconds));
    Signer::new(endpoint).pen("examplebucket", life)
}

fn signature_of(url: &str) -> &str {
    url.rsplit_once("&X-Amz-Signature=")
        .expect("it is signed")
        .1
}

/// "Authenticating Requests: Using Query Parameters", the example. It is virtual-hosted.
#[test]
fn signature_of_a_read_equals_the_published_example() {
    let signer = Signer::new(virtual_host("https", "s3.amazonaws.com"));
    let day = Lifetime::new(datetime!(2013-05-24 00:00 UTC), Duration::from_secs(86_400));
    let signed = signer.pen("examplebucket", day).get("test.txt", None);
    assert_eq!(
        signed.url,
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z\
         &X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
    assert_eq!(signed.expire_time, datetime!(2013-05-25 00:00 UTC));
}

/// "Authenticating Requests: Browser-Based Uploads Using POST", the example's policy and signature.
#[test]
fn signature_of_a_policy_equals_the_published_example() {
    let policy = "\
eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVi\
dWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3Vj\
Y2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwN\
CiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwN\
CiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0s\
DQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAg\
IHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
    let day = Day::new(&path_style(), datetime!(2015-12-29 0:00 UTC).date());
    assert_eq!(
        signature(day.key.chain_update(policy)).as_str(),
        "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
    );
}

#[test]
fn signature_of_a_read_equals_botocores_also_with_an_odd_key() {
    let mut pen = pen(path_style(), 900);
    let odd = pen.get("a b/ё+~(1)'*=&?#%25.txt", None);
    assert_eq!(
        odd.url,
        "https://s3.example.test/examplebucket/a%20b/%D1%91%2B~%281%29%27%2A%3D%26%3F%23%2525.txt\
         ?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260301%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20260301T120030Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=af58d7298f65c922b27ced5f775ea11f9821b627486122d7f6fecfd363ddc977"
    );
    let named = pen.get("docs/plan.pdf", Some(&attachment("План.pdf")));
    assert!(named.url.contains(
        "&response-content-disposition=attachment%3B%20filename%3D%22____.pdf%22%3B%20filename%2A%3DUTF-8%27%27\
         %25D0%259F%25D0%25BB%25D0%25B0%25D0%25BD.pdf&"
    ));
    assert_eq!(
        signature_of(&named.url),
        "b1b553422c09e0580ccddb2367dde979e024e4b062a14d08107efff85ead3e51"
    );
}

#[test]
fn signature_of_a_write_equals_botocores_and_binds_type_length_digest_and_a_free_key() {
    let digest = Digest::parse("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let mut pen = pen(path_style(), 900);
    let signed = pen.put("docs/plan.pdf", "application/pdf", 1_234, digest, true);
    assert!(signed.url.contains(
        "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256&"
    ));
    assert_eq!(
        signature_of(&signed.url),
        "ac6e753ea4b1fac366bafd943e5222e8fe33edd0b7beceb53ba8e45bfac0a105"
    );
    let headers: Vec<_> = signed
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let expected = [
        ("content-length", "1234"),
        ("content-type", "application/pdf"),
        ("if-none-match", "*"),
        (
            "x-amz-checksum-sha256",
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        ),
    ];
    assert_eq!(headers, expected);
    let longer = pen.put("docs/plan.pdf", "application/pdf", 1_235, digest, true);
    assert_ne!(signature_of(&signed.url), signature_of(&longer.url));
}

#[test]
fn signature_of_a_part_equals_botocores() {
    let signed =
        pen(path_style(), 604_800).part("docs/plan.pdf", "2~abc.def_-=/+", 10_000, 5_242_880);
    assert!(
        signed
            .url
            .contains("host&partNumber=10000&uploadId=2~abc.def_-%3D%2F%2B&X-Amz-Sig")
    );
    assert_eq!(
        signature_of(&signed.url),
        "a92134f18bbfd652e5be85932e5a2f85c781655de30087ae4bfaec5b4c8654c6"
    );
}

#[test]
fn signature_with_a_custom_port_and_a_colon_in_the_access_key_equals_botocores() {
    let mut store = endpoint("http", "127.0.0.1:8333");
    store.credentials.access_key = "tenant:key".to_owned();
    store.region = "ru-central-1".to_owned();
    let signed = pen(store, 60).get("a/k.txt", None);
    assert!(
        signed
            .url
            .contains("X-Amz-Credential=tenant%3Akey%2F20260301%2Fru-central-1%2F")
    );
    assert_eq!(
        signature_of(&signed.url),
        "6be4c760c0b989c986f292a0051ecc6830191a297555af257b9fc64be60fe791"
    );
}

#[test]
fn signature_for_a_virtual_host_equals_botocores_also_with_a_port() {
    let signed = pen(virtual_host("https", "s3.example.test"), 60).get("a/k.txt", None);
    assert!(
        signed
            .url
            .starts_with("https://examplebucket.s3.example.test/a/k.txt?")
    );
    assert_eq!(
        signature_of(&signed.url),
        "413f3305b9d3e12b8f247440434b01483cb8cb1a7977534cf5e61f0fe4d91e60"
    );
    let signed = pen(virtual_host("http", "s3.localhost:8333"), 60).get("a/k.txt", None);
    assert!(
        signed
            .url
            .starts_with("http://examplebucket.s3.localhost:8333/a/k.txt?")
    );
    assert_eq!(
        signature_of(&signed.url),
        "d8e56a2a353a65eb6eb9ca71805e5af4d35ead2496bfcd677245adecc47b1271"
    );
}

/// botocore adds the token behind the names of the signed headers, in the query that it signs it stands before them.
#[test]
fn signature_with_a_session_token_equals_botocores() {
    let mut store = path_style();
    store.credentials.access_key = "ASIAEXAMPLE".to_owned();
    store.credentials.session_token = Some("FwoGZXIvYXdz/EXAMPLE+token==".to_owned());
    let mut pen = pen(store, 60);
    let signed = pen.get("k", None);
    assert!(signed.url.contains(
        "&X-Amz-Expires=60&X-Amz-Security-Token=FwoGZXIvYXdz%2FEXAMPLE%2Btoken%3D%3D&X-Amz-SignedHeaders=host&"
    ));
    assert_eq!(
        signature_of(&signed.url),
        "1e1bd1f12b2bacf2de5ea9b373ebf3cf239e0be9668cc6ee62c3d01b24da5916"
    );
    let form = pen.form("k", "image/png", 0..=1);
    let token = (
        "x-amz-security-token",
        "FwoGZXIvYXdz/EXAMPLE+token==".to_owned(),
    );
    assert!(form.fields.contains(&token));
}

#[test]
fn lives_end_with_the_credentials() {
    let mut store = path_style();
    store.credentials.expire_time = Some(NOW + time::Duration::seconds(90));
    let signer = Signer::new(store);
    let hour = Duration::from_secs(3_600);
    for life in [
        signer.lifetime(NOW, hour),
        signer.stable_lifetime(NOW, hour),
    ] {
        let life = life.expect("the credentials are good for another 90 s");
        let signed = signer.pen("examplebucket", life).get("k", None);
        assert_eq!(signed.expire_time, NOW + time::Duration::seconds(90));
        let seconds = (signed.expire_time - life.start).whole_seconds();
        assert!(signed.url.contains(&format!("&X-Amz-Expires={seconds}&")));
    }
    let later = NOW + time::Duration::seconds(90);
    assert_eq!(signer.lifetime(later, hour), Err(Ended));
    assert_eq!(signer.stable_lifetime(later, hour), Err(Ended));
}

#[test]
fn key_of_another_day_signs_otherwise() {
    let signer = Signer::new(path_style());
    let at = |now| {
        let life = Lifetime::new(now, Duration::from_secs(60));
        signer.pen("examplebucket", life).get("k", None).url
    };
    let first = at(datetime!(2026-01-01 23:59:59 UTC));
    assert!(at(datetime!(2026-01-02 00:00:00 UTC)).contains("20260102"));
    assert_eq!(first, at(datetime!(2026-01-01 23:59:59 UTC)));
}

#[test]
fn a_pen_writes_each_url_as_if_it_were_its_first() {
    let mut one = pen(path_style(), 60);
    for _ in 0..2 {
        let first = pen(path_style(), 60).get("a/k.txt", Some("attachment"));
        assert_eq!(one.get("a/k.txt", Some("attachment")).url, first.url);
        let put = pen(path_style(), 60).put("b", "text/plain", 0, None, true);
        assert_eq!(one.put("b", "text/plain", 0, None, true).url, put.url);
    }
}

#[test]
fn form_goes_to_the_bucket_itself() {
    let url = |store| pen(store, 60).form("a/k", "image/png", 0..=1).url;
    assert_eq!(url(path_style()), "https://s3.example.test/examplebucket");
    let store = virtual_host("https", "s3.example.test");
    assert_eq!(url(store), "https://examplebucket.s3.example.test");
}

#[test]
fn form_names_every_field_in_its_policy() {
    let form = pen(path_style(), 60).form("a/k.png", "image/png; x=\"\\\"", 1..=10);
    let field = |wanted: &str| {
        let found = form.fields.iter().find(|(name, _)| *name == wanted);
        found.expect("the form has this field").1.as_str()
    };
    let policy = STANDARD.decode(field("policy")).expect("it is base64");
    let policy: serde_json::Value = serde_json::from_slice(&policy).expect("it is JSON");
    assert_eq!(policy["expiration"], "2026-03-01T12:01:30Z");
    let conditions = policy["conditions"].as_array().expect("a list");
    assert_eq!(conditions[0]["bucket"], "examplebucket");
    assert_eq!(
        conditions[1],
        serde_json::json!(["content-length-range", 1, 10])
    );
    for (name, value) in &form.fields {
        let free = matches!(*name, "policy" | "x-amz-signature");
        let named = conditions
            .iter()
            .any(|condition| condition[*name] == value.as_str());
        assert!(free || named, "{name}");
    }
    let day = Day::new(&path_style(), NOW.date());
    assert_eq!(
        field("x-amz-signature"),
        signature(day.key.chain_update(field("policy"))).as_str()
    );
}
