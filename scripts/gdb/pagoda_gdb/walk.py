"""Following the kernel's structures. Nothing here trusts them: each walk ends, whatever it finds."""
import gdb

MOST_ELEMENTS = 1 << 20
SLOTS = 64  # of a node of a PageTree, guest/kernel/vm/page_tree_node.h
HANDLE_CHUNK = 256  # HandleTable::kChunkSlots
MOST_HANDLES = 1 << 18  # HandleTable::kMaxHandles


def complete(type_):
    """The type itself where the debug information at hand has only its name."""
    plain = type_.strip_typedefs().unqualified()
    if plain.code == gdb.TYPE_CODE_STRUCT and not plain.fields():
        return gdb.lookup_type(plain.name)
    return plain


def enum_name(value):
    """'Blocked' for gk::Thread::State::kBlocked."""
    return str(value).rpartition("::")[2].removeprefix("k")


def pointee(reference):
    """What a RefPtr refers to, as the class that it really is; None: nothing."""
    pointer = reference["object_"]
    if int(pointer) == 0:
        return None
    return most_derived(pointer.cast(complete(pointer.type.target()).pointer()))


def most_derived(pointer):
    """What it points at, as the class that it really is."""
    return pointer.cast(pointer.dynamic_type).dereference()


def list_elements(list_):
    """Elements of an IntrusiveList, until its end or until it comes back to one that it has been at."""
    element = complete(list_.type.strip_typedefs().template_argument(0)).pointer()
    head = int(list_["head_"].address)
    node = list_["head_"]["next_"]
    seen = set()
    while int(node) not in (0, head) and int(node) not in seen:
        seen.add(int(node))
        yield node.cast(element).dereference()
        node = node["next_"]


def list_is_broken(list_):
    """Whether following it does not lead back to its head."""
    count = sum(1 for _ in list_elements(list_))
    node = list_["head_"]["next_"]
    for _ in range(count):
        node = node["next_"]
    return int(node) not in (0, int(list_["head_"].address))


def tree_nodes(root, left, right):
    """Nodes of a binary tree from left to right."""
    above, node, seen = [], root, set()
    while (above or int(node) != 0) and len(seen) < MOST_ELEMENTS:
        while int(node) != 0 and int(node) not in seen:
            seen.add(int(node))
            above.append(node)
            node = node[left]
        if not above:
            return
        node = above.pop()
        yield node.dereference()
        node = node[right]


def region_class(region):
    """A region as the Mapping or Vmar that it is."""
    name = "gk::Mapping" if enum_name(region["kind_"]) == "Mapping" else "gk::Vmar"
    return region.address.cast(gdb.lookup_type(name).pointer()).dereference()


def regions(tree):
    for region in tree_nodes(tree["root_"], "left_", "right_"):
        yield region_class(region)


def tree_pages(tree):
    """(index, page or None for "zero") of a PageTree, ascending."""
    if int(tree["root_"]) == 0:
        return
    stack = [(tree["root_"], int(tree["height_"]) - 1, 0)]
    while stack:
        node, level, first = stack.pop()
        below = []
        for slot in range(SLOTS):
            index = first + (slot << (6 * level))
            if int(node["zeroes"]) >> slot & 1:
                below.append((None, level, index))
            elif int(node["occupied"]) >> slot & 1:
                below.append((node["slots"][slot], level, index))
        if level == 0:
            for link, _, index in below:
                yield index, None if link is None else link["page"].dereference()
            continue
        for link, _, index in reversed(below):
            if link is not None:
                stack.append((link["node"], level - 1, index))


def handles(table):
    """(index of the slot, handle) of a HandleTable."""
    for chunk in range(min(int(table["chunk_count_"]), MOST_HANDLES // HANDLE_CHUNK)):
        slots = table["chunks_"][chunk]["slots"]["_M_elems"]
        for slot in range(HANDLE_CHUNK):
            handle = slots[slot]["handle"]
            if int(handle["object_"]["object_"]) != 0:
                yield chunk * HANDLE_CHUNK + slot, handle


def kernel_list(name):
    """A list that the kernel keeps of all objects of a kind: all_vmos, all_processes."""
    symbol = gdb.lookup_static_symbol(f"gk::(anonymous namespace)::{name}")
    if symbol is None:
        raise gdb.GdbError(f"the program has no {name}: is kernel.elf loaded, with its debug information?")
    return symbol.value()["value_"]


def text_of(name):
    """A gk::ObjectName."""
    length = min(int(name["length_"]), 31)
    characters = name["bytes_"]["_M_elems"]
    return "".join(chr(int(characters[i]) & 0xFF) for i in range(length))


def quoted(name):
    text = text_of(name)
    return '"' + "".join(c if " " <= c <= "~" else "?" for c in text) + '"'


def size_text(size):
    if size == 0:
        return "0"
    for unit, factor in (("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)):
        if size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)
