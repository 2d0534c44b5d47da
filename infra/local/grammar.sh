#!/usr/bin/env bash
# Checks the statements of SQL files against Hive's grammar, in which Athena writes its definitions
# of tables, and Trino's grammar, in which it writes everything else (dt-sql-parser, from npm).
#
#   infra/local/grammar.sh fetch
#       downloads the parser; a check does that, too
#   infra/local/grammar.sh check FILE…
#       one line for each mistake; ends with 1 when there is one
#
# Needs Node 18 or newer and npm. What Athena alone knows (OPTIMIZE, VACUUM, tables of Iceberg) is
# in neither grammar and is passed over, each with a line that says so.
set -euo pipefail

version=4.5.1
bundler=0.28.2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stock-market-pipeline
parser=$cache/dt-sql-parser-$version

fail() { echo "grammar.sh: $*" >&2; exit 1; }
usage() { sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

fetch() {
  [ -f "$parser/parser.cjs" ] && return
  command -v npm >/dev/null || fail "Node and npm are needed: sudo apt-get install nodejs npm"
  mkdir -p "$cache"
  # The lock ends with this subshell; the second of two first starts finds the parser.
  ( flock 9; [ -f "$parser/parser.cjs" ] || download ) 9>"$cache/dt-sql-parser.lock"
}

download() {
  echo "grammar.sh: fetching dt-sql-parser $version (35 MB), once" >&2
  local work=$parser.part
  rm -rf "$work"
  mkdir -p "$work"
  npm install --prefix "$work" --no-audit --no-fund --silent "dt-sql-parser@$version" "esbuild@$bundler" >&2 \
    || fail "npm could not fetch dt-sql-parser $version"
  # The package's modules do not load in plain Node; one file does.
  echo 'export { HiveSQL, TrinoSQL } from "dt-sql-parser";' >"$work/entry.mjs"
  "$work/node_modules/.bin/esbuild" "$work/entry.mjs" --bundle --platform=node --log-level=error "--outfile=$work/parser.cjs" >&2 \
    || fail "dt-sql-parser $version could not be bundled"
  rm -rf "$work/node_modules"
  mv "$work" "$parser"
}

check() {
  fetch
  node - "$parser/parser.cjs" "$@" <<'JAVASCRIPT'
const fs = require("fs");
const [bundle, ...files] = process.argv.slice(2);
const { HiveSQL, TrinoSQL } = require(bundle);
const hive = new HiveSQL();
const trino = new TrinoSQL();
const counts = { hive: 0, trino: 0, neither: 0 };
let mistakes = 0;
for (const file of files) {
  const text = fs.readFileSync(file, "utf8");
  // Athena's own parser of definitions is given no comments, so these are given none, either.
  const statement = text.replace(/^\s*--.*$/gm, "").trim();
  if (/^(OPTIMIZE|VACUUM)\b/.test(statement) || /^CREATE TABLE\b/.test(statement)) {
    console.log(`${file}: Athena's own grammar, not checked`);
    counts.neither += 1;
    continue;
  }
  const definition = /^CREATE (EXTERNAL TABLE|DATABASE)\b/.test(statement);
  counts[definition ? "hive" : "trino"] += 1;
  const found = (definition ? hive : trino).validate(statement);
  for (const { startLine, startColumn, message } of found) {
    console.log(`${file}: line ${startLine}:${startColumn} of the statement: ${message}`);
    mistakes += 1;
  }
}
console.log(`${counts.hive} definitions in Hive's grammar, ${counts.trino} statements in Trino's, ${counts.neither} in neither`);
process.exit(mistakes > 0 ? 1 : 0);
JAVASCRIPT
}

case ${1:-} in
  fetch) fetch ;;
  check)
    shift
    [ $# -gt 0 ] || usage
    check "$@"
    ;;
  *) usage ;;
esac
