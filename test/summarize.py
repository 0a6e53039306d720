#!/usr/bin/env python3
"""Prints what lit recorded (`lit -o FILE`) as one line, `N passed, N failed`; fails on any failure and on no tests."""

import collections
import json
import sys

PASSED = {"PASS", "FLAKYPASS", "XFAIL"}
LEFT_OUT = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


def main(path):
    try:
        with open(path) as file:
            tests = json.load(file)["tests"]
    except (OSError, ValueError, KeyError) as error:
        print(f"no results from lit: {error}", file=sys.stderr)
        tests = []
    codes = collections.Counter(test["code"] for test in tests)
    passed = sum(codes[code] for code in PASSED)
    left_out = sum(codes[code] for code in LEFT_OUT)
    failed = sum(codes.values()) - passed - left_out
    if left_out:
        print(f"{left_out} not run here (they need a feature that this machine lacks)")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
