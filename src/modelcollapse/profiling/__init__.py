"""Profiles of data sets: formats, roles of columns, exact counts in one pass, a sample by hash."""

from modelcollapse.profiling.making import profile
from modelcollapse.profiling.profiled import (
    CategoryTally,
    Cuts,
    NumberTally,
    Profile,
    TextTally,
)
from modelcollapse.profiling.roles import ColumnRole, Role

__all__ = [
    "CategoryTally",
    "ColumnRole",
    "Cuts",
    "NumberTally",
    "Profile",
    "Role",
    "TextTally",
    "profile",
]
