//! Reads the declarations of a crate, file by file.

use std::fs;
use std::path::Path;

use syn::parse::{ParseStream, Parser};
use syn::{Attribute, ImplItem, Item as Syntax, Meta, Token, TraitItem, UseTree, Visibility};

use super::{Item, Member, Module, Modules, Use};

/// Reads a crate from its `src/lib.rs`.
pub fn read(root: &Path) -> Modules {
    let mut reader = Reader::default();
    reader.file("", root);
    reader.modules
}

#[derive(Default)]
struct Reader {
    modules: Modules,
}

impl Reader {
    /// Reads a module from its file; one that is not there is of another configuration.
    fn file(&mut self, path: &str, file: &Path) {
        let text = fs::read_to_string(file).unwrap_or_default();
        let Ok(syntax) = syn::parse_file(&text) else {
            return;
        };
        let docs = docs(&syntax.attrs);
        self.modules.entry(path.into()).or_default().docs += &docs;
        let stem = file.file_stem().unwrap_or_default();
        let folder = file.parent().unwrap_or(Path::new(""));
        let folder = if stem == "mod" || stem == "lib" {
            folder.to_owned()
        } else {
            folder.join(stem)
        };
        self.items(path, &folder, syntax.items, false);
    }

    fn items(&mut self, path: &str, folder: &Path, items: Vec<Syntax>, is_documented: bool) {
        for item in items {
            self.item(path, folder, item, is_documented);
        }
    }

    fn item(&mut self, path: &str, folder: &Path, item: Syntax, is_documented: bool) {
        let here = |ident: &syn::Ident| {
            let name = ident.to_string();
            if path.is_empty() {
                name
            } else {
                format!("{path}::{name}")
            }
        };
        match item {
            Syntax::Mod(it) if !is_of_tests(&it.attrs) => {
                let (inner, folder) = (here(&it.ident), folder.join(it.ident.to_string()));
                self.declare(path, "mod", &it.ident, &it.vis, &it.attrs, Vec::new());
                match it.content {
                    Some((_, items)) => {
                        self.modules.entry(inner.clone()).or_default().docs += &docs(&it.attrs);
                        self.items(&inner, &folder, items, false);
                    }
                    None => {
                        let file = folder.with_extension("rs");
                        let file = if file.exists() {
                            file
                        } else {
                            folder.join("mod.rs")
                        };
                        self.file(&inner, &file);
                    }
                }
            }
            Syntax::Fn(it) => {
                let has = |name| it.attrs.iter().any(|attr| attr.path().is_ident(name));
                let kind = match () {
                    () if has("proc_macro_attribute") => "attr",
                    () if has("proc_macro") => "macro",
                    () => "fn",
                };
                self.declare(path, kind, &it.sig.ident, &it.vis, &it.attrs, Vec::new());
            }
            Syntax::Struct(it) => {
                self.declare(path, "struct", &it.ident, &it.vis, &it.attrs, Vec::new())
            }
            Syntax::Union(it) => {
                self.declare(path, "union", &it.ident, &it.vis, &it.attrs, Vec::new())
            }
            Syntax::Type(it) => {
                self.declare(path, "type", &it.ident, &it.vis, &it.attrs, Vec::new())
            }
            Syntax::Const(it) => {
                self.declare(path, "constant", &it.ident, &it.vis, &it.attrs, Vec::new())
            }
            Syntax::Static(it) => {
                self.declare(path, "static", &it.ident, &it.vis, &it.attrs, Vec::new())
            }
            Syntax::Enum(it) => {
                let variants = it.variants.iter();
                let variants = variants.map(|it| member(&it.ident, &it.attrs)).collect();
                self.declare(path, "enum", &it.ident, &it.vis, &it.attrs, variants);
            }
            Syntax::Trait(it) => {
                let methods = it.items.iter().filter_map(|item| match item {
                    TraitItem::Fn(method) => Some(member(&method.sig.ident, &method.attrs)),
                    _ => None,
                });
                let mut methods: Vec<Member> = methods.collect();
                // Some traits write their methods by macros of their own.
                methods.extend(it.items.iter().flat_map(methods_in_macro));
                self.declare(path, "trait", &it.ident, &it.vis, &it.attrs, methods);
            }
            Syntax::Impl(it) => {
                let syn::Type::Path(of) = it.self_ty.as_ref() else {
                    return;
                };
                let Some(of) = of.path.segments.last().map(|last| last.ident.to_string()) else {
                    return;
                };
                let is_trait = it.trait_.is_some();
                for item in it.items {
                    if let ImplItem::Fn(method) = item
                        && (is_trait || is_public(&method.vis))
                    {
                        let method = member(&method.sig.ident, &method.attrs);
                        self.module(path).methods.push((of.clone(), method));
                    }
                }
            }
            Syntax::Use(it) => {
                let is_inline = says(&it.attrs, "inline");
                let is_public = is_public(&it.vis) && !says(&it.attrs, "hidden");
                let mut uses = Vec::new();
                flatten(&it.tree, &mut Vec::new(), &mut |path, name| {
                    uses.push(Use {
                        path,
                        name,
                        is_public,
                        is_inline,
                    });
                });
                self.module(path).uses.extend(uses);
            }
            Syntax::Macro(it) => match &it.ident {
                Some(ident) => {
                    let is_exported = it
                        .attrs
                        .iter()
                        .any(|attr| attr.path().is_ident("macro_export"));
                    // Tokio exports some by a macro around them, `doc! { macro_rules! join { … } }`.
                    if is_exported || is_documented {
                        let vis = Visibility::Public(Default::default());
                        self.declare("", "macro", ident, &vis, &it.attrs, Vec::new());
                    }
                }
                None => {
                    // `cfg_rt! { items }`; what are no items is of no interest. docs.rs turns every
                    // feature on, and runs on Linux.
                    let name = it
                        .mac
                        .path
                        .segments
                        .last()
                        .map(|last| last.ident.to_string());
                    let name = name.unwrap_or_default();
                    if name.starts_with("cfg_not_") && !name.starts_with("cfg_not_wasi") {
                        return;
                    }
                    if let Ok(inner) = syn::parse2::<syn::File>(it.mac.tokens) {
                        self.items(path, folder, inner.items, name == "doc");
                    }
                }
            },
            _ => {}
        }
    }

