"""Loaded by gdb with kernel.elf where its auto-load safe-path allows, or by `source`. See scripts/gdb/README.md."""
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import pagoda_gdb  # noqa: E402

pagoda_gdb.register(gdb.current_objfile())
