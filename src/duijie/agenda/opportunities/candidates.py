"""Candidates of every kind: links of chains, products of one shop, parks that call, practices that were published."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations, zip_longest
from typing import Any

from duijie import data
from duijie.agenda.material import inference_policy
from duijie.intake import taxonomies
from duijie.terms import ChainLink, ChainTemplate, Listing, Reason, Source, Standing, chain_headings

from .evidence import Evidence
from .terms import End, Ground, Kind, Opportunity

__all__ = ["MAKERS"]

Say = Mapping[str, str]
# An honoured or listed firm that was also reported on speaks for a stage alone.
_KNOWN = 2.0
# Needs and offers told for each role.
_N_SAID = 2


def along_chains(evidence: Evidence) -> Iterator[Opportunity]:
    """One side has a stage, the other side the stage that buys from it."""
    for chain in evidence.material.chains:
        services = {heading.key[1] for heading in chain_headings([chain]) if heading.is_service}
        for link in chain.links:
            if link.flow != "trade" and f"{chain.key}.{link.supplier}" not in _skipped():
                kind: Kind = "completes" if link.flow == "capital" or link.supplier in services else "supplies"
                for supplier, buyer in permutations(evidence.regions):
                    one = _along(evidence, chain, link, kind, supplier, buyer)
                    if one is not None:
                        yield one


def _along(
    evidence: Evidence, chain: ChainTemplate, link: ChainLink, kind: Kind, supplier: str, buyer: str
) -> Opportunity | None:
    stages = {stage.key: stage for stage in chain.stages}
    key, at = (chain.key, link.supplier), (chain.key, link.buyer)
    # Goods that only some makers use, nobody knows which, are no ground to ask all of them.
    ours = [
        row
        for row in evidence.stages.at(key, supplier)
        if link.is_supplied(evidence.known[row.party].industry, row.phrase)
        and not any(word in row.phrase for word in evidence.particular)
    ]
    is_unknown = not any(evidence.weights.get(row.party, 0.0) for row in ours)
    theirs = [
        row
        for row in evidence.stages.at(at, buyer)
        if link.is_used(evidence.known[row.party].industry, row.phrase)
        and not (is_unknown and row.party in evidence.material.choosy)
    ]
    offers = [
        one
        for one in evidence.published("offer", supplier, key)
        if link.is_supplied(one.industry, str(one.payload.get("title")))
    ]
    needs = evidence.asked(evidence.published("need", buyer, key), theirs)
    ends = (
        evidence.end(supplier, "supplier", [stages[link.supplier].name], ours, evidence.told_once(offers), key),
        evidence.end(buyer, "buyer", [stages[link.buyer].name], theirs, evidence.told_once(needs), at),
    )
    if not _is_worth(evidence, ends, key) or _is_lone(evidence, ends, ours, needs):
        return None
    share = evidence.share(stages[link.supplier].industries, stages[link.buyer].industries)
    is_borne_out = share is not None and share >= evidence.policy["least_share"]
    # Equipment is no current input: a table of purchases says little of who equips whom.
    is_borne_out = is_borne_out and link.flow == "input"
    ground = _ground(evidence, link, share, needs, is_borne_out=is_borne_out)
    if ground is None:
        return None
    reasons = [Reason("opportunity_for_why", {"why": dict(link.why)})]
    if is_borne_out:
        values = {"share": share, "table": evidence.table_source.title, "buyer": stages[link.buyer].name}
        reasons.append(Reason("opportunity_for_share", {**values, "supplier": stages[link.supplier].name}))
    for role, said in (("need", needs), ("offer", offers)):
        # What only a copy tells, whose original nobody knows, is no reason.
        reasons += [_said(role, evidence, one) for one in said if one.source.publisher][:_N_SAID]
    match_kind = _match_kind(f"{chain.key}.{link.supplier}")
    more = {"need": float(bool(needs)), "offer": float(bool(offers)), "share": share if is_borne_out and share else 0.0}
    values = {
        "a": evidence.say(supplier),
        "what_a": stages[link.supplier].name,
        "b": evidence.say(buyer),
        "what_b": stages[link.buyer].name,
    }
    return Opportunity(
        f"{kind}:{chain.key}.{link.supplier}>{link.buyer}:{supplier}>{buyer}",
        kind,
        Reason(f"opportunity_title_{kind}", values),
        ends,
        ground,
        tuple(reasons),
        evidence.doubts(ends),
        evidence.size(ends),
        evidence.step(kind, (supplier, buyer), ends=ends, match_kind=match_kind),
        evidence.score(ends, **more),
    )


def _ground(
    evidence: Evidence, link: ChainLink, share: float | None, needs: Sequence[Listing], *, is_borne_out: bool
) -> Ground | None:
    """What bears a link out: the table, else the classification, else who publicly asked across it."""
    why = dict(link.why)
    if is_borne_out:
        return Ground(link.flow, why, evidence.table_source, share)
    if link.heading:
        return Ground("observed", why, _named(evidence, link), share)
    first = next((one for one in needs if one.source.publisher), None)
    return Ground("observed", why, first.source, share, first.id) if first else None


def _named(evidence: Evidence, link: ChainLink) -> Source:
    """The class of the industry classification whose name says what the supplier's goods are for."""
    standard = taxonomies.STANDARD
    name = evidence.say(link.heading)["zh"]
    return Source(standard.publisher, f"{standard.title} {link.heading} {name}", as_of=standard.as_of)


