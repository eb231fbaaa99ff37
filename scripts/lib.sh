# What the scripts of this folder share: where things are, how they speak, and how packages get onto the machine.
# Source it; it defines functions and a few variables and does nothing by itself.
#
# A script that cannot go on says why and what to do next, and ends with a non-zero code:
#   2  wrong use, or something that the user must do first (the message says what)
#   1  the thing that the script is for has failed

set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

# In containers and minimal installations there may be no locale at all; tools warn about it on every call.
export LC_ALL=C.UTF-8

if [[ -t 1 ]]; then bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' yellow=$'\e[33m' plain=$'\e[0m'
else bold= green= red= yellow= plain=; fi

headline() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$(basename -- "$0")" "$*" >&2; exit 1; }
stop_for_user() { printf '%s: %s\n' "$(basename -- "$0")" "$*" >&2; exit 2; }

# usage_from_header FILE: prints the comment block at the top of a script. It is the script's --help.
usage_from_header() { awk 'NR > 1 && /^#/ { sub(/^# ?/, ""); print; next } NR > 1 { exit }' "$1"; }

# Two cores are what CI has; more are used where they are.
parallel_jobs() { nproc; }

# configure_only PRESET [CMAKE-OPTION...]: quietly, with ccache where the machine has it.
configure_only() {
  local preset=$1 log=$root/build/$1-configure.log launcher=()
  shift
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  mkdir -p "$root/build"
  (cd "$root" && cmake --preset "$preset" "${launcher[@]}" "$@") >"$log" 2>&1 ||
    { cat "$log" >&2; die "configuring the preset '$preset' failed"; }
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  (cd "$root" && cmake --build --preset "$preset" --parallel "$(parallel_jobs)" ${1+--target "$@"}) ||
    die "building the preset '$preset' failed"
}

# configure_and_build PRESET [TARGET...]
configure_and_build() {
  configure_only "$1"
  build "$@"
}

# The C and C++ files that git knows or would take, relative to the root.
cpp_files() {
  local file
  git -C "$root" ls-files --cached --others --exclude-standard -- '*.cc' '*.h' |
    while read -r file; do if [[ -f $root/$file ]]; then echo "$file"; fi; done
}
