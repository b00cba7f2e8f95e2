"""A new agreement's folder to begin with: two or more regions, a first clause, offices, and the workbook to fill in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from string import Template

from duijie import data
from duijie.cells import CellType, read
from duijie.cells.codes import regions
from duijie.errors import Fault, InputError
from duijie.intake.taxonomies import chains
from duijie.match import load_kinds
from duijie.track.indicators import measures

from .workbook import WORKBOOK, write_workbook

__all__ = ["new_folder", "parties_of"]

_SORTS = "省市区县旗州"


def parties_of(text: str) -> tuple[str, ...]:
    """The codes of the regions that a text names, set apart by commas: each by code, or by name with its province.

    Raises
    ------
    InputError
        One of them is no region of GB/T 2260, or there are fewer than two; all faults at once.

    Examples
    --------
    >>> parties_of("371500, 500243")
    ('371500', '500243')
    """
    found: list[str] = []
    faults: list[Fault] = []
    for part in text.replace("，", ",").replace("、", ",").split(","):
        cell = read(part.strip(), CellType("region"))
        if cell.wrong or not cell.value:
            wrong = cell.wrong
            code, values = (wrong.code, wrong.values) if wrong else ("region_not_listed", {"value": part})
            faults.append(Fault(code, {"option": "--parties"}, values, wrong.hint if wrong else ""))
        else:
            found.append(str(cell.value))
    if not faults and len(set(found)) < 2:
        faults.append(Fault("parties_few", {"option": "--parties"}, {"n": len(set(found))}))
    if faults:
        raise InputError("parties_wrong", {"n": len(faults)}, faults=faults)
    return tuple(dict.fromkeys(found))


def new_folder(folder: Path, parties: Sequence[str], *, signed_on: date) -> tuple[Path, ...]:
    """Write a folder that checks and runs as it is; what stands in it is to be changed.

    Parameters
    ----------
    folder
        Is made; may be there already if it is empty.
    parties
        Two or more region codes.
    signed_on
        The day the agreement was signed.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    InputError
        The folder holds something already, or cannot be made.
    """
    names = {code: regions()[code][0] for code in parties}
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError("folder_not_empty", {}, {"file": str(folder)})
        (folder / "clauses").mkdir(parents=True, exist_ok=True)
        found = []
        for name, text in _files(names, signed_on).items():
            (folder / name).write_text(text, encoding="utf-8")
            found.append(folder / name)
        write_workbook(folder / WORKBOOK, load_kinds(), names)
    except OSError as error:
        raise InputError("folder_not_made", {"problem": error.strerror or str(error)}, {"file": str(folder)}) from None
    return (*found, folder / WORKBOOK)


def _files(names: Mapping[str, str], signed_on: date) -> dict[str, str]:
    """The text of each file: the templates of ``data/new``, filled."""
    leads = {code: f"office-{code}" for code in names}
    sides = (
        f'  - {{code: "{code}", name: {_both(name, code)}, short: {_both(_short(name), code)}, '
        f'parent: "{_above(code)}"}}'
        for code, name in names.items()
    )
    offices = (
        f'  - {{key: {leads[code]}, side: "{code}", name: {_both(name, leads[code])}}}' for code, name in names.items()
    )
    filled = {
        "key": "-".join(names),
        "title_zh": _quoted("—".join(names.values())),
        "title_en": _quoted(" – ".join(names)),
        "signed_on": signed_on.isoformat(),
        "sides": "\n".join(sides),
        "offices": "\n".join(offices),
        "leads": ", ".join(leads.values()),
        "chains": ", ".join(one.key for one in chains()),
        "kinds": ", ".join(load_kinds()),
        "measures": ", ".join(measures()),
        "cases": ", ".join(path.stem for path in data.listing("cases")),
    }
    places = {"agreement": "agreement.yaml", "departments": "departments.yaml", "clause": "clauses/first.yaml"}
    return {
        place: Template((data.root() / "new" / f"{name}.txt").read_text(encoding="utf-8")).substitute(filled)
        for name, place in places.items()
    }


def _both(zh: str, en: str) -> str:
    """A name for the time being: what a place or an office is called in English, its people write themselves."""
    return f"{{zh: {_quoted(zh)}, en: {_quoted(en)}}}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _short(name: str) -> str:
    """A region's name without the word for what it is, where two characters are left."""
    return name[:-1] if len(name) > 2 and name[-1] in _SORTS else name


def _above(code: str) -> str:
    return code[:4] + "00" if not code.endswith("00") else (code[:2] + "0000" if not code.endswith("0000") else "")
