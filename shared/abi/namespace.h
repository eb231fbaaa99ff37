// The contracts live in pagoda::abi, because the C++ runtime owns the name ::abi (an alias in <cxxabi.h>, which
// GoogleTest and Boost include). Each namespace of ours sees them under the short name.
#pragma once

namespace pagoda::abi {}

namespace dev {
namespace abi = pagoda::abi;
}
namespace vmm {
namespace abi = pagoda::abi;
}
namespace pager {
namespace abi = pagoda::abi;
}
namespace gk {
namespace abi = pagoda::abi;
}
