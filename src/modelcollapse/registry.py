"""Names for the parts of a lineage, so that a lineage can be written down and read back.

Every part is a frozen dataclass; its spec is ``{type: name, field: value, ...}``. Other packages
add parts through the entry point group ``modelcollapse.<role>``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import numpy as np

from modelcollapse.errors import InputError, SpecError, suggestion
from modelcollapse.protocols import Curator, Learner, Model, Policy, Probe, Verifier
from modelcollapse.selection.pile import Rule

if TYPE_CHECKING:
    from modelcollapse.lineage import Lineage

BUILT_IN: dict[str, dict[str, str]] = {
    "truth": {
        "gaussian": "families.gaussian:Gaussian",
        "exact_gaussian": "families.gaussian:ExactGaussian",
        "categorical": "families.categorical:Categorical",
        "zipf": "families.categorical:Zipf",
        "uniform": "families.categorical:Uniform",
        "gaussian_mixture": "families.mixture_truth:GaussianMixtureTruth",
        "linear_teacher": "families.regression.teacher:LinearTeacher",
        "isotropic_teacher": "families.regression.teacher:IsotropicTeacher",
        "power_law_teacher": "families.regression.teacher:PowerLawTeacher",
        "gaussian_classes": "families.classification.laws:GaussianClasses",
        "split_gaussian": "families.classification.laws:SplitGaussian",
        "labelled_file": "sources.labelled:LabelledFile",
        "digits_task": "sources.labelled:DigitsTask",
        "diabetes_task": "sources.labelled:DiabetesTask",
        "mnist_task": "sources.labelled:MnistTask",
        "survey": "sources.tables:Survey",
        "table_file": "sources.tables:TableFile",
        "digits": "sources.pictures:Digits",
        "mnist": "sources.pictures:Mnist",
        "rare_classes": "sources.pictures:RareClasses",
        "file": "sources.finite:File",
        "token_blocks": "learners.language.tokens:TokenBlocks",
        "standard_library_prose": "sources.prose:StandardLibraryProse",
    },
    "learner": {
        "gaussian_mle": "families.gaussian:GaussianMLE",
        "frequencies": "families.categorical:Frequencies",
        "mixture": "families.mixture:Mixture",
        "kernel_density": "families.kernel:KernelDensity",
        "ngram": "families.ngram:NGram",
        "ridge": "families.regression.linear:Ridge",
        "kernel_ridge": "families.regression.kernel_ridge:KernelRidge",
        "gaussian_copula": "learners.copula:GaussianCopula",
        "synthesizer": "learners.synthesizer:Synthesizer",
        "vae": "learners.vae:VAE",
        "diffusion": "learners.diffusion:Diffusion",
        "given": "learners.given:Given",
        "causal_lm": "learners.causal_lm:CausalLM",
        "pca": "learners.pca:PCA",
        "estimator": "learners.estimator:Estimator",
        "biased_gaussian": "learners.biased:BiasedGaussian",
        "blended_gaussian": "learners.blended:BlendedGaussian",
    },
    "policy": {
        "replace": "policies:Replace",
        "accumulate": "policies:Accumulate",
        "augment": "policies:Augment",
        "mix": "policies:Mix",
        "schedule": "policies:Schedule",
        "weighted": "policies:Weighted",
    },
    "curator": {
        "random_selection": "curators.select:RandomSelection",
        "top_score": "curators.select:TopScore",
        "best_of": "curators.select:BestOf",
        "perplexity_filter": "curators.perplexity:PerplexityFilter",
        "chance_verifier": "curators.verified:ChanceVerifier",
        "plane_verifier": "curators.verified:PlaneVerifier",
        "detector_resampling": "curators.detector:DetectorResampling",
    },
    "probe": {
        "variance": "probes.spread:Variance",
        "log_variance": "probes.spread:LogVariance",
        "log_generalised_variance": "probes.spread:LogGeneralisedVariance",
        "mean_error": "probes.spread:MeanError",
        "tail_retention": "probes.spread:TailRetention",
        "wasserstein": "probes.distances:Wasserstein",
        "energy_distance": "probes.distances:EnergyDistance",
        "mmd": "probes.distances:MMD",
        "total_variation": "probes.distances:TotalVariation",
        "hellinger": "probes.distances:Hellinger",
        "kl": "probes.distances:KL",
        "cross_entropy": "probes.distances:CrossEntropy",
        "support": "probes.variety:Support",
        "entropy": "probes.variety:Entropy",
        "hill_number": "probes.variety:HillNumber",
        "lost_mass": "probes.variety:LostMass",
        "distinct": "probes.variety:Distinct",
        "subgroups": "probes.variety:Subgroups",
        "perplexity": "probes.language:Perplexity",
        "cross_entropy_gap": "probes.language:CrossEntropyGap",
        "generated_perplexity": "probes.language:GeneratedPerplexity",
        "perplexity_histogram": "probes.language:PerplexityHistogram",
        "next_token_concentration": "probes.language:NextTokenConcentration",
        "repetition": "probes.language:Repetition",
        "self_bleu": "probes.language:SelfBleu",
        "zipf_exponent": "probes.language:ZipfExponent",
        "vocabulary_survival": "probes.language:VocabularySurvival",
        "classes": "probes.classes:Classes",
        "rare_categories": "probes.tables:RareCategories",
        "minorities": "probes.tables:Minorities",
        "column_tails": "probes.tables:ColumnTails",
        "associations": "probes.dependence:Associations",
        "train_on_synthetic": "probes.dependence:TrainOnSynthetic",
        "test_error": "probes.regression:TestError",
        "misclassification": "probes.regression:Misclassification",
        "downstream_error": "probes.regression:DownstreamError",
    },
    "verifier": {
        "exact_match": "verifiers.exact_match:ExactMatch",
        "numeric_answer": "verifiers.numeric_answer:NumericAnswer",
        "outcome": "verifiers.outcome:Outcome",
        "rouge": "verifiers.rouge:Rouge",
        "ngram_perplexity": "verifiers.ngram_perplexity:NgramPerplexity",
        "causal_perplexity": "verifiers.causal_perplexity:CausalPerplexity",
        "self_confidence": "verifiers.self_confidence:SelfConfidence",
        "agreement": "verifiers.agreement:Agreement",
        "rules": "verifiers.rules:Rules",
        "json_schema": "verifiers.schema:JsonSchema",
        "human_labels": "verifiers.labels:HumanLabels",
        "watermark": "verifiers.watermark:Watermark",
        "judge": "verifiers.judge.verifier:Judge",
        "detector": "verifiers.detector:Detector",
        "ensemble": "verifiers.ensemble:Ensemble",
    },
    "rule": {
        "best_per_prompt": "selection.best_of:BestPerPrompt",
        "threshold": "selection.threshold:Threshold",
        "top_fraction": "selection.top:TopFraction",
        "random_choice": "selection.chance:RandomChoice",
        "tilt": "selection.tilt:Tilt",
        "resample": "selection.resample:Resample",
        "quota": "selection.quota:Quota",
        "tail_guard": "selection.guard:TailGuard",
        "rake": "selection.raking:Rake",
        "near_duplicates": "selection.unique:NearDuplicates",
    },
}

ROLES: dict[Any, str] = {
    Model: "truth",
    Learner: "learner",
    Policy: "policy",
    Curator: "curator",
    Probe: "probe",
    Verifier: "verifier",
    Rule: "rule",
}


@cache
def names(role: str) -> dict[str, str]:
    """Import paths of the parts that can be named in a role, those of other packages included."""
    known = {name: f"modelcollapse.{path}" for name, path in BUILT_IN[role].items()}
    for entry in entry_points(group=f"modelcollapse.{role}"):
        known.setdefault(entry.name, entry.value)
    return known


def load(role: str, name: str, where: str) -> type:
    """Class of a named part."""
    path = names(role).get(name)
    if path is None:
        raise SpecError(f"{where}: there is no {role} '{name}'. {suggestion(name, names(role))}")
    module, _, attribute = path.partition(":")
    try:
        found: type = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SpecError(
            f"{where}: the {role} '{name}' cannot be loaded from {path} ({error}). Reinstall the "
            "package that provides it, or use another part."
        ) from error
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise SpecError(
            f"{where}: the {role} '{name}' is {path}, which is no dataclass, so its fields are not "
            "known. Build the lineage in Python."
        )
    return found


@cache
def _name_of_class(cls: type) -> str | None:
    path = f"{cls.__module__}:{cls.__qualname__}"
    for role in BUILT_IN:
        for name, known in names(role).items():
            if known == path:
                return name
    return None


def describe(part: Any) -> Any:
    """Plain data that says what a part of a lineage, or a whole one, is."""
    if part is None or isinstance(part, bool | int | float | str):
        return part
    if isinstance(part, np.generic):
        return part.item()
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        name = _name_of_class(type(part))
        if name is not None or type(part).__qualname__ == "Lineage":
            head = {} if name is None else {"type": name}
            fields = (f.name for f in dataclasses.fields(part) if f.init)
            return head | {field: describe(getattr(part, field)) for field in fields}
    if isinstance(part, Mapping):
        return {str(key): describe(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [describe(value) for value in part]
    if isinstance(part, np.ndarray) and part.size <= 64:
        return part.tolist()
    return {"opaque": _opaque_name(part)}


def _opaque_name(part: Any) -> str:
    kind = getattr(part, "__qualname__", None)
    module = getattr(part, "__module__", type(part).__module__)
    return f"{module}.{kind or type(part).__qualname__}"


def build(role: str, spec: Any, where: str) -> Any:
    """Part that a spec describes.

    Parameters
    ----------
    role : {"truth", "learner", "policy", "curator", "probe"}
        What the part is for.
    spec : mapping or str
        ``{type: name, field: value, ...}``, or just the name where no field is needed.
    where : str
        Place in the document, for messages.

    Raises
    ------
    SpecError
        If the name or a field is unknown, a field is missing, or a value does not fit.
    """
    if isinstance(spec, str):
        spec = {"type": spec}
    if not isinstance(spec, Mapping):
        raise SpecError(
            f"{where}: expected the name of a {role} or a mapping with a 'type', got {spec!r}."
        )
    if "opaque" in spec:
        raise SpecError(
            f"{where}: it was the Python object {spec['opaque']}, which a spec cannot hold. Build "
            "the lineage in Python, or use a part that has a name."
        )
    if "type" not in spec:
        raise SpecError(
            f"{where}: there is no 'type', so it is not known which {role} is meant. "
            f"{suggestion('', names(role))}"
        )
    cls = load(role, str(spec["type"]), _at(where, "type"))
    return make(cls, {key: value for key, value in spec.items() if key != "type"}, where)


def _at(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def make(cls: type, given: Mapping[str, Any], where: str) -> Any:
    """Instance of a dataclass from plain data, every field checked."""
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    for key in given:
        if key not in fields:
            raise SpecError(
                f"{_at(where, str(key))}: {cls.__name__} has no such field. "
                + (suggestion(str(key), fields) if fields else "It takes none: remove it.")
            )
    required = [
        name
        for name, field in fields.items()
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    for name in required:
        if name not in given:
            raise SpecError(
                f"{_at(where, name)}: the field is missing, and {cls.__name__} needs it."
            )
    hints = get_type_hints(cls)
    values = {key: _value(hints[key], value, _at(where, key)) for key, value in given.items()}
    try:
        return cls(**values)
    except InputError as error:
        raise SpecError(f"{where}: {error}" if where else str(error)) from error


def _value(hint: Any, value: Any, where: str) -> Any:
    several = _role_of_items(hint)
    if several is not None:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise SpecError(f"{where}: expected a list of {several}s, got {value!r}.")
        return tuple(_part(several, item, f"{where}[{i}]") for i, item in enumerate(value))
    role = _role(hint)
    if role is not None:
        return _part(role, value, where)
    if hint == Sequence[tuple[Policy, int | None]]:
        return _regimes(value, where)
    return plain(hint, value, where)


def _part(role: str, value: Any, where: str) -> Any:
    # A part that is built already, e.g. one that several lineages share, is left as it is.
    ready = value is None or dataclasses.is_dataclass(value)
    return value if ready else build(role, value, where)


def _role_of_items(hint: Any) -> str | None:
    """Role of the items of a field that holds several parts, such as the members of an ensemble."""
    several = get_origin(hint) is tuple
    return _role(get_args(hint)[0]) if several else None


def _role(hint: Any) -> str | None:
    """Role of a field that holds another part."""
    for option in (hint, *getattr(hint, "__args__", ())):
        role = ROLES.get(getattr(option, "__origin__", option))
        if role is not None:
            return role
    return None


def _regimes(value: Any, where: str) -> list[tuple[Any, int | None]]:
    """Regimes of a schedule: ``[[policy, generations], ...]``."""
    if not isinstance(value, Sequence) or not all(
        isinstance(regime, Sequence) and len(regime) == 2 for regime in value
    ):
        raise SpecError(
            f"{where}: expected a list of [policy, generations] pairs, got {value!r}. Write null "
            "for the number of generations of the last one to make it go on."
        )
    return [
        (build("policy", policy, f"{where}[{i}]"), plain(int | None, length, f"{where}[{i}]"))
        for i, (policy, length) in enumerate(value)
    ]


def plain(hint: Any, value: Any, where: str) -> Any:
    """Check a plain value against a type, without any conversion that could hide a mistake."""
    from pydantic import TypeAdapter, ValidationError

    try:
        # Through JSON, strictly: a list may become a tuple, but "100" never becomes 100.
        return TypeAdapter(hint).validate_json(json.dumps(value), strict=True)
    except (ValidationError, TypeError) as error:
        message = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        message = message[0].lower() + message[1:]
        raise SpecError(f"{where}: {message}, got {value!r}.") from error


def build_lineage(spec: Any) -> Lineage:
    """Lineage from plain data, every field checked; parts that are built already are kept."""
    from modelcollapse.lineage import Lineage

    if not isinstance(spec, Mapping):
        raise SpecError(f"a lineage is described by a mapping of fields to values, got {spec!r}.")
    lineage: Lineage = make(Lineage, spec, "")
    return lineage
