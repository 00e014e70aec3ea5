"""Shows the changes of a plan, or makes them: all of them or none."""

from __future__ import annotations

import difflib
from pathlib import Path

from elm_landslide import files
from elm_landslide.e3sm.plan import STAGE, Plan
from elm_landslide.errors import UserError


def diff(plan: Plan) -> str:
    """A unified diff of all files and XML variables. A new copy of an ELM file is compared with the checkout's."""
    parts = []
    for change in plan.changes:
        name = plan.case.name(change.path)
        source = change.path if change.old is not None else change.like
        before = change.old if change.old is not None else change.like.read_bytes() if change.like else b""
        heads = (plan.case.name(source) if source else "/dev/null"), name if change.new is not None else "/dev/null"
        if b"\0" in before or b"\0" in (change.new or b""):
            parts.append(f"Binary files {heads[0]} and {heads[1]} differ\n")
            continue
        texts = [(text or b"").decode("utf-8", "replace").splitlines(keepends=True) for text in (before, change.new)]
        for line in difflib.unified_diff(texts[0], texts[1], *heads):
            parts.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    for name, old, new in plan.variables:
        parts.append(f"--- {name}\n+++ {name}\n@@ -1 +1 @@\n-{old}\n+{new}\n")
    return "".join(parts)


def make(plan: Plan) -> None:
    """Make the changes. If one fails, those before it are undone."""
    done, changed, written = [], [], []
    try:
        for change in plan.changes:
            if change.new is not None:
                part = files.part_of(change.path)
                written.append(part)
                part.write_bytes(change.new)
                part.chmod(_mode(change.path))
        for change in plan.changes:
            done.append(change)
            _put(change.path, change.new)
        for name, old, new in plan.variables:
            changed.append((name, old))
            plan.case.change(name, new)
        _remove_empty(plan.case.sourcemods / "__pycache__")
    except BaseException as error:
        for name, old in reversed(changed):
            try:
                plan.case.change(name, old)
            except UserError as failed:
                error.add_note(str(failed))
        for change in reversed(done):
            if change.old is not None:
                files.part_of(change.path).write_bytes(change.old)
                files.part_of(change.path).chmod(_mode(change.path))
            _put(change.path, change.old)
        for part in written:
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UserError(f"{error.filename}: {error.strerror}; everything is as it was") from None
        raise


def _put(path: Path, content: bytes | None) -> None:
    """Move a written file to its place, or remove what is there."""
    if content is None:
        path.unlink(missing_ok=True)
    else:
        files.part_of(path).replace(path)


def _mode(path: Path) -> int:
    if path.name == STAGE:
        return 0o755
    return path.stat().st_mode & 0o777 if path.exists() else 0o644


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
