#include "vmm/symbols/instruction_decoder.h"

namespace vmm {

InstructionDecoder::InstructionDecoder(cs_opt_value syntax) : library_(LoadCapstone()) {
  if (library_ == nullptr || library_->cs_open(CS_ARCH_X86, CS_MODE_64, &handle_) != CS_ERR_OK) {
    handle_ = 0;
    return;
  }
  library_->cs_option(handle_, CS_OPT_DETAIL, CS_OPT_ON);
  library_->cs_option(handle_, CS_OPT_SYNTAX, syntax);
  instruction_ = library_->cs_malloc(handle_);
}

InstructionDecoder::~InstructionDecoder() {
  if (instruction_ != nullptr) {
    library_->cs_free(instruction_, 1);
  }
  if (handle_ != 0) {
    library_->cs_close(&handle_);
  }
}

const cs_insn* InstructionDecoder::Decode(uint64_t address, std::span<const std::byte> code) {
  // SAFETY: bytes are what Capstone reads; uint8_t may alias anything.
  const auto* bytes = reinterpret_cast<const uint8_t*>(code.data());
  size_t size = code.size();
  const bool is_one =
      instruction_ != nullptr && library_->cs_disasm_iter(handle_, &bytes, &size, &address, instruction_);
  return is_one ? instruction_ : nullptr;
}

}  // namespace vmm
