#!/bin/sh
# run_machine.sh BUILD RESULTS [OPTION]... -- sh /run.sh RUN...: makes runs of a build folder's tests on a test machine and
# leaves what they printed in RESULTS. The options are scripts/hardware-kvm's; run_in_machine.sh says what a run is. Succeeds
# when the machine came to its end, whatever the tests said: look_up.sh asks for that, case by case.
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
  "$here/../../scripts/hardware-kvm" --build "$build" --timeout 900 --env REQUIRE_KVM=1 \
    --add "$here/run_in_machine.sh:/run.sh" --fetch "/results:$results" "$@"
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
