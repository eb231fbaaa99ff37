#!/usr/bin/env python3
"""Usage: printers_test.py SUBJECT KERNEL_ELF [Forms | Kernel | Names]

Runs gdb over SUBJECT (subject.cc), with the helpers that lie beside KERNEL_ELF, and checks what it prints.
"""
import pathlib
import re
import subprocess
import sys
import unittest

SUBJECT, KERNEL = sys.argv[1:3]
ROOT = pathlib.Path(__file__).resolve().parents[3]
HELPERS = f"{KERNEL}-gdb.py"

sys.path.insert(0, str(ROOT / "scripts" / "gdb" / "pagoda_gdb"))
sys.dont_write_bytecode = True
import zircon_names  # noqa: E402


def run_gdb(program, commands, early=()):
    """What each command says, in order. A command that fails does not keep the others from being run."""
    arguments = ["gdb", "-nx", "-batch"]
    for command in early:
        arguments += ["-iex", command]
    # "Quietly" would hide errors: they are part of the answer.
    script = "\n".join(f"gdb.write('@@@')\ntry:\n  gdb.execute({command!r})\n"
                       "except gdb.error as e:\n  gdb.write(str(e))" for command in commands)
    done = subprocess.run([*arguments, "-ex", f"python exec({script!r})", program], capture_output=True, text=True,
                          timeout=100, check=False, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
    answers = done.stdout.split("@@@")[1:]
    assert len(answers) == len(commands), done.stdout + done.stderr
    return [re.sub(r"^\$\d+ = ", "", answer).strip() for answer in answers]


def spell(expression):
    """"S" is the subject; an expression without it is one of its members."""
    if "S->" in expression:
        return expression.replace("S->", "gk::test::subject->")
    stars = len(expression) - len(expression.lstrip("*"))
    return f"{'*' * stars}gk::test::subject->{expression[stars:]}"


class Forms(unittest.TestCase):
    """Each test names the commands whose answers it wants; gdb runs them all at once."""
    commands = ["source " + HELPERS, "set breakpoint pending off", "break StopHere", "run"]
    answers = None

    EXPRESSIONS = ["no_memory", "value", "error", "done", "not_done", "nothing", "vmo", "*vmo.object_",
                   "vmo.object_->content_.object_->mappings_", "vmo.object_->name_", "*fetched.object_", "*source",
                   "source->requests_", "source->runs_[0]", "source->runs_[1]", "*process.object_",
                   "*sleeper.object_", "*reader.object_", "*sleeper.object_->thread_.object_", "*root",
                   "root->children_", "*mapping", "*handles",
                   "((gk::PagedContent *)S->vmo.object_->content_.object_)->tree_"]
    COMMANDS = ["pagoda vmos", "pagoda processes", "pagoda threads", "print $vmo(gk::test::subject->vmo_koid)->koid_",
                "print $vmo(999999)", "print *$process(gk::test::subject->process.object_->koid_)",
                "print *$thread(gk::test::subject->reader.object_->koid_)"]

    @classmethod
    def setUpClass(cls):
        commands = cls.commands + [f"print {spell(e)}" for e in cls.EXPRESSIONS] + cls.COMMANDS
        said = run_gdb(SUBJECT, commands)[len(cls.commands):]
        cls.answers = dict(zip(cls.EXPRESSIONS + cls.COMMANDS, said))

    def check(self, question, pattern):
        self.assertRegex(self.answers[question], f"^{pattern}$")

    def test_status_has_its_name(self):
        self.check("no_memory", "ZX_ERR_NO_MEMORY")

    def test_results_say_whether_they_are_good(self):
        self.check("value", r"ok = \{value = 42\}")
        self.check("error", r"failed = \{error = ZX_ERR_NOT_FOUND\}")
        self.check("done", "ok")
        self.check("not_done", r"failed = \{error = ZX_ERR_BAD_STATE\}")

    def test_references_say_where_to(self):
        self.check("nothing", "null")
        self.check("vmo", r"\(gk::Vmo \*\) 0x[0-9a-f]+")

    def test_vmo_says_what_it_is(self):
        self.check("*vmo.object_", r'VMO \d+ "data", paged, 512K = \{content_size = 5000, parent_koid = 0, '
                                   r'mappings = 1, content = .*, pages = 2 pages = \{\[0\] = 0x[0-9a-f]+ Object, '
                                   r'\[70\] = 0x[0-9a-f]+ Object\}\}')
        self.check("*fetched.object_", r'VMO of the kernel "", pager, 32K = \{.*pages = no pages\}')
        self.check("vmo.object_->name_", '"data"')

    def test_page_tree_shows_its_pages_by_index(self):
        self.check("((gk::PagedContent *)S->vmo.object_->content_.object_)->tree_",
                   r"2 pages = \{\[0\] = .* Object, \[70\] = .* Object\}")

    def test_lists_show_their_elements(self):
        self.check("vmo.object_->content_.object_->mappings_", r"list of 1 = \{\[0\] = .*0x[0-9a-f]+\}")

    def test_source_shows_what_was_asked(self):
        request = r"READ of pages \[3, 4\), 1 open, 1 waiting"
        self.check("*source", rf"attached source, served by gk::PagerPackets = \{{\[0\] = {request}\}}")
        self.check("source->requests_", r"list of 1 = \{\[0\] = .*\}")

    def test_interval_sets_show_their_ranges(self):
        self.check("source->runs_[0]", r"pages \[3, 4\)")
        self.check("source->runs_[1]", "no pages")

    def test_regions_are_told_apart(self):
        region = r"\[0x10200000, 0x10204000\) region with 0 in it"
        mapping = r'\[0x20200000, 0x20201000\) rw- VMO \d+ "data" \+ 0x1000'
        self.check("*mapping", mapping)
        self.check("*root", rf"\[0x200000, 0x7ffffffff000\) region with 2 in it = \{{"
                            rf"\[0\] = {region}, \[1\] = {mapping}\}}")
        self.check("root->children_", rf"2 regions = \{{\[0\] = {region}, \[1\] = {mapping}\}}")

    def test_handles_have_types_and_rights(self):
        self.check("*handles", r'1 handles = \{\[\d+\] = vmo \d+ "data", READ\|MAP\}')

    def test_tasks_say_what_they_wait_for(self):
        self.check("*sleeper.object_", r'thread \d+ "shell/sleeper", blocked, waits for a time')
        self.check("*reader.object_", r'thread \d+ "shell/reader", blocked, waits for a pager')
        self.check("*sleeper.object_->thread_.object_",
                   r'thread \d+ "shell/sleeper", blocked, waits for a time, rip 0x400000')
        self.check("*process.object_", r'process \d+ "shell", running = \{thread\[0\] = thread .*, root = .*\}')

    def test_functions_find_objects_by_koid(self):
        self.assertRegex(self.answers["print $vmo(gk::test::subject->vmo_koid)->koid_"], r"^\d+$")
        self.assertIn("no VMO has koid 999999", self.answers["print $vmo(999999)"])
        self.assertIn('"shell"', self.answers["print *$process(gk::test::subject->process.object_->koid_)"])
        self.assertIn("shell/reader", self.answers["print *$thread(gk::test::subject->reader.object_->koid_)"])

    def test_commands_list_objects(self):
        self.assertRegex(self.answers["pagoda vmos"], r'(?m)^0x[0-9a-f]+  VMO \d+ "data", paged, 512K$')
        self.assertRegex(self.answers["pagoda processes"], r'^0x[0-9a-f]+  process \d+ "shell", running$')
        self.assertRegex(self.answers["pagoda threads"], r'(?s)shell/sleeper.*\n.*shell/reader')


class Kernel(unittest.TestCase):
    def test_helpers_load_with_the_kernel_where_gdb_may(self):
        loaded, empty = run_gdb(KERNEL, ["info pretty-printer global .*pagoda", "pagoda vmos"],
                                early=[f"add-auto-load-safe-path {pathlib.Path(KERNEL).parent}"])
        del loaded
        self.assertEqual(empty, "")
        [printers] = run_gdb(KERNEL, ["info pretty-printer"],
                             early=[f"add-auto-load-safe-path {pathlib.Path(KERNEL).parent}"])
        self.assertRegex(printers, r"(?s)objfile .*kernel.elf pretty-printers:\s+pagoda\s.*gk::Vmo\b")

    def test_helpers_do_not_load_where_gdb_may_not(self):
        [answer] = run_gdb(KERNEL, ["pagoda vmos"])
        self.assertIn("Undefined command", answer)


class Names(unittest.TestCase):
    """The tables say what the headers say."""

    def header(self, name):
        return (ROOT / "shared" / "abi" / "zircon" / name).read_text()

    def test_statuses(self):
        found = re.findall(r"#define (ZX_ERR_\w+|ZX_OK) \((-?\d+)\)", self.header("errors.h"))
        self.assertEqual(zircon_names.STATUSES, {int(value): name for name, value in found})

    def test_rights(self):
        found = re.findall(r"#define ZX_RIGHT_(\w+) \(\(zx_rights_t\)1u << (\d+)\)", self.header("rights.h"))
        self.assertEqual(zircon_names.RIGHTS, {int(bit): name for name, bit in found if name != "SAME_RIGHTS"})

    def test_object_types(self):
        found = re.findall(r"#define ZX_OBJ_TYPE_(\w+) \(\(zx_obj_type_t\)(\d+)u\)", self.header("types.h"))
        names = {int(value): name.lower().replace("_", " ") for name, value in found
                 if name not in ("NONE", "UPPER_BOUND")}
        self.assertEqual(zircon_names.OBJECT_TYPES, names)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
