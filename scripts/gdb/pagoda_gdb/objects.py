"""Forms of VMOs, address spaces, page sources and handles."""
from . import walk, zircon_names

KINDS_OF_CHILDREN = {"Snapshot": "snapshot", "SnapshotAtLeastOnWrite": "snapshot", "SnapshotModified": "snapshot",
                     "Slice": "slice", "Reference": "reference"}


def vmo_kind(vmo):
    child = walk.enum_name(vmo["child_kind_"])
    if child in KINDS_OF_CHILDREN:
        return KINDS_OF_CHILDREN[child]
    content = walk.pointee(vmo["content_"])
    if content is None:
        return "broken"
    if content.type.name == "gk::PhysicalContent":
        return "physical"
    if walk.enum_name(content["kind_"]) == "Contiguous":
        return "contiguous"
    if int(content["source_"]["object_"]) != 0:
        return "pager"
    return "discardable" if int(content["discardable_"]) != 0 else "paged"


def vmo_identity(vmo):
    koid = int(vmo["koid_"])
    return f"VMO {koid if koid else 'of the kernel'} {walk.quoted(vmo['name_'])}"


class VmoPrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        extent = walk.pointee(self._value["extent_"])
        size = "?" if extent is None else walk.size_text(int(extent["size"]))
        return f"{vmo_identity(self._value)}, {vmo_kind(self._value)}, {size}"

    def children(self):
        extent = walk.pointee(self._value["extent_"])
        if extent is not None:
            yield "content_size", extent["content_size"]
        yield "parent_koid", self._value["parent_koid_"]
        yield "mappings", self._value["mapping_count_"]
        content = walk.pointee(self._value["content_"])
        if content is not None:
            yield "content", content.address
            if content.type.name == "gk::PagedContent":
                yield "pages", content["tree_"]


def access_text(access):
    return "".join(letter if bool(access[field]) else "-"
                   for letter, field in (("r", "read"), ("w", "write"), ("x", "execute")))


def range_text(region):
    base, size = int(region["base_"]), int(region["size_"])
    return f"[{base:#x}, {base + size:#x})"


class MappingPrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        vmo = walk.pointee(self._value["vmo_"])
        shown = "nothing" if vmo is None else f"{vmo_identity(vmo)} + {int(self._value['vmo_offset_']):#x}"
        return f"{range_text(self._value)} {access_text(self._value['access_'])} {shown}"


class VmarPrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        destroyed = ", destroyed" if int(self._value["space_"]) == 0 else ""
        return f"{range_text(self._value)} region with {int(self._value['children_']['size_'])} in it{destroyed}"

    def children(self):
        for index, region in enumerate(walk.regions(self._value["children_"])):
            yield f"[{index}]", region


class RegionTreePrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        return f"{int(self._value['size_'])} regions"

    def children(self):
        for index, region in enumerate(walk.regions(self._value)):
            yield f"[{index}]", region


class SourceRequestPrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        first, count = int(self._value["first_page"]), int(self._value["page_count"])
        waiting = sum(1 for _ in walk.list_elements(self._value["waiters_"]))
        return (f"{walk.enum_name(self._value['kind']).upper()} of pages [{first}, {first + count}), "
                f"{int(self._value['unresolved_'])} open, {waiting} waiting")


class PageRequestPrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        state = walk.enum_name(self._value["state_"])
        return "idle" if state == "Idle" else f"{state.lower()} for page {int(self._value['index_'])}"


class PageSourcePrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        provider = walk.pointee(self._value["provider_"])
        served = "nobody" if provider is None else provider.type.name
        return f"{walk.enum_name(self._value['state_']).lower()} source, served by {served}"

    def children(self):
        for index, request in enumerate(walk.list_elements(self._value["requests_"])):
            yield f"[{index}]", request


def object_text(dispatcher):
    """A few words about what a handle refers to."""
    text = f"{zircon_names.object_type_name(int(dispatcher['type_']))} {int(dispatcher['koid_'])}"
    fields = {field.name for field in dispatcher.type.fields()}
    if "vmo_" in fields:
        return f"{text} {walk.quoted(walk.pointee(dispatcher['vmo_'])['name_'])}"
    return f"{text} {walk.quoted(dispatcher['name_'])}" if "name_" in fields else text


class HandlePrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        dispatcher = walk.pointee(self._value["object_"])
        if dispatcher is None:
            return "no handle"
        return f"{object_text(dispatcher)}, {zircon_names.rights_names(int(self._value['rights_']))}"


class HandleTablePrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        return f"{int(self._value['count_'])} handles"

    def children(self):
        for slot, handle in walk.handles(self._value):
            yield f"[{slot}]", handle


PRINTERS = {
    "gk::Vmo": VmoPrinter,
    "gk::Mapping": MappingPrinter,
    "gk::Vmar": VmarPrinter,
    "gk::RegionTree": RegionTreePrinter,
    "gk::SourceRequest": SourceRequestPrinter,
    "gk::PageRequest": PageRequestPrinter,
    "gk::PageSource": PageSourcePrinter,
    "gk::Handle": HandlePrinter,
    "gk::HandleTable": HandleTablePrinter,
}