    fn module(&mut self, path: &str) -> &mut Module {
        self.modules.entry(path.into()).or_default()
    }

    fn declare(
        &mut self,
        path: &str,
        kind: &'static str,
        name: &syn::Ident,
        vis: &Visibility,
        attrs: &[Attribute],
        members: Vec<Member>,
    ) {
        let item = Item {
            name: name.to_string(),
            kind,
            docs: docs(attrs),
            is_public: is_public(vis) && !says(attrs, "hidden"),
            members,
        };
        let items = &mut self.module(path).items;
        // What is declared once for each configuration is one item.
        match items
            .iter_mut()
            .find(|known| known.name == item.name && known.kind == kind)
        {
            Some(known) => {
                known.is_public |= item.is_public;
                known.docs += &item.docs;
            }
            None => items.push(item),
        }
    }
}

fn is_public(vis: &Visibility) -> bool {
    matches!(vis, Visibility::Public(_))
}

/// `#[doc(word)]`
fn says(attrs: &[Attribute], word: &str) -> bool {
    attrs.iter().any(|attr| {
        attr.path().is_ident("doc")
            && matches!(&attr.meta, Meta::List(list) if list.tokens.to_string() == word)
    })
}

/// `#[cfg(test)]`, `#[cfg(all(loom, test))]`
fn is_of_tests(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        let Meta::List(list) = &attr.meta else {
            return false;
        };
        let tokens = list.tokens.to_string().replace(' ', "");
        attr.path().is_ident("cfg")
            && ["test", "loom", "all(test", "all(loom"].iter().any(|word| {
                tokens
                    .strip_prefix(word)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(','))
            })
    })
}

/// The lines of documentation among some attributes.
pub fn docs(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(it) if it.path.is_ident("doc") => match &it.value {
            syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) => Some(text.value() + "\n"),
            _ => None,
        },
        _ => None,
    });
    lines.collect()
}

fn member(name: &syn::Ident, attrs: &[Attribute]) -> Member {
    Member {
        name: name.to_string(),
        docs: docs(attrs),
    }
}

/// What stands after `fn` in a macro among the methods of a trait, and the attributes before it.
fn methods_in_macro(item: &TraitItem) -> Vec<Member> {
    let TraitItem::Macro(it) = item else {
        return Vec::new();
    };
    let methods = |input: ParseStream| {
        let mut methods = Vec::new();
        while !input.is_empty() {
            let attrs = input.call(Attribute::parse_outer)?;
            if input.parse::<Option<Token![fn]>>()?.is_some() {
                methods.push(member(&input.parse()?, &attrs));
            } else if attrs.is_empty() {
                input.step(|at| Ok(((), at.token_tree().map_or(*at, |(_, rest)| rest))))?;
            }
        }
        Ok(methods)
    };
    let parsed = methods.parse2(it.mac.tokens.clone());
    parsed.unwrap_or_default()
}

/// Tells each name that a `use` brings, with the path that it stands for.
pub fn flatten(tree: &UseTree, path: &mut Vec<String>, tell: &mut impl FnMut(Vec<String>, String)) {
    let whole = |path: &[String], last: String| [path, &[last]].concat();
    match tree {
        UseTree::Path(it) => {
            path.push(it.ident.to_string());
            flatten(&it.tree, path, tell);
            path.pop();
        }
        UseTree::Name(it) if it.ident == "self" => {
            tell(path.clone(), path.last().cloned().unwrap_or_default());
        }
        UseTree::Name(it) => tell(whole(path, it.ident.to_string()), it.ident.to_string()),
        UseTree::Rename(it) => tell(whole(path, it.ident.to_string()), it.rename.to_string()),
        UseTree::Glob(_) => tell(whole(path, "*".into()), "*".into()),
        UseTree::Group(it) => {
            for tree in &it.items {
                flatten(tree, path, tell);
            }
        }
    }
}
