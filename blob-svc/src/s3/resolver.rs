//! Names of stores to addresses: as the system resolves them, and `localhost` with all names under it as loopback.
//!
//! RFC 6761, section 6.3 asks that of every resolver; browsers and curl keep to it, glibc only for `localhost` itself. Without
//! it no store on this machine could be reached by virtual hosts (`BUCKET.localhost`).

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::task::{Context, Poll};
use tower::Service;

#[derive(Clone)]
pub(super) struct Resolver(GaiResolver);

impl Default for Resolver {
    fn default() -> Self {
        Self(GaiResolver::new())
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if is_under_localhost(name.as_str()) {
            // The port is the connector's to add.
            let loopback = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
            return async { Ok(loopback.into_iter()) }.boxed();
        }
        let asked = self.0.call(name);
        async { Ok(asked.await?.collect::<Vec<_>>().into_iter()) }.boxed()
    }
}

fn is_under_localhost(name: &str) -> bool {
    name.strip_suffix('.')
        .unwrap_or(name)
        .ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_under_localhost_are_loopback_and_names_that_end_alike_are_not() {
        let name: Name = "bucket.s3.localhost".parse().expect("a name");
        let found = Resolver::default()
            .call(name)
            .await
            .expect("no question is asked");
        assert_eq!(
            found.as_slice(),
            [SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]
        );
        assert!(is_under_localhost("a.localhost."));
        assert!(!is_under_localhost("notlocalhost"));
        assert!(!is_under_localhost("localhost.example.test"));
    }
}
