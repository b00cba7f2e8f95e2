"""Office files drawn from a seeded grammar of habits, and for each what it truly says.

``python -m tests.corpus.generate --seed 1 --number 200 --out DIR`` writes the files and ``<file>.json`` beside each.
Every third file goes through LibreOffice; those are made with ``--office`` and kept in ``tests/corpus/files``, because
the suite does not install LibreOffice. The truth of a file:

- ``tables``: the heading of each key, as it is written
- ``records``: table, sheet, row (from 1; nothing on a card), and for each key ``value`` (null where empty) or ``fault``
- ``left_out``: lines and sheets that are no records and must be named, with the reason in our words
- ``head``: lines of a second heading, which may be named or not
- ``asked``: lines that only their author can tell apart, to be reported as a fault
- ``refused``: the whole file cannot be trusted and must be refused with the line
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from tests.corpus.books import TextForm, write_page, write_text, write_xlsx, write_xlsx_uncalculated, write_xml
from tests.corpus.offices import Office, Target, Truth

FILES = Path(__file__).parent / "files"

OWN = (
    Target("csv", 8, ".csv", "text", keeps_numbers=False, merges=False, sheets=False),
    Target("xlsx", 6, ".xlsx", "xlsx", hides=True, formulas="cached", counts_from_1904=True),
    Target("xlsx not calculated", 3, ".xlsx", "uncalculated", hides=True, formulas="uncached"),
    Target("web page as xls", 2, ".xls", "page", keeps_numbers=False, sheets=False),
    Target("XML of 2003 as xls", 2, ".xls", "xml"),
)
OFFICE = (
    Target("office xls", 8, ".xls", "xlsx", "xls", hides=True, formulas="cached", counts_from_1904=True),
    Target("office xlsx", 4, ".xlsx", "uncalculated", "xlsx", hides=True, formulas="cached"),
    Target("office csv", 4, ".csv", "xlsx", "csv", merges=False, sheets=False, formulas="cached"),
    Target("office csv in GB 18030", 2, ".csv", "xlsx", "gb18030", merges=False, sheets=False, formulas="cached"),
    # From an xlsx LibreOffice 7.4 cannot make it: its style sheet recurs without end over the 16,384 columns.
    Target("office csv to XML of 2003", 2, ".xls", "text", "xml", keeps_numbers=False, merges=False, sheets=False),
    Target("office web page as xls", 2, ".xls", "xlsx", "html", sheets=False, formulas="cached"),
    Target("office csv to xls", 2, ".xls", "text", "xls", keeps_numbers=False, merges=False, sheets=False),
)


def text_form(rng: Random) -> TextForm:
    """How this office saves separated text."""
    separator = rng.choices([",", "\t", ";", "|"], [60, 18, 15, 7])[0]
    encodings = ["utf-8", "utf-8-sig", "gb18030"] + ["utf-16"] * (separator == "\t")
    return TextForm(
        separator=separator,
        encoding=rng.choice(encodings),
        line_end=rng.choices(["\r\n", "\n", "\r"], [6, 4, 1])[0],
        quotes_all=rng.random() < 0.15,
        n_blank_columns=rng.choice([0, 0, 0, 3]),
        is_ragged=rng.random() < 0.15,
    )


def spoil(rng: Random, path: Path, form: TextForm) -> str:
    """Damage a separated text so that nobody can read it rightly, and say how."""
    lines = path.read_bytes().split(form.line_end.encode(form.encoding))
    kind = rng.choice(["quote never closed", "quote closed by a curly one", "bad byte", "cut within a character"])
    middle = len(lines) // 2
    match kind:
        case "quote never closed":
            lines[middle] = b'"' + lines[middle].replace(b'"', b"")
        case "quote closed by a curly one":
            lines[middle] = b'"' + lines[middle].replace(b'"', b"") + "”".encode(form.encoding)
        case "bad byte":
            lines[middle] = lines[middle] + b"\xff\xff"
        case _:
            lines = [*lines[:middle], "测".encode(form.encoding)[:-1]]
    path.write_bytes(form.line_end.encode(form.encoding).join(lines))
    return kind


def make(seed: int, i: int, folder: Path, targets: Sequence[Target]) -> tuple[Path, Target, Truth]:
    """File number `i` of a seed as our own writers make it."""
    rng = Random(f"{seed}/{i}")
    target = rng.choices(targets, [target.weight for target in targets])[0]
    office = Office(rng, target)
    book = office.book()
    truth = office.truth
    suffix = ".csv" if target.writer == "text" else target.suffix if not target.office else ".xlsx"
    path = folder / f"{i:03d}{suffix}"
    match target.writer:
        case "text":
            form = TextForm(encoding="utf-8-sig") if target.office else text_form(rng)
            write_text(path, book.sheets[0], form)
            truth.habits |= {f"encoding {form.encoding}", f"separator {form.separator!r}"}
            can_spoil = not target.office and form.encoding in ("utf-8", "gb18030")
            if can_spoil and rng.random() < 0.06:
                truth.refused = spoil(rng, path, form)
        case "page":
            write_page(path, book.sheets[0], rng.choice(["utf-8", "gb18030"]))
        case "xml":
            write_xml(path, book)
        case "uncalculated":
            write_xlsx_uncalculated(path, book)
        case _:
            write_xlsx(path, book)
    return path, target, truth


def corpus(
    seed: int, number: int, folder: Path, convert: Callable[[Path, str, str], Path] | None = None
) -> list[dict[str, Any]]:
    """Write the files into `folder` and answer their truths; every third only where something can convert it."""
    folder.mkdir(parents=True, exist_ok=True)
    truths = []
    for i in range(number):
        is_office = i % 3 == 2
        if is_office != (convert is not None):
            continue
        path, target, truth = make(seed, i, folder, OFFICE if is_office else OWN)
        if convert is not None:
            path = convert(path, target.office, target.suffix)
        document = truth.document(path.name, target)
        (folder / f"{path.stem}.json").write_text(
            json.dumps(document, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
        )
        truths.append(document)
    return truths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--office", action="store_true", help="the third that goes through LibreOffice, and only that")
    options = parser.parse_args()
    convert = None
    if options.office:
        from tests.corpus.libreoffice import convert
    truths = corpus(options.seed, options.number, options.out, convert)
    print(f"{len(truths)} files, {sum(len(truth['records']) for truth in truths)} records")


if __name__ == "__main__":
    main()
