//! boto3 beside the service: a Python process that lives as long as the benchmark, so that its start counts nowhere.

use std::process::Stdio;

use anyhow::Context as _;
use serde_json::{Value, json};
use tests::{S3, command::program};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
};

/// Takes the way to the store, then orders, a line of JSON each.
const SCRIPT: &str = include_str!("boto3/serve.py");
/// Settings and proxies of whoever runs the benchmark are not boto3's here.
const CLEAN: &str = r#"exec env -i PATH="$PATH" python3 -c "$0""#;

/// The process.
pub(crate) struct Boto3 {
    pub(crate) pid: u32,
    /// Its own version, and Python's.
    pub(crate) version: String,
    pipes: Mutex<Pipes>,
    _child: Child,
}

struct Pipes {
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Boto3 {
    /// Starts it, with a client for the store of `bucket`.
    pub(crate) async fn start(bucket: &S3) -> anyhow::Result<Self> {
        let mut python = Command::from(program("sh"));
        python.args(["-c", CLEAN, SCRIPT]);
        let mut child = python
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut pipes = Pipes {
            orders: child.stdin.take().context("it has a pipe")?,
            answers: BufReader::new(child.stdout.take().context("it has a pipe")?).lines(),
        };
        let store = json!({
            "endpoint": format!("http://{}", bucket.address),
            "access_key": bucket.access_key,
            "secret_key": bucket.secret_key,
            "bucket": bucket.name,
        });
        let told = pipes.ask(&store).await?;
        Ok(Self {
            pid: child.id().context("boto3 has ended")?,
            version: told["version"].as_str().unwrap_or_default().to_owned(),
            pipes: Mutex::new(pipes),
            _child: child,
        })
    }

    /// Has `order` carried out: how many seconds it took.
    pub(crate) async fn carry_out(&self, order: &Value) -> anyhow::Result<f64> {
        let answer = self.pipes.lock().await.ask(order).await?;
        answer["seconds"]
            .as_f64()
            .with_context(|| format!("boto3 answers {answer}"))
    }
}

impl Pipes {
    async fn ask(&mut self, line: &Value) -> anyhow::Result<Value> {
        self.orders
            .write_all(format!("{line}\n").as_bytes())
            .await?;
        let answer = self.answers.next_line().await?;
        let answer = answer.context("boto3 has ended; `tests/install` installs what is missing")?;
        Ok(serde_json::from_str(&answer)?)
    }
}
