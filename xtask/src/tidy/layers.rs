//! Rules about which crate may depend on which, and which may call the operating system.

use super::{Finding, Source};

/// What a crate of the product may depend on among its siblings, besides tests.
const LAYERS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("config", &["core"]),
    ("sys", &["core"]),
    ("rpc", &["core"]),
    ("log", &["core", "sys"]),
    ("http", &["core", "sys"]),
    ("listener", &["rpc"]),
    ("host", &["config", "sys"]),
    ("ctl", &["core", "config", "sys", "host", "rpc"]),
    ("control", &["core", "config", "log"]),
    ("xmlrpc", &["core", "config", "control", "sys", "log", "http", "rpc"]),
    ("web", &["core", "config", "control", "sys", "log", "http"]),
    ("daemon", &["core", "config", "control", "sys", "host", "log", "http", "xmlrpc", "web"]),
];

/// The only crate that may say `unsafe`.
const UNSAFE_CRATE: &str = "crates/sys";

/// Parts of the standard library that reach the machine. The core uses none of them; config asks its `Host`.
const MACHINE: [&str; 10] = [
    "std::fs",
    "std::net",
    "std::os::unix::fs",
    "std::os::unix::net",
    "std::os::unix::process",
    "std::process",
    "std::thread",
    "std::env",
    "time::Instant",
    "time::SystemTime",
];
const PURE_CRATES: [&str; 2] = ["crates/core/src", "crates/config/src"];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    if source.file.file_name().is_some_and(|name| name == "Cargo.toml") {
        return dependencies(source);
    }
    if !source.has_extension("rs") {
        return Vec::new();
    }
    let mut findings = unsafety(source);
    findings.extend(purity(source));
    findings
}

fn dependencies(manifest: &Source) -> Vec<Finding> {
    let Some((name, allowed)) = LAYERS.iter().find(|(name, _)| manifest.is_below(format!("crates/{name}")))
    else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let mut section = "";
    for (index, line) in manifest.text.lines().enumerate() {
        if line.starts_with('[') {
            section = line.trim();
            continue;
        }
        let is_dependency = section.ends_with("dependencies]") && !section.contains("dev-");
        let Some(dependency) =
            line.split(['.', '=', ' ']).next().filter(|word| is_dependency && is_name(word))
        else {
            continue;
        };
        match dependency.strip_prefix("supervisor-") {
            Some(sibling) if !allowed.contains(&sibling) => {
                findings.push(manifest.finding(index + 1, format!("{name} may not know {sibling}")));
            }
            None if *name == "core" => {
                findings.push(
                    manifest.finding(index + 1, format!("core has no dependencies, not even {dependency}")),
                );
            }
            Some(_) | None => {}
        }
    }
    findings
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// `unsafe` is said in one crate; every other crate forbids it.
fn unsafety(source: &Source) -> Vec<Finding> {
    if source.is_below(UNSAFE_CRATE) {
        return Vec::new();
    }
    let is_root = source.is_below("crates") && source.file.ends_with("src/lib.rs");
    let mut findings = Vec::new();
    if is_root && !source.text.contains("#![forbid(unsafe_code)]") {
        findings.push(source.finding(1, "a crate other than sys has `#![forbid(unsafe_code)]`"));
    }
    for (index, line) in source.text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        if [" {", " fn", " impl", " extern"].iter().any(|after| code.contains(&format!("unsafe{after}"))) {
            findings.push(source.finding(index + 1, "only crates/sys has unsafe code"));
        }
    }
    findings
}

/// Crates that take the machine as an argument do not reach for it.
fn purity(source: &Source) -> Vec<Finding> {
    if !PURE_CRATES.iter().any(|pure| source.is_below(pure)) {
        return Vec::new();
    }
    let touches = |line: &str| {
        let code = line.split("//").next().unwrap_or_default().to_owned();
        MACHINE.iter().find(|part| code.contains(**part))
    };
    source
        .product_lines()
        .filter_map(|(number, line)| {
            Some(source.finding(number, format!("{} reaches the machine", touches(line)?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(file: &str, text: &str) -> Vec<String> {
        let source = Source { file: file.into(), text: text.to_owned() };
        check(&source).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn dependencies_follow_the_layers() {
        let manifest = "[dependencies]\nsupervisor-core.workspace = true\nsupervisor-daemon.workspace = true\n\
            [dev-dependencies]\nproptest.workspace = true\n";
        assert_eq!(
            findings("crates/config/Cargo.toml", manifest),
            ["crates/config/Cargo.toml:3: config may not know daemon"]
        );
        assert_eq!(findings("crates/core/Cargo.toml", "[dependencies]\nlibc = \"1\"\n").len(), 1);
        assert_eq!(findings("Cargo.toml", manifest), Vec::<String>::new());
    }

    #[test]
    fn unsafe_code_is_found_outside_sys() {
        let text = format!("fn f() {{ {} {{}} }}\n", "unsafe");
        assert_eq!(findings("crates/log/src/a.rs", &text).len(), 1);
        assert_eq!(findings("crates/sys/src/a.rs", &text), Vec::<String>::new());
        assert_eq!(findings("crates/log/src/lib.rs", "//! A.\n").len(), 1);
    }

    #[test]
    fn core_and_config_do_not_touch_the_machine() {
        assert_eq!(findings("crates/core/src/a.rs", "use std::fs;\n").len(), 1);
        assert_eq!(
            findings("crates/core/src/a.rs", "// not std::fs\n#[cfg(test)]\nuse std::fs;\n"),
            Vec::<String>::new()
        );
        assert_eq!(findings("crates/log/src/a.rs", "use std::fs;\n"), Vec::<String>::new());
    }
}
