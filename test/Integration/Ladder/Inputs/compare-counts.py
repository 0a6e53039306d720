"""Holds the numbers of attn-report-io against those that fovea-run counts, for the three forms of one attention.

Usage: compare-counts.py FILE FUNCTION ON_CHIP TILE_M TILE_N
"""

import json
import re
import subprocess
import sys
import tempfile


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def counted(output):
    """The lines of `fovea-run --count` by the names of the report."""
    numbers = re.search(
        r"bytes on chip, of which (?P<on_chip_bytes>\d+) are used:.*temporaries: (?P<temporary_bytes>\d+) bytes.*"
        r"bytes read (?P<read_bytes>\d+), written (?P<written_bytes>\d+); flops (?P<flops>\d+)", output, re.S)
    return {name: int(number) for name, number in numbers.groupdict().items()}


def main():
    file, function, on_chip, tile_m, tile_n = sys.argv[1:]
    tiles = f"tile-m={tile_m} tile-n={tile_n}"
    with tempfile.NamedTemporaryFile() as out:
        run("fovea-opt", file, f"--attn-report-io={tiles} on-chip={on_chip} format=json output={out.name}")
        report, = [entry for entry in json.load(out) if entry["function"] == function]
    flags = {"unfused": ["--unfused"], "query_outer": [f"--pipeline-options={tiles}"],
             "key_outer": [f"--pipeline-options={tiles} loop-order=key-outer"]}
    assert {form["form"] for form in report["forms"]} == set(flags), report
    wrong = 0
    for form in report["forms"]:
        output = run("fovea-run", file, "--entry", function, "--target", "cpu", "--check", "--count", "--on-chip", on_chip,
                     *flags[form["form"]])
        for name, number in counted(output).items():
            if name == "on_chip_bytes" and form["form"] == "unfused":
                continue  # which keeps nothing there
            if form[name] != number:
                print(f"{form['form']}: {name} is {form[name]} by the report, {number} by the count")
                wrong += 1
    print(f"{function}: {len(report['forms'])} forms, {wrong} numbers differ")
    sys.exit(wrong != 0)


main()
