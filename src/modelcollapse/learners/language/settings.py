"""Settings of a language model: what they may be, and which go together."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from modelcollapse.errors import Incompatible, InputError, is_whole, suggestion
from modelcollapse.learners.language.session import check_precision

if TYPE_CHECKING:
    from modelcollapse.learners.causal_lm import CausalLM

Start = Literal["base", "parent"]
Protocol = Literal["continue", "free"]
Prompts = Literal["training", "original"]
Beams = int | Literal["auto"] | None

BEAMS = 5
"""Beams of a search, unless told otherwise."""
FEW_STEPS = 20
"""Steps of the optimiser below which a model from nothing has hardly left its random weights."""


def check(recipe: CausalLM) -> None:
    """Raise InputError or Incompatible for settings that make no sense."""
    if (recipe.model is None) == (not recipe.config):
        raise InputError(
            "a language model starts from a pretrained `model` or from a `config`, and "
            f"{'neither' if recipe.model is None else 'both'} was given. Give one, e.g. "
            "CausalLM('gpt2') or CausalLM(config={'model_type': 'gpt2', 'n_layer': 2})."
        )
    for name, kind in (("start", Start), ("protocol", Protocol), ("prompts", Prompts)):
        value = getattr(recipe, name)
        known = get_args(kind)
        if value not in known:
            raise InputError(f"there is no {name} '{value}'. {suggestion(value, known)}")
    least = {"block": 2, "epochs": 1, "batch": 1, "patience": 1, "writing_batch": 1}
    for name, low in {**least, "threads": 1, "beams": 1}.items():
        value = getattr(recipe, name)
        if name == "beams" and (value is None or value == "auto"):
            continue
        if not is_whole(value) or value < low:
            other = ", 'auto', or None to sample" if name == "beams" else ""
            raise InputError(f"{name} is {value!r}. Give a whole number of at least {low}{other}.")
    if recipe.learning_rate is not None and not 0 < recipe.learning_rate < np.inf:
        raise InputError(f"learning_rate must be above 0, got {recipe.learning_rate}.")
    for name, high in (("warmup", 1.0), ("validation", 1.0), ("weight_decay", np.inf)):
        value = getattr(recipe, name)
        if not 0 <= value < high:
            bound = "" if high == np.inf else " and below 1"
            raise InputError(f"{name} must be at least 0{bound}, got {value}.")
    check_precision(recipe.precision)
    changes = recipe.choice.decoding.changes  # checks all that chooses tokens
    if recipe.searches is not None and changes:
        raise Incompatible(
            f"temperature, top_k and top_p are for sampling, but beams={recipe.searches} searches "
            "for the most probable text. Set beams=None (in a spec, beams: null) to sample, or "
            "leave them out."
        )
    if recipe.searches is not None and recipe.protocol == "free":
        raise Incompatible(
            f"beams={recipe.searches} searches for the most probable text, and with "
            "protocol='free' every search begins alike: all documents would be the same one. "
            "Leave beams out to sample, or use protocol='continue'."
        )


def warn_of_few_steps(windows: int, batch: int, epochs: int) -> None:
    """Warn of a training from nothing that is too short to learn anything."""
    steps = -(-windows // batch) * epochs
    if steps < FEW_STEPS:
        warnings.warn(
            f"{windows} blocks in batches of {batch}, {epochs} times over, are only "
            f"{steps} steps of the optimiser: a model from nothing learns next to nothing from "
            f"fewer than {FEW_STEPS}, and some hundreds are usual. Use a smaller batch, more "
            "epochs, or more data.",
            RuntimeWarning,
            stacklevel=4,
        )
