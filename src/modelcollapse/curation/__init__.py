"""The verb `curate`: which synthetic records enter the next training set, and how it is mixed."""

from modelcollapse.curation.curating import curate
from modelcollapse.curation.result import Curation
from modelcollapse.curation.spec import CurationSpec

__all__ = ["Curation", "CurationSpec", "curate"]
