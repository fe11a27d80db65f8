"""Kernel ridge regression on MNIST as published, for the recipe of each kernel."""

from __future__ import annotations

from modelcollapse.errors import InputError
from modelcollapse.families.regression.kernel_ridge import KernelRidge
from modelcollapse.recipes import _kernel as k
from modelcollapse.recipes import _recipe as r
from modelcollapse.regression_panels import by_penalty, by_records
from modelcollapse.sources.labelled import MnistTask
from modelcollapse.theory import regression

WEAK, STRONG, LAST = 250, 1_000, 1_000
RANKS = {"5 to 100": (5, 100), "10 to 1,000": (10, 1_000)}
AGREEMENT = 0.1
"""Relative error of deterministic equivalents for features that are not normal, where they hold."""

OPTIONS = {
    "targets": "0 for even and 1 for odd digits, noise of variance 1, for generators and last fits",
    "error": "against clean test labels; the published one may hold 1 more, the noise of the test",
    "pixels": "standardised together, not stated: kernels are nearly linear in 0 to 1, and only "
    "this gives the published capacities",
    "generators": "T0 = 250 and 1,000 images and ridge T0^-l_crit, not stated",
    "images": "20,000 of the training file to choose from, 2,000 test images",
}


def study(
    learner: KernelRidge, published: tuple[float, float], scale: r.Scale, seed: int
) -> tuple[r.Outcome, k.Chain, float]:
    """Run chains with one kernel.

    Parameters
    ----------
    learner : KernelRidge
        The kernel.
    published : tuple of float
        Capacity and source.
    scale : {"quick", "full"}
        Sizes.
    seed : int
        Seed.

    Returns
    -------
    outcome : Outcome
        Laws that both kernels share, and panels.
    weak : Chain
        That of weak generators, with theory.
    classical : float
        Ridge of its last fits that is best for real data by the published exponents.
    """
    truth = MnistTask(target="parity", noise=1.0, records=20_000, test=2_000)
    quick = scale == "quick"
    replicates, deep = (20, 5) if quick else (40, 10)
    sizes = (100, 300, LAST) if quick else (10, 20, 50, 100, 200, 300, 500, 700, LAST)
    power = float(regression.classical_penalty_exponent(*published))

    def level(n: int) -> float:
        return float(n**-power)

    lineages = {f"T0 = {n:,}": k.lineage(truth, learner, n, level(n)) for n in (WEAK, STRONG)}
    every = k.run_chains(lineages, sizes, map(level, (*sizes, WEAK)), generations=deep,
                         replicates=replicates, seed=seed)  # fmt: skip
    clean = truth.pool.clean
    chosen = slice(None, None, len(clean.inputs) // (2_000 if quick else 4_000))
    targets = clean.targets[chosen]
    path = learner.path(clean.inputs[chosen])
    weak, strong = (k.told_by(chain, path, targets) for chain in every.values())
    gain = r.mean(weak.read.at(LAST, level(LAST), deep) - weak.read.at(LAST, level(WEAK), deep))
    claims = k.collapse("MNIST", weak, strong)
    claims.append(
        r.claim(f"{deep} deep: the ridge T0^-l_crit beats T^-l_crit (T0 = {WEAK}, T = {LAST:,})",
                0.0, gain, law=">", basis="text")
    )  # fmt: skip
    for label, chain in zip(every, (weak, strong), strict=True):
        for depth in (0, 1, deep):
            told = chain.read.theory(LAST, chain.best(depth), depth)
            claims.append(
                r.claim(f"{label}, {depth} deep, best ridge: error by theory with this spectrum",
                        told, r.mean(chain.errors()[:, depth]), rounding=AGREEMENT * told)
            )  # fmt: skip
    for words, ranks in RANKS.items():
        found = k.exponents(path, targets, ranks)
        for name, value, ours in zip(("capacity", "source"), published, found, strict=True):
            claims.append(
                r.Claim(f"{name} of the kernel, ranks {words}", value, ours, 0.0, basis="text",
                        incomparable="ranks and pixel scaling of the published fit are not known")
            )  # fmt: skip
    marks = {"classical, T^-l_crit": level(LAST), "corrected, T0^-l_crit": level(WEAK)}
    depths = (0, 1, deep)
    panels = [
        by_records(weak.read.history, penalty=level, generations=depths),
        by_penalty(weak.read.history, records=LAST, generations=depths, marks=marks),
        r.Panel(f"{LAST:,} records, best ridge", "generations between nature and the fit",
                [k.along(label, chain) for label, chain in every.items()]),
    ]  # fmt: skip
    settings = {"replicates": replicates, "l_crit": power}
    return r.Outcome(claims, panels, lineages, settings), weak, level(LAST)


def absent() -> str:
    """Say why MNIST cannot be read; nothing if it can."""
    try:
        MnistTask(records=10, test=10)
    except InputError as error:
        return str(error)
    return ""


def without_data(reason: str) -> r.Outcome:
    """Outcome where there is no MNIST: one law, not comparable, and nothing to look at."""
    claim = r.Claim("error grows with generations", 0.0, 0.0, 0.0, ">", "text", incomparable=reason)
    return r.Outcome([claim], [])
