"""Everything that enable or disable would change, worked out in memory: nothing is written here."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from pathlib import Path

from elm_landslide import files as inputs
from elm_landslide.e3sm import hooks, manifest, namelists, sources
from elm_landslide.e3sm.case import Case
from elm_landslide.errors import UserError

STAGE, MODEL, SETTINGS = "landslide_stage", "landslide.pt", "user_nl_landslide"
PRERUN = f"$CASEROOT/SourceMods/src.elm/{STAGE}"


@dataclass(frozen=True)
class Change:
    """A file before and after; None: no file."""

    path: Path
    old: bytes | None
    new: bytes | None
    item: str  # what `check` calls it
    like: Path | None = None  # what a new file is compared with in the diff


@dataclass
class Plan:
    case: Case
    items: list[str] = field(default_factory=list)  # all that was looked at, changed or not
    changes: list[Change] = field(default_factory=list)
    variables: list[tuple[str, str, str]] = field(default_factory=list)  # XML variable, old value, new value
    notes: list[str] = field(default_factory=list)

    def add(self, item: str, path: Path, new: bytes | None, like: Path | None = None) -> None:
        if item not in self.items:
            self.items.append(item)
        old = _content(path)
        if old == new:
            return
        if path.is_symlink():
            raise UserError(
                f"{path} is a link: put a copy in its place first, so that nothing outside the case changes"
            )
        for folder in (self.case.sourcemods, self.case.sourcemods.parent):
            if path.is_relative_to(folder) and folder.is_symlink():
                raise UserError(
                    f"{folder} is a link to {folder.resolve()}: the files are another case's (create_clone --keepexe); "
                    "work there, or put a copy in its place"
                )
        self.changes.append(Change(path, old, new, item, like))


def enable(case: Case, model: Path | None = None, force: bool = False) -> Plan:
    plan = Plan(case)
    before = manifest.read(case.sourcemods)
    old = before or manifest.Manifest()
    new = manifest.Manifest(own_model=old.own_model or model is not None)
    raw = case.query("PRERUN_SCRIPT", resolved=False)
    new.prerun = old.prerun if raw == PRERUN else raw

    content = _model(case, old, new, model, force)
    shims = _shims(case)
    files = {"component sources": {**sources.component(), **shims}, "model file": {MODEL: content}}
    files["staging script"] = {STAGE: sources.staging_script(new.prerun)}
    for item, group in files.items():
        for name, text in group.items():
            _replaceable(case, name, old, text, force)
            plan.add(item, case.sourcemods / name, text)
            new.files[name] = sources.digest(text)
    for name in old.files.keys() - new.files.keys():
        _replaceable(case, name, old, None, force)
        plan.add("component sources", case.sourcemods / name, None)

    _hook(plan, old, new)
    _add_history(plan, old, new)
    _add_settings(plan, old, new, before is None, sources.digest(content))
    plan.items.append("PRERUN_SCRIPT")
    if raw != PRERUN:
        plan.variables.append(("PRERUN_SCRIPT", raw, PRERUN))
    plan.add("manifest", case.sourcemods / manifest.NAME, new.to_bytes())
    _want_build(plan)
    _say_libdl(plan)
    return plan


def disable(case: Case, force: bool = False) -> Plan:
    plan = Plan(case)
    old = manifest.read(case.sourcemods)
    hooked = {file.rsplit("/", 1)[-1] for file in hooks.read()[0]}
    if old is None:
        marked = [name for name in hooked if hooks.BEGIN.encode() in (_content(case.sourcemods / name) or b"")]
        if marked:
            raise UserError(
                f"SourceMods/src.elm/{manifest.NAME}, where enable recorded what it did, is missing: "
                "run enable --force, then disable"
            )
        plan.notes.append("ELM-Landslide is not enabled in this case")
        return plan
    for name in old.files:
        _replaceable(case, name, old, None, force)
        plan.add("component sources", case.sourcemods / name, None)
    _remove_cache(plan)
    for name in sorted(hooked):
        path = case.sourcemods / name
        if path.exists():
            bare = hooks.strip(_text(path), case.name(path))
            ours = old.hooked.get(name) == sources.digest(_bytes(bare))
            if old.hooked.get(name) and not ours:
                plan.notes.append(f"{case.name(path)} stays, without the hooks: it was edited")
            plan.add(name, path, None if ours else _bytes(bare))
    for path in _user_nl_elm(case):
        bare = hooks.strip(_text(path), path.name)
        ours = old.namelists.get(path.name) == sources.digest(_bytes(bare))
        plan.add(path.name, path, None if ours else _bytes(bare))
    path = case.root / SETTINGS
    if path.exists():
        if force or sources.digest(inputs.read(path, inputs.MODEL)) == old.settings:
            plan.add(SETTINGS, path, None if old.settings_before is None else _bytes(old.settings_before))
        else:
            plan.notes.append(f"{SETTINGS} stays: it was edited (--force removes it); nothing reads it now")
    raw = case.query("PRERUN_SCRIPT", resolved=False)
    if raw == PRERUN:
        plan.variables.append(("PRERUN_SCRIPT", raw, old.prerun))
    else:
        plan.notes.append(f"PRERUN_SCRIPT stays: it is '{raw}', not what enable set")
    plan.add("manifest", case.sourcemods / manifest.NAME, None)
    _want_build(plan)
    return plan


def _model(case: Case, old: manifest.Manifest, new: manifest.Manifest, path: Path | None, force: bool) -> bytes:
    """The model file that is asked for, else the one that --model brought into the case, else the shipped one."""
    if path is None and old.own_model:
        content = _content(case.sourcemods / MODEL)
        if content is not None:
            return content
        if not force:
            raise UserError(
                f"SourceMods/src.elm/{MODEL} is gone, and was not the shipped one: give it with --model again"
            )
        new.own_model = False
    return sources.model(path)


def _replaceable(case: Case, name: str, old: manifest.Manifest, new: bytes | None, force: bool) -> None:
    """UserError where a file in SourceMods holds something that exists nowhere else."""
    path = case.sourcemods / name
    content = _content(path)
    if force or content is None or content == new or sources.digest(content) == old.files.get(name):
        return
    what = "was edited since enable wrote it" if name in old.files else "was there before"
    raise UserError(f"{case.name(path)} {what}: save it elsewhere, then --force overwrites it; nothing was changed")


def _shims(case: Case) -> dict[str, bytes]:
    """Modules under today's names for those that have another name in this version of ELM."""
    files = {}
    for module in hooks.read()[1]:
        path = case.elm / module["file"]
        names = {line.split("!")[0].strip().lower() for line in _text(path).split("\n")} if path.exists() else set()
        if f"module {module['older']}" in names and f"module {module['name']}" not in names:
            files[f"landslide_{module['name']}.F90"] = (
                f"! This version of ELM names the module {module['older']}.\n"
                f"module {module['name']}\n  use {module['older']}\nend module {module['name']}\n"
            ).encode()
    return files


