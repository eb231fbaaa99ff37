"""Forms of what the kernel's structures are made of: references, results, lists, sets, trees."""
from . import walk, zircon_names


class StatusPrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        return zircon_names.status_name(int(self._value["value_"]))


class ResultPrinter:
    """base::Result, with a value or without."""

    def __init__(self, value):
        self._value = value

    def _error(self):
        if self._value.type.strip_typedefs().template_argument(0).name != "void":
            return None if bool(self._value["ok_"]) else self._value["error_"]
        optional = self._value["error_"]["_M_payload"]
        return optional["_M_payload"]["_M_value"] if bool(optional["_M_engaged"]) else None

    def to_string(self):
        return "ok" if self._error() is None else "failed"

    def children(self):
        error = self._error()
        if error is not None:
            yield "error", error
        elif self._value.type.strip_typedefs().template_argument(0).name != "void":
            yield "value", self._value["value_"]


class RefPtrPrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        pointer = self._value["object_"]
        return "null" if int(pointer) == 0 else f"({pointer.type.target()} *) {int(pointer):#x}"


class ObjectNamePrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        return walk.text_of(self._value)

    def display_hint(self):
        return "string"


class ListPrinter:
    """Shows where the elements are: each may be large, and know of the list."""

    def __init__(self, value):
        self._value = value

    def to_string(self):
        count = sum(1 for _ in walk.list_elements(self._value))
        broken = ", which does not end" if walk.list_is_broken(self._value) else ""
        return f"list of {count}{broken}"

    def children(self):
        for index, element in enumerate(walk.list_elements(self._value)):
            yield f"[{index}]", element.address


class IntervalSetPrinter:
    def __init__(self, value):
        self._value = value

    def _nodes(self):
        return list(walk.tree_nodes(self._value["root_"], "left", "right"))

    def to_string(self):
        ranges = ", ".join(f"[{int(node['first'])}, {int(node['end'])})" for node in self._nodes())
        return f"pages {ranges}" if ranges else "no pages"


class PageTreePrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        root = self._value["root_"]
        return "no pages" if int(root) == 0 else f"{int(root['page_count'])} pages"

    def children(self):
        for index, page in walk.tree_pages(self._value):
            yield f"[{index}]", "zero" if page is None else page


class PagePrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        text = f"{int(self._value['frame']) << 12:#x} {walk.enum_name(self._value['state'])}"
        if walk.enum_name(self._value["state"]) == "Object":
            dirty = walk.enum_name(self._value["dirty_state"])
            pins = int(self._value["pin_count"])
            text += ("" if dirty == "Untracked" else f" {dirty}") + (f" {pins} pins" if pins else "")
        return text


PRINTERS = {
    "gk::Status": StatusPrinter,
    "base::Result<.*>": ResultPrinter,
    "gk::RefPtr<.*>": RefPtrPrinter,
    "gk::ObjectName": ObjectNamePrinter,
    "base::IntrusiveList<.*>": ListPrinter,
    "gk::IntervalSet<.*>": IntervalSetPrinter,
    "gk::PageTree": PageTreePrinter,
    "gk::Page": PagePrinter,
}
