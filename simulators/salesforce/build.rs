//! Puts the package of `infra/salesforce` into the simulator, so that the two cannot drift apart.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let unset = |name: &str| io::Error::other(format!("cargo sets {name} for build scripts"));
    let here = env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| unset("CARGO_MANIFEST_DIR"))?;
    let root = Path::new(&here).join("../../infra/salesforce/force-app");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut source =
        String::from("/// The files of Syncline's own package, by path.\nconst SYNCLINE: &[(&str, &str)] = &[\n");
    for file in files {
        let path = file.strip_prefix(&root).unwrap_or(&file).display().to_string().replace('\\', "/");
        // Writing to a String does not fail.
        let _ = writeln!(source, "    ({path:?}, include_str!({:?})),", file.display().to_string());
    }
    source.push_str("];\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| unset("OUT_DIR"))?;
    fs::write(PathBuf::from(out).join("package.rs"), source)
}

/// Every XML file below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "xml") {
            files.push(path);
        }
    }
    Ok(())
}
