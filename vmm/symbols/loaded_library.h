// libdw and Capstone, loaded when something is first explained, not when the monitor starts: to relocate the tables of
// both takes longer (10 ms) than to boot a guest (8 ms).
//
// Any thread.
#pragma once

#include <capstone/capstone.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

namespace vmm {

#define PAGODA_LIBDW_FUNCTIONS(FUNCTION)  \
  FUNCTION(dwarf_attr)                    \
  FUNCTION(dwarf_attr_integrate)          \
  FUNCTION(dwarf_diename)                 \
  FUNCTION(dwarf_filesrc)                 \
  FUNCTION(dwarf_formref_die)             \
  FUNCTION(dwarf_formstring)              \
  FUNCTION(dwarf_formudata)               \
  FUNCTION(dwarf_getscopes)               \
  FUNCTION(dwarf_getscopes_die)           \
  FUNCTION(dwarf_getsrcfiles)             \
  FUNCTION(dwarf_tag)                     \
  FUNCTION(dwfl_addrmodule)               \
  FUNCTION(dwfl_attach_state)             \
  FUNCTION(dwfl_begin)                    \
  FUNCTION(dwfl_end)                      \
  FUNCTION(dwfl_errmsg)                   \
  FUNCTION(dwfl_frame_pc)                 \
  FUNCTION(dwfl_getmodules)               \
  FUNCTION(dwfl_getthread_frames)         \
  FUNCTION(dwfl_line_comp_dir)            \
  FUNCTION(dwfl_lineinfo)                 \
  FUNCTION(dwfl_module_addrdie)           \
  FUNCTION(dwfl_module_addrinfo)          \
  FUNCTION(dwfl_module_getdwarf)          \
  FUNCTION(dwfl_module_getsrc)            \
  FUNCTION(dwfl_module_getsym_info)       \
  FUNCTION(dwfl_module_getsymtab)         \
  FUNCTION(dwfl_module_info)              \
  FUNCTION(dwfl_offline_section_address)  \
  FUNCTION(dwfl_pid)                      \
  FUNCTION(dwfl_report_begin_add)         \
  FUNCTION(dwfl_report_elf)               \
  FUNCTION(dwfl_report_end)               \
  FUNCTION(dwfl_thread_state_register_pc) \
  FUNCTION(dwfl_thread_state_registers)

#define PAGODA_CAPSTONE_FUNCTIONS(FUNCTION) \
  FUNCTION(cs_close)                        \
  FUNCTION(cs_disasm_iter)                  \
  FUNCTION(cs_free)                         \
  FUNCTION(cs_insn_group)                   \
  FUNCTION(cs_malloc)                       \
  FUNCTION(cs_open)                         \
  FUNCTION(cs_option)

#define PAGODA_FUNCTION_POINTER(name) decltype(&::name) name;

// Under the libraries' own names.
struct LibDw {
  PAGODA_LIBDW_FUNCTIONS(PAGODA_FUNCTION_POINTER)
};
struct Capstone {
  PAGODA_CAPSTONE_FUNCTIONS(PAGODA_FUNCTION_POINTER)
};

#undef PAGODA_FUNCTION_POINTER

// nullptr where the library, or a function that we need of it, is not there.
[[nodiscard]] const LibDw* LoadLibDw();
[[nodiscard]] const Capstone* LoadCapstone();

}  // namespace vmm
