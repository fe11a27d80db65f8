"""What the nearest neighbours of records say of a new data set against a reference.

`neighbours` brings both sets to one size and finds everybody's neighbours once, exactly. The
measures read them and share the null law, which is drawn by dealing both sets anew: a test has its
size whatever the law, the dimension, the ties and the copies. `neighbour_signals` reads them all.
`orphans` names the real records that were lost.
"""

from modelcollapse.metrics.neighbours._search import nearest
from modelcollapse.metrics.neighbours.audit import neighbour_signals
from modelcollapse.metrics.neighbours.lists import Neighbours, neighbours
from modelcollapse.metrics.neighbours.manifold import (
    Manifold,
    coverage,
    density,
    expected_coverage,
    precision_recall,
)
from modelcollapse.metrics.neighbours.matching import hash_sample, principal_directions
from modelcollapse.metrics.neighbours.rarity import rarity_exceedance
from modelcollapse.metrics.neighbours.spacing import contraction, copies, near_copies
from modelcollapse.metrics.neighbours.support import (
    Orphans,
    lost_support,
    orphans,
    support_stretch,
)

__all__ = [
    "Manifold",
    "Neighbours",
    "Orphans",
    "contraction",
    "copies",
    "coverage",
    "density",
    "expected_coverage",
    "hash_sample",
    "lost_support",
    "near_copies",
    "nearest",
    "neighbour_signals",
    "neighbours",
    "orphans",
    "precision_recall",
    "principal_directions",
    "rarity_exceedance",
    "support_stretch",
]
