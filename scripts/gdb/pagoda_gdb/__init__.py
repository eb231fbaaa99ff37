"""What gdb knows about the kernel: forms for its types, functions and commands that find its objects."""
import gdb.printing

from . import commands, containers, objects, tasks


def register(objfile):
    """Makes the forms known for `objfile`; None: for all. The second time, the newer ones take the older ones' place."""
    printers = gdb.printing.RegexpCollectionPrettyPrinter("pagoda")
    for module in (containers, objects, tasks):
        for type_name, printer in module.PRINTERS.items():
            printers.add_printer(type_name, f"^{type_name}$", printer)
    gdb.printing.register_pretty_printer(objfile, printers, replace=True)
    commands.register()
