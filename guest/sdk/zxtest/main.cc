// The main of a program that consists of tests.
#include <zxtest/zxtest.h>

int main(int argument_count, char** arguments) { return RUN_ALL_TESTS(argument_count, arguments); }
