#!/bin/sh
# look_up.sh RESULTS SECTION [CASE]: the outcome of a section, or of one GoogleTest case in it, as an exit code (77 means
# skipped), after what it printed.
results=$1
section=$2
case=${3-}
tr -d '\r' <"$results" | awk -v section="$section" -v wanted="$case" '
  $1 == "@begin" { inside = ($2 == section); next }
  $1 == "@end" && $2 == section { ended = 1; code = $3; inside = 0; next }
  !inside { next }
  wanted == "" { print; next }
  $0 == "[ RUN      ] " wanted { printing = 1 }
  printing { print }
  printing && /^\[       OK \] / { outcome = "ok"; printing = 0 }
  printing && /^\[  FAILED  \] / { outcome = "failed"; printing = 0 }
  printing && /^\[  SKIPPED \] / { outcome = "skipped"; printing = 0 }
  END {
    if (wanted == "" && !ended) { print section " did not come to its end"; exit 1 }
    if (wanted == "") { if (code != 0) print section " ended with code " code; exit code != 0 }
    if (outcome == "skipped") exit 77
    if (outcome == "") print wanted " did not run to its end: the program or the machine ended before"
    exit outcome != "ok"
  }'
