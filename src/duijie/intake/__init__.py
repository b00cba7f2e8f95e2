"""Any office's files in, clean and coded, with nothing lost and every fault named."""

from .coding import code_industries
from .entities import MergeQueue, merge_queue
from .quality import examine
from .tables import Intake, read_table, take_in

__all__ = ["Intake", "MergeQueue", "code_industries", "examine", "merge_queue", "read_table", "take_in"]
