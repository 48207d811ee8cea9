//! The Kubernetes manifests, read as Kubernetes reads them: what they set, the binary takes.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;
use tests::{
    ObjectStore, Pair, Service,
    command::{blob_svc, chatctl, run, stdout},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../k8s/");

/// The one object of a kind in a manifest.
fn object(file: &str, kind: &str) -> Value {
    let text = fs::read_to_string(format!("{FOLDER}{file}")).expect("the manifest is there");
    let objects: Vec<Value> = serde_saphyr::from_multiple(&text).expect("it is YAML");
    let mut found = objects.into_iter().filter(|object| object["kind"] == kind);
    found.next().expect("it has such an object")
}

fn pod(object: &Value) -> &Value {
    let job = &object["spec"]["jobTemplate"];
    let of_pods = if job.is_object() { job } else { object };
    &of_pods["spec"]["template"]["spec"]
}

fn args(container: &Value) -> Vec<&str> {
    let args = container["args"].as_array().expect("a command");
    args.iter().filter_map(Value::as_str).collect()
}

fn container(object: &Value) -> &Value {
    &pod(object)["containers"][0]
}

/// The settings that a manifest itself gives.
fn settings(container: &Value) -> Vec<(&str, &str)> {
    let all = container["env"].as_array().expect("it gives settings");
    let text = |value: &'_ Value| value.as_str().map(str::to_owned);
    assert!(
        all.iter().all(|one| text(&one["value"]).is_some()),
        "values are text: {all:?}"
    );
    all.iter()
        .filter_map(|one| Some((one["name"].as_str()?, one["value"].as_str()?)))
        .collect()
}

#[test]
fn without_an_endpoint_the_manifests_settings_end_the_start() {
    for (file, kind) in [
        ("blob-svc.yaml", "Deployment"),
        ("blob-svc-buckets.yaml", "Job"),
    ] {
        let manifest = object(file, kind);
        let folder = TempDir::new().expect("a temporary folder can be made");
        let output = run(blob_svc()
            .envs(settings(container(&manifest)))
            .current_dir(&folder));
        assert!(!output.status.success(), "{file}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            told.contains("S3_ENDPOINT: is required with USE_S3_STORAGE=true"),
            "{told}"
        );
        let made = fs::read_dir(&folder).expect("readable").count();
        assert_eq!(made, 0, "no store of its own was made");
    }
}

#[tokio::test]
async fn with_an_endpoint_and_its_keys_the_job_makes_the_buckets_and_the_service_serves() {
    let bucket = ObjectStore::Seaweed.fresh();
    let folder = TempDir::new().expect("a temporary folder can be made");
    let file = folder.path().join("buckets.json");
    fs::write(&file, r#"{"buckets": [{"name": "of-the-manifests"}]}"#).expect("writable");
    let file = file.display().to_string();
    let mut of_the_store = bucket.settings();
    of_the_store.retain(|(name, _)| *name != "S3_BUCKET");
    let job = object("blob-svc-buckets.yaml", "Job");
    let told = stdout(
        blob_svc()
            .args(args(container(&job)))
            .envs(settings(container(&job)))
            .envs(of_the_store.clone())
            .env("S3_BUCKETS_FILE", &file),
    );
    assert_eq!(told, "of-the-manifests: READY\n");
    let deployment = object("blob-svc.yaml", "Deployment");
    // Its addresses are another pod's: here others are served beside it.
    let own = settings(container(&deployment)).into_iter();
    let own = own.filter(|(name, _)| !name.ends_with("_ADDR") && *name != "S3_BUCKETS_FILE");
    of_the_store.push(("S3_BUCKETS_FILE", file));
    let own = own.map(|(name, value)| (name, value.to_owned()));
    let all: Vec<(&str, String)> = own.chain(of_the_store).collect();
    let service = Service::start("blob-svc", &all).await;
    assert!(service.serves().await);
}

#[tokio::test]
async fn the_sweep_runs_as_the_cron_job_runs_it_with_a_place_for_its_file_and_no_other_at_once() {
    let cron = object("sweep.yaml", "CronJob");
    assert_eq!(cron["spec"]["concurrencyPolicy"], "Forbid");
    let container = container(&cron);
    let scratch = &container["volumeMounts"][0];
    assert_eq!(pod(&cron)["volumes"][0]["name"], scratch["name"]);
    assert!(pod(&cron)["volumes"][0]["emptyDir"].is_object());
    for bound in ["requests", "limits"] {
        let space = &container["resources"][bound]["ephemeral-storage"];
        assert!(space.is_string(), "{bound} are to tell the scratch space");
    }
    let account = object("sweep.yaml", "ServiceAccount");
    assert_eq!(
        pod(&cron)["serviceAccountName"],
        account["metadata"]["name"]
    );
    let set = settings(container);
    let mounted = scratch["mountPath"].as_str().expect("a path");
    assert!(set.contains(&("TMPDIR", mounted)), "{set:?}");

    let (pair, folder) = (Pair::start().await, TempDir::new());
    let folder = folder.expect("a temporary folder can be made");
    // Its addresses and its folder are another pod's: here they are others.
    let here = |name: &str| match name {
        "CHATSTORE_METADATA" => pair.metadata.url(),
        "CHATSTORE_BLOB" => pair.blob.url(),
        "TMPDIR" => folder.path().display().to_string(),
        other => panic!("{other} means nothing here"),
    };
    let here: Vec<_> = set.iter().map(|(name, _)| (*name, here(name))).collect();
    let told = stdout(chatctl().args(args(container)).envs(here));
    let report: Value = serde_json::from_str(&told).expect("a report");
    assert_eq!(report["delete"], true, "{report}");
    assert_eq!(report["grace_seconds"], 86_400, "{report}");
}

#[test]
fn pods_are_hardened_and_probed_where_they_listen() {
    let deployment = object("blob-svc.yaml", "Deployment");
    for (manifest, name) in [
        (&deployment, "Deployment"),
        (&object("blob-svc-buckets.yaml", "Job"), "Job"),
        (&object("sweep.yaml", "CronJob"), "CronJob"),
    ] {
        let (pod, container) = (pod(manifest), container(manifest));
        assert_eq!(pod["automountServiceAccountToken"], false, "{name}");
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{name}");
        assert_eq!(
            pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault",
            "{name}"
        );
        let own = &container["securityContext"];
        assert_eq!(own["allowPrivilegeEscalation"], false, "{name}");
        assert_eq!(own["readOnlyRootFilesystem"], true, "{name}");
        assert_eq!(own["capabilities"]["drop"][0], "ALL", "{name}");
        assert!(
            container["resources"]["limits"]["memory"].is_string(),
            "{name}"
        );
    }
    let container = container(&deployment);
    let port = |name: &str| {
        let ports = container["ports"].as_array().expect("it has ports");
        let named = ports.iter().find(|port| port["name"] == name);
        named.expect("it is named")["containerPort"].to_string()
    };
    let settings = settings(container);
    for (name, setting) in [("grpc", "LISTEN_ADDR"), ("admin", "ADMIN_ADDR")] {
        let address = format!("0.0.0.0:{}", port(name));
        assert!(
            settings.contains(&(setting, &address)),
            "{setting} is not {address}"
        );
    }
    assert_eq!(
        container["readinessProbe"]["grpc"]["port"].to_string(),
        port("grpc")
    );
    assert_eq!(container["livenessProbe"]["httpGet"]["port"], "admin");
    let service = object("blob-svc.yaml", "Service");
    assert_eq!(
        service["spec"]["selector"],
        deployment["spec"]["selector"]["matchLabels"]
    );
}
