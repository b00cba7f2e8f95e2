"""The rehearsal: a generated, seeded full life of any agreement, with plainly invented and numbered parties."""

from .generation import generate
from .records import Case, Certificate, EvidenceText, Records, Visit, read_records

__all__ = ["Case", "Certificate", "EvidenceText", "Records", "Visit", "generate", "read_records"]
