"""When each annotation of an ELAN file is: by its time slots, between its neighbours, or by its parent.

A slot without a time lies between those of its tier that have one, at equal steps; children that divide a parent
symbolically share its time equally, in the order of `PREVIOUS_ANNOTATION`; other children have their parent's time. So
does ELAN show them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import groupby

from .eaf_xml import Document, RawAnnotation

Span = tuple[float, float]
_SHARED = "Symbolic_Subdivision"


def resolve(document: Document) -> tuple[dict[str, Span], list[tuple[RawAnnotation, str]]]:
    """Start and end in seconds by the annotation's id, and the annotations that have none with the reason."""
    first: dict[str, RawAnnotation] = {}
    faults = [(a, f"the id {a.annotation_id!r} stands twice") for a in document.annotations if _is_second(a, first)]
    spans: dict[str, Span] = {}
    aligned = [annotation for annotation in first.values() if annotation.slots]
    for _, tier in groupby(aligned, key=lambda annotation: annotation.tier):
        faults += _align(list(tier), document.slots, spans)
    _pass_on(document, first, spans)
    told = {annotation.annotation_id for annotation, _ in faults}
    orphans = [a for a in first.values() if a.annotation_id not in spans and a.annotation_id not in told]
    faults += [(orphan, _why_orphan(orphan, first)) for orphan in orphans]
    return spans, sorted(faults, key=lambda fault: fault[0].line)


def _is_second(annotation: RawAnnotation, first: dict[str, RawAnnotation]) -> bool:
    return first.setdefault(annotation.annotation_id, annotation) is not annotation


def _align(
    tier: Sequence[RawAnnotation], slots: dict[str, float | None], spans: dict[str, Span]
) -> list[tuple[RawAnnotation, str]]:
    """Spans of annotations with time slots, all of one tier and in its order."""
    faults = []
    known = [annotation for annotation in tier if all(slot in slots for slot in annotation.slots or ())]
    times = _between([slots[slot] for annotation in known for slot in annotation.slots or ()])
    for annotation, start_s, end_s in zip(known, times[::2], times[1::2], strict=True):
        if start_s is None or end_s is None:
            faults.append((annotation, "its time slots have no time, nor have those around them"))
        elif not end_s > start_s:
            faults.append((annotation, f"it ends at {end_s:g} s, which is not after its start at {start_s:g} s"))
        else:
            spans[annotation.annotation_id] = start_s, end_s
    unknown = (annotation for annotation in tier if not all(slot in slots for slot in annotation.slots or ()))
    return faults + [(a, f"its time slots {' and '.join(a.slots or ())} are not both there") for a in unknown]


def _between(times: Sequence[float | None]) -> list[float | None]:
    """Starts and ends in turn, with each run of unknown ones laid out evenly between the known times around it.

    The end of one and the start of the next are one place in such a run.
    """
    filled = list(times)
    gaps = [place for place, time in enumerate(times) if time is None]
    for _, group in groupby(enumerate(gaps), key=lambda pair: pair[1] - pair[0]):
        run = [place for _, place in group]
        before, after = run[0] - 1, run[-1] + 1
        if before < 0 or after >= len(times):
            continue
        start_s, end_s = times[before], times[after]
        assert start_s is not None and end_s is not None
        steps = [(place + 1) // 2 - (before + 1) // 2 for place in (*run, after)]
        for place, step in zip(run, steps, strict=False):
            filled[place] = round(start_s + (end_s - start_s) * step / steps[-1], 6)
    return filled


def _pass_on(document: Document, first: dict[str, RawAnnotation], spans: dict[str, Span]) -> None:
    """From parents to children, generation by generation."""
    constraint_of = {tier.name: document.constraints.get(tier.kind, "") for tier in document.tiers}
    children: dict[str, dict[str, list[RawAnnotation]]] = {}
    for annotation in first.values():
        if not annotation.slots:
            children.setdefault(annotation.parent, {}).setdefault(annotation.tier, []).append(annotation)
    waiting = deque(spans)
    while waiting:
        parent = waiting.popleft()
        for tier, group in children.get(parent, {}).items():
            shares = len(group) if constraint_of[tier] == _SHARED else 1
            for place, child in enumerate(_in_order(group)):
                spans[child.annotation_id] = _share(spans[parent], place % shares, shares)
                waiting.append(child.annotation_id)


def _share(span: Span, place: int, shares: int) -> Span:
    start_s, end_s = span
    edges = [round(start_s + (end_s - start_s) * (place + side) / shares, 6) for side in (0, 1)]
    return edges[0], edges[1]


def _in_order(siblings: Iterable[RawAnnotation]) -> list[RawAnnotation]:
    """Each after the one it says it follows; where that is not told, in the order of the file."""
    followers: dict[str, list[RawAnnotation]] = {}
    ids = {sibling.annotation_id for sibling in siblings}
    for sibling in siblings:
        followers.setdefault(sibling.previous if sibling.previous in ids else "", []).append(sibling)
    ordered: dict[str, RawAnnotation] = {}
    waiting = followers.get("", [])[::-1]
    while waiting:
        sibling = waiting.pop()
        ordered[sibling.annotation_id] = sibling
        waiting += followers.get(sibling.annotation_id, [])[::-1]
    circle = (sibling for sibling in siblings if sibling.annotation_id not in ordered)
    return [*ordered.values(), *circle]


def _why_orphan(annotation: RawAnnotation, first: dict[str, RawAnnotation]) -> str:
    if annotation.parent in first:
        return f"it belongs to annotation {annotation.parent!r}, which has no time either"
    return f"it belongs to annotation {annotation.parent!r}, which is not there"
