"""Reproduce: run a published experiment again, and say which of its laws hold."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, get_args

from modelcollapse.errors import InputError, suggestion
from modelcollapse.recipes import NAMES, recipe
from modelcollapse.recipes._recipe import Claim, Outcome, Recipe, Scale
from modelcollapse.references import citation

__all__ = ["NAMES", "Reproduction", "numbers", "overview", "recipe", "reproduce"]

_LAWS = {"=": "", "<": "< ", ">": "> ", "<=": "≤ "}


@dataclass(frozen=True, eq=False)
class Reproduction:
    """A recipe that was run.

    Attributes
    ----------
    recipe : Recipe
        What was published, and the options taken.
    scale : {"quick", "full"}
        Sizes: enough for the laws, or as published.
    seed : int
        Seed of the run.
    outcome : Outcome
        Claims with their verdicts, panels to look at, lineages that were run.
    seconds : float
        How long it took.
    """

    recipe: Recipe
    scale: Scale
    seed: int
    outcome: Outcome
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether no law failed, and every negative control did."""
        return all(claim.in_order for claim in self.outcome.claims)

    @property
    def state(self) -> str:
        """Reproduced or not; "not run" where nothing could be compared, for want of data, say."""
        if not self.passed:
            return "NOT reproduced"
        compared = any(claim.verdict != "not comparable" for claim in self.outcome.claims)
        return "reproduced" if compared else "not run"

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        laws = [claim.verdict for claim in self.outcome.claims if not claim.control]
        blind = [claim.in_order for claim in self.outcome.claims if claim.control]
        left_out = laws.count("not comparable")
        parts = [f"{laws.count('pass')} of {len(laws) - left_out} laws hold"]
        if left_out:
            parts.append(f"{left_out} not comparable")
        parts.append(f"{blind.count(True)} of {len(blind)} wrong laws are rejected")
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what was claimed, found and run."""
        return {
            "recipe": self.recipe.name,
            "title": self.recipe.title,
            "source": self.recipe.source,
            "citation": citation(self.recipe.source),
            "published": self.recipe.claims,
            "options": dict(self.recipe.options),
            "passed": self.passed,
            "sentence": self.sentence,
            "claims": [_plain(claim) for claim in self.outcome.claims],
            "scale": self.scale,
            "seed": self.seed,
            "settings": dict(self.outcome.settings),
            "lineages": {label: x.spec() for label, x in self.outcome.lineages.items()},
            "seconds": round(self.seconds, 2),
        }

    def __repr__(self) -> str:
        head = [
            f"{self.recipe.name}: {self.recipe.title}",
            citation(self.recipe.source),
            f"published: {self.recipe.claims}",
            *(f"{option}: {taken}" for option, taken in self.recipe.options.items()),
            "",
        ]
        columns = f"{'published':>12} {'ours':>12} {'tolerance':>10}  verdict"
        claims = self.outcome.claims
        lines = [columns, *(_line(claim) for claim in claims if not claim.control)]
        lines += ["", "Wrong laws, which must fail:"]
        lines += [_line(claim) for claim in claims if claim.control]
        end = (
            f"{self.state}: {self.sentence} ({self.scale}, seed {self.seed}, {self.seconds:.1f} s)"
        )
        return "\n".join([*head, *lines, "", end])


def reproduce(name: str, *, scale: Scale = "quick", seed: int = 0) -> Reproduction:
    """Run a published experiment again.

    Parameters
    ----------
    name : str
        One of `modelcollapse.recipes.NAMES`.
    scale : {"quick", "full"}, default "quick"
        Sizes: enough to test the laws in seconds, or as published.
    seed : int, default 0
        The same seed gives the same numbers.

    Returns
    -------
    Reproduction
        Published value, ours, tolerance and verdict for each law, and negative controls.

    Raises
    ------
    InputError
        If there is no such recipe or scale, or the seed is negative.

    Examples
    --------
    >>> reproduce("retraining-stability").passed
    True
    """
    found = recipe(name)
    if scale not in get_args(Scale):
        raise InputError(f"there is no scale '{scale}'. {suggestion(scale, get_args(Scale))}")
    if seed < 0:
        raise InputError(f"the seed is {seed}, but seeds count from 0. Use 0 or a larger number.")
    started = time.perf_counter()
    outcome = found.run(scale, seed)
    return Reproduction(found, scale, seed, outcome, time.perf_counter() - started)


def overview() -> list[dict[str, str]]:
    """Name, title and source of every recipe, in the order in which a reader would meet them."""
    found = [recipe(name) for name in NAMES]
    return [{"name": x.name, "title": x.title, "source": citation(x.source)} for x in found]


def numbers(claim: Claim) -> tuple[str, str, str]:
    """Published value with its sign, ours, and the tolerance, in four significant digits."""
    shown = (f"{claim.published:.4g}", f"{claim.ours:.4g}", f"{claim.tolerance:.2g}")
    published, ours, tolerance = (text.replace("-", "−") for text in shown)
    return _LAWS[claim.law] + published, ours, tolerance


def _line(claim: Claim) -> str:
    words: str = claim.verdict
    if not claim.in_order:
        words = words.upper() if not claim.control else "PASS, so the check is blind"
    note = f" ({claim.incomparable})" if claim.incomparable else ""
    basis = "" if claim.control else f" [{claim.basis}]"
    published, ours, tolerance = numbers(claim)
    columns = f"{published:>12} {ours:>12} {tolerance:>10}"
    return f"{columns}  {words:<14} {claim.statement}{basis}{note}"


def _plain(claim: Claim) -> dict[str, Any]:
    return {
        "statement": claim.statement,
        "law": claim.law,
        "published": claim.published,
        "ours": claim.ours,
        "tolerance": claim.tolerance,
        "basis": claim.basis,
        "verdict": claim.verdict,
        "control": claim.control,
        "in_order": claim.in_order,
        **({"incomparable": claim.incomparable} if claim.incomparable else {}),
    }
