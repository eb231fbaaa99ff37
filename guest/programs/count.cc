// Prints the numbers from 1 to N, a line each: for tests of long output.
#include <stdio.h>
#include <stdlib.h>

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    fprintf(stderr, "usage: count N\n");
    return 2;
  }
  const long last = atol(arguments[1]);
  for (long line = 1; line <= last; ++line) {
    printf("%ld\n", line);
  }
  return 0;
}
