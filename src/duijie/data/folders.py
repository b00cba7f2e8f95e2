"""The folder of an agreement by what a person calls it: a built-in name, or a path."""

from __future__ import annotations

import difflib
from pathlib import Path

from duijie.errors import InputError

from .shelf import root

__all__ = ["agreement_folder", "agreement_names", "is_agreement"]


def agreement_names() -> tuple[str, ...]:
    """The built-in agreements by name."""
    return tuple(sorted(path.parent.name for path in (root() / "agreements").glob("*/agreement.yaml")))


def is_agreement(folder: Path) -> bool:
    """Whether a folder is meant as an agreement: it has a head, or clauses."""
    return (folder / "agreement.yaml").exists() or (folder / "clauses").is_dir()


def agreement_folder(name: str) -> Path:
    """The folder that a built-in name or a path means.

    Raises
    ------
    InputError
        There is neither; the error names the agreements there are, and the nearest.
    """
    if Path(name).is_dir():
        return Path(name)
    known = agreement_names()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        raise InputError(
            "agreement_unknown", {"name": name, "known": known}, hint=near[0] if near else "agreement_begin"
        )
    return root() / "agreements" / name
