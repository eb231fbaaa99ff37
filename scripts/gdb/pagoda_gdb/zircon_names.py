"""Names of Zircon's numbers. A test compares them with shared/abi/zircon; the macros are in no debug information."""

STATUSES = {
    0: "ZX_OK", -1: "ZX_ERR_INTERNAL", -2: "ZX_ERR_NOT_SUPPORTED", -3: "ZX_ERR_NO_RESOURCES",
    -4: "ZX_ERR_NO_MEMORY", -6: "ZX_ERR_INTERNAL_INTR_RETRY", -10: "ZX_ERR_INVALID_ARGS", -11: "ZX_ERR_BAD_HANDLE",
    -12: "ZX_ERR_WRONG_TYPE", -13: "ZX_ERR_BAD_SYSCALL", -14: "ZX_ERR_OUT_OF_RANGE", -15: "ZX_ERR_BUFFER_TOO_SMALL",
    -20: "ZX_ERR_BAD_STATE", -21: "ZX_ERR_TIMED_OUT", -22: "ZX_ERR_SHOULD_WAIT", -23: "ZX_ERR_CANCELED",
    -24: "ZX_ERR_PEER_CLOSED", -25: "ZX_ERR_NOT_FOUND", -26: "ZX_ERR_ALREADY_EXISTS", -27: "ZX_ERR_ALREADY_BOUND",
    -28: "ZX_ERR_UNAVAILABLE", -30: "ZX_ERR_ACCESS_DENIED", -40: "ZX_ERR_IO", -41: "ZX_ERR_IO_REFUSED",
    -42: "ZX_ERR_IO_DATA_INTEGRITY", -43: "ZX_ERR_IO_DATA_LOSS", -44: "ZX_ERR_IO_NOT_PRESENT",
    -45: "ZX_ERR_IO_OVERRUN", -46: "ZX_ERR_IO_MISSED_DEADLINE", -47: "ZX_ERR_IO_INVALID", -50: "ZX_ERR_BAD_PATH",
    -51: "ZX_ERR_NOT_DIR", -52: "ZX_ERR_NOT_FILE", -53: "ZX_ERR_FILE_BIG", -54: "ZX_ERR_NO_SPACE",
    -55: "ZX_ERR_NOT_EMPTY", -60: "ZX_ERR_STOP", -61: "ZX_ERR_NEXT", -62: "ZX_ERR_ASYNC",
    -70: "ZX_ERR_PROTOCOL_NOT_SUPPORTED", -71: "ZX_ERR_ADDRESS_UNREACHABLE", -72: "ZX_ERR_ADDRESS_IN_USE",
    -73: "ZX_ERR_NOT_CONNECTED", -74: "ZX_ERR_CONNECTION_REFUSED", -75: "ZX_ERR_CONNECTION_RESET",
    -76: "ZX_ERR_CONNECTION_ABORTED", -502: "ZX_ERR_INTERNAL_INTR_KILLED",
}

# By bit.
RIGHTS = {
    0: "DUPLICATE", 1: "TRANSFER", 2: "READ", 3: "WRITE", 4: "EXECUTE", 5: "MAP", 6: "GET_PROPERTY",
    7: "SET_PROPERTY", 8: "ENUMERATE", 9: "DESTROY", 10: "SET_POLICY", 11: "GET_POLICY", 12: "SIGNAL",
    13: "SIGNAL_PEER", 14: "WAIT", 15: "INSPECT", 16: "MANAGE_JOB", 17: "MANAGE_PROCESS", 18: "MANAGE_THREAD",
    19: "APPLY_PROFILE", 20: "MANAGE_SOCKET", 21: "OP_CHILDREN", 22: "RESIZE", 23: "ATTACH_VMO", 24: "MANAGE_VMO",
}

OBJECT_TYPES = {
    1: "process", 2: "thread", 3: "vmo", 4: "channel", 5: "event", 6: "port", 9: "interrupt", 11: "pci device",
    12: "debuglog", 14: "socket", 15: "resource", 16: "eventpair", 17: "job", 18: "vmar", 19: "fifo", 20: "guest",
    21: "vcpu", 22: "timer", 23: "iommu", 24: "bti", 25: "profile", 26: "pmt", 27: "suspend token", 28: "pager",
    29: "exception", 30: "clock", 31: "stream", 32: "msi", 33: "iob", 34: "counter", 35: "iob shared region",
}


def status_name(value):
    return STATUSES.get(value, f"status {value}")


def rights_names(rights):
    if rights == 0:
        return "no rights"
    unknown = rights & ~sum(1 << bit for bit in RIGHTS)
    names = [name for bit, name in RIGHTS.items() if rights >> bit & 1]
    return "|".join(names + ([f"{unknown:#x}"] if unknown else []))


def object_type_name(number):
    return OBJECT_TYPES.get(number, f"object of type {number}")
