"""Compare the stand-ins with a genuine checkout of E3SM: names, types, kinds, ranks, bounds and arguments of
everything that the component and its hooks use.

    python tests/elm_stubs/compare.py E3SM     lists the differences; exit status 1 where there are any

The parser knows declarations only, and takes ELM's templates (.F90.in) and preprocessor lines as they come, which
parsers of the whole language refuse.
"""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

STUBS = Path(__file__).parent
REPOSITORY = STUBS.parents[1]
FOLDERS = ("components/elm/src", "share/util", "share/timing")  # of a checkout
KINDS = {"r8": "r8", "shr_kind_r8": "r8", "shr_kind_in": "", "len=*": "len=*", "*": "len=*"}


@dataclass
class Procedure:
    arguments: dict[str, str]  # name: declaration, in order


@dataclass
class Module:
    variables: dict[str, str] = field(default_factory=dict)  # name: declaration
    types: dict[str, dict[str, str]] = field(default_factory=dict)  # name: components
    procedures: dict[str, Procedure] = field(default_factory=dict)
    generics: dict[str, list[str]] = field(default_factory=dict)
    passed_on: set[str] = field(default_factory=set)  # names taken from other modules
    bounds: dict[str, set[str]] = field(default_factory=dict)  # component or variable: bounds it is allocated with


def statements(text: str) -> list[str]:
    """Lines in lower case, without comments and continuations; a template stands for its double-precision form."""
    text = text.replace("{VTYPE}", "real(r8)").replace("{TYPE}", "double")
    lines, joined = [], ""
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        line = re.sub(r"^((?:[^'\"!]|'[^']*'|\"[^\"]*\")*)!.*", r"\1", line).strip()
        if not line:
            continue
        joined += line.lstrip("&").rstrip("&")
        if not line.endswith("&"):
            lines += [part.strip().lower() for part in joined.split(";")]
            joined = ""
    return lines


def split(text: str) -> list[str]:
    """At commas outside of brackets."""
    parts, depth = [""], 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [p.strip() for p in parts]


def declared(line: str) -> dict[str, str]:
    """Names that a declaration declares, each with type, kind, rank and attributes in one form."""
    found = re.match(r"(integer|real|logical|character|type|class)\s*(\([^)]*\))?\s*(.*)$", line)
    if not found or (found[1] in ("type", "class") and not found[2]):
        return {}
    base, kind, rest = found[1], (found[2] or "").strip("() ").replace(" ", ""), found[3]
    attributes, names = rest.split("::", 1) if "::" in rest else ("", rest)
    attributes = [a.replace(" ", "") for a in split(attributes) if a]
    kept = sorted({a for a in attributes if a.startswith("intent") or a in ("pointer", "allocatable", "optional")})
    dimension = next((a[9:] for a in attributes if a.startswith("dimension")), "")
    kind = KINDS.get(kind.removeprefix("kind="), kind)
    result = {}
    for part in split(names):
        name = re.match(r"(\w+)\s*(\(.*?\))?\s*(=.*)?$", part)
        if not name:
            return {}
        shape = (name[2] or dimension).strip()
        rank = len(split(shape[1:-1])) if shape else 0
        # A character's length in a module does not matter to who reads it; a dummy's is '*' in both.
        of = "" if base == "character" and kind != "len=*" else f"({kind})" if kind else ""
        result[name[1]] = f"{'type' if base == 'class' else base}{of} rank {rank} {' '.join(kept)}".strip()
    return result


def parse(text: str) -> Module:
    module, scope, inside = Module(), None, None  # scope: of declarations; inside: ('type' | 'interface', name)
    for line in statements(text):
        if found := re.match(r"use\s+\w+\s*,\s*only\s*:\s*(.*)", line):
            if scope is None:
                module.passed_on |= {p.split("=>")[0].strip() for p in split(found[1])}
        elif re.match(r"end\s*(type|interface)\b", line):
            inside = None
        elif re.match(r"end\s*(subroutine|function)\b", line):
            scope = None
        elif found := re.match(r"type\s*(?:,[^:]*)?(?:::)?\s*(\w+)$", line):
            inside = ("type", found[1])
            module.types[found[1]] = {}
        elif found := re.match(r"interface\s+(\w+)", line):
            inside = ("interface", found[1])
            module.generics[found[1]] = []
        elif inside and inside[0] == "interface":
            if found := re.match(r"module procedure\s*(?:::)?\s*(.*)", line):
                module.generics[inside[1]] += split(found[1])
        elif found := re.match(r"(?:[\w() =,]*\s)?(subroutine|function)\s+(\w+)\s*(?:\(([^)]*)\))?", line):
            scope = Procedure({a: "" for a in split(found[3] or "") if a})
            module.procedures[found[2]] = scope
        elif inside:
            module.types[inside[1]] |= declared(line)
        elif found := re.match(r"(?:if\s*\(.*\)\s*)?allocate\s*\((.*)\)$", line):
            for part in split(found[1]):
                if target := re.match(r"(?:\w+%)?(\w+)\s*\((.*)\)$", part):
                    module.bounds.setdefault(target[1], set()).add(normal(target[2]))
        elif scope is None:
            module.variables |= declared(line)
        else:
            names = declared(line)
            scope.arguments |= {name: text for name, text in names.items() if name in scope.arguments}
    return module


