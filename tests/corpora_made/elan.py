"""Small ELAN files, as ELAN writes them: tiers with times of their own."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

#: Start and end in milliseconds, and what is said between them.
Row = tuple[int, int, str]


def elan_file(
    path: Path, tiers: dict[str, list[Row]], references: dict[str, list[tuple[str, str]]] | None = None
) -> Path:
    """Write an EAF file.

    Args:
        path: Where to.
        tiers: Annotations by the name of their tier; ids are `a1`, `a2`, ... in this order.
        references: Annotations without times, by the name of their tier: the id they belong to, and a value.
    """
    slots, lines, number = [], [], 0
    for name, rows in tiers.items():
        lines.append(f'<TIER LINGUISTIC_TYPE_REF="free" TIER_ID={quoteattr(name)}>')
        for start, end, value in rows:
            number += 1
            slots += [start, end]
            one, other = len(slots) - 1, len(slots)
            lines.append(
                f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number}" TIME_SLOT_REF1="ts{one}" '
                f'TIME_SLOT_REF2="ts{other}"><ANNOTATION_VALUE>{escape(value)}</ANNOTATION_VALUE>'
                "</ALIGNABLE_ANNOTATION></ANNOTATION>"
            )
        lines.append("</TIER>")
    for name, pairs in (references or {}).items():
        lines.append(f'<TIER LINGUISTIC_TYPE_REF="same" TIER_ID={quoteattr(name)}>')
        for parent, value in pairs:
            number += 1
            lines.append(
                f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a{number}" ANNOTATION_REF="{parent}">'
                f"<ANNOTATION_VALUE>{escape(value)}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
            )
        lines.append("</TIER>")
    times = "".join(f'<TIME_SLOT TIME_SLOT_ID="ts{n}" TIME_VALUE="{t}"/>' for n, t in enumerate(slots, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT AUTHOR="" DATE="2020-01-01T00:00:00+00:00" '
        'FORMAT="3.0" VERSION="3.0">\n<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>\n'
        f"<TIME_ORDER>{times}</TIME_ORDER>\n"
        + "\n".join(lines)
        + '\n<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="free" TIME_ALIGNABLE="true"/>'
        '<LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Association" LINGUISTIC_TYPE_ID="same" TIME_ALIGNABLE="false"/>'
        "\n</ANNOTATION_DOCUMENT>\n",
        encoding="utf-8",
    )
    return path
