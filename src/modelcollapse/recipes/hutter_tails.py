"""Heavy tails: a learner that answers what it has seen, on cut, narrowed and resampled data."""

from __future__ import annotations

import numpy as np

from modelcollapse import Frequencies, Lineage, Replace, Zipf
from modelcollapse.recipes import _recipe as r
from modelcollapse.seeds import generator
from modelcollapse.theory import scaling

STATES, SIZES, FEW, CHAIN = 10_000, (100, 300, 1_000, 3_000), 300, 10


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Draw data sets and add up the true probability of what is missing in them."""
    replicates = 100 if scale == "quick" else 2_000
    rng = generator(seed, 0, 0, "data")
    laws = {b: Zipf(STATES, b).dense() for b in (1.5, 2.0)}

    def missed(n: int, written: r.Floats, truth: r.Floats) -> r.Floats:
        return np.stack([(rng.multinomial(n, written) == 0) @ truth for _ in range(replicates)])

    claims, curves, powers = [], [], []
    for b, law in laws.items():
        narrow = law**2 / np.square(law).sum()
        for name, q, tau in (("real data", law, 1.0), ("temperature 1/2", narrow, 0.5)):
            errors = np.stack([missed(n, q, law) for n in SIZES], axis=1)
            powers.append(r.slope(np.log(SIZES), np.log(errors)))
            curves.append(r.Curve(f"{name}, exponent {b:g}", SIZES, errors.mean(axis=0)))
            # The alphabet is finite, so that the power law bends a little at its end.
            claims.append(r.claim(f"exponent {b:g}, {name}: power of the size",
                                  -scaling.error_exponent(b, temperature=tau), powers[-1],
                                  basis="notes", rounding=0.03))  # fmt: skip
    law = laws[1.5]
    cut = np.where(np.arange(STATES) < 20, law, 0.0) / law[:20].sum()
    floor = scaling.truncation_floor(law, 20)
    stuck, mixed = (r.mean(missed(30_000, q, law)) for q in (cut, 0.1 * law + 0.9 * cut))
    known = rng.multinomial(FEW, law, size=(replicates, CHAIN)) > 0
    relabelled, once = r.mean(~known.all(axis=1) @ law), r.mean(~known[:, 0] @ law)
    lineages = {"resampled": Lineage(Zipf(STATES, 1.5), Frequencies(), Replace(FEW), size=FEW)}
    chain = r.simulate(lineages, ["lost_mass"], generations=CHAIN - 1, replicates=10 * replicates,
                       seed=seed)["resampled"]  # fmt: skip
    claims += [
        r.claim("cut at rank 20: the error stops at the mass beyond", floor, stuck, basis="notes",
                rounding=1e-9),
        r.claim("a tenth of real data: it falls below that floor", floor, mixed, law="<",
                basis="notes"),
        r.claim("and is what the exact sum says",
                scaling.expected_error(30_000, law, rank=20, real=0.1), mixed),
        r.claim("ten generations, contexts redrawn: exact product",
                scaling.relabelled_error(CHAIN - 1, FEW, law), relabelled),
        r.claim("ten generations, all resampled: exact chain",
                scaling.resampled_error(CHAIN - 1, FEW, law), r.mean(chain["lost_mass"][:, -1])),
        r.claim("linear growth is an upper bound, contexts redrawn", CHAIN * once.value,
                relabelled, law="<=", basis="notes", error=CHAIN * once.error),
        r.control("the error grows linearly with generations", CHAIN * once.value, relabelled,
                  error=CHAIN * once.error),
        r.control("exponent 1.5: the power of real data holds at temperature 1/2",
                  -scaling.error_exponent(1.5), powers[1]),
        r.control("a tenth of real data changes nothing", floor, mixed),
    ]  # fmt: skip
    panels = [r.Panel("Error by size of the data", "records", curves, log="xy"),
              r.Panel("Lost mass, resampled", "generation",
                      [r.curve("resampled", chain, "lost_mass")])]  # fmt: skip
    return r.Outcome(claims, panels, lineages, {"states": STATES, "replicates": replicates})


RECIPE = r.Recipe(
    "hutter-tails",
    "Scaling laws of a learner with heavy-tailed data",
    "dohmatob2024tails",
    "Error T^-(1 - 1/b), a floor k^(1 - b) after cutting, (b - 1) tau / b after narrowing, real "
    "data lift the floor, growth linear in generations (notes; the last is only a bound).",
    {"alphabet": "10,000 items for the infinite one", "chain": "contexts redrawn; all resampled"},
    run,
)  # fmt: skip
