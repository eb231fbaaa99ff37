// The two vDSOs that the kernel carries: page-aligned, read-only, one page each.
//
// The kernel probes at boot which instruction traps into ring 0 and maps that variant read-execute into every process,
// with the page of abi::VdsoData directly below. Nothing else is in these pages, so they can be mapped as they are.
#pragma once

extern "C" {
extern const unsigned char vdso_syscall_start[];
extern const unsigned char vdso_syscall_end[];
extern const unsigned char vdso_ud2_start[];
extern const unsigned char vdso_ud2_end[];
}
