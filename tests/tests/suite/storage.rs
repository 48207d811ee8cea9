//! Claims about metadata-svc hold on whatever it keeps its rows in, and those about blob-svc on whatever it keeps its objects in:
//! each shows in the list of tests once per storage, under the storage's name.

/// Makes tests of claims, functions that are given the storage: `kv::claim`, `postgres::claim` and `pgbouncer::claim`.
macro_rules! on_each_storage {
    ($($claim:ident),+ $(,)?) => {
        $crate::storage::on_storage!(kv, Kv: $($claim),+);
        $crate::storage::on_databases!($($claim),+);
    };
}

/// The same of claims about databases.
macro_rules! on_databases {
    ($($claim:ident),+ $(,)?) => {
        $crate::storage::on_storage!(postgres, Postgres: $($claim),+);
        $crate::storage::on_storage!(pgbouncer, PgBouncer: $($claim),+);
    };
}

/// The same of claims about one storage.
macro_rules! on_storage {
    ($module:ident, $storage:ident: $($claim:ident),+ $(,)?) => {
        $crate::storage::tests_of!($module, Storage::$storage: $($claim),+);
    };
}

/// The same of claims about blob-svc: `embedded::claim` and `seaweedfs::claim`.
macro_rules! on_each_object_store {
    ($($claim:ident),+ $(,)?) => {
        $crate::storage::tests_of!(embedded, ObjectStore::Embedded: $($claim),+);
        $crate::storage::tests_of!(seaweedfs, ObjectStore::Seaweed: $($claim),+);
    };
}

macro_rules! tests_of {
    ($module:ident, $type:ident::$storage:ident: $($claim:ident),+) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $claim() {
                    super::$claim(::tests::$type::$storage).await;
                }
            )+
        }
    };
}

pub(crate) use {on_databases, on_each_object_store, on_each_storage, on_storage, tests_of};