def _skipped() -> frozenset[str]:
    """Stages that makers reach through their own suppliers: to name them helps nobody."""
    return frozenset(inference_policy()["through_suppliers"])


def _match_kind(stage: str) -> str:
    return str(inference_policy().get("kinds", {}).get(stage, ""))


def _is_worth(evidence: Evidence, ends: tuple[End, End], key: tuple[str, str]) -> bool:
    """Both ends are there, and the supplying side has more of the stage than the buying side."""
    least = evidence.policy["least_firms"]
    first, second = ends
    is_thin = any(end.n_firms < least and not _speaks(end) and evidence.known_weight(end) < _KNOWN for end in ends)
    # Two lists of a register alone, of which nobody was heard since, are no meeting.
    is_unheard = not any(_speaks(end) or evidence.known_weight(end) > 0 for end in ends)
    if is_thin or is_unheard or first.is_open or not second.n_firms:
        return False
    shares = [
        len([row for row in evidence.stages.at(key, end.region) if row.is_stated])
        / max(evidence.stages.total(end.region), 1)
        for end in ends
    ]
    if not first.n_firms and not _speaks(first, _MAKERS):
        return False
    said = [len(evidence.published("offer", end.region, key)) for end in ends]
    # Where nobody names such a firm, the side that offers more of it is the one that has it.
    return shares[0] > shares[1] or (not any(shares) and said[0] > said[1])


def _is_lone(evidence: Evidence, ends: tuple[End, End], ours: Sequence[Standing], needs: Sequence[Listing]) -> bool:
    """Whether the supplying end is one organisation that many are sent to and no firm asked for.

    One maker serves one plant, or the firm that asked; it carries an industry only where it is listed or honoured.
    """
    first, second = ends
    there = {row.party for row in ours if row.is_stated}
    there |= {str(one["party"]) for one in first.others if one["kind"] in _MAKERS}
    asked = any(evidence.known[one.party].kind == "firm" for one in needs if one.party in evidence.known)
    is_known = any(evidence.known[party].honours for party in there if party in evidence.known)
    return len(there) < 2 and second.n_firms > 1 and not asked and not is_known


# An institute or an association may advise, but nobody buys a stage from it.
_MAKERS = ("firm", "carrier")
_SPEAKERS = ("firm", "institute", "government", "association", "carrier")


def _speaks(end: End, kinds: Sequence[str] = _SPEAKERS) -> bool:
    """Whether an organisation of one of these kinds stated a need or an offer itself at this end."""
    return any(one["kind"] in kinds for one in end.others)


def _said(role: str, evidence: Evidence, listing: Listing) -> Reason:
    told = evidence.told(listing)
    source = listing.source
    values = {
        "party": told["name"],
        "title": told["title"],
        "publisher": source.publisher,
        "as_of": source.as_of,
        "listing": listing.id,
    }
    return Reason(f"opportunity_for_{role}", values)


def same_customers(evidence: Evidence) -> Iterator[Opportunity]:
    """Two products of one shop, each side strong in another."""
    first, second = evidence.regions
    for code, related in _related().items():
        names = _word_names(code)
        for word_b in names:
            words_a = [word for word in names if frozenset((word, word_b)) in related]
            for region_a, region_b in ((first, second), (second, first)):
                one = _shop(evidence, code, region_a, words_a, region_b, word_b)
                if one is not None:
                    yield one


def _related() -> Mapping[str, Mapping[frozenset[str], Any]]:
    found: dict[str, dict[frozenset[str], Any]] = {}
    for one in taxonomies.relations():
        if one.kind == "same_customers":
            found.setdefault(one.industry, {})[frozenset((one.word_a, one.word_b))] = one
    return found


def _word_names(code: str) -> Mapping[str, Say]:
    rows = taxonomies.vocabulary().get(code, ())
    return {str(row["word"]): {"zh": str(row["word"]), "en": str(row.get("en") or row["word"])} for row in rows}


