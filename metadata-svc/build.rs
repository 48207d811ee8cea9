//! Puts the migrations into the binary: `migrations/*/up.sql` and `down.sql`, in order.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .join("../migrations")
        .canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut folders = entries.collect::<Result<Vec<_>, _>>()?;
    folders.retain(|path| path.is_dir());
    folders.sort();

    let mut list = String::from("&[\n");
    for folder in folders {
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or("a migration's name is UTF-8")?;
        // As diesel's own tools read it: the version is what stands before the first `_`, without dashes.
        let (version, name) = name
            .split_once('_')
            .ok_or("a migration is named VERSION_name")?;
        let version = version.replace('-', "");
        let (up, down) = (folder.join("up.sql"), folder.join("down.sql"));
        writeln!(
            list,
            "Migration {{ version: {version:?}, name: {name:?}, up: include_str!({up:?}), down: include_str!({down:?}) }},"
        )?;
    }
    list.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), list)?;
    Ok(())
}
