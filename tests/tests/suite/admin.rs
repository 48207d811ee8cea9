//! The admin port: what probes and Prometheus are told, on both services.

use std::{
    fs,
    time::{Duration, Instant},
};

use contract::metadata::v1::{
    AppendMessagesRequest, Chat, GetChatRequest, Message, Role, Turn,
    chat_service_client::ChatServiceClient, message_service_client::MessageServiceClient,
};
use serde_json::{Value, json};
use tests::{Pair, Service, http::Answer};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

mod database;
mod exposition;

/// How long a finding may take to be seen; far above what it takes.
const LIMIT: Duration = Duration::from_secs(60);
/// How long the service gives a connection to the admin port.
const CONNECTION_TIME: Duration = Duration::from_secs(10);

#[tokio::test]
async fn health_and_ready_tell_of_every_dependency_and_one_that_is_not_configured_is_unavailable() {
    let pair = Pair::start().await;
    for path in ["/health", "/ready"] {
        let metadata = pair.metadata.admin("GET", path).await;
        let expected = json!({"status": "ok", "database": "unavailable", "store": "ok"});
        assert_eq!((metadata.status, parsed(&metadata)), (200, expected));
        let blob = pair.blob.admin("GET", path).await;
        let expected = json!({"status": "ok", "store": "ok"});
        assert_eq!((blob.status, parsed(&blob)), (200, expected));
    }
}

#[tokio::test]
async fn readiness_goes_and_comes_with_the_store_and_health_says_so_without_its_secrets() {
    let mut store = Service::start("blob-svc", &[]).await;
    let settings = reaching(&store);
    let service = Service::start("blob-svc", &settings).await;
    let ready = async |status| {
        until(&service, "/ready", |answer| answer.status == status).await;
    };
    ready(200).await;

    store.kill_9();
    ready(503).await;
    let health = service.admin("GET", "/health").await;
    assert_eq!(health.status, 200, "the process lives: {}", health.body);
    let told = parsed(&health);
    assert_eq!(told["status"], "degraded");
    let reason = told["store"].as_str().unwrap_or_default();
    assert!(reason.starts_with("failing: "), "{told}");
    for (_, secret) in &settings {
        assert!(!health.body.contains(secret), "{told}");
    }
    for name in ["", "chatstore.blob.v1.ObjectService"] {
        assert_eq!(grpc_health(&service, name).await, ServingStatus::NotServing);
    }

    store.restart().await;
    ready(200).await;
    assert_eq!(grpc_health(&service, "").await, ServingStatus::Serving);
}

#[tokio::test]
async fn a_disk_that_has_failed_ends_readiness_of_the_embedded_store_for_good() {
    // Files up to 8 MiB: what goes beyond fails as a full disk does, with an error and no signal.
    let limit = "trap '' XFSZ; ulimit -f 16384";
    let service = Service::start_after(limit, "metadata-svc", &[]).await;
    let mut messages = MessageServiceClient::new(service.channel());
    let code = loop {
        if let Err(status) = messages.append_messages(turn(1 << 20)).await {
            break status.code();
        }
    };
    assert_eq!(code, Code::Unavailable);
    let again = messages.append_messages(turn(1)).await;
    assert_eq!(again.map_err(|e| e.code()).err(), Some(Code::Unavailable));

    let told = parsed(&service.admin("GET", "/health").await);
    let reason = told["store"].as_str().unwrap_or_default();
    assert!(reason.starts_with("failing: the disk"), "{told}");
    until(&service, "/ready", |answer| answer.status == 503).await;
    let name = "chatstore.metadata.v1.MessageService";
    assert_eq!(grpc_health(&service, name).await, ServingStatus::NotServing);
}