def _shop(
    evidence: Evidence, code: str, region_a: str, words_a: Sequence[str], region_b: str, word_b: str
) -> Opportunity | None:
    example = _example(evidence, code, region_a, region_b, word_b)
    least, names = evidence.policy["least_brands"], _word_names(code)
    leads = [word for word in words_a if _leads(evidence, code, word, region_a, region_b)]
    leads = [word for word in example if word in words_a] or leads[:3]
    # What the agreement's own example says is not said again from its other end.
    if not example and any(word_b in _example(evidence, code, region_b, region_a, word) for word in leads):
        return None
    if not leads or not (example or _leads(evidence, code, word_b, region_b, region_a)):
        return None
    ends = (
        evidence.end(region_a, "either", [names[word] for word in leads], _mixed(evidence, code, leads, region_a)),
        evidence.end(region_b, "either", [names[word_b]], evidence.words.at((code, word_b), region_b)),
    )
    if any(end.n_firms < least for end in ends):
        return None
    relation = _related()[code][frozenset((leads[0], word_b))]
    values = {
        "a": evidence.say(region_a),
        "what_a": [names[word] for word in leads],
        "b": evidence.say(region_b),
        "what_b": names[word_b],
    }
    return Opportunity(
        f"same_customers:{code}.{'+'.join(leads)}>{word_b}:{region_a}>{region_b}",
        "same_customers",
        Reason("opportunity_title_same_customers", values),
        ends,
        Ground("same_customers", dict(relation.why), relation.source),
        (Reason("opportunity_for_why", {"why": dict(relation.why)}), *_of_example(example)),
        evidence.doubts(ends),
        evidence.size(ends),
        evidence.step("same_customers", (region_a, region_b), ends=ends),
        evidence.score(ends, example=float(bool(example))),
        bool(example),
    )


def _of_example(words: Sequence[str]) -> tuple[Reason, ...]:
    return (Reason("opportunity_for_example"),) if words else ()


def _example(evidence: Evidence, code: str, region_a: str, region_b: str, word_b: str) -> tuple[str, ...]:
    """The words of the agreement's own example on the first end, where the second end is the example's."""
    for row in evidence.material.examples:
        words = row["words"]
        is_its = row["kind"] == "same_customers" and row["industry"] == code and [*words] == [region_a, region_b]
        if is_its and word_b in words[region_b]:
            return tuple(words.get(region_a, ()))
    return ()


def _leads(evidence: Evidence, code: str, word: str, region: str, other: str) -> bool:
    """Whether a region has a larger part of its firms at a word than the other has."""
    parts = [len(evidence.words.at((code, word), one)) / max(evidence.words.total(one), 1) for one in (region, other)]
    return parts[0] > parts[1]


def _mixed(evidence: Evidence, code: str, words: Sequence[str], region: str) -> list[Standing]:
    """The firms at several words in turn, each once, so that no word fills the list alone."""
    turns = zip_longest(*(evidence.words.at((code, word), region) for word in words))
    found: dict[str, Standing] = {}
    for row in (row for turn in turns for row in turn if row is not None):
        found.setdefault(row.party, row)
    return list(found.values())


def moves(evidence: Evidence) -> Iterator[Opportunity]:
    """A park that published a call, and an industry the other side has: an industry and a place, never a firm."""
    for destination, origin in permutations(evidence.regions):
        for listing in evidence.material.listings:
            is_call = listing.role == "offer" and listing.side == destination and _is_of_a_place(evidence, listing)
            if is_call and listing.basis != "derived" and listing.industry and listing.source.publisher:
                one = (
                    _move(evidence, listing, origin, destination) if _has_room(evidence, origin, destination) else None
                )
                if one is not None:
                    yield one


def _has_room(evidence: Evidence, origin: str, destination: str) -> bool:
    """The guard of the direction: figures show the origin to be the crowded side; without figures nobody knows."""
    crowded, roomy = (evidence.crowding.get(region) for region in (origin, destination))
    least = evidence.policy["crowding"]["least_ratio"]
    return crowded is not None and roomy is not None and crowded.density >= least * roomy.density


def _calls_for(evidence: Evidence, listing: Listing) -> bool:
    """Whether a call's own words speak of its industry: space for whomever it may be calls nobody."""
    stages = {(chain.key, stage.key): stage for chain in evidence.material.chains for stage in chain.stages}
    spoken = evidence.book.spoken("；".join(str(listing.payload.get(name) or "") for name in ("title", "details")))
    codes = [code for key in spoken for code in stages[key].industries]
    return any(code.startswith(listing.industry) or listing.industry.startswith(code) for code in codes)