def _hook(plan: Plan, old: manifest.Manifest, new: manifest.Manifest) -> None:
    for file, entries in hooks.read()[0].items():
        tree, name = plan.case.elm / file, file.rsplit("/", 1)[-1]
        path = plan.case.sourcemods / name
        if not tree.exists():
            raise UserError(f"{tree} does not exist: this version of ELM is not one that ELM-Landslide knows")
        text, shown = _text(tree), str(tree)
        new.hooked[name] = sources.digest(_bytes(text))
        if path.exists():
            bare = hooks.strip(_text(path), plan.case.name(path))
            written = old.hooked.get(name, "")
            if written != sources.digest(_bytes(bare)):  # the user's own copy, or ours with their edits
                text, shown, new.hooked[name] = bare, plan.case.name(path), written
        elif hooks.BEGIN in text:
            raise UserError(f"{tree} holds ELM-Landslide already: this checkout needs no hooks in SourceMods")
        plan.add(name, path, _bytes(hooks.insert(text, entries, shown)), tree)


def _add_history(plan: Plan, old: manifest.Manifest, new: manifest.Manifest) -> None:
    case = plan.case
    elsewhere = case.query("ELM_NAMELIST_OPTS")
    use_case = case.elm / "bld/namelist_files/use_cases" / f"{case.query('ELM_NML_USE_CASE')}.xml"
    if use_case.exists():
        elsewhere += _text(use_case).replace("</", "<!").replace(">", "= ").replace("<", "\n")
    paths = _user_nl_elm(case)
    if not paths:  # before case.setup, which then leaves it
        paths = [case.root / "user_nl_elm"]
        start = case.elm / "cime_config" / "user_nl_elm"
        text = _text(start) if start.exists() else ""
        new.namelists["user_nl_elm"] = sources.digest(_bytes(text))
    for path in paths:
        if path.exists():
            text = hooks.strip(_text(path), path.name)
            if path.name in old.namelists:
                new.namelists[path.name] = old.namelists[path.name]
        text, note = namelists.add_tape(text, elsewhere, path.name)
        plan.add(path.name, path, _bytes(text))
        plan.notes += [note] if note else []


