// All that a pager is written against: #include <pagoda/pager.h>, link pagoda::pager. README.md beside the sources has
// the page to read first.
#pragma once

#include "devices/pager/page_source.h"
#include "devices/pager/remote/server.h"
#include "devices/pager/request.h"
#include "devices/pager/runtime.h"
#include "devices/pager/store.h"
#include "devices/pager/store_source.h"
#include "devices/pager/vmo_control.h"
#include "devices/pager/writeback.h"
