//! kill -9 in the middle of the demo: nothing acknowledged is lost (P8), and the same request ids converge (P7, P9).

use std::{
    collections::BTreeSet,
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use contract::{
    blob::v1::{HeadObjectRequest, ListObjectsRequest, Object},
    metadata::v1::{GetChatHistoryRequest, ListChatsRequest},
};
use futures::TryStreamExt as _;
use serde_json::Value;
use tempfile::TempDir;
use tests::{
    Pair, Service,
    command::{chatctl_on, stdout},
};

/// In how many places each service is killed, spread over all that it does in the demo.
const PLACES: usize = 12;
/// How long the demo may take to come to a place.
const LIMIT: Duration = Duration::from_secs(60);

/// What a demo leaves behind, without what no two runs have in common: times, and the ids that the service makes.
#[derive(Debug, PartialEq)]
struct State {
    chat: Vec<Value>,
    objects: Vec<Object>,
}

#[tokio::test]
async fn demo_ends_the_same_wherever_metadata_svc_is_killed() {
    kill_everywhere(|pair| &mut pair.metadata).await;
}

#[tokio::test]
async fn demo_ends_the_same_wherever_blob_svc_is_killed() {
    kill_everywhere(|pair| &mut pair.blob).await;
}

async fn kill_everywhere(victim: fn(&mut Pair) -> &mut Service) {
    let mut pair = Pair::start().await;
    let begin = steps(victim(&mut pair));
    let undisturbed = hold(&pair).await;
    let all = steps(victim(&mut pair)) - begin;
    assert!(all > PLACES, "the log tells every step");

    for place in 0..PLACES {
        let mut pair = Pair::start().await;
        kill_at(
            &mut pair,
            victim,
            begin + all * place / PLACES,
            place % 2 == 1,
        )
        .await;
        assert_eq!(hold(&pair).await, undisturbed, "place {place} of {PLACES}");
    }
}

/// Kills a service in the middle of the demo, and starts it again; `caller_dies` with it, or must find its own way out.
async fn kill_at(
    pair: &mut Pair,
    victim: fn(&mut Pair) -> &mut Service,
    step: usize,
    caller_dies: bool,
) {
    let to = folder();
    let mut demo = demo(pair, &to)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("chatctl can be started");
    wait_for_step(victim(pair), &mut demo, step);
    let shown = shown(pair).await;
    victim(pair).kill_9();
    if caller_dies {
        demo.kill().expect("an own child can be killed");
    }
    victim(pair).restart().await;
    let lost: Vec<_> = shown
        .difference(&self::shown(pair).await)
        .cloned()
        .collect();
    assert_eq!(
        lost,
        Vec::<String>::new(),
        "step {step}: shown before the kill, and gone behind it"
    );
    let ended = demo
        .wait_with_output()
        .expect("an own child can be waited for");
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert!(
        caller_dies || ended.status.success(),
        "step {step}: the demo gave up: {complaint}"
    );
}

/// All that the services show of the demo by now, down to the ids and times that they made.
async fn shown(pair: &Pair) -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    let list = ListChatsRequest {
        user_id: "demo".to_owned(),
        ..Default::default()
    };
    for chat in pair
        .chats()
        .list_chats(list)
        .await
        .expect("a list")
        .into_inner()
        .chats
    {
        shown.insert(format!("chat {} of {:?}", chat.id, chat.create_time));
        let history = GetChatHistoryRequest {
            chat_id: chat.id,
            ..Default::default()
        };
        let turns = pair
            .chats()
            .get_chat_history(history)
            .await
            .expect("a history")
            .into_inner();
        let turns: Vec<_> = turns.try_collect().await.expect("a history to its end");
        shown.extend(turns.iter().map(|answer| format!("{:?}", answer.turn)));
    }
    shown.extend(
        listed(pair)
            .await
            .iter()
            .map(|object| format!("{object:?}")),
    );
    shown
}

/// How much a service has done: it logs every call, and every answer of its store, on a line.
fn steps(service: &Service) -> usize {
    service.log().lines().count()
}

fn wait_for_step(service: &Service, demo: &mut Child, step: usize) {
    let deadline = Instant::now() + LIMIT;
    while steps(service) < step {
        let ended = demo.try_wait().expect("an own child can be asked");
        if let Some(ended) = ended {
            assert!(
                ended.success(),
                "the demo ended with {ended} before step {step}"
            );
            return;
        }
        assert!(
            Instant::now() < deadline,
            "the demo does not come to step {step}"
        );
        thread::sleep(Duration::from_millis(1));
    }
}

fn demo(pair: &Pair, to: &TempDir) -> Command {
    let mut command = chatctl_on(pair);
    command.arg("demo").arg("--to").arg(to.path());
    command
}

/// Holds the demo to its end, and looks at what is there then.
async fn hold(pair: &Pair) -> State {
    let to = folder();
    stdout(&mut demo(pair, &to));
    let exported =
        fs::read_to_string(to.path().join("chat.jsonl")).expect("the demo exports JSON lines");
    let chat = exported
        .lines()
        .map(|line| comparable(serde_json::from_str(line).expect("JSON lines")))
        .collect();
    State {
        chat,
        objects: objects(pair).await,
    }
}

/// Takes times and made ids out, at every depth.
fn comparable(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields
                .into_iter()
                .filter(|(name, _)| name != "id" && !name.ends_with("_time"));
            kept.map(|(name, value)| (name, comparable(value)))
                .collect()
        }
        Value::Array(items) => items.into_iter().map(comparable).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// Every object of the store, described in full.
async fn objects(pair: &Pair) -> Vec<Object> {
    let mut objects = Vec::new();
    for Object { key, .. } in listed(pair).await {
        let head = HeadObjectRequest {
            key,
            ..Default::default()
        };
        let found = pair
            .objects()
            .head_object(head)
            .await
            .expect("it is listed")
            .into_inner()
            .object;
        objects.push(Object {
            create_time: None,
            ..found.expect("an answer has the object")
        });
    }
    objects
}

async fn listed(pair: &Pair) -> Vec<Object> {
    let all = ListObjectsRequest {
        page_size: 1_000,
        ..Default::default()
    };
    pair.objects()
        .list_objects(all)
        .await
        .expect("a list")
        .into_inner()
        .objects
}

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder can be made")
}
