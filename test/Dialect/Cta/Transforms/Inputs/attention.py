"""Prints attention.mlir with its placeholders filled in.

attention.py [rows=128] [keys=128] [dim=128] [rescale] SCHEDULE...   (the parameters of #cta.schedule, as key=value)
"""

import pathlib
import sys


def main(arguments):
    tile = {"rows": "128", "keys": "128", "dim": "128"}
    schedule, rescale = [], False
    for argument in arguments:
        key, _, value = argument.partition("=")
        if key in tile:
            tile[key] = value
        elif key == "rescale":
            rescale = True
        else:
            schedule.append(f"{key} = {value}")
    text = pathlib.Path(__file__).with_suffix(".mlir").read_text()
    kept, dropped = ("RESCALE", "ALWAYS") if rescale else ("ALWAYS", "RESCALE")
    lines = [line.replace(kept, "      ") for line in text.splitlines() if not line.startswith(("//", dropped))]
    text = "\n".join(lines).replace("SCHEDULE", ", ".join(schedule))
    for key, value in tile.items():
        text = text.replace(key.upper(), value)
    print(text)


main(sys.argv[1:])
