"""Any office's files in, clean and coded, with nothing lost and every fault named."""

from .coding import Codes, code_industries

__all__ = ["Codes", "code_industries"]
