"""Published experiments, one file each, imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from modelcollapse.errors import InputError, suggestion

if TYPE_CHECKING:
    from modelcollapse.recipes._recipe import Recipe

NAMES = (
    "nature-discrete",
    "nature-gaussian",
    "nature-mixture",
    "nature-mixing",
    "w2-growth",
    "gaussian-law",
    "loops-synthetic",
    "loops-augmentation",
    "loops-fresh",
    "loops-bias",
    "retraining-stability",
    "fresh-plateau",
    "accumulate-gaussian",
    "accumulate-subsample",
    "accumulate-kde",
    "discrete-fixation",
    "hutter-tails",
    "curated-limits",
    "regression-isotropic",
    "regression-power-law",
    "overparametrised-chain",
    "ridge-crossover",
    "ridge-exponents",
    "regression-accumulate",
    "regression-pools",
    "universal-accumulate",
    "strong-collapse",
    "strong-collapse-width",
    "golden-ratio",
    "golden-ratio-interpolation",
    "verified-round",
    "verified-drift",
    "k-choice",
    "phase-transition",
    "verified-selection",
    "eigenvalues",
    "summarisation",
    "summarisation-rounds",
    "kernel-mnist-rbf",
    "kernel-mnist-polynomial",
    "kernel-digits",
    "tabular-anchors",
    "vae-latent-spread",
    "contamination-healing",
    "nature-language",
    "repetition-penalty",
    "accumulate-language",
    "four-mixes",
    "own-perplexity",
    "ratio-sweep",
    "surprise-first",
    "detector-resampling",
)
"""Every recipe, in the order in which a reader would meet them."""


def recipe(name: str) -> Recipe:
    """Look up one recipe.

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    Recipe
        The recipe.

    Raises
    ------
    InputError
        If there is no such recipe.
    """
    if name not in NAMES:
        raise InputError(f"there is no recipe '{name}'. {suggestion(name, NAMES)}")
    module = import_module(f"modelcollapse.recipes.{name.replace('-', '_')}")
    found: Recipe = module.RECIPE
    return found
