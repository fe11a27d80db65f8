"""Gaussian lineages with real data in the loop.

All values are for a truth of variance 1 and mean 0, per coordinate. Multiply both moments by the
true variance. Generations count from 0; generation 0 is fitted to real data.

Three ways to keep real data in are easily confused, and differ: every record picks its source at
random (`iid_mixture`), a fixed number of new real records joins each generation (`fresh_loop`), or
the same real records do (`fixed_real_loop`). Their discrete counterparts are in
`modelcollapse.theory.discrete`: `mixture_error`, `fresh_error` and `partially_synthetic_error`.
"""

from modelcollapse.theory.mixing._moments import Moments
from modelcollapse.theory.mixing.iid import iid_mixture, iid_mixture_law, iid_mixture_limit
from modelcollapse.theory.mixing.loops import (
    fixed_real_loop,
    fixed_real_loop_limit,
    fresh_loop,
    fresh_loop_limit,
)

__all__ = [
    "Moments",
    "fixed_real_loop",
    "fixed_real_loop_limit",
    "fresh_loop",
    "fresh_loop_limit",
    "iid_mixture",
    "iid_mixture_law",
    "iid_mixture_limit",
]
