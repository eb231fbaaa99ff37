# Runs in the test machine: the integration tests, gdb's, then each zxtest program; an argument is "PROGRAM IMAGE [OPTION]...".
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

# Bad input is answered before KVM is opened, so these say the same on every kind; in here they took minutes, most of it for
# copies of files. Blobs and overlays are read and written on the host. The filters are discover_cases.cmake's.
section integration /pagoda/tests/bin/pagoda_integration_test --gtest_filter='-Each/BadKernel.*:Each/BadBootImage.*:BlobTest.*:OverlayTest.*'
# gdb takes its time in here to read symbols: the kernel, a program, a system call and a watchpoint must do. README.md says
# how to run all of these tests, which have passed.
section gdb /pagoda/tests/bin/pagoda_gdb_guest_test --gtest_filter='Cpus/StopsTest.TheKernelsEntry*/1:Cpus/StopsTest.AStepOver*/1:Cpus/StopsTest.AWatchpoint*/1'
for run in "$@"; do
  set -- $run # the program, its boot image, options
  program=$1 image=$2
  shift 2
  section "$program" pagoda run --timeout 300 --cpus 4 --bootfs "/pagoda/guest/$image.bootfs" "$@" -- "$program"
done