def _is_of_a_place(evidence: Evidence, listing: Listing) -> bool:
    """Whether a listing offers a site, or is the call of a park; a whole region is no place to move to."""
    party = evidence.known.get(listing.party)
    return listing.kind == "site" or (listing.kind == "investment" and party is not None and party.kind != "government")


def _move(evidence: Evidence, listing: Listing, origin: str, destination: str) -> Opportunity | None:
    n_firms, n_there = (_n_in(evidence, listing.industry, region) for region in (origin, destination))
    parts = [n / max(evidence.stages.total(region), 1) for n, region in ((n_firms, origin), (n_there, destination))]
    # An industry goes where it has its cluster, not away from it.
    is_worth = n_firms >= evidence.policy["least_firms"] and parts[1] > parts[0] and _calls_for(evidence, listing)
    if not is_worth or listing.industry not in evidence.material.names:
        return None
    told, industry = evidence.told(listing), evidence.say(listing.industry)
    # A park may be run by a firm; what is named is the place.
    is_firm = told["kind"] == "firm" or any(form in told["name"] for form in data.evidence_rules().forms)
    name = str(told["title"] if is_firm else told["name"])
    place, told = {"zh": name, "en": name}, {**told, "name": name, "kind": "carrier"}
    source = listing.source
    call = {"place": place, "publisher": source.publisher, "as_of": source.as_of}
    ends = (
        End(origin, "origin", (industry,), n_firms, (), (), True),
        End(destination, "destination", (place,), 0, (), (told,), True),
    )
    values = {"origin": evidence.say(origin), "industry": industry, "destination": evidence.say(destination)}
    guard = {one: data.sentence("opportunity_guard", one, values) for one in ("zh", "en")}
    clause = evidence.step("moves", (origin, destination))
    crowded, roomy = evidence.crowding[origin], evidence.crowding[destination]
    room = {"dense": crowded.density, "figures_a": crowded.told, "roomy": roomy.density, "figures_b": roomy.told}
    return Opportunity(
        f"moves:{listing.industry}:{origin}>{listing.id}",
        "moves",
        Reason("opportunity_title_moves", {**values, "place": place}),
        ends,
        Ground("guard", guard, crowded.output),
        (
            Reason("opportunity_for_why", {"why": guard}),
            Reason("opportunity_for_room", {**values, **room}),
            Reason("opportunity_for_call", call),
        ),
        (
            Reason("opportunity_doubt_moves", values, is_for=False),
            evidence.dated(listing.source),
        ),
        Reason("opportunity_size_moves", {"origin": evidence.say(origin), "n": n_firms, "industry": industry}),
        clause,
        evidence.score(ends, offer=1.0) + float(listing.source.is_linked),
    )


def _n_in(evidence: Evidence, industry: str, region: str) -> int:
    """How many firms of a region stand at a stage of an industry, by what they state."""
    keys = [
        heading.key
        for heading in evidence.stages.headings
        if any(own.startswith(industry) or industry.startswith(own) for own in heading.industries)
    ]
    return len({row.party for key in keys for row in evidence.stages.at(key, region) if row.is_stated})


def learns(evidence: Evidence) -> Iterator[Opportunity]:
    """A published practice of one side, and the office of the other that could look at it."""
    for row in evidence.material.practices:
        owner = row["region"]
        learner = next((one for one in evidence.regions if one != owner), "")
        source: Source = row["source"]
        # Sizes alone show that something was done, not how: nobody could learn it.
        if owner not in evidence.regions or not learner or not source.publisher or not row["how"]:
            continue
        step = evidence.step("learns", (owner, learner), clause=row["clause"], domain=row["domain"])
        name = {"zh": row["name"], "en": row["name"]}
        office = step.departments[learner] if step else {"zh": "", "en": ""}
        ends = (
            End(owner, "practice", (name,), 0, (), ({"name": row["unit"], "is_published": True},), True),
            End(learner, "learner", (office,), 0, (), ({"name": office, "is_published": True},), True),
        )
        why = "；".join(filter(None, (row["how"], row["what"])))
        what = {"zh": why, "en": why}
        values = {"a": evidence.say(owner), "b": evidence.say(learner), "unit": row["unit"], "practice": name}
        yield Opportunity(
            f"learns:{row['id']}",
            "learns",
            Reason("opportunity_title_learns", values),
            ends,
            Ground("practice", what, source),
            (Reason("opportunity_for_why", {"why": what}),),
            (
                Reason("opportunity_doubt_learns", is_for=False),
                evidence.dated(source),
            ),
            Reason("opportunity_size_learns", values),
            step,
            evidence.score(ends, offer=1.0) + float(source.is_linked),
        )


Maker = Callable[[Evidence], Iterator[Opportunity]]
MAKERS: tuple[Maker, ...] = (along_chains, same_customers, moves, learns)
