"""What is installed, what an extra would add, and whether the numbers agree on this machine."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

from modelcollapse.corpus import Corpus
from modelcollapse.families.categorical import Frequencies, Zipf
from modelcollapse.families.gaussian import Gaussian, GaussianMLE
from modelcollapse.history import History
from modelcollapse.lineage import Lineage
from modelcollapse.policies import Accumulate, Mix, Replace
from modelcollapse.prediction import FAR
from modelcollapse.seeds import generator
from modelcollapse.testing import BrokenPromise, check_learner
from modelcollapse.theory import discrete, gaussian

CORE = ("numpy", "scipy", "scikit-learn", "narwhals", "pydantic", "typer", "matplotlib")
EXTRAS = {
    "polars": ("tables", "dataframes of results and records as Polars tables"),
    "torch": ("neural", "variational autoencoders and language models"),
    "transformers": ("neural", "language models"),
    "diffusers": ("diffusion", "diffusion models of pictures"),
    "sdv": ("tabular", "SDV's synthesizers of tables"),
}


@dataclass(frozen=True)
class Check:
    """One comparison that must hold on any machine."""

    name: str
    passed: bool
    detail: str
    seconds: float


@dataclass(frozen=True)
class Findings:
    """What `examine` found."""

    versions: dict[str, str]
    extras: dict[str, str]
    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        """Whether all checks passed."""
        return all(check.passed for check in self.checks)


def examine() -> Findings:
    """Look at the installation and run the self-checks, in about ten seconds."""
    versions = {
        "modelcollapse": _version("modelcollapse"),
        "python": platform.python_version(),
        "processors": str(os.cpu_count()),
        **{package: _version(package) for package in CORE},
    }
    extras = {
        package: _version(package)
        if _version(package) != "missing"
        else f"missing, adds {adds}: pip install {package} (extra '{extra}')"
        for package, (extra, adds) in EXTRAS.items()
    }
    return Findings(versions, extras, tuple(_timed(check) for check in CHECKS))


def render(findings: Findings, *, as_json: bool = False) -> str:
    """Findings as text for people, or as JSON."""
    if as_json:
        return json.dumps({"healthy": findings.healthy, **asdict(findings)}, indent=1)
    lines = ["installed"]
    lines += [f"  {name:16} {value}" for name, value in findings.versions.items()]
    lines += ["", "extras"]
    lines += [f"  {name:16} {value}" for name, value in findings.extras.items()]
    lines += ["", "do the numbers agree?"]
    lines += [
        f"  {'yes' if check.passed else 'NO ':3}  {check.name}: {check.detail}"
        for check in findings.checks
    ]
    lines += ["", "all is well" if findings.healthy else "something is wrong: see above"]
    return "\n".join(lines)


def _gaussian_chain(replicates: int = 4000) -> History:
    lineage = Lineage(Gaussian().exact(), GaussianMLE(), Replace(50), size=50)
    return lineage.run(
        generations=30, replicates=replicates, seed=7, probes=["log_variance", "mean_error"]
    )


def gaussian_statistics() -> tuple[bool, str]:
    """Exact Gaussian chain against theory."""
    history = _gaussian_chain()
    theory = gaussian.expected_log_variance(history.generations, 50)
    return _close(history.compare(theory, "log_variance"))


def gaussian_rows() -> tuple[bool, str]:
    """Gaussian chain of records against theory."""
    lineage = Lineage(Gaussian(), GaussianMLE(), Replace(50), size=50)
    history = lineage.run(generations=10, replicates=400, seed=8, probes=["log_variance"])
    theory = gaussian.expected_log_variance(history.generations, 50)
    return _close(history.compare(theory, "log_variance"))


def gaussian_accumulation() -> tuple[bool, str]:
    """Accumulating Gaussian chain against theory."""
    lineage = Lineage(Gaussian().exact(), GaussianMLE(), Accumulate(50), size=50)
    history = lineage.run(generations=30, replicates=4000, seed=9, probes=["variance"])
    return _close(history.compare(gaussian.accumulate_variance(history.generations, 50)))


def categories() -> tuple[bool, str]:
    """Categories against the Wright-Fisher chain."""
    truth = Zipf(100)
    lineage = Lineage(truth, Frequencies(), Replace(100), size=100)
    history = lineage.run(generations=20, replicates=2000, seed=10, probes=["variance", "support"])
    law = truth.dense()
    passed, detail = _close(
        history.compare(discrete.expected_heterozygosity(history.generations, 100, law))
    )
    also, more = _close(
        history.compare(discrete.expected_support(history.generations, 100, law), "support")
    )
    return passed and also, f"{detail} and {more}"


def wrong_theory() -> tuple[bool, str]:
    """A wrong formula (divisor n - 1 instead of n) is noticed."""
    history = _gaussian_chain()
    wrong = gaussian.expected_log_variance(history.generations, 50, ddof=1)
    worst = np.nanmax(np.abs(history.compare(wrong, "log_variance")))
    return bool(worst > FAR), f"it is {worst:.0f} standard errors off"


def resumption() -> tuple[bool, str]:
    """A stopped lineage goes on with the same bits."""
    lineage = Lineage(Gaussian(), GaussianMLE(), Mix(60, real=0.2, beta=0.2), size=60, budget=50)
    whole = [g.model.cov for g, _ in zip(lineage.generations(seed=1), range(12), strict=False)]
    chain = lineage.generations(seed=1)
    state = next(g for g in chain if g.index == 4).state
    rest = zip(lineage.generations(seed=1, after=state), range(7), strict=False)
    same = all(np.array_equal(a, g.model.cov) for a, (g, _) in zip(whole[5:], rest, strict=True))
    return same, "equal bits" if same else "the bits differ"


class _Frozen:
    """Learner whose model keeps its seed."""

    def fit(self, data: NDArray[np.float64], *, rng: object, parent: object = None) -> _Frozen:
        return self

    def sample(self, n: int, *, rng: object) -> NDArray[np.float64]:
        return generator(0, 0, 0, "frozen").standard_normal((n, 1))


def frozen_seed() -> tuple[bool, str]:
    """A learner that keeps a seed is caught."""
    data = Corpus.of(generator(1, 0, 0, "data").standard_normal((300, 1))).data
    try:
        check_learner(_Frozen(), data)
    except BrokenPromise:
        return True, "caught"
    return False, "not caught"


CHECKS = (
    gaussian_statistics,
    gaussian_rows,
    gaussian_accumulation,
    categories,
    wrong_theory,
    resumption,
    frozen_seed,
)


def _close(scores: NDArray[np.float64]) -> tuple[bool, str]:
    worst = float(np.nanmax(np.abs(scores)))
    return worst < FAR, f"within {worst:.1f} standard errors"


def _timed(check: Callable[[], tuple[bool, str]]) -> Check:
    started = time.perf_counter()
    passed, detail = check()
    name = (check.__doc__ or "").strip().removesuffix(".")
    return Check(name, passed, detail, round(time.perf_counter() - started, 2))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
