use super::*;
use crate::object::Sha256;
use rusoto_core::Region;

/// A request as rusoto makes it, completed for a store at `s3.example.test:8333`.
fn completed(method: &str, path: &str, style: Style, extra: Extra) -> (SignedRequest, Shape) {
    let mut endpoint = Endpoint {
        style,
        ..Endpoint::fake("s3.example.test:8333".to_owned())
    };
    endpoint.credentials.access_key = "fake-tenant:fake-key".to_owned();
    endpoint.credentials.session_token = Some("fake-token".to_owned());
    let region = Region::Custom {
        name: endpoint.region.clone(),
        endpoint: endpoint.url(),
    };
    let mut request = SignedRequest::new(method, "s3", &region, path);
    let shape = Address::new(&endpoint).complete(&mut request, extra);
    (request, shape)
}

fn header(request: &SignedRequest, name: &str) -> String {
    let values = request.headers().get(name).expect("the header is there");
    String::from_utf8(values.concat()).expect("our headers are text")
}

#[test]
fn path_style_keeps_the_bucket_in_the_path_and_virtual_hosts_move_it_to_the_host() {
    for (style, host, path) in [
        (Style::Path, "s3.example.test:8333", "/bucket/a/b.png"),
        (
            Style::VirtualHost,
            "bucket.s3.example.test:8333",
            "/a/b.png",
        ),
    ] {
        let (request, _) = completed("GET", "/bucket/a/b.png", style, Extra::default());
        assert_eq!(header(&request, "host"), host);
        assert_eq!(request.hostname(), host);
        assert_eq!(request.canonical_path(), path);
    }
    let (request, _) = completed("GET", "/bucket", Style::VirtualHost, Extra::default());
    assert_eq!(request.canonical_path(), "/");
}

#[test]
fn everything_that_is_demanded_is_signed() {
    let extra = Extra {
        only_new: true,
        sha256: Some(Sha256::from([0; 32])),
    };
    let (request, _) = completed("PUT", "/bucket/k", Style::Path, extra);
    assert_eq!(header(&request, "if-none-match"), "*");
    assert_eq!(
        header(&request, "x-amz-checksum-sha256"),
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    );
    assert_eq!(header(&request, "x-amz-security-token"), "fake-token");
    let authorization = header(&request, "authorization");
    assert!(
        authorization.contains("Credential=fake-tenant:fake-key/"),
        "{authorization}"
    );
    for name in [
        "host",
        "if-none-match",
        "x-amz-checksum-sha256",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-security-token",
    ] {
        assert!(authorization.contains(name), "{name} in {authorization}");
    }
}

#[test]
fn only_the_bytes_of_an_object_are_not_read_as_a_document() {
    let shape = |method, path, style| {
        let (_, shape) = completed(method, path, style, Extra::default());
        (shape.names_key, shape.body == Body::Data)
    };
    for style in [Style::Path, Style::VirtualHost] {
        assert_eq!(shape("GET", "/bucket/k", style), (true, true));
        assert_eq!(shape("HEAD", "/bucket/k", style), (true, false));
        assert_eq!(shape("GET", "/bucket", style), (false, false));
        assert_eq!(shape("GET", "/bucket/", style), (false, false));
    }
}
