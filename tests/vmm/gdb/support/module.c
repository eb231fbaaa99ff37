// A program of the guest, which is there only from some moment on.
int module_value = 42;

void module_function(void) { module_value = 43; }

void _start(void) { module_function(); }
