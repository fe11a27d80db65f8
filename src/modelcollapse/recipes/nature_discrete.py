"""Discrete laws with exact frequencies: the chain is absorbed in one state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from modelcollapse import Frequencies, Generation, Lineage, Replace, Zipf
from modelcollapse.protocols import Reading
from modelcollapse.recipes import _recipe as r
from modelcollapse.theory import discrete

STATES, RECORDS, EARLY, LATE = 10, 100, 49, 2_000


@dataclass(frozen=True)
class Ends:
    """Frequency of the commonest state and of the rarest."""

    name: ClassVar[str] = "share"

    def __call__(self, generation: Generation) -> Mapping[str, Reading]:
        """Read one generation."""
        shares = generation.model.dense()
        return {"first": shares[..., 0], "last": shares[..., -1]}


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Run one chain to absorption and follow its commonest and its rarest state."""
    truth = Zipf(STATES, 1.0)
    law, replicates = truth.dense(), 4_000 if scale == "quick" else 40_000
    lineages = {"chain": Lineage(truth, Frequencies(), Replace(RECORDS), size=RECORDS)}
    chain = r.simulate(
        lineages, ["variance", Ends()], generations=LATE, replicates=replicates, seed=seed,
        every=EARLY,
    )["chain"]  # fmt: skip
    absorbed = r.share(chain["variance"][:, -1] == 0)
    first = r.share(chain["share.first"][:, -1] == 1)
    lost = chain["share.last"] == 0
    at_once, last = r.share(lost[:, 0]), r.share(lost[:, -1])
    left = r.mean(chain["variance"][:, 1])
    decay = discrete.expected_heterozygosity(chain.generations, RECORDS, law)
    diploid = decay[0] * (1 - 0.5 / RECORDS) ** EARLY
    rarest = float(law[-1])
    claims = [
        r.claim("every chain ends in a point mass (share of chains)", 1.0, absorbed, basis="text"),
        r.claim("it ends in state 1 with its probability p_1", law[0], first),
        r.claim("a state of probability q is lost in the end with 1 - q", 1 - rarest, last,
                basis="text"),
        r.claim("in one generation it is lost with (1 - q)^M", (1 - rarest) ** RECORDS, at_once),
        r.claim("diversity falls by 1 - 1/M a generation (at generation 49)", decay[1], left),
        r.control("1 - q is the loss of a single generation", 1 - rarest, at_once),
        r.control("diversity falls by 1 - 1/(2M), as of a diploid population", diploid, left),
    ]  # fmt: skip
    panel = r.Panel(
        "Diversity left, 1 - sum p²", "generation",
        [r.mean_curve("simulated mean", chain, "variance"),
         r.Curve("(1 - 1/M)^t", chain.generations, decay, theory=True)], log="y",
    )  # fmt: skip
    return r.Outcome(claims, [panel], lineages, {"replicates": replicates, "generations": LATE})


RECIPE = r.Recipe(
    "nature-discrete",
    "Discrete laws: absorbed in a single state",
    "shumailov2024",
    "Exact frequencies of M samples end as a point mass; a state of probability q loses its "
    "information with probability 1 - q (text). The sizes are ours; the law holds for all.",
    {"data": "replace: alpha = 1, beta = gamma = 0 (the text's 'alpha = gamma = 0' is a misprint)",
     "probability 1 - q": "of eventual loss, not of loss in one generation"},
    run,
)  # fmt: skip