def normal(bounds: str) -> str:
    """Bounds without spaces and without a lower bound of 1."""
    return ",".join(re.sub(r"^1:", "", part.replace(" ", "")) for part in split(bounds))


def modules(root: Path) -> dict[str, Path]:
    """The file of each module of a checkout. ELM's own come before those of its external models and tests."""
    found: dict[str, Path] = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.F90*")):
            relative = path.relative_to(root)
            if {"external_models", "test"} & set(relative.parts) or path.suffix not in (".F90", ".in"):
                continue
            for line in path.read_text(errors="replace").splitlines():
                if name := re.match(r"\s*module\s+(\w+)\s*(!.*)?$", line, re.IGNORECASE):
                    found.setdefault(name[1].lower(), path)
    return found


def used() -> dict[str, set[str]]:
    """Names that the component and its hooks take from ELM's modules."""
    text = "\n".join(p.read_text() for p in sorted((REPOSITORY / "fortran" / "elm").glob("*.F90")))
    hooks = tomllib.loads((REPOSITORY / "cime_config" / "hooks.toml").read_text())["hook"]
    result: dict[str, set[str]] = {}
    for line in statements(text):
        found = re.match(r"use\s+(\w+)\s*,\s*only\s*:\s*(.*)", line)
        if found and not found[1].startswith("landslide"):
            result.setdefault(found[1], set()).update(p.split("=>")[-1].strip() for p in split(found[2]))
    called = set(re.findall(r"call (t_\w+)", "".join(h["text"] for h in hooks)))
    return {**result, "perf_mod": called}


def differences(root: Path) -> list[str]:
    """What the stand-ins say otherwise than the checkout, a line each."""
    ours, theirs, lines = modules(STUBS), modules(root), []
    for name, wanted in sorted(used().items()):
        if name not in theirs:
            lines.append(f"{name}: no such module in the checkout")
        elif name not in ours:
            lines.append(f"{name}: no stand-in")
        else:
            one = parse(ours[name].read_text())
            two = parse(theirs[name].read_text(errors="replace"))
            lines += [f"{name}: {line}" for thing in sorted(wanted) for line in compare(thing, one, two)]
    return lines


def compare(name: str, ours: Module, theirs: Module) -> list[str]:
    if name in ours.variables:
        if name not in theirs.variables:
            return [] if name in theirs.passed_on else [f"{name} is not a variable there"]
        if ours.variables[name] != theirs.variables[name]:
            return [f"{name} is {theirs.variables[name]}, the stand-in's {ours.variables[name]}"]
        kind = re.match(r"type\((\w+)\)", ours.variables[name])
        return compare(kind[1], ours, theirs) if kind and kind[1] in ours.types else bounds(name, ours, theirs)
    if name in ours.types:
        if name not in theirs.types:
            return [] if name in theirs.passed_on else [f"no type {name} there"]
        lines = []
        for component, text in ours.types[name].items():
            found = theirs.types[name].get(component)
            if found != text:
                lines.append(f"{name}%{component} is {found or 'not there'}, the stand-in's {text}")
            else:
                lines += bounds(component, ours, theirs)
        return lines
    if name in ours.generics:
        lines = [] if name in theirs.generics else [f"no interface {name} there"]
        return lines + [line for one in ours.generics[name] for line in arguments(one, ours, theirs)]
    if name in ours.procedures:
        return arguments(name, ours, theirs)
    return [f"{name} is not in the stand-in"]


def bounds(name: str, ours: Module, theirs: Module) -> list[str]:
    one, two = ours.bounds.get(name, set()), theirs.bounds.get(name, set())
    if one <= two:
        return []
    return [f"{name} has bounds {' or '.join(sorted(two)) or 'unknown'}, the stand-in's {' or '.join(sorted(one))}"]


def arguments(name: str, ours: Module, theirs: Module) -> list[str]:
    if name not in theirs.procedures:
        return [f"no procedure {name} there"]
    one, two = ours.procedures[name].arguments, theirs.procedures[name].arguments
    lines = [
        f"{name}: argument {a} is {two.get(a, 'not there')}, the stand-in's {text}"
        for a, text in one.items()
        if two.get(a) != text
    ]
    lines += [f"{name}: argument {a} is wanted there" for a, t in two.items() if a not in one and "optional" not in t]
    if [a for a in two if a in one] != list(one) and not lines:
        lines.append(f"{name}: the arguments stand in another order: {', '.join(two)}")
    return lines


if __name__ == "__main__":
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / FOLDERS[0]).is_dir():
        sys.exit(f"usage: compare.py E3SM, a checkout with {FOLDERS[0]}")
    found = differences(Path(sys.argv[1]))
    print("\n".join(found) or "no differences")
    sys.exit(1 if found else 0)
