#!/bin/sh
# run_machine.sh BUILD RESULTS RUN...: runs the integration tests, gdb and the zxtest programs of a build folder on the test
# machine and leaves what they printed in RESULTS. RUN is one argument "PROGRAM IMAGE [OPTION]...". Succeeds when the
# machine came to its end, whatever the tests said: look_up.sh asks for that, case by case.
build=$1
results=$2
shift 2
here=$(dirname "$0")
rm -f "$results"

# A run takes some minutes. Rarely, and only beside other heavy load, QEMU's emulation of nested virtualization itself stops:
# the whole machine, its clock included, so that no time limit inside it fires either. A hang of a guest or of the monitor is
# not that: the tests inside find it and go on. So a machine that did not come to its end (98) is started once more, and the
# output says so; one that fails in any other way, or twice, has failed.
attempt() {
  "$here/../../scripts/hardware-kvm" --build "$build" --timeout 900 --env REQUIRE_KVM=1 --env REQUIRE_GDB=1 --gdb \
    --add "$build/tests/bin/pagoda_integration_test:/pagoda/tests/bin/pagoda_integration_test" \
    --add "$build/tests/bin/pagoda_gdb_guest_test:/pagoda/tests/bin/pagoda_gdb_guest_test" \
    --add "$here/run_in_machine.sh:/run.sh" --fetch "/results:$results" -- sh /run.sh "$@"
}

attempt "$@"
code=$?
if [ $code -eq 98 ]; then
  echo "the emulated machine stopped as a whole; this is the second and last attempt"
  rm -f "$results"
  attempt "$@"
  code=$?
fi
[ $code -eq 0 ] || exit $code
[ -s "$results" ] || { echo "the test machine left no results"; exit 1; }
