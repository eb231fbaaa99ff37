// What the debugger sees: a program that is never run. The fake target walks through its bytes from main on; so the
// functions lie in the order in which they are written, and -O0 keeps it.
struct Point {
  int x;
  int y;
};

struct Point origin = {3, 4};
int counter = 5;
char text[] = "gr\303\274n";  // UTF-8

static int Add(int a, int b) { return a + b; }

void main_loop(void) {
  counter = Add(counter, 1);
  counter = Add(counter, 2);
}

void write_here(void) { counter = 6; }

void middle(void) { counter = Add(origin.x, origin.y); }

void load_here(void) { counter = 8; }

void spin_here(void) {
  for (;;) {
  }
}

void exit_here(void) {}

void _start(void) { main_loop(); }
