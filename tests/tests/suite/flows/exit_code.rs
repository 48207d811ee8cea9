//! The exit codes of chatctl, which scripts trust, and what it says on standard error.

use std::process::{Command, Output};

use contract::id::new_id;
use serde_json::Value;
use tests::{
    Pair,
    command::{chatctl_on, run},
};

use super::{carried, saved_chat};

/// Runs chatctl, which must fail, and gives its exit code and its error.
fn fail(command: &mut Command) -> (Option<i32>, Value) {
    let Output {
        status,
        stdout,
        stderr,
    } = run(command);
    assert_eq!(
        stdout, b"",
        "results go to standard output, and there are none"
    );
    let said = String::from_utf8_lossy(&stderr).into_owned();
    let last = said.lines().last().unwrap_or_default();
    let error: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("no JSON: {said}"));
    (status.code(), error["error"].clone())
}

#[tokio::test]
async fn what_is_refused_is_2_and_names_its_fields() {
    let pair = Pair::start().await;
    let mut command = chatctl_on(&pair);
    command
        .arg("save-document")
        .arg(carried("pump_station.pdf"));
    let (code, error) = fail(command.args(["--user", "", "--title", &"ж".repeat(256)]));
    assert_eq!(
        (code, &error["code"]),
        (Some(2), &"INVALID_ARGUMENT".into()),
        "{error}"
    );
    let fields = error["fields"].as_array().cloned().unwrap_or_default();
    let mut fields: Vec<_> = fields.iter().filter_map(|f| f["field"].as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["chat.title", "chat.user_id"]);
}

#[tokio::test]
async fn what_is_not_there_is_3() {
    let pair = Pair::start().await;
    let id = new_id().to_string();
    for command in ["history", "delete-chat"] {
        let (code, error) = fail(chatctl_on(&pair).args([command, &id]));
        assert_eq!(
            (code, &error["code"]),
            (Some(3), &"NOT_FOUND".into()),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_request_id_with_other_content_is_4() {
    let pair = Pair::start().await;
    let (_, chat_id) = saved_chat(&pair).await;
    let (chat_id, request_id) = (chat_id.to_string(), new_id().to_string());
    let say = |content: &str| {
        let mut command = chatctl_on(&pair);
        command.args([
            "save-turn",
            &chat_id,
            "--content",
            content,
            "--request-id",
            &request_id,
        ]);
        command
    };
    for _ in ["run", "rerun"] {
        assert!(run(&mut say("раз")).status.success());
    }
    let (code, error) = fail(&mut say("два"));
    assert_eq!(
        (code, &error["reason"]),
        (Some(4), &"REQUEST_ID_REUSED".into()),
        "{error}"
    );
}

#[tokio::test]
async fn a_service_that_is_down_is_5_and_the_request_id_that_was_told_finishes() {
    let mut pair = Pair::start().await;
    pair.metadata.kill_9();
    let save = |pair: &Pair| {
        let mut command = chatctl_on(pair);
        command
            .arg("save-document")
            .arg(carried("pump_station.pdf"));
        command.args(["--user", "анна", "--timeout", "2"]);
        command
    };
    let (code, error) = fail(&mut save(&pair));
    assert_eq!(
        (code, &error["step"]),
        (Some(5), &"ReserveKeys".into()),
        "{error}"
    );
    let request_id = error["request_id"]
        .as_str()
        .expect("it tells the request id");
    pair.metadata.restart().await;
    assert!(
        run(save(&pair).args(["--request-id", request_id]))
            .status
            .success()
    );
    assert_eq!(super::objects(&pair).await.len(), 1);
}
