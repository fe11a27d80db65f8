"""Verifiers: records in, scores out, the higher the better."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelcollapse.verifiers.agreement import Agreement
    from modelcollapse.verifiers.causal_perplexity import CausalPerplexity
    from modelcollapse.verifiers.detector import Detector
    from modelcollapse.verifiers.ensemble import Ensemble
    from modelcollapse.verifiers.exact_match import ExactMatch
    from modelcollapse.verifiers.judge.verifier import Judge
    from modelcollapse.verifiers.labels import HumanLabels
    from modelcollapse.verifiers.ngram_perplexity import NgramPerplexity
    from modelcollapse.verifiers.numeric_answer import NumericAnswer
    from modelcollapse.verifiers.outcome import Outcome
    from modelcollapse.verifiers.rouge import Rouge
    from modelcollapse.verifiers.rules import Rules
    from modelcollapse.verifiers.schema import JsonSchema
    from modelcollapse.verifiers.scored import Scored
    from modelcollapse.verifiers.self_confidence import SelfConfidence
    from modelcollapse.verifiers.watermark import Watermark

_HOMES = {
    "Agreement": "agreement",
    "CausalPerplexity": "causal_perplexity",
    "Detector": "detector",
    "Ensemble": "ensemble",
    "ExactMatch": "exact_match",
    "HumanLabels": "labels",
    "JsonSchema": "schema",
    "Judge": "judge.verifier",
    "NgramPerplexity": "ngram_perplexity",
    "NumericAnswer": "numeric_answer",
    "Outcome": "outcome",
    "Rouge": "rouge",
    "Rules": "rules",
    "Scored": "scored",
    "SelfConfidence": "self_confidence",
    "Watermark": "watermark",
}

__all__ = [
    "Agreement",
    "CausalPerplexity",
    "Detector",
    "Ensemble",
    "ExactMatch",
    "HumanLabels",
    "JsonSchema",
    "Judge",
    "NgramPerplexity",
    "NumericAnswer",
    "Outcome",
    "Rouge",
    "Rules",
    "Scored",
    "SelfConfidence",
    "Watermark",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
