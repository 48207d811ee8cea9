//! A store that does not remove what it is told to: it is told, stays recorded, and goes as soon as the store is willing (P4, P6);
//! and one that does not let uploads be listed.

use caller::{Kept, Sample};
use contract::metadata::v1::pending_delete::Target;
use tests::{
    ObjectStore, Pair, Service, Storage,
    fault_proxy::{Fault, FaultProxy, Rule},
};

use super::{NOW, caller_of, kept, keys, recorded, set, stored, sweep};

const KEY: &str = "chats/a/images/locked.png";
const NAMED: &str = "chats/a/documents/plan.pdf";
const REFUSAL: &str = "<DeleteResult><Error><Key>chats/a/images/locked.png</Key><Code>AccessDenied</Code><Message>Locked.\
                       </Message></Error></DeleteResult>";

#[tokio::test]
async fn what_the_store_keeps_is_told_and_stays_recorded_and_the_next_sweep_removes_it() {
    for (storage, store) in [
        (Storage::Kv, ObjectStore::Embedded),
        (Storage::Postgres, ObjectStore::Seaweed),
    ] {
        let pair = Pair::start_over(storage, store).await;
        kept(&pair, NAMED).await;
        stored(&pair, KEY).await;
        let direct = pair.direct();
        let proxy = FaultProxy::http(direct.address.parse().expect("an address"));
        let behind = Service::start("blob-svc", &direct.settings(&proxy.address())).await;
        let caller = caller_of(pair.metadata.url(), behind.url(), 60);

        let rule = proxy.add(Rule::on("POST", "?delete", Fault::Answer(200, REFUSAL)));
        let report = caller.sweep(&sweep(NOW, true)).await.expect("it ends");
        assert!(proxy.lift(rule) > 0, "the store was asked");
        let kept = Kept {
            key: KEY.to_owned(),
            code: "AccessDenied".to_owned(),
        };
        let kept = Sample {
            count: 1,
            first: vec![kept],
        };
        assert_eq!(
            (&report.orphans.kept, report.orphans.removed_count),
            (&kept, 0)
        );
        assert_eq!(report.problems(), ["1 objects could not be removed"]);
        let record = recorded(&pair).await.pop().and_then(|one| one.target);
        assert_eq!(record, Some(Target::Key(KEY.to_owned())));
        assert_eq!(keys(&pair).await, set([NAMED, KEY]));

        let report = caller.sweep(&sweep(NOW, true)).await.expect("it ends");
        assert_eq!(
            (report.pending.acked_count, report.pending.removed_count),
            (1, 1)
        );
        assert_eq!(report.problems(), Vec::<String>::new());
        assert_eq!(
            (keys(&pair).await, recorded(&pair).await),
            (set([NAMED]), vec![])
        );
    }
}

#[tokio::test]
async fn a_store_that_forbids_the_list_of_uploads_is_told_and_its_orphans_go_all_the_same() {
    let pair = Pair::start_over(Storage::Kv, ObjectStore::Seaweed).await;
    kept(&pair, NAMED).await;
    stored(&pair, KEY).await;
    let direct = pair.direct();
    let proxy = FaultProxy::http(direct.address.parse().expect("an address"));
    let behind = Service::start("blob-svc", &direct.settings(&proxy.address())).await;
    let denied = "<Error><Code>AccessDenied</Code></Error>";
    proxy.add(Rule::on("GET", "uploads", Fault::Answer(403, denied)));
    let caller = caller_of(pair.metadata.url(), behind.url(), 60);
    let report = caller.sweep(&sweep(NOW, true)).await.expect("it ends");
    let refused = report.uploads.refused.clone().unwrap_or_default();
    assert!(refused.contains("AbortStaleUploads"), "{report:?}");
    assert_eq!(report.problems(), Vec::<String>::new());
    assert_eq!(report.orphans.removed_count, 1);
    assert_eq!(keys(&pair).await, set([NAMED]));
}
