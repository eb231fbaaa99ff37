"""Forms of processes and threads."""
from . import walk

REASONS = {"Kernel": "the kernel", "Exception": "its exception's handler", "Sleeping": "a time", "Futex": "a futex",
           "Port": "a port", "Channel": "a channel", "WaitOne": "a signal", "WaitMany": "signals",
           "Interrupt": "an interrupt", "Pager": "a pager", "PagerInCopy": "a pager"}


def thread_state(thread):
    """What a gk::Thread does."""
    state = walk.enum_name(thread["state_"])
    if state == "Blocked":
        reason = walk.enum_name(thread["block_reason_"])
        return "suspended" if bool(thread["suspended_"]) else f"blocked, waits for {REASONS.get(reason, reason)}"
    if state == "Running" and int(thread["cpu_"]) != 0:
        return f"running on CPU {int(thread['cpu_']['index'])}"
    return state.lower()


class ThreadPrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        owner = self._value["owner_"]
        if int(owner) == 0:
            return f"kernel thread, {thread_state(self._value)}"
        dispatcher = walk.most_derived(owner)
        name = thread_name(dispatcher) if dispatcher.type.name == "gk::ThreadDispatcher" else dispatcher.type.name
        return f"thread {name}, {thread_state(self._value)}, rip {int(self._value['user_']['registers']['rip']):#x}"


def thread_name(dispatcher):
    process = walk.pointee(dispatcher["process_"])
    owner = "?" if process is None else walk.text_of(process["name_"])
    return f'{int(dispatcher["koid_"])} "{owner}/{walk.text_of(dispatcher["name_"])}"'


class ThreadDispatcherPrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        thread = walk.pointee(self._value["thread_"])
        state = walk.enum_name(self._value["state_"]).lower() if thread is None else thread_state(thread)
        return f"thread {thread_name(self._value)}, {state}"


class ProcessPrinter:
    def __init__(self, value):
        self._value = value

    def to_string(self):
        return (f"process {int(self._value['koid_'])} {walk.quoted(self._value['name_'])}, "
                f"{walk.enum_name(self._value['state_']).lower()}")

    def children(self):
        for index, thread in enumerate(walk.list_elements(self._value["threads_"])):
            yield f"thread[{index}]", thread
        space = walk.pointee(self._value["address_space_"])
        if space is not None:
            yield "root", space["root_"]
        yield "handles", self._value["handles_"].address


PRINTERS = {
    "gk::Thread": ThreadPrinter,
    "gk::ThreadDispatcher": ThreadDispatcherPrinter,
    "gk::ProcessDispatcher": ProcessPrinter,
}
