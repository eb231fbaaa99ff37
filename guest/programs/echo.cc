// Prints its arguments, separated by spaces.
#include <stdio.h>

int main(int argument_count, char** arguments) {
  for (int i = 1; i < argument_count; ++i) {
    printf("%s%s", i > 1 ? " " : "", arguments[i]);
  }
  printf("\n");
  return 0;
}
