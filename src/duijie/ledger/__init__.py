"""What happened: typed events, sealed in each side's chain, folded into what people read.

Six ideas, a file each: `events` (what can happen), `seal` (entries and chains), `fold` (what events amount to, by the
guards of `guards`), `record` (the one way in), `gate` (who may see what), `exchange` (what sides hand each other).
`verify` holds all of it against the bytes.
"""

from .events import Amount, FileRef
from .exchange import bundle, receive
from .gate import Grant, Reader
from .log import Log, MemoryLog
from .record import append, fold_of, rebuild
from .verify import Verdict, verify

__all__ = [
    "Amount",
    "FileRef",
    "Grant",
    "Log",
    "MemoryLog",
    "Reader",
    "Verdict",
    "append",
    "bundle",
    "fold_of",
    "rebuild",
    "receive",
    "verify",
]
