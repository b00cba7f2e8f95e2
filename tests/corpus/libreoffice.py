"""A book opened by LibreOffice and saved as something else, as offices hand files on."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

# Separator, quote, character set (76 UTF-8, 85 GB 18030), first line; for reading besides: columns 1 to 20 as text.
FILTERS = {
    "xls": "xls:MS Excel 97",
    "xlsx": "xlsx:Calc MS Excel 2007 XML",
    "csv": "csv:Text - txt - csv (StarCalc):44,34,76,1",
    "gb18030": "csv:Text - txt - csv (StarCalc):44,34,85,1",
    "xml": "xml:MS Excel 2003 XML",
    "html": "html:HTML (StarCalc)",
}
AS_TEXT = "Text - txt - csv (StarCalc):44,34,76,1," + "/".join(f"{i}/2" for i in range(1, 21))


def convert(path: Path, form: str, suffix: str) -> Path:
    """Convert the file in its folder and put the result in its place."""
    name = FILTERS[form]
    with tempfile.TemporaryDirectory() as folder:
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile"]
        if path.suffix == ".csv":
            command.append(f"--infilter={AS_TEXT}")
        command += ["--convert-to", name, "--outdir", folder, str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=180)
        made = Path(folder) / f"{path.stem}.{name.split(':')[0]}"
        if not made.exists():
            raise RuntimeError(f"{path.name} to {name}: {done.stderr[-300:]}")
        path.unlink()
        return Path(shutil.move(made, path.with_suffix(suffix)))
