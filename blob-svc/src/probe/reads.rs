//! Reading parts, listing, removing many.

use super::bench::Bench;
use super::{Found, no, yes};
use crate::s3::Listing;

impl Bench {
    pub(super) async fn ranges(&self) -> Found {
        let key = self.key("ranges");
        self.given(&key, b"0123456789").await?;
        let part = self
            .send("GET", &key, &[], &[("range", "bytes=2-4")], b"")
            .await?;
        let range = part.header("content-range").unwrap_or("none").to_owned();
        let told = format!("bytes 2 to 4: {}, content-range {range}", part.told());
        if part.status != 206 || part.body != b"234" || range != "bytes 2-4/10" {
            return no(told);
        }
        let behind = self
            .send("GET", &key, &[], &[("range", "bytes=10-")], b"")
            .await?;
        if behind.status != 416 {
            return no(format!("a range behind the end: {}", behind.told()));
        }
        yes(told)
    }

    pub(super) async fn list_v2(&self) -> Found {
        let odd = self.key("list/b +%&я");
        let (first, inner) = (self.key("list/a"), self.key("list/c/inner"));
        for key in [&first, &odd, &inner] {
            self.given(key, b"first").await?;
        }
        let prefix = first.strip_suffix('a').unwrap_or_default().to_owned();
        let folded = format!("{prefix}c/");
        let listing = Listing {
            prefix,
            delimiter: Some("/".to_owned()),
            limit: 1_000,
            ..Listing::default()
        };
        let all = self.store.list(&listing).await?;
        let keys: Vec<_> = all.objects.iter().map(|object| &object.key).collect();
        if keys != [&first, &odd] {
            return no("keys with letters of their own do not come back as they were put");
        }
        if all.prefixes != [folded] {
            return no("what is below a delimiter is not folded");
        }
        let behind = Listing {
            start_after: Some(first),
            ..listing
        };
        let rest = self.store.list(&behind).await?.objects;
        if rest.first().map(|object| &object.key) != Some(&odd) {
            return no("a list that starts after a key does not");
        }
        yes("prefix, delimiter, start-after and encoding do as they should")
    }

    pub(super) async fn delete_many(&self) -> Found {
        let keys: Vec<String> = (0..3).map(|i| self.key(&format!("many-{i}"))).collect();
        for key in &keys {
            self.given(key, b"first").await?;
        }
        let absent = self.key("many-absent");
        let asked = [&keys[..], &[absent]].concat();
        let left = self.store.delete_many(&asked).await?;
        let mut there = 0;
        for key in &keys {
            there += usize::from(self.content(key).await?.is_some());
        }
        let told = format!(
            "4 keys in one request, one of them absent: {} refused, {there} still there",
            left.len()
        );
        if left.is_empty() && there == 0 {
            yes(told)
        } else {
            no(told)
        }
    }
}
