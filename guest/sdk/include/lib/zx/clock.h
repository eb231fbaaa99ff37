// zx::clock, by the name under which programs look for it.
#pragma once

#include <lib/zx/time.h>
