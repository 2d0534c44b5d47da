//! No circles between the files of one crate: what two files share lies below both.
//!
//! The parser knows `mod x;`, `use` with nested braces, and paths that begin with `crate`, `super`,
//! `self` or a child. A parent that uses its child and a child that uses an item of its parent are
//! a circle, too. A mere `mod child;` is no use of it. Tests are left aside, and so is what macros
//! make.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    paths::paths,
    tokens::{Scan, Token, without_tests},
};
use crate::repository::{Source, none, sources};

/// A module's path from the root of its crate, without `crate`.
type ModulePath = Vec<String>;

/// The files of one crate root (`lib.rs`, `main.rs`, a bench) by module path.
struct Tree<'s> {
    files: BTreeMap<ModulePath, File<'s>>,
}

struct File<'s> {
    path: &'s str,
    tokens: Vec<Token<'s>>,
    children: BTreeSet<&'s str>,
}

/// Who uses whom, and on which line first.
type Uses<'s> = BTreeMap<&'s str, BTreeMap<&'s str, usize>>;

impl<'s> Tree<'s> {
    fn new(root: &'s Source, sources: &'s [Source]) -> Self {
        let mut tree = Self {
            files: BTreeMap::new(),
        };
        let (folder, _) = root.path.rsplit_once('/').unwrap();
        tree.add(root, Vec::new(), folder, sources);
        tree
    }

    /// Adds a file and its children, which lie in `folder`.
    fn add(&mut self, source: &'s Source, module: ModulePath, folder: &str, sources: &'s [Source]) {
        let tokens = without_tests(&Scan::new(&source.text).tokens);
        let mut children = BTreeSet::new();
        for window in tokens.windows(3) {
            if window[0].text != "mod" || window[2].text != ";" {
                continue;
            }
            let name = window[1].text;
            children.insert(name);
            let places = [
                format!("{folder}/{name}.rs"),
                format!("{folder}/{name}/mod.rs"),
            ];
            let child = sources.iter().find(|source| places.contains(&source.path));
            if let Some(child) = child {
                let path = [&module[..], &[name.to_owned()]].concat();
                self.add(child, path, &format!("{folder}/{name}"), sources);
            }
        }
        let file = File {
            path: &source.path,
            tokens,
            children,
        };
        self.files.insert(module, file);
    }

    fn uses(&self) -> Uses<'s> {
        let mut uses = Uses::new();
        for (module, file) in &self.files {
            for (path, line) in paths(&file.tokens) {
                if let Some(target) = self.target(module, file, &path)
                    && target != file.path
                {
                    let lines = uses.entry(file.path).or_default();
                    lines.entry(target).or_insert(line);
                }
            }
        }
        uses
    }

    /// The file that a path written in `module` leads to.
    fn target(&self, module: &ModulePath, file: &File, path: &[&str]) -> Option<&'s str> {
        let mut absolute = module.clone();
        let mut rest = path;
        match rest.first() {
            Some(&"crate") => {
                absolute.clear();
                rest = &rest[1..];
            }
            Some(&"self") => rest = &rest[1..],
            Some(&"super") => {}
            Some(first) if file.children.contains(first) => {}
            _ => return None,
        }
        while let Some((&"super", after)) = rest.split_first() {
            absolute.pop();
            rest = after;
        }
        absolute.extend(rest.iter().map(|&name| name.to_owned()));
        loop {
            if let Some(file) = self.files.get(&absolute) {
                return Some(file.path);
            }
            absolute.pop()?;
        }
    }
}

/// One line for each use that is a part of a circle.
fn circles(uses: &Uses) -> Vec<String> {
    let reaches = |from: &str, to: &str| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(file) = next.pop() {
            if file == to {
                return true;
            }
            if seen.insert(file) {
                next.extend(uses.get(file).into_iter().flat_map(BTreeMap::keys));
            }
        }
        false
    };
    let mut found = Vec::new();
    for (from, targets) in uses {
        for (to, line) in targets {
            if reaches(to, from) {
                found.push(format!("{from}:{line} uses {to}, which uses it in turn"));
            }
        }
    }
    found
}

fn problems(sources: &[Source]) -> Vec<String> {
    let declared = |source: &Source| {
        let (folder, file) = source.path.rsplit_once('/').unwrap();
        let is_root = matches!(file, "lib.rs" | "main.rs")
            || folder.ends_with("/src/bin")
            || folder.ends_with("/benches")
            || folder.ends_with("/examples");
        is_root && !source.is_test()
    };
    sources
        .iter()
        .filter(|source| declared(source))
        .flat_map(|root| circles(&Tree::new(root, sources).uses()))
        .collect()
}

#[test]
fn no_circles_between_the_files_of_a_crate() {
    none(problems(&sources()));
}

#[test]
fn circles_are_found() {
    let found = |files: &[(&str, &str)]| {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source::new(&format!("crates/x/src/{path}"), text))
            .collect();
        problems(&sources).len()
    };
    let root = ("lib.rs", "mod a;\nmod b;\n");
    // One way, by a `use`, a path in the code, a parent's child and a sibling of the parent.
    assert_eq!(
        found(&[root, ("a.rs", "use crate::b::X;"), ("b.rs", "")]),
        0
    );
    let child = ("a.rs", "mod c;\nuse c::X;\nfn f() { crate::b::g() }");
    assert_eq!(
        found(&[
            root,
            child,
            ("a/c.rs", "use super::super::b;"),
            ("b.rs", "")
        ]),
        0
    );
    // Siblings, with nested braces and in the code.
    let nested = ("a.rs", "use crate::{b::{X, Y as Z}};");
    let inline = ("b.rs", "fn f() { super::a::g(\"\"); }");
    assert_eq!(found(&[root, nested, inline]), 2);
    // Parent and child, by `use` and by paths.
    let parent = ("a.rs", "mod c;\nfn f() { c::g() }");
    assert_eq!(
        found(&[root, parent, ("a/c.rs", "use super::X;"), ("b.rs", "")]),
        2
    );
    let parent = ("a.rs", "mod c;\npub use self::c::{self, X};");
    assert_eq!(
        found(&[
            root,
            parent,
            ("a/c.rs", "fn f(x: super::X) {}"),
            ("b.rs", "")
        ]),
        2
    );
    // The root itself, and a way round over three files.
    let root = ("lib.rs", "mod a;\nmod b;\npub use a::X;");
    assert_eq!(found(&[root, ("a.rs", "use crate::Y;"), ("b.rs", "")]), 2);
    let (a, b) = (("a.rs", "use super::b;"), ("b.rs", "use crate::Y;"));
    assert_eq!(found(&[root, a, b]), 3);
    // Tests may look back, and an item may be visible further up.
    let visible = ("a.rs", "pub(in crate::b) fn f() {}");
    assert_eq!(
        found(&[
            ("lib.rs", "mod a;\nmod b;"),
            visible,
            ("b.rs", "use crate::a;")
        ]),
        0
    );
    let test = ("a.rs", "#[cfg(test)]\nmod tests { use crate::Y; }");
    assert_eq!(found(&[root, test, ("b.rs", "")]), 0);
}
