//! The ledger's stream, broken off on its way: it is resumed where it broke, with no key left out and none twice.

use std::net::SocketAddr;

use caller::Sweep;
use tests::{
    Pair, Storage,
    fault_proxy::{End, Fault, FaultProxy, Place, Rule},
};

use super::{NOW, absent, caller_of, named_many, stored, sweep};
use crate::storage::on_storage;

on_storage!(kv, Kv: a_stream_that_breaks_off_is_resumed_without_a_gap_or_a_key_twice);
on_storage!(postgres, Postgres: a_stream_that_breaks_off_is_resumed_without_a_gap_or_a_key_twice);

async fn a_stream_that_breaks_off_is_resumed_without_a_gap_or_a_key_twice(storage: Storage) {
    let pair = Pair::start_on(storage).await;
    stored(&pair, "zzz").await;
    for n in 0..5 {
        let blobs = (0..1_000).map(|m| absent(&format!("chats/a/images/{n}_{m:04}")));
        named_many(&pair, None, blobs.collect()).await;
    }
    let upstream: SocketAddr = pair.metadata.address().parse().expect("an address");
    let never = Sweep {
        max_share: 100,
        ..sweep(NOW, false)
    };
    for end in [End::Reset, End::Close] {
        let proxy = FaultProxy::bytes(upstream);
        // A page is some 100 KiB long: this is in the second, and in each connection again.
        proxy.add(Rule::all(Fault::Break(end, Place::Answer(150_000))).times(2));
        let caller = caller_of(format!("http://{}", proxy.address()), pair.blob.url(), 60);
        let report = caller.sweep(&never).await.expect("a sweep");
        assert_eq!(proxy.hits(), 2, "it broke twice");
        assert_eq!(
            (report.referenced_key_count, report.missing.count),
            (5_000, 5_000)
        );
    }
}
