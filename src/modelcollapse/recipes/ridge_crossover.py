"""The ridge for deep data: from where on correcting it pays."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from modelcollapse import Lineage, PowerLawTeacher, Replace, Ridge
from modelcollapse.probes.regression import DownstreamError
from modelcollapse.recipes import _recipe as r
from modelcollapse.regression_panels import Readings, by_penalty, crossover
from modelcollapse.theory import regression

D, RECORDS, NOISE, WRITTEN, DEEP, LAW = 300, 600, 1.0, 0.3, 5, (2.0, 0.375)
SIZES, BEFORE, BEYOND, MANY = (100, 600, 2_000), 200, 10_000, 100_000
POWER = float(regression.classical_penalty_exponent(*LAW))
EQUIVALENT = 0.02
"""Relative error of the deterministic equivalents at this size."""


def worth(n: int) -> float:
    """Penalty that counts what deep records are worth."""
    return float(regression.rule_of_thumb_penalty(
        n, DEEP, generator_records=RECORDS, generator_noise=WRITTEN, capacity=LAW[0],
        source=LAW[1], noise=NOISE,
    ))  # fmt: skip


CLASSICAL, WORTH, ADAPTIVE = "classical, T^-0.8", "worth of the records", "adaptive, T0^-0.8"
RULES: dict[str, Callable[[int], float]] = {
    CLASSICAL: lambda n: float(n**-POWER), WORTH: worth, ADAPTIVE: lambda n: float(RECORDS**-POWER),
}  # fmt: skip


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Fit with three rules to data five generations deep."""
    replicates = 33 if scale == "quick" else 1_000
    truth = PowerLawTeacher(D, *LAW, noise=WRITTEN).exact()
    lineage = Lineage(truth, Ridge(), Replace(RECORDS), size=RECORDS)
    sizes = (*SIZES, BEFORE, BEYOND, MANY)
    penalties = {rule(n) for rule, n in product(RULES.values(), sizes)} | {0.05, 0.2}
    probe = DownstreamError(sizes, tuple(sorted(penalties)), noise=NOISE)
    found = r.simulate({"": lineage}, [probe], generations=DEEP, every=DEEP,
                       replicates=replicates, seed=seed)[""]  # fmt: skip
    read = Readings.of(found)
    errors = {(x, n): read.at(n, RULES[x](n), DEEP) for x, n in product(RULES, sizes)}
    told = {(x, n): read.theory(n, RULES[x](n), DEEP) for x, n in product(RULES, sizes)}

    def gain(label: str, n: int) -> r.Estimate:
        return r.mean(errors[CLASSICAL, n] - errors[label, n])

    claims = [
        r.claim(f"T = {n:,}, ridge '{label}': error 5 deep", told[label, n], r.mean(ours),
                rounding=EQUIVALENT * told[label, n])
        for (label, n), ours in errors.items()
    ] + [
        r.claim(f"T = {BEYOND:,}, beyond T0: the adaptive ridge wins", 0.0, gain(ADAPTIVE, BEYOND),
                law=">", basis="text"),
        r.claim(f"T = {BEFORE}, before T0: it loses, the ridge being larger than the classical one",
                0.0, gain(ADAPTIVE, BEFORE), law="<"),
        r.claim(f"T = {MANY:,}: so does counting the worth of the records win", 0.0,
                gain(WORTH, MANY), law=">"),
        r.control("the adaptive ridge wins before T0 too", 0.0, gain(ADAPTIVE, BEFORE), law=">"),
        r.control("the ridge that suits real data suits deep data (T = 100,000)",
                  told[WORTH, MANY], r.mean(errors[CLASSICAL, MANY])),
    ]  # fmt: skip
    marks = {"classical": RULES[CLASSICAL](BEYOND), "adaptive": RULES[ADAPTIVE](BEYOND)}
    panels = [crossover(found, RULES, generation=DEEP),
              by_penalty(found, records=BEYOND, generations=(0, DEEP), marks=marks)]  # fmt: skip
    return r.Outcome(claims, panels, {"chain": lineage}, {"replicates": replicates})


RECIPE = r.Recipe(
    "ridge-crossover", "Classical against corrected ridge for deep data", "dohmatob2024regression",
    "The ridge T^-l_crit, best for real data, fails deep ones; T^-(b l_crit) with T0 = T^b, which "
    "is T0^-l_crit, repairs it (text). It loses for T below T0, where it is larger still.",
    {"sizes": "d = 300, T0 = 600, sigma = 1, sigma0 = 0.3, n = 5; beta = 2, r = 0.375"}, run,
)  # fmt: skip
