//! The crates of the book as their sources declare them: modules, items, re-exports and methods.
//!
//! Only names are read. What depends on a feature or a platform is there too, as it is in the
//! documentation that docs.rs shows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize;

mod reader;

pub use reader::{docs, flatten};

/// The crates that Cargo.lock names, by the name that programs use: `tokio_util`.
pub struct Sources(BTreeMap<String, Package>);

/// A crate of which Cargo has the sources.
pub struct Package {
    /// As on docs.rs: `tokio-util`.
    pub name: String,
    /// `0.7.20`
    pub version: String,
    /// Its `src/lib.rs`.
    pub root: PathBuf,
    modules: OnceLock<Modules>,
}

/// What stands in each module, by its path: `sync::mpsc`; the crate itself is ``.
pub type Modules = BTreeMap<String, Module>;

/// What stands in a module.
#[derive(Debug, Default)]
pub struct Module {
    /// Its documentation.
    pub docs: String,
    /// What it declares, modules included.
    pub items: Vec<Item>,
    /// What it takes over from elsewhere.
    pub uses: Vec<Use>,
    /// The types that it adds methods to, with these.
    pub methods: Vec<(String, Member)>,
}

/// Something that has a name.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Item {
    /// `spawn_blocking`
    pub name: String,
    /// As in the address of its page: `fn`, `struct`, `mod`.
    pub kind: &'static str,
    /// Its documentation.
    pub docs: String,
    /// Whether it is public, and shown.
    pub is_public: bool,
    /// The methods of a trait and the variants of an enum.
    pub members: Vec<Member>,
}

/// A method or a variant.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Member {
    /// `read_u16`
    pub name: String,
    /// Its documentation.
    pub docs: String,
}

/// `pub use path::{name as renamed}`
#[derive(Debug, Clone)]
pub struct Use {
    /// From the first word to the last; `*` stands for everything.
    pub path: Vec<String>,
    /// The name that it gets here, or `*`.
    pub name: String,
    /// Whether it can be seen from outside.
    pub is_public: bool,
    /// Whether it is documented here although it has a page elsewhere.
    pub is_inline: bool,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    version: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    src_path: PathBuf,
}

impl Sources {
    /// Asks Cargo where the crates of the workspace are.
    pub fn locate(workspace: &Path) -> Result<Sources, String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(workspace)
            .output()
            .map_err(|error| format!("cargo metadata does not start: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("cargo metadata is not understood: {error}"))?;
        let mut packages = BTreeMap::new();
        for package in metadata.packages {
            let is_library = |target: &&Target| {
                let kinds = target.kind.iter().map(String::as_str);
                kinds
                    .into_iter()
                    .any(|kind| kind == "lib" || kind == "proc-macro")
            };
            if let Some(target) = package.targets.iter().find(is_library) {
                // Of two versions the newer comes later.
                packages.insert(
                    target.name.replace('-', "_"),
                    Package {
                        name: package.name,
                        version: package.version,
                        root: target.src_path.clone(),
                        modules: OnceLock::new(),
                    },
                );
            }
        }
        Ok(Sources(packages))
    }

    /// The crate that programs know by this name.
    pub fn package(&self, name: &str) -> Option<&Package> {
        self.0.get(name)
    }

    /// Every crate, with the name by which programs know it.
    pub fn names(&self) -> impl Iterator<Item = (&str, &Package)> {
        self.0
            .iter()
            .map(|(name, package)| (name.as_str(), package))
    }
}

impl Package {
    /// Its modules, which are read when they are first asked for.
    pub fn modules(&self) -> &Modules {
        self.modules.get_or_init(|| reader::read(&self.root))
    }
}