def _add_settings(plan: Plan, old: manifest.Manifest, new: manifest.Manifest, first: bool, pin: str) -> None:
    path = plan.case.root / SETTINGS
    if path.exists():
        text = _text(path)
        new.settings_before = text if first else old.settings_before
        renewed = namelists.renew_pin(text, pin, path.name)
        untouched = first or sources.digest(_bytes(text)) == old.settings
        new.settings = sources.digest(_bytes(renewed)) if untouched else old.settings
    else:
        renewed = namelists.settings(pin)
        new.settings_before = old.settings_before
        new.settings = sources.digest(_bytes(renewed))
    plan.add(SETTINGS, path, _bytes(renewed))
    for own in sorted(plan.case.root.glob(f"{SETTINGS}_[0-9][0-9][0-9][0-9]")):
        plan.add(SETTINGS, own, _bytes(namelists.renew_pin(_text(own), pin, own.name)))
    if namelists.setting(renewed, "use_landslide") not in (".true.", "T", "t", ".TRUE.", "true"):
        plan.notes.append(f"{SETTINGS} switches the component off: use_landslide is not .true.")


def _want_build(plan: Plan) -> None:
    """Let case.submit ask for a build where what is compiled changes: an old executable would run silently."""
    compiled = (".F90", ".cpp", ".h", ".hpp")
    if any(change.path.suffix in compiled for change in plan.changes) and plan.case.query("BUILD_COMPLETE") == "TRUE":
        plan.variables.append(("BUILD_COMPLETE", "TRUE", "FALSE"))


def _say_libdl(plan: Plan) -> None:
    library, version = platform.libc_ver()
    if library == "glibc" and tuple(int(part) for part in version.split(".")[:2]) < (2, 34):
        plan.notes.append(
            f"glibc {version} keeps dlopen in libdl: if linking e3sm.exe fails for lack of it, see 'Linking' in "
            f"{sources.data_file('README.md')}"
        )


def _remove_cache(plan: Plan) -> None:
    """What Python left when CIME imported the staging script."""
    for path in (plan.case.sourcemods / "__pycache__").glob(f"{STAGE}.*.pyc"):
        plan.add("staging script", path, None)


def _user_nl_elm(case: Case) -> list[Path]:
    numbered = sorted(case.root.glob("user_nl_elm_[0-9][0-9][0-9][0-9]"))
    return [path for path in (case.root / "user_nl_elm", *numbered) if path.exists()]


def _content(path: Path) -> bytes | None:
    return inputs.read(path, inputs.MODEL) if path.exists() else None


def _text(path: Path) -> str:
    """Text whose bytes come back from _bytes, whatever their encoding and line ends."""
    return inputs.read(path, inputs.MODEL).decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
