//! The Markdown pages: links lead somewhere, and the first page stays short enough to be read.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::{files, none, root, text};

/// The most bytes of the first page.
const README_BYTES: usize = 13_000;

/// The text of each page by its path.
type Pages = BTreeMap<String, String>;

/// A page without code: fenced blocks are empty lines, and inline code is left out.
fn prose(page: &str) -> Vec<String> {
    let mut fence = None;
    let mut lines = Vec::new();
    for line in page.lines() {
        let start = line.trim_start();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) if !line.starts_with("    ") => {
                lines.push(line.split('`').step_by(2).collect());
                continue;
            }
            _ => {}
        }
        lines.push(String::new());
    }
    lines
}

/// The targets of `[text](target)`, `![text](target)` and `[name]: target`, each with its line.
fn links(page: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (line, text) in prose(page).iter().enumerate() {
        for part in text.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')') {
                // A title may follow.
                let target = target.split_whitespace().next().unwrap_or_default();
                found.push((target.to_owned(), line + 1));
            }
        }
        if text.starts_with('[')
            && let Some((_, target)) = text.split_once("]: ")
        {
            found.push((target.trim().to_owned(), line + 1));
        }
    }
    found
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut in_fence = false;
    for line in page.lines() {
        in_fence ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        if in_fence || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let mut anchor = String::new();
        for sign in heading.trim().to_lowercase().chars() {
            match sign {
                ' ' => anchor.push('-'),
                '-' | '_' => anchor.push(sign),
                _ if sign.is_alphanumeric() => anchor.push(sign),
                _ => {}
            }
        }
        let again = (1..).map(|count| format!("{anchor}-{count}"));
        let free = std::iter::once(anchor.clone())
            .chain(again)
            .find(|name| !found.contains(name));
        found.extend(free);
    }
    found
}

/// The path that a link on a page leads to, from the top.
fn resolve(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

fn link_problems(pages: &Pages, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (page, text) in pages {
        for (target, line) in links(text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = match file {
                "" => page.clone(),
                _ => resolve(page, file),
            };
            if !exists(&path) {
                found.push(format!("{page}:{line} {target}: there is no {path}"));
            } else if !anchor.is_empty()
                && let Some(text) = pages.get(&path)
                && !anchors(text).contains(anchor)
            {
                found.push(format!(
                    "{page}:{line} {target}: {path} has no such heading"
                ));
            }
        }
    }
    found
}

#[test]
fn links_between_the_pages_lead_to_files_and_headings() {
    let pages: Pages = files()
        .into_iter()
        .filter(|path| path.ends_with(".md"))
        .map(|path| (path.clone(), text(&path)))
        .collect();
    assert!(!pages.is_empty());
    none(link_problems(&pages, |path| root().join(path).exists()));
}

#[test]
fn links_that_lead_nowhere_are_found() {
    let page = "# Über `a-b`, c!\n\n## Two\n\n## Two\n\
                [a](x/b.md) [b](#two-1) ![c](pic.png \"t\") [d](https://x.example/#y)\n\
                `[e](none.md)`\n```\n[f](none.md)\n```\n[g]: x/b.md#h\n";
    let other = "# H\n[up](../a.md#über-a-b-c)\n";
    let pages = |page: &str, other: &str| {
        Pages::from([
            ("a.md".to_owned(), page.to_owned()),
            ("x/b.md".to_owned(), other.to_owned()),
        ])
    };
    let exists = |path: &str| ["a.md", "x/b.md", "pic.png"].contains(&path);
    assert_eq!(link_problems(&pages(page, other), exists), [""; 0]);
    for (from, to) in [
        ("x/b.md)", "b.md)"),
        ("#two-1", "#two-2"),
        ("pic.png", "picture.png"),
        ("b.md#h", "b.md#i"),
    ] {
        let copy = page.replace(from, to);
        assert_eq!(link_problems(&pages(&copy, other), exists).len(), 1, "{to}");
    }
    let found = link_problems(&pages(page, "[up](a.md)"), exists);
    assert_eq!(found.len(), 2, "the heading that was linked is gone, too");
    assert_eq!(found[1], "x/b.md:1 a.md: there is no x/a.md");
}

#[test]
fn the_first_page_is_short_enough_to_be_read() {
    let length = text("README.md").len();
    assert!(
        length <= README_BYTES,
        "README.md has {length} bytes, not at most {README_BYTES}"
    );
}
