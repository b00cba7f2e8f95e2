"""Official groupings from a crosswalk to GB/T 4754 into committed tables: ``python tools/groupings.py FILE.xlsx``.

The crosswalk is not in the shared folder; ``DATA.md`` names it. Codes, names and headings are taken, no description.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml
from fact_tables import Row, write
from python_calamine import CalamineWorkbook

from duijie.data import read, root

FOLDER = root() / "taxonomies" / "groupings"
_HEADING = re.compile(r"(?:门类|大类|中类|小类)\(([A-T])(\d*)\)")
_N_CODES, _CLASS, _STAR, _STATED = 4, 12, 18, 20  # columns of the crosswalk: codes then names, class, asterisk, heading


_NAMES = yaml.safe_load(Path(__file__).with_name("groupings_corrections.yaml").read_text(encoding="utf-8"))


def rows_of(sheet: list[list[str]]) -> list[Row]:
    """Each heading of a grouping once, and below it the industries it takes in, whole or in part."""
    found: dict[tuple[str, str], Row] = {}
    for cells in sheet:
        codes = [str(cell).strip() for cell in cells[1 : 1 + _N_CODES]]
        names = [str(cell).strip() for cell in cells[1 + _N_CODES : 1 + 2 * _N_CODES]]
        named = [(code, name) for code, name in zip(codes, names, strict=True) if code]
        for code, name in named[:-1]:
            found.setdefault((code, ""), {"code": code, "name": name})
        code, name = named[-1]
        stated = _HEADING.fullmatch(str(cells[_STATED]).strip())
        industry = (stated[2] or stated[1]) if stated else ""
        row = {"code": code, "name": name, "industry": industry, "is_partial": "1" if cells[_STAR] == "是" else "0"}
        if not industry and cells[_CLASS]:
            raise SystemExit(f"{code}: the heading {cells[_STATED]!r} cannot be read")
        found.setdefault((code, industry), row if industry else {"code": code, "name": name})
    return [found[key] | {"name": _NAMES.get(key[0], found[key]["name"])} for key in sorted(found)]


def main(path: Path) -> None:
    book = CalamineWorkbook.from_path(str(path))
    for file, sheet in {row["file"]: row["sheet"] for row in read(FOLDER / "groupings.yaml", "groupings")}.items():
        rows = rows_of(book.get_sheet_by_name(sheet).to_python()[1:])
        write(FOLDER / file, rows, "code name industry is_partial".split())
        print(f"{file}: {len(rows)} rows")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
