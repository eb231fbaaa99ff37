#!/bin/sh
# boot_loop.sh BOOTS CPUS...: boots that many guests one after the other, with these numbers of virtual CPUs in turn, and
# ends with code 1 at the first that does not end well. Needs nothing but a shell and `pagoda` in PATH, so it also runs
# in the test machine of scripts/hardware-kvm.
boots=$1
shift
done=0
while [ "$done" -lt "$boots" ]; do
  for cpus in "$@"; do
    [ "$done" -lt "$boots" ] || break
    output=$(pagoda run --timeout 120 --cpus "$cpus" -- hello 2>&1)
    code=$?
    if [ "$code" -ne 0 ]; then
      echo "boot $((done + 1)) with $cpus CPUs ended with code $code:"
      echo "$output"
      exit 1
    fi
    done=$((done + 1))
    if [ $((done % 20)) -eq 0 ]; then echo "$done boots"; fi
  done
done
