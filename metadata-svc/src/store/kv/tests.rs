//! Claims about the store itself.

use std::sync::mpsc;

use futures::future::join_all;
use redb::TableHandle as _;
use tempfile::TempDir;

use super::*;

const NUMBERS: TableDefinition<u64, u64> = TableDefinition::new("numbers");

fn store() -> (Kv, TempDir) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let store = Kv::open(folder.path()).expect("an empty store can be opened");
    (store, folder)
}

fn set(txn: &Write, number: u64) -> Result<()> {
    txn.table(NUMBERS)?.insert(0, number)?;
    Ok(())
}

async fn set_alone(store: &Kv, number: u64) {
    let written = store.write(move |txn| set(txn, number));
    written.await.expect("the store can be written");
}

async fn read(store: &Kv) -> Option<u64> {
    let number = store.read(|txn| Ok(txn.table(NUMBERS)?.get(0)?.map(|number| number.value())));
    // Without a write the table is absent.
    number.await.ok().flatten()
}

#[tokio::test]
async fn a_folder_that_is_open_is_refused_and_the_setting_named() {
    let (_store, folder) = store();
    let error = Kv::open(folder.path()).expect_err("it is open");
    assert!(error.to_string().contains("DATA_DIR"), "{error:#}");
}

#[tokio::test]
async fn a_store_of_another_format_is_refused() {
    let (store, folder) = store();
    let raised = store.write(|txn| {
        txn.table(META)?.insert("format", FORMAT + 1)?;
        Ok(())
    });
    raised.await.expect("the store can be written");
    drop(store);
    let error = Kv::open(folder.path()).expect_err("it is of another format");
    assert!(format!("{error:#}").contains("format 2"), "{error:#}");
}

#[tokio::test]
async fn a_store_from_before_reservations_is_opened_with_what_it_has() {
    let (store, folder) = store();
    set_alone(&store, 7).await;
    drop(store);
    let file = Database::open(folder.path().join(FILE)).expect("nobody has it open");
    let txn = file.begin_write().expect("it can be written");
    for table in ["reserved_keys", "reserved_keys_by_time"] {
        let mut tables = txn.list_tables().expect("it has tables");
        let table = tables.find(|other| other.name() == table);
        let deleted = txn.delete_table(table.expect("it is there"));
        assert!(deleted.expect("it can be deleted"));
    }
    txn.commit().expect("it can be written");
    drop(file);
    let store = Kv::open(folder.path()).expect("it is of this format");
    assert_eq!(read(&store).await, Some(7));
    let reserved = store.write(|txn| {
        blob_ledger::kv::reservation::reserve(txn, &["key".to_owned()], txn.now).map(drop)
    });
    reserved.await.expect("there is a table for it");
}

#[tokio::test]
async fn a_write_runs_to_its_end_when_its_caller_is_gone() {
    let (store, _folder) = store();
    let (begun, begins) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel();
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            let write = store.write(move |txn| {
                begun.send(()).expect("the test waits");
                goes_on.recv().expect("the test sends");
                set(txn, 1)
            });
            write.await
        })
    };
    tokio::task::spawn_blocking(move || begins.recv())
        .await
        .expect("no panic")
        .expect("it begins");
    writing.abort();
    assert!(writing.await.expect_err("it was aborted").is_cancelled());
    go_on.send(()).expect("the write still runs");
    // Its turn comes after that of the write before it.
    store.write(|_| Ok(())).await.expect("it is written");
    assert_eq!(read(&store).await, Some(1));
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_and_wakes_nobody() {
    let (store, _folder) = store();
    let mut changes = store.changes();
    let (failing, succeeding) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let failed = store.write(move |txn| {
        set(txn, 1)?;
        txn.wake(failing);
        Err::<(), _>(Error::no_chat(failing))
    });
    assert!(failed.await.is_err());
    assert_eq!(read(&store).await, None);
    let written = store.write(move |txn| {
        txn.wake(succeeding);
        set(txn, 2)
    });
    written.await.expect("it is written");
    assert_eq!(changes.recv().await, Ok(Change::Chat(succeeding)));
    assert_eq!(read(&store).await, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_writes_that_arrive_at_once_each_is_kept_whole_or_not_at_all() {
    let (store, _folder) = store();
    let add = |number: u64| {
        store.write(move |txn| {
            let mut numbers = txn.table(NUMBERS)?;
            let count = numbers.get(0)?.map_or(0, |count| count.value());
            numbers.insert(0, count + 1)?;
            if number.is_multiple_of(3) {
                return Err(Error::Stopping);
            }
            Ok(number)
        })
    };
    let done = join_all((1..=90).map(add)).await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 60);
    assert_eq!(read(&store).await, Some(60));
}

#[tokio::test]
async fn a_write_that_panics_is_an_error_and_the_store_goes_on() {
    let (store, _folder) = store();
    let panicked = store.write(|_| -> Result<()> { panic!("on purpose") });
    assert!(matches!(panicked.await, Err(Error::Broken(_))));
    store.write(|txn| set(txn, 3)).await.expect("it is written");
    assert_eq!(read(&store).await, Some(3));
}
