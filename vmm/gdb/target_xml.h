// The target description: what registers there are and how gdb shows them (gdb manual, "Target Descriptions").
#pragma once

#include <string>

namespace vmm::gdb {

const std::string& TargetXml();

}  // namespace vmm::gdb
