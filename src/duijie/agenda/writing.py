"""Results to files: whole or not at all, and the same bytes for the same results."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["plain", "write_json"]


def plain(value: Any) -> Any:
    """`value` as JSON has it: arrays as lists, and null for what is not a number (unknown, never 0)."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [plain(one) for one in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.to_dict() if hasattr(value, "to_dict") else value


def write_json(path: Path, value: Any) -> Path:
    """Write `value` to `path` in one step: a reader sees the old file or the new one, never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", encoding="utf-8", delete=False) as handle:
        json.dump(plain(value), handle, ensure_ascii=False, indent=1, allow_nan=False, default=str)
        handle.flush()
        os.fsync(handle.fileno())
    Path(handle.name).replace(path)
    return path
