//! What the executable tells of itself: its version, completions and man pages.

use crate::support::{World, process};

fn said(world: &World, flags: &[&str]) -> String {
    process::start(world, flags).wait().ok().stdout
}

#[test]
fn the_version_names_the_library_that_speaks_with_kafka() {
    let world = World::in_sandbox("it connects to nothing");
    let short = format!("consumer {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(said(&world, &["-V"]), short);
    let library = rdkafka::util::get_rdkafka_version().1;
    let long = format!("{} (librdkafka {library})\n", short.trim_end());
    assert_eq!(said(&world, &["--version"]), long);
    let of_command = said(&world, &["verify", "--version"]);
    assert!(of_command.ends_with(&format!("(librdkafka {library})\n")));
}

#[test]
fn completions_and_man_pages_know_each_command_and_the_help_does_not_show_theirs() {
    let world = World::in_sandbox("it connects to nothing");
    let commands = ["verify", "compact", "ddl", "plan", "schema"];
    let script = said(&world, &["completions", "bash"]);
    let help = said(&world, &["--help"]);
    for command in commands {
        assert!(
            script.contains(&format!("consumer,{command})")),
            "{command}"
        );
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
    }
    for hidden in ["completions", "  man "] {
        assert!(!help.contains(hidden), "{hidden}");
    }
    assert_eq!(said(&world, &["man", "."]), "");
    let page = |name: &str| std::fs::read_to_string(world.directory.path().join(name)).unwrap();
    for command in commands {
        assert!(
            page(&format!("consumer-{command}.1")).contains(".SH"),
            "{command}"
        );
    }
    assert!(page("consumer-schema-infer.1").contains("sample"));
    assert_eq!(page("consumer.1"), said(&world, &["man"]));
    let run = process::start(&world, &["man", "nowhere"]).wait();
    assert_eq!(run.code(), Some(1));
    assert!(run.error().contains("nowhere"), "{}", run.error());
}
