"""Stand-in for xmlquery and xmlchange of a case: as much of them as elm-landslide e3sm uses."""

import argparse
import os
import re
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--caseroot", required=True)
parser.add_argument("--value", action="store_true")
parser.add_argument("--no-resolve", action="store_true")
parser.add_argument("--id")
parser.add_argument("--val")
parser.add_argument("variable", nargs="?")
options = parser.parse_args()

files = [Path(options.caseroot) / name for name in ("env_case.xml", "env_run.xml")]
trees = [tree.parse(name) for name in files]


def entry(name):
    for file, parsed in zip(files, trees, strict=True):
        for found in parsed.getroot().iter("entry"):
            if found.get("id") == name:
                return file, parsed, found
    sys.exit(f"ERROR: No results found for variable {name}")


def value(name):
    if name == "CASEROOT":
        return options.caseroot
    return re.sub(r"\$(\w+)", lambda found: value(found.group(1)), entry(name)[2].get("value"))


if options.id:
    file, parsed, found = entry(options.id)
    if options.id == os.environ.get("REFUSED_VARIABLE"):
        sys.exit(f"ERROR: {options.id} cannot be changed")
    found.set("value", options.val)
    parsed.write(file)
else:
    print(entry(options.variable)[2].get("value") if options.no_resolve else value(options.variable), end="")
