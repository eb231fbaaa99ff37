"""$vmo(koid), $process(koid), $thread(koid), and the commands `pagoda vmos`, `pagoda processes` and `pagoda threads`.

They read memory only, so they work on a core file, too, where nobody can ask the kernel (`monitor vmos`).
"""
import gdb

from . import walk


def vmos():
    return walk.list_elements(walk.kernel_list("all_vmos"))


def processes():
    return walk.list_elements(walk.kernel_list("all_processes"))


def threads():
    for process in processes():
        yield from walk.list_elements(process["threads_"])


class FindByKoid(gdb.Function):
    """A pointer to the object of one kind with a koid."""

    def __init__(self, name, kind, objects):
        super().__init__(name)
        self._kind, self._objects = kind, objects

    def invoke(self, koid):
        for each in self._objects():
            if int(each["koid_"]) == int(koid):
                return each.address
        raise gdb.GdbError(f"no {self._kind} has koid {int(koid)}; see `pagoda`")


class PagodaCommand(gdb.Command):
    """Objects of the Pagoda kernel, read from its memory. `monitor help` has what the running kernel can be asked."""

    def __init__(self):
        super().__init__("pagoda", gdb.COMMAND_DATA, prefix=True)

    def invoke(self, argument, from_tty):
        gdb.execute("help pagoda", from_tty)


class ListCommand(gdb.Command):
    """Lists all objects of one kind, one a line."""

    def __init__(self, name, objects):
        super().__init__(f"pagoda {name}", gdb.COMMAND_DATA)
        self._objects = objects

    def invoke(self, argument, from_tty):
        for each in self._objects():
            printer = gdb.default_visualizer(each)
            gdb.write(f"{int(each.address):#x}  {printer.to_string()}\n")


def register():
    PagodaCommand()
    for name, kind, objects in (("vmo", "VMO", vmos), ("process", "process", processes), ("thread", "thread", threads)):
        FindByKoid(name, kind, objects)
    for name, objects in (("vmos", vmos), ("processes", processes), ("threads", threads)):
        ListCommand(name, objects)