#[tokio::test]
async fn metrics_count_a_call_by_its_method_and_code_and_name_no_chat() {
    let pair = Pair::start().await;
    let chat_id = "0193d8f0-5f00-7000-8000-00000000abcd".to_owned();
    let request = GetChatRequest {
        chat_id: chat_id.clone(),
    };
    let mut chats = ChatServiceClient::new(pair.metadata.channel());
    let refused = chats.get_chat(request).await.expect_err("no such chat");
    assert_eq!(refused.code(), Code::NotFound);

    let counted = "rpc_server_call_duration_seconds_count{\
                   rpc_method=\"chatstore.metadata.v1.ChatService/GetChat\",\
                   rpc_response_status_code=\"NOT_FOUND\"} 1\n";
    // The caller may have its answer before the call is over.
    let answer = until(&pair.metadata, "/metrics", |a| a.body.contains(counted)).await;
    assert!(!answer.body.contains(&chat_id));
    for service in [&pair.metadata, &pair.blob] {
        let answer = service.admin("GET", "/metrics").await;
        let told = exposition::parsed(&answer.body);
        assert!(told["process_resident_memory_bytes"] > 1e6);
        assert!(told["process_cpu_seconds_total"] > 0.0);
    }
}

#[tokio::test]
async fn unknown_paths_are_404_and_other_methods_than_get_and_head_are_405() {
    let service = Service::start("blob-svc", &[]).await;
    for path in ["/", "/health/", "/Ready", "/metrics/x", "/debug"] {
        let answer = service.admin("GET", path).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = service.admin(method, "/health").await;
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.head.contains("allow: get, head"), "{}", answer.head);
    }
    let answer = service.admin("HEAD", "/ready").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}

#[tokio::test]
async fn clients_that_stop_in_the_middle_hold_up_neither_others_nor_the_end() {
    let mut service = Service::start("blob-svc", &[]).await;
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut client = TcpStream::connect(service.admin_address())
            .await
            .expect("the admin port listens");
        let half = client.write_all(b"GET /health HTTP/1.1\r\nhost: ").await;
        half.expect("half a request can be sent");
        open.push(client);
    }
    assert_eq!(service.admin("GET", "/ready").await.status, 200);
    let begin = Instant::now();
    service.terminate();
    assert!(
        begin.elapsed() < CONNECTION_TIME,
        "the end waits for clients of the admin port"
    );
}

/// A new chat with one message of this size.
fn turn(bytes: usize) -> AppendMessagesRequest {
    let create_chat = Chat {
        user_id: "ann".to_owned(),
        title: "Pumps".to_owned(),
        ..Chat::default()
    };
    let message = Message {
        role: Role::User.into(),
        content: "x".repeat(bytes),
        ..Message::default()
    };
    let turn = Turn {
        message: Some(message),
        ..Turn::default()
    };
    AppendMessagesRequest {
        create_chat: Some(create_chat),
        turns: vec![turn],
        ..AppendMessagesRequest::default()
    }
}

/// The settings by which a second blob-svc has the first one's embedded store as its own.
fn reaching(store: &Service) -> Vec<(&'static str, String)> {
    let kept = |name: &str| {
        let file = store.data().join("blob").join(name);
        fs::read_to_string(file).expect("the embedded store keeps what makes it the same")
    };
    let credentials: Value = serde_json::from_str(&kept("credentials.json")).expect("it is JSON");
    let of = |name: &str| credentials[name].as_str().unwrap_or_default().to_owned();
    vec![
        ("S3_ENDPOINT", format!("http://127.0.0.1:{}", kept("port"))),
        ("S3_ACCESS_KEY", of("access_key")),
        ("S3_SECRET_KEY", of("secret_key")),
    ]
}

fn parsed(answer: &Answer) -> Value {
    let head = &answer.head;
    assert!(head.contains("content-type: application/json"), "{head}");
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body))
}

/// Asks until the answer is as wished.
async fn until(service: &Service, path: &str, wished: impl Fn(&Answer) -> bool) -> Answer {
    let deadline = Instant::now() + LIMIT;
    loop {
        let answer = service.admin("GET", path).await;
        if wished(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{path} stays {answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn grpc_health(service: &Service, name: &str) -> ServingStatus {
    let request = HealthCheckRequest {
        service: name.to_owned(),
    };
    let answer = HealthClient::new(service.channel()).check(request).await;
    answer
        .expect("health answers while the process lives")
        .into_inner()
        .status()
}
