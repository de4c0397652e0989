#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Deliberate bugs, which the storm must find: run.py SOURCE BUILD

Each is one change in a copy of one file of the core. The storm of the build
is linked again with that file in front of the library which has the true one,
and has to fail; and once more with the seed that it named, because a seed
that reproduces nothing is worth nothing. The true program passes the same
storms. Speaks TAP.

A change that does not apply any more fails, too: say the same bug in today's
words.
"""

import dataclasses
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

STORM = "tests/scenario/storm"
STORMS = ["1-150", "400"]
TOLD = re.compile(r"# storm (\d+) (\d+) tells it all again")


class Failed(Exception):
    pass


@dataclasses.dataclass
class Bug:
    name: str
    file: str
    changes: list  # of (old, new)


BUGS = [
    Bug("a_delivery_that_is_settled_twice", "bridge/outbox.c", [("""\
	room->outbox.failures = 0;
	item_free(item);
""", """\
	room->outbox.failures = 0;
	if (item->state == ITEM_IN_FLIGHT && item->attempts < 2) {
		struct outbox *box = &room->outbox;
		item->state = ITEM_QUEUED;
		box->in_flight--;
		box->fresh = box->items;
		while (box->fresh->state == ITEM_IN_FLIGHT)
			box->fresh = box->fresh->next;
	} else
		item_free(item);
""")]),
    Bug("the_last_who_hears_is_let_go", "bridge/listener.c", [("""\
	if (!occ->hears || l->hearers > 1 || !is_shared(room) ||
""", """\
	if (l->hearers || !is_shared(room) ||
""")]),
    Bug("an_answer_before_the_commit", "bridge/intake.c", [("""\
		rc = keeping_refuse(&in->k, db, in->channels[in->n + i], FULL);
	return rc;
""", """\
		rc = keeping_refuse(&in->k, db, in->channels[in->n + i], FULL);
	keeping_accepted(&in->k);
	return rc;
"""), ("""\
	keeping_accepted(k);
	if (k->same)
""", """\
	if (k->known)
		keeping_accepted(k);
	if (k->same)
""")]),
    Bug("a_delivery_that_is_not_put_back_when_its_channel_is_lost",
        "bridge/outbox.c", [("""\
		if (item->state == ITEM_IN_FLIGHT)
			give_back(item);
		if (!item->event)
""", """\
		if (item->state == ITEM_IN_FLIGHT || !item->event)
""")]),
    Bug("another_order_after_a_reconnect", "bridge/outbox.c", [("""\
	timer_stop(&box->retry);
	timer_stop(&box->wake);
	DL_FOREACH_SAFE(""", """\
	if (box->items && box->items->next) {
		item = box->items;
		DL_DELETE(box->items, item);
		DL_APPEND(box->items, item);
	}
	timer_stop(&box->retry);
	timer_stop(&box->wake);
	DL_FOREACH_SAFE(""")]),
    Bug("a_message_that_is_dropped_when_the_window_is_full",
        "bridge/outbox.c", [("""\
			away_waits(room, source);
		box->more = true;
""", """\
			away_waits(room, source);
""")]),
    Bug("a_return_that_nobody_is_told_of", "bridge/away.c", [("""\
			say_back(room, to);
""", """\
			(void)say_back;
""")]),
]


def changed(text, bug):
    for old, new in bug.changes:
        if text.count(old) != 1:
            raise Failed(f"{bug.file} has this {text.count(old)} times:\n"
                         f"{old}")
        text = text.replace(old, new)
    return text


class Rig:
    """How the build compiles and links, on another file."""

    def __init__(self, source, build, folder):
        self.source, self.build, self.folder = source, build, folder
        said = subprocess.run(["ninja", "-C", build, "-t", "commands", STORM],
                              capture_output=True, text=True, check=True)
        self.commands = [shlex.split(line) for line in
                         said.stdout.splitlines() if " -o " in line]

    def command(self, output_end, input_end):
        for argv in self.commands:
            if argv[argv.index("-o") + 1].endswith(output_end) and any(
                    a.endswith(input_end) for a in argv):
                return list(argv)
        raise Failed(f"nothing makes {output_end} of {input_end}")

    def run(self, argv):
        done = subprocess.run(argv, cwd=self.build, capture_output=True,
                              text=True, check=False)
        if done.returncode:
            raise Failed(f"{shlex.join(argv)}\n{done.stdout}{done.stderr}")

    def compile(self, name, text):
        """The object of text, which stands for the file name."""
        path = self.folder / pathlib.Path(name).name
        path.write_text(text)
        argv = self.command(".o", name)
        argv[-1] = str(path)
        argv[argv.index("-o") + 1] = str(path.with_suffix(".o"))
        argv += ["-Wno-error", "-I", str(self.source), "-MF", str(path.with_suffix(".d"))]
        self.run(argv)
        return path.with_suffix(".o")

    def link(self, *objects):
        program = self.folder / "storm"
        argv = self.command(STORM, ".o")
        at = argv.index("-o")
        argv[at + 1:at + 2] = [str(program), *map(str, objects)]
        self.run(argv)
        return program


def weather(program, storms):
    """True if it fails; and what it said."""
    done = subprocess.run([program, *storms], capture_output=True, text=True,
                          timeout=120, check=False)
    return done.returncode != 0, done.stdout


def find(rig, bug):
    text = (rig.source / bug.file).read_text()
    program = rig.link(rig.compile(bug.file, changed(text, bug)))
    fails, said = weather(program, STORMS)
    told = TOLD.search(said)
    if not fails or not told:
        raise Failed(f"not found in the storms {' '.join(STORMS)}")
    again, _ = weather(program, [f"{told[1]}-{told[1]}", told[2]])
    if not again:
        raise Failed(f"seed {told[1]} does not bring it back")
    words = [line for line in said.splitlines()
             if line.startswith(f"# seed {told[1]}: ")]
    return words[0] if words else f"# seed {told[1]}: it aborts"


def true_one_passes(rig):
    """The same way, without a bug."""
    name = "bridge/outbox.c"
    text = (rig.source / name).read_text()
    fails, said = weather(rig.link(rig.compile(name, text)), STORMS)
    if fails:
        raise Failed(said)


def report(number, name, check):
    try:
        said = check()
        print(f"{said}\n" if said else "", end="")
        print(f"ok {number} - {name}", flush=True)
        return 0
    except (Failed, subprocess.TimeoutExpired) as failure:
        for line in str(failure).splitlines():
            print(f"# {line}")
        print(f"not ok {number} - {name}", flush=True)
        return 1


def main(source, build):
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(pathlib.Path(source).resolve(), build,
                  pathlib.Path(folder))
        print(f"1..{len(BUGS) + 1}")
        failed = report(1, "the_true_program_passes",
                        lambda: true_one_passes(rig))
        for number, bug in enumerate(BUGS, 2):
            failed += report(number, f"{bug.name}_is_found",
                             lambda b=bug: find(rig, b))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
