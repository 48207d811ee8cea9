//! What blob-svc holds while 8 objects go up and 8 come down at once.

use tests::Service;
use tokio::try_join;

use super::{
    calls::{CONNECTIONS, Call, Calls},
    content::{Content, PUT_OBJECT},
    run::Run,
    stage::Stage,
    transfer::{GET_OBJECT, MILLIS, download},
};
use crate::{process::memory_bytes, report::Verdict};

const PREFIX: &str = "memory/";
const EACH_WAY: u32 = 8;
/// README's bound.
const MOST_MIB: f64 = 128.0;
const MEBIBYTE: f64 = 1_048_576.0;

/// Moves objects of `mib` MiB by way of a service of its own, which has held nothing before, and prints what it took.
pub(crate) async fn measure(stage: &Stage, mib: u32) -> anyhow::Result<Verdict> {
    let content = Content::of_mib(mib);
    let upload = |name: &str, is_declared| content.upload(format!("{PREFIX}{name}"), is_declared);
    let there = calls(PUT_OBJECT, [upload("there", true)]);
    there.run(&there.connect(&stage.service).await?).await?;
    let up = (0..EACH_WAY).map(|number| upload(&number.to_string(), number % 2 == 0));
    let up = calls(PUT_OBJECT, up);
    let down = || download(format!("{PREFIX}there"), content.size_bytes());
    let down = calls(GET_OBJECT, (0..EACH_WAY).map(|_| down()));
    let service = stage.serve_another().await;
    let before = most(&service)?;
    let (ways_up, ways_down) = (up.connect(&service).await?, down.connect(&service).await?);
    let both = async {
        try_join!(up.run(&ways_up), down.run(&ways_down))?;
        Ok(())
    };
    let run = Run::of(f64::from(mib * EACH_WAY * 2), stage.watched(&service), both).await?;
    let after = most(&service)?;
    stage.clear(PREFIX).await?;
    print(mib, before, after, &run);
    Ok(Verdict {
        what: format!("Memory: {EACH_WAY} uploads and {EACH_WAY} downloads of {mib} MiB at once"),
        goal: format!("at most {MOST_MIB} MiB resident"),
        figure: format!("{after:.1}"),
        is_reached: after <= MOST_MIB,
    })
}

/// How many MiB of memory the process has held at most.
pub(crate) fn most(service: &Service) -> anyhow::Result<f64> {
    Ok(memory_bytes(service.pid(), "VmHWM")? as f64 / MEBIBYTE)
}

/// All of them at once.
fn calls(path: &'static str, calls: impl IntoIterator<Item = Call>) -> Calls {
    Calls {
        path,
        lanes: calls.into_iter().map(|call| vec![call]).collect(),
        connections: CONNECTIONS,
    }
}

fn print(mib: u32, before: f64, after: f64, run: &Run) {
    println!("\n## Memory of blob-svc\n");
    println!("| | before, MiB | most, MiB | MiB/s | blob-svc CPU ms per MiB |");
    println!("|---|---:|---:|---:|---:|");
    println!(
        "| {EACH_WAY} uploads (half of them declared) and {EACH_WAY} downloads of {mib} MiB at once | {before:.1} | {after:.1} \
         | {:.0} | {:.2} |",
        run.per_second(),
        run.cost().service * MILLIS
    );
}
