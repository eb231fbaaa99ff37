#!/bin/sh
# run_machine.sh BUILD RESULTS PROGRAM...: runs the integration tests and the zxtest programs PROGRAM of a build folder on
# the test machine and leaves what they printed in RESULTS. Succeeds when the machine came to its end, whatever the tests
# said: look_up.sh asks for that, case by case.
build=$1
results=$2
shift 2
here=$(dirname "$0")
rm -f "$results"
"$here/../../scripts/hardware-kvm" --build "$build" --timeout 900 --env REQUIRE_KVM=1 \
  --add "$build/tests/bin/pagoda_integration_test:/pagoda/tests/bin/pagoda_integration_test" \
  --add "$here/run_in_machine.sh:/run.sh" --fetch "/results:$results" -- sh /run.sh "$@" || exit
[ -s "$results" ] || { echo "the test machine left no results"; exit 1; }
