"""Profiles of data sets: what columns are for, exact tallies, and a sample, in one reading."""

from modelcollapse.profiles.building import profile
from modelcollapse.profiles.profiled import Profile
from modelcollapse.profiles.roles import ColumnRole, Role
from modelcollapse.profiles.tallies import LEVELS, CategoryTally, Cuts, NumberTally, TextTally

__all__ = [
    "LEVELS",
    "CategoryTally",
    "ColumnRole",
    "Cuts",
    "NumberTally",
    "Profile",
    "Role",
    "TextTally",
    "profile",
]
