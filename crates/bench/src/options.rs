//! The flags that all benchmarks have.

use clap::Args;

// No doc comment: clap would print it as the description of the benchmark that flattens this.
#[derive(Debug, Args)]
#[expect(missing_docs, reason = "see above")]
pub struct CommonOptions {
    /// A broker: HOST:PORT
    #[arg(long, env = "E2E_BOOTSTRAP_SERVERS")]
    pub bootstrap_servers: Option<String>,
    /// What cargo bench gives to every benchmark
    #[arg(long, hide = true)]
    pub bench: bool,
    /// The order for a measured process
    #[arg(long, hide = true)]
    pub side: Option<String>,
}
