//! The process: its logs, its store, its rpcs, and its end.

use anyhow::Context as _;
use contract::{
    admin::Admin,
    health::{Dependency, Health},
    metadata::v1::{
        blob_ledger_service_server::BlobLedgerServiceServer,
        chat_service_server::ChatServiceServer, image_service_server::ImageServiceServer,
        instance_service_server::InstanceServiceServer,
        message_service_server::MessageServiceServer,
        messenger_service_server::MessengerServiceServer,
        search_result_service_server::SearchResultServiceServer,
    },
    protection,
    receipt::ReceiptKeys,
    server::{Server, stop_signal},
    telemetry::Telemetry,
};
use tokio::net::TcpListener;

use crate::{
    Config,
    blob_ledger::rpc::BlobLedger,
    chat::rpc::Chats,
    config::Storage,
    image::rpc::Images,
    instance::Instances,
    message::rpc::Messages,
    messenger::Messenger,
    search::indexer::Indexer,
    search_result::rpc::SearchResults,
    store::{Store, kv::Kv},
    txn::Sql,
};

/// Runs the service until the process is asked to end (SIGTERM or Ctrl-C). Call it inside of a multi-thread runtime.
///
/// # Errors
/// When the store cannot be opened, the address not listened on, or the transport fails.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let telemetry = Telemetry::start("metadata-svc", config.common.log_level, &config.levels())?;
    let served = serve(config).await;
    telemetry.stop();
    served
}

async fn serve(config: Config) -> anyhow::Result<()> {
    for notice in &config.notices {
        tracing::warn!("{notice}");
    }
    protection::tell();
    let place = config.storage.place();
    let health = Health::default();
    let store = dependency(&config.storage, &health);
    // Kept alive to the end: it stops when it is dropped.
    let _admin = Admin::start(config.common.admin_addr, &health).await?;
    let store = open(config.storage, store)?;
    let listener = TcpListener::bind(config.common.listen_addr)
        .await
        .with_context(|| format!("listening on {}", config.common.listen_addr))?;
    tracing::info!(
        address = %listener.local_addr()?,
        store = %place,
        "metadata-svc serves"
    );
    let stop = {
        let store = store.clone();
        async move {
            stop_signal().await;
            match store {
                Store::Kv(kv) => kv.stop(),
                Store::Sql(sql) => sql.watched().end(),
            }
        }
    };
    server(&store, &config.receipts, config.common.max_calls)
        .health(&health)
        .serve(listener, stop)
        .await?;
    tracing::info!("metadata-svc has ended");
    Ok(())
}

/// What of the two storages this service depends on.
fn dependency(storage: &Storage, health: &Health) -> Dependency {
    match storage {
        Storage::Kv(_) => {
            health.not_configured("database");
            health.dependency("store")
        }
        Storage::Sql(_) => health.dependency("database"),
    }
}

/// Opens the store; Postgres is looked at in the background from here on.
fn open(storage: Storage, dependency: Dependency) -> anyhow::Result<Store> {
    match storage {
        Storage::Kv(folder) => Ok(Store::Kv(Kv::open(&folder)?.watched(dependency))),
        Storage::Sql(settings) => {
            let sql = Sql::of(settings);
            tokio::spawn(sql.clone().keep_watch(dependency));
            tokio::spawn(sql.clone().keep_forgetting());
            tokio::spawn(Indexer::new(sql.clone()).run());
            tokio::spawn(sql.clone().keep_asking());
            Ok(Store::Sql(sql))
        }
    }
}

fn server(store: &Store, receipts: &ReceiptKeys, max_calls: usize) -> Server {
    let (store, receipts) = (|| store.clone(), || receipts.clone());
    Server::new(max_calls)
        .with(ChatServiceServer::new(Chats {
            store: store(),
            receipts: receipts(),
        }))
        .with(MessageServiceServer::new(Messages::of(store(), receipts())))
        .with(ImageServiceServer::new(Images {
            store: store(),
            receipts: receipts(),
        }))
        .with(SearchResultServiceServer::new(SearchResults {
            store: store(),
        }))
        .with(BlobLedgerServiceServer::new(BlobLedger { store: store() }))
        .with(InstanceServiceServer::new(Instances))
        .with(MessengerServiceServer::new(Messenger))
}
