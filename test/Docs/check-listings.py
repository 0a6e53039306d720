"""Checks that the listings of a document are what its commands print, or with --update puts that there.

Commands are the ```sh blocks that are followed by a listing. They run in an empty folder that has the project's examples/,
so that one may read what an earlier one wrote with `tee`. A listing is a ```mlir, ```json or ```text block behind a line

    <!-- listing: SELECTION, ... -->

and shows parts of the output of the last commands, with the affine maps they use in front and `...` between:

    (nothing)   all of it, without the module around it
    X           the first op with X in its first line, and its regions
    X brief     the same without its regions
    X around Y  the smallest op with X in its first line and Y in a region
    X only A; B of its regions, the lines that contain A or B
    X untyped   no types at the ends of lines

White space is free: a listing may be broken into lines in any way; --update breaks long ones.

Usage: check-listings.py [--update] DOCUMENT PROJECT
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import textwrap

BLOCK = re.compile(r"```sh\n(?P<sh>.*?)```|<!-- listing(?::(?P<selection>[^>]*))? -->\n```(?:mlir|json|text)\n(?P<listing>.*?)```", re.S)
CLAUSES = re.compile(r" (?=(?:ins|outs|maps|at|captures|attributes|iter_args|shared_outs|score|mask)\b|->)")
WIDTH = 110


def normalised(text):
    return " ".join(text.split())


def indentation(line):
    return len(line) - len(line.lstrip())


def op_at(lines, start):
    """The lines of the op that begins at `start`."""
    end = start + 1
    if lines[start].endswith("{"):
        while indentation(lines[end]) > indentation(lines[start]) or lines[end].lstrip().startswith("^") or (
                lines[end].endswith("{")):
            end += 1
        end += 1
    return lines[start:end]


def only(op, wanted):
    """The first and the last line of an op, and those between that contain one of `wanted`, with the ends of regions
    that begin with one of these."""
    kept, opened = [op[0]], {indentation(op[0])}
    for line in op[1:-1]:
        keep = any(text in line for text in wanted)
        if line.lstrip().startswith("}"):
            keep = indentation(line) in opened
            opened -= {indentation(line)}
        if keep:
            kept.append(line)
            opened |= {indentation(line)} if line.endswith("{") else set()
    return kept + op[-1:] if len(op) > 1 else kept


def without_types(line):
    return re.sub(r" +(?:->|:) .*?( \{)?$", r"\1", re.sub(r"\((%[\w#]+) : [^()]*\)", r"(\1)", line))


def select(lines, selection):
    untyped = selection.endswith(" untyped")
    selection, _, wanted = selection.removesuffix(" untyped").partition(" only ")
    what, _, inner = selection.partition(" around ")
    brief = what.endswith(" brief")
    what = what.removesuffix(" brief")
    ops = [op_at(lines, i) for i, line in enumerate(lines) if what in line]
    if inner:
        ops = sorted((op for op in ops if any(inner in line for line in op[1:])), key=len)
    if not ops:
        sys.exit(f"no op for '{selection}' in the output:\n" + "\n".join(lines))
    op = ops[0]
    if wanted:
        op = only(op, wanted.split("; "))
    if untyped:
        op = [without_types(line) for line in op]
    return [op[0], " " * indentation(op[0]) + "  ...", op[-1]] if brief and len(op) > 1 else op


def without_module(lines):
    if "module {" not in lines:
        return lines
    start = lines.index("module {")
    return lines[:start] + [line[2:] for line in lines[start + 1 : lines.index("}", start)]]


def wrapped(line):
    """`line` broken in front of clauses, else between types and operands, as often as its length demands."""
    def glued(match):
        return match.group().replace(" ", "\0") if len(match.group()) < WIDTH - 20 else match.group()

    margin = " " * indentation(line)
    text = [""]
    for piece in CLAUSES.split(re.sub(r"<[^<>]*(<[^<>]*>)?[^<>]*>", glued, line.strip())):
        joined = f"{text[-1]} {piece}" if text[-1] else margin + piece
        if len(joined) <= WIDTH:
            text[-1] = joined
            continue
        indent = margin + "    " if text[-1] else margin
        rows = textwrap.wrap(piece, WIDTH, initial_indent=indent, subsequent_indent=margin + "    ",
                             break_long_words=False, break_on_hyphens=False)
        text += rows
    return [row.replace("\0", " ") for row in text if row]


def listing_of(output, selections):
    lines = without_module(output.splitlines())
    if not selections:
        shown = [line for line in lines if line.strip()]
    else:
        parts = []
        for selection in selections:
            parts += (["..."] if parts else []) + textwrap.dedent("\n".join(select(lines, selection))).splitlines()
        used = set(re.findall(r"#\w+", " ".join(parts)))
        shown = [line for line in lines if line.startswith("#") and line.split()[0] in used] + parts
    return "\n".join(row for line in shown for row in (wrapped(line) if len(line) > WIDTH else [line])) + "\n"


def run(commands, folder):
    result = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", commands], cwd=folder, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"failed with status {result.returncode}:\n{commands}{result.stderr}")
    return result.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    parser.add_argument("document")
    parser.add_argument("project")
    arguments = parser.parse_args()
    with open(arguments.document) as file:
        text = file.read()

    updated, end, wrong, count, commands, output = "", 0, 0, 0, None, None
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.join(os.path.abspath(arguments.project), "examples"), os.path.join(folder, "examples"))
        for block in BLOCK.finditer(text):
            if block["sh"] is not None:
                commands, output = block["sh"], None
                continue
            if commands is None:
                sys.exit("a listing without commands before it")
            output = run(commands, folder) if output is None else output
            selections = [part.strip() for part in (block["selection"] or "").split(",") if part.strip()]
            expected = listing_of(output, selections)
            count += 1
            updated += text[end : block.start("listing")] + expected
            end = block.end("listing")
            if normalised(expected) != normalised(block["listing"]):
                wrong += 1
                line = text.count("\n", 0, block.start("listing"))
                if not arguments.update:
                    print(f"{arguments.document}:{line}: the listing is not what the commands print:\n{commands}\n{expected}")
    if arguments.update:
        with open(arguments.document, "w") as file:
            file.write(updated + text[end:])
        print(f"{count} listings, {wrong} updated")
    else:
        print(f"{count} listings, {wrong} wrong")
        sys.exit(1 if wrong or count == 0 else 0)


main()
