//! Compiles many exercise files as modules of one test binary.

use crate::Problem;
use serde_json::Value;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io, process};

/// The crates that exercises may use, as cargo has built them for this workspace.
pub struct Crates {
    /// Options for rustc, and its version, which both go into the cache's key.
    options: Vec<OsString>,
    rustc: String,
}

impl Crates {
    /// Asks cargo where the libraries are; it has built them for this very package already.
    pub fn ask_cargo(names: &[String]) -> Result<Crates, Problem> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args([
            "build",
            "--lib",
            "--message-format=json",
            "--package",
            "exercises",
        ]);
        let broken = |what: String| {
            Problem::new(
                "tests/exercises",
                what,
                "run `cargo build -p exercises --lib`",
            )
        };
        let output = command.stdin(Stdio::null()).output();
        let output = output.map_err(|error| broken(format!("cargo does not start: {error}")))?;
        if !output.status.success() {
            return Err(broken(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let messages = String::from_utf8_lossy(&output.stdout);
        let libraries: Vec<(String, PathBuf)> = messages
            .lines()
            .filter_map(|line| library(&serde_json::from_str(line).ok()?))
            .collect();

        let mut options = Vec::new();
        for name in names.iter().map(|name| name.replace('-', "_")) {
            let Some((_, path)) = libraries.iter().find(|(library, _)| *library == name) else {
                return Err(Problem::new(
                    "tests/exercises/Cargo.toml",
                    format!("lacks `{name}`, which code/exercises/Cargo.toml lists"),
                    "add it to [dependencies], with `workspace = true`",
                ));
            };
            let mut library = OsString::from(format!("{name}="));
            library.push(path);
            options.extend(["--extern".into(), library]);
            if let Some(folder) = path.parent() {
                let mut search = OsString::from("dependency=");
                search.push(folder);
                options.extend(["-L".into(), search]);
            }
        }
        let version = Command::new("rustc").arg("-vV").output();
        let version = version.map_err(|error| broken(format!("rustc does not start: {error}")))?;
        Ok(Crates {
            options,
            rustc: String::from_utf8_lossy(&version.stdout).into_owned(),
        })
    }
}

fn library(message: &Value) -> Option<(String, PathBuf)> {
    let file = message["filenames"]
        .as_array()?
        .iter()
        .filter_map(Value::as_str);
    let file = file.into_iter().find(|file| file.ends_with(".rlib"))?;
    Some((message["target"]["name"].as_str()?.to_owned(), file.into()))
}

/// A file that becomes the module `group::name`.
#[derive(Clone)]
pub struct Module {
    /// The outer module.
    pub group: &'static str,
    /// The inner module.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Whether warnings refuse it.
    pub strict: bool,
}

/// Compiles files into test binaries, and keeps these for the next run.
pub struct Compiler<'a> {
    /// Where binaries and generated files go.
    pub work: &'a Path,
    /// The folder that messages leave out of paths.
    pub base: &'a Path,
    /// What the files may use.
    pub crates: &'a Crates,
}

impl Compiler<'_> {
    /// Returns the test binary of `modules`, or what rustc said.
    pub fn test_binary(&self, stem: &str, modules: &[Module]) -> Result<PathBuf, String> {
        let source = source(modules);
        let path = self.work.join(format!(
            "{stem}-{:016x}{}",
            self.key(&source, modules),
            env::consts::EXE_SUFFIX
        ));
        if !path.exists() {
            self.rustc(stem, &source, Some(&path))?;
            self.forget_others(stem, &path);
        }
        Ok(path)
    }

    /// Whether rustc accepts one file by itself; if not, what it said.
    pub fn check(&self, module: &Module) -> Result<(), String> {
        let modules = std::slice::from_ref(module);
        let source = source(modules);
        let stem = format!("{}_{}", module.group, module.name);
        let refusal = self
            .work
            .join(format!("{stem}-{:016x}", self.key(&source, modules)));
        if let Ok(said) = fs::read_to_string(&refusal) {
            return Err(said);
        }
        let result = self.rustc(&stem, &source, None);
        if let Err(said) = &result {
            // A refusal that cannot be kept is found again next time.
            let _ = fs::write(&refusal, said);
            self.forget_others(&stem, &refusal);
        }
        result
    }

    fn rustc(&self, stem: &str, source: &str, binary: Option<&Path>) -> Result<(), String> {
        let failed = |error: io::Error| format!("cannot compile: {error}");
        fs::create_dir_all(self.work).map_err(failed)?;
        // Each process has its own files, so that two runs at once do not meet.
        let scratch = self.work.join(format!("{stem}.{}", process::id()));
        let file = scratch.with_added_extension("rs");
        fs::write(&file, source).map_err(failed)?;

        let mut rustc = Command::new("rustc");
        rustc.args([
            "--test",
            "--edition",
            "2024",
            "--crate-name",
            "exercises",
            "--color=never",
        ]);
        rustc.args(&self.crates.options);
        let mut remap = OsString::from("--remap-path-prefix=");
        remap.push(self.base);
        remap.push("=");
        rustc.arg(remap).arg(&file);
        match binary {
            Some(_) => rustc.arg("-o").arg(&scratch),
            None => rustc.arg("--emit=metadata").arg("-o").arg(&scratch),
        };
        let output = rustc.stdin(Stdio::null()).output().map_err(failed);
        let _ = fs::remove_file(&file);
        let output = output?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let result = match (output.status.success(), binary) {
            (true, Some(binary)) => fs::rename(&scratch, binary).map_err(failed),
            (true, None) => Ok(()),
            (false, _) => Err(said),
        };
        let _ = fs::remove_file(&scratch);
        result
    }

    fn key(&self, source: &str, modules: &[Module]) -> u64 {
        let mut hasher = DefaultHasher::new();
        (source, &self.crates.options, &self.crates.rustc).hash(&mut hasher);
        for module in modules {
            fs::read(&module.path).unwrap_or_default().hash(&mut hasher);
        }
        hasher.finish()
    }

    fn forget_others(&self, stem: &str, keep: &Path) {
        for entry in fs::read_dir(self.work).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let ours = name.to_string_lossy().starts_with(&format!("{stem}-"));
            if ours && entry.path() != keep {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn source(modules: &[Module]) -> String {
    let mut source = String::new();
    for (index, module) in modules.iter().enumerate() {
        if index == 0 || modules[index - 1].group != module.group {
            let close = if index == 0 { "" } else { "}\n" };
            let _ = writeln!(source, "{close}mod {} {{", module.group);
        }
        // `main` is dead code in a module; all else that warns would warn a reader as well.
        let lints = if module.strict {
            "#[deny(warnings)] #[allow(dead_code)]"
        } else {
            "#[allow(warnings)]"
        };
        let _ = writeln!(
            source,
            "{lints} #[path = {:?}] mod {};",
            module.path, module.name
        );
    }
    source + "}\n"
}
