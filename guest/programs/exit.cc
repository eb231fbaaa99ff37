// Ends with the exit code that it is given.
#include <stdio.h>
#include <stdlib.h>

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    fprintf(stderr, "usage: exit CODE\n");
    return 2;
  }
  return atoi(arguments[1]);
}
