"""Rules that choose among scored records, and what their choice does to tails and groups."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelcollapse.selection.best_of import BestPerPrompt
    from modelcollapse.selection.chance import RandomChoice
    from modelcollapse.selection.duplicates import near_duplicates
    from modelcollapse.selection.guard import TailGuard
    from modelcollapse.selection.pile import Choice, Pile
    from modelcollapse.selection.quota import Quota
    from modelcollapse.selection.raking import Rake
    from modelcollapse.selection.rarity import rarity_bins
    from modelcollapse.selection.resample import Resample
    from modelcollapse.selection.threshold import Threshold
    from modelcollapse.selection.tilt import Tilt
    from modelcollapse.selection.top import TopFraction
    from modelcollapse.selection.unique import NearDuplicates

_HOMES = {
    "BestPerPrompt": "best_of",
    "Choice": "pile",
    "NearDuplicates": "unique",
    "Pile": "pile",
    "Quota": "quota",
    "Rake": "raking",
    "RandomChoice": "chance",
    "Resample": "resample",
    "TailGuard": "guard",
    "Threshold": "threshold",
    "Tilt": "tilt",
    "TopFraction": "top",
    "near_duplicates": "duplicates",
    "rarity_bins": "rarity",
}

__all__ = [
    "BestPerPrompt",
    "Choice",
    "NearDuplicates",
    "Pile",
    "Quota",
    "Rake",
    "RandomChoice",
    "Resample",
    "TailGuard",
    "Threshold",
    "Tilt",
    "TopFraction",
    "near_duplicates",
    "rarity_bins",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
