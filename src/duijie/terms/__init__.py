"""The vocabulary every room speaks: regions, industries, parties, listings, cases, clauses, reasons and tables."""

from .agreement import Action, Agreement, Area, Clause, Department, Indicator, Milestone
from .chain import CHAIN, Step
from .evidence import Directory, EvidenceRules, Heading, Standing, chain_headings
from .language import Bilingual, Language, Progress, Reason, silent
from .people import Listing, Party, PartyKind
from .place import Industry, Region, Taxonomy
from .source import Provenance, Source
from .tables import (
    ChainLink,
    ChainStage,
    ChainTemplate,
    Counts,
    IOTable,
    ProductRelation,
    Relatedness,
    TravelTimes,
)

__all__ = [
    "CHAIN",
    "Action",
    "Agreement",
    "Area",
    "Bilingual",
    "ChainLink",
    "ChainStage",
    "ChainTemplate",
    "Clause",
    "Counts",
    "Department",
    "Directory",
    "EvidenceRules",
    "Heading",
    "IOTable",
    "Indicator",
    "Industry",
    "Language",
    "Listing",
    "Milestone",
    "Party",
    "PartyKind",
    "ProductRelation",
    "Progress",
    "Provenance",
    "Reason",
    "Region",
    "Relatedness",
    "Source",
    "Standing",
    "Step",
    "Taxonomy",
    "TravelTimes",
    "chain_headings",
    "silent",
]
