"""Nature on a disk: finite sets of real records, each of which is read at most once."""

from modelcollapse.sources.finite import Empirical, File, FiniteSource, present
from modelcollapse.sources.pictures import Digits

__all__ = ["Digits", "Empirical", "File", "FiniteSource", "present"]
