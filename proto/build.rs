//! Compiles the protos in this folder, with no protoc on the machine, and keeps the descriptor set for reflection.

use std::{env, error::Error, fs, path::PathBuf};

use protox::Compiler;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=chatstore");
    println!("cargo::rerun-if-changed=build.rs");

    let mut compiler = Compiler::new(["."])?;
    compiler.include_imports(true);
    for package in ["chatstore/blob/v1", "chatstore/metadata/v1"] {
        for entry in fs::read_dir(package)? {
            compiler.open_file(entry?.path())?;
        }
    }

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(
        out.join("chatstore.bin"),
        compiler.encode_file_descriptor_set(),
    )?;

    compiler.include_source_info(true);
    tonic_prost_build::configure()
        .bytes(".chatstore.blob.v1")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
