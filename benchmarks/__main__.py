"""`make bench`: every figure beside a named baseline of the same run."""

from __future__ import annotations

from . import formats, stage_costs, start_up
from .table import print_table

print_table("Start-up", start_up.rows())
print_table("Formats (synthetic signing, noise of 0.01 shoulder widths)", formats.rows())
print_table("Stages (embedded sample)", stage_costs.rows())
