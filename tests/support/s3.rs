//! A bucket seen past blob-svc: requests signed here (AWS Signature Version 4 in the query string, "Authenticating Requests:
//! Using Query Parameters", Amazon S3 API Reference) and sent by curl, so that neither rusoto nor our signer judges itself.

use std::{collections::BTreeMap, fs};

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use time::{OffsetDateTime, macros::format_description};

use crate::{
    command::{program, stdout},
    curl::{Answer, curl},
};

/// What a signed query has percent-encoded: all but what is unreserved (RFC 3986, section 2.3).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const REGION: &str = "us-east-1";

/// A bucket, and who may do everything with it.
#[derive(Clone, Debug)]
pub struct S3 {
    /// Where the store is: `127.0.0.1:port`.
    pub address: String,
    /// Whom signatures name.
    pub access_key: String,
    /// What signatures are made with.
    pub secret_key: String,
    /// The bucket's name.
    pub name: String,
}

impl S3 {
    /// The bucket `name` of the store at `address`.
    #[must_use]
    pub fn new(address: &str, access_key: &str, secret_key: &str, name: &str) -> Self {
        Self {
            address: address.to_owned(),
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The settings by which blob-svc uses the bucket, reaching the store at `address`.
    #[must_use]
    pub fn settings(&self, address: &str) -> Vec<(&'static str, String)> {
        vec![
            ("S3_ENDPOINT", format!("http://{address}")),
            ("S3_ACCESS_KEY", self.access_key.clone()),
            ("S3_SECRET_KEY", self.secret_key.clone()),
            ("S3_BUCKET", self.name.clone()),
        ]
    }

    /// Makes the bucket; whether it is there now.
    #[must_use]
    pub fn make(&self) -> bool {
        matches!(self.ask("PUT", "", "", b"").status, 200 | 409)
    }

    /// Stores an object; whether it is there now.
    #[must_use]
    pub fn put(&self, key: &str, content: &[u8]) -> bool {
        self.ask("PUT", key, "", content).status == 200
    }

    /// The bytes of an object, if it is there.
    ///
    /// # Panics
    /// When the store answers neither.
    #[must_use]
    pub fn read(&self, key: &str) -> Option<Vec<u8>> {
        let answer = self.ask("GET", key, "", b"");
        match answer.status {
            200 => Some(answer.body),
            404 => None,
            _ => panic!("the store does not tell of {key}: {answer:?}"),
        }
    }

    /// The keys that are there, up to 1,000.
    ///
    /// # Panics
    /// When the store does not answer.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.listed("list-type=2")
    }

    /// The keys of the uploads in parts that are neither completed nor aborted.
    ///
    /// # Panics
    /// When the store does not answer.
    #[must_use]
    pub fn uploads(&self) -> Vec<String> {
        self.listed("uploads=")
    }

    /// All keys that are there, page by page, with their sizes.
    ///
    /// # Panics
    /// When the store does not answer.
    #[must_use]
    pub fn sizes(&self) -> BTreeMap<String, u64> {
        let (mut sizes, mut query) = (BTreeMap::new(), "list-type=2".to_owned());
        loop {
            let answer = self.ask("GET", "", &query, b"");
            let text = String::from_utf8_lossy(&answer.body);
            assert_eq!(answer.status, 200, "the store does not list: {text}");
            for object in text.split("<Contents>").skip(1) {
                let size = between(object, "Size").and_then(|size| size.parse().ok());
                let key = between(object, "Key").expect("an object has a key");
                sizes.insert(key.to_owned(), size.expect("an object has a size"));
            }
            let Some(token) = between(&text, "NextContinuationToken") else {
                return sizes;
            };
            let token = utf8_percent_encode(token, QUERY);
            query = format!("continuation-token={token}&list-type=2");
        }
    }

    /// The bytes of objects, in the order of `keys`, all by one run of curl; `None` where none is there.
    ///
    /// # Panics
    /// When the store answers neither.
    #[must_use]
    pub fn read_all(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        if keys.is_empty() {
            return Vec::new();
        }
        let folder = TempDir::new().expect("a temporary folder can be made");
        let now = OffsetDateTime::now_utc();
        let mut told = "write-out = \"%{http_code}\\n\"\n".to_owned();
        for (n, key) in keys.iter().enumerate() {
            let url = self.sign("GET", key, "", now);
            told.push_str(&format!("url = \"{url}\"\noutput = \"{n}\"\n"));
        }
        fs::write(folder.path().join("config"), told).expect("a file can be written");
        let mut curl = program("curl");
        curl.current_dir(&folder);
        let statuses = stdout(curl.args(["-q", "-sS", "--max-time", "60", "-K", "config"]));
        let read = statuses
            .lines()
            .enumerate()
            .map(|(n, status)| match status {
                "200" => Some(fs::read(folder.path().join(n.to_string())).unwrap_or_default()),
                "404" => None,
                status => panic!("the store does not tell of {}: {status}", keys[n]),
            });
        let read: Vec<_> = read.collect();
        assert_eq!(read.len(), keys.len(), "curl tells of each");
        read
    }

    fn listed(&self, query: &str) -> Vec<String> {
        let answer = self.ask("GET", "", query, b"");
        let text = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 200, "the store does not list: {text}");
        let keys = text.split("<Key>").skip(1);
        let keys = keys.filter_map(|rest| Some(rest.split_once("</Key>")?.0.to_owned()));
        keys.collect()
    }

    /// Sends a request about the object `key`, or about the bucket where that is empty. `query` is written as it is signed:
    /// percent-encoded, names in order, all before `X`.
    ///
    /// # Panics
    /// When there is no curl.
    #[must_use]
    pub fn ask(&self, method: &str, key: &str, query: &str, body: &[u8]) -> Answer {
        let url = self.sign(method, key, query, OffsetDateTime::now_utc());
        let mut arguments = vec!["-X", method];
        if method == "PUT" || method == "POST" {
            // Without this curl names a form's type, and waits for a word of the store before it sends much.
            arguments.extend([
                "-H",
                "content-type:",
                "-H",
                "expect:",
                "--data-binary",
                "@input",
            ]);
        }
        curl(&url, &arguments, body)
    }

    fn sign(&self, method: &str, key: &str, query: &str, at: OffsetDateTime) -> String {
        let time = at.format(format_description!(
            "[year][month][day]T[hour][minute][second]Z"
        ));
        let time = time.expect("a time can be written");
        let day = &time[..8];
        let scope = format!("{day}/{REGION}/s3/aws4_request");
        let credential = format!("{}/{scope}", self.access_key);
        let credential = credential.replace(':', "%3A").replace('/', "%2F");
        let others = if query.is_empty() { "" } else { "&" };
        // `list-type` and `uploads` are written in lower case, which sorts behind.
        let query = format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={time}&X-Amz-Expires=60\
             &X-Amz-SignedHeaders=host{others}{query}"
        );
        let path = if key.is_empty() {
            format!("/{}", self.name)
        } else {
            format!("/{}/{key}", self.name)
        };
        let request = format!(
            "{method}\n{path}\n{query}\nhost:{}\n\nhost\nUNSIGNED-PAYLOAD",
            self.address
        );
        let request = hex(&Sha256::digest(request));
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{request}");
        let secret = format!("AWS4{}", self.secret_key);
        let key = [day, REGION, "s3", "aws4_request"]
            .iter()
            .fold(secret.into_bytes(), |key, part| mac(&key, part));
        let signature = hex(&mac(&key, &text));
        format!(
            "http://{}{path}?{query}&X-Amz-Signature={signature}",
            self.address
        )
    }
}

/// What stands in the first element of this name.
fn between<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
