"""Any office's file opened safely: its sheets, rows and lines, each with the number the office's own program shows."""

from .merged import filled
from .opening import sheets
from .records import Record, Records, read_records
from .sheet import Limits, Sheet
from .texts import split_lines

__all__ = ["Limits", "Record", "Records", "Sheet", "filled", "read_records", "sheets", "split_lines"]
