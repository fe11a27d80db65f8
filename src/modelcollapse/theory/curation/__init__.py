"""Curation by reward: what is learnt from records that somebody preferred.

A record of the next generation is chosen among some candidates that the newest model wrote:
by a Bradley-Terry choice, where a difference of 1 in reward makes a candidate e times as likely to
win, or as the best for certain. Records are infinitely many. Generations count from 0; generation
0 is the law of the real data.
"""

from modelcollapse.theory.curation.best_of import best_of_divergence, best_of_law
from modelcollapse.theory.curation.bounds import (
    divergence_upper_bound,
    retained_reward_lower_bound,
    reward_lower_bound,
)
from modelcollapse.theory.curation.rounds import (
    curated_law,
    curated_law_limit,
    curated_reward,
    selection_weights,
    tilted_law,
    tilted_law_limit,
)

__all__ = [
    "best_of_divergence",
    "best_of_law",
    "curated_law",
    "curated_law_limit",
    "curated_reward",
    "divergence_upper_bound",
    "retained_reward_lower_bound",
    "reward_lower_bound",
    "selection_weights",
    "tilted_law",
    "tilted_law_limit",
]
