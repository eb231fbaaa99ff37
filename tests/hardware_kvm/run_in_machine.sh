# Runs tests in the test machine, one after the other; each argument is one run:
#   "gtest NAME PROGRAM FILTER"          the cases of a GoogleTest program, as the section NAME
#   "guest PROGRAM IMAGE [OPTION]..."    a zxtest program in a guest, as the section PROGRAM
# Everything that they print goes to /results as well, one section for each: "@begin NAME", its lines, "@end NAME CODE".
section() {
  name=$1
  shift
  echo "@begin $name" >>/results
  # The output is on the serial port, too, while it is made: a machine that hangs shows where.
  { "$@" 2>&1; echo "@end $name $?"; } | while IFS= read -r line; do
    printf '%s\n' "$line"
    printf '%s\n' "$line" >>/results
  done
}

set -f # the patterns of a filter are not names of files
for run in "$@"; do
  set -- $run
  kind=$1 name=$2 from=$3
  shift 3
  case $kind in
    gtest) section "$name" "/pagoda/tests/bin/$from" "--gtest_filter=$1" ;;
    guest) section "$name" pagoda run --timeout 300 --cpus 4 --bootfs "/pagoda/guest/$from.bootfs" "$@" -- "$name" ;;
  esac
done
