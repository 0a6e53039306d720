"""Prints the examples of an ODS file as one module: each ```mlir block becomes a function whose arguments are the values
that the example uses and does not define. Usage: ods-examples.py AttnOps.td"""

import re
import sys


def split_types(text):
    """Splits at the commas outside of <...> and (...)."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in "<([") - (c in ">)]")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def free_values(example):
    """Name and type of each operand of a clause `ins(%a, %b : type, type)` that no line of the example defines."""
    defined = set()
    for line in example.splitlines():
        if "=" in line:
            defined.update(re.findall(r"%\w+", line.split("=")[0]))
    values = {}
    for names, types in re.findall(r"\w\(((?:lse |max )?%\w+[^:()]*) : ([^()]*)\)", example):
        names = [name.split()[-1] for name in names.split(",")]
        for name, type in zip(names, split_types(types)):
            if name not in defined:
                values.setdefault(name, type)
    return values


def main(path):
    with open(path) as ods:
        examples = re.findall(r"```mlir\n(.*?)```", ods.read(), re.S)
    for i, example in enumerate(examples):
        arguments = ", ".join(f"{name}: {type}" for name, type in free_values(example).items())
        print(f"func.func @example_{i}({arguments}) {{\n{example}return\n}}")


main(sys.argv[1])
