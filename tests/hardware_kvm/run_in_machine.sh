# Runs in the test machine: the integration tests, then the zxtest programs named. Everything that they print goes to
# /results as well, one section for each: "@begin NAME", its lines, "@end NAME CODE".
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

section integration /pagoda/tests/bin/pagoda_integration_test
for program in "$@"; do
  section "$program" pagoda run --timeout 300 --cpus 4 -- "$program"
done
