"""Results to files: whole or not at all, and the same bytes for the same results."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from duijie.data.documents import plain

__all__ = ["write_json"]


def write_json(path: Path, value: Any) -> Path:
    """Write `value` to `path` in one step: a reader sees the old file or the new one, never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", encoding="utf-8", delete=False) as handle:
        json.dump(plain(value), handle, ensure_ascii=False, indent=1, allow_nan=False, default=str)
        handle.flush()
        os.fsync(handle.fileno())
    Path(handle.name).replace(path)
    return path
