"""Simulate, predict, measure and prevent model collapse.

What happens to models that are trained on data that earlier models wrote::

    import modelcollapse as mc

    lineage = mc.Lineage(mc.Gaussian().exact(), mc.GaussianMLE(), mc.Replace(100), size=100)
    history = lineage.run(generations=50, replicates=1000, seed=0)

Names are imported at first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelcollapse import probes, selection, testing, verifiers
    from modelcollapse.auditing import Audit, audit, audit_lineage
    from modelcollapse.comparison import Comparison
    from modelcollapse.corpus import Block, Corpus
    from modelcollapse.curation import Curation, curate
    from modelcollapse.curators.detector import DetectorResampling
    from modelcollapse.curators.perplexity import PerplexityFilter
    from modelcollapse.curators.select import BestOf, RandomSelection, TopScore
    from modelcollapse.decomposition import Decomposition, decompose
    from modelcollapse.estimators import CollapseAwareRidge
    from modelcollapse.families.categorical import Categorical, Frequencies, Uniform, Zipf
    from modelcollapse.families.gaussian import ExactGaussian, Gaussian, GaussianMLE
    from modelcollapse.families.kernel import KernelDensity
    from modelcollapse.families.mixture import Mixture
    from modelcollapse.families.mixture_truth import GaussianMixtureTruth
    from modelcollapse.families.ngram import NGram
    from modelcollapse.families.regression.kernel_ridge import KernelRidge
    from modelcollapse.families.regression.labelled import Labelled
    from modelcollapse.families.regression.linear import Ridge
    from modelcollapse.families.regression.pool import LabelledPool
    from modelcollapse.families.regression.teacher import (
        IsotropicTeacher,
        LinearTeacher,
        PowerLawTeacher,
    )
    from modelcollapse.families.texts import Texts
    from modelcollapse.generation import Generation
    from modelcollapse.history import History
    from modelcollapse.learners.causal_lm import CausalLM
    from modelcollapse.learners.copula import GaussianCopula
    from modelcollapse.learners.diffusion import Diffusion
    from modelcollapse.learners.estimator import Estimator
    from modelcollapse.learners.language.tokens import TokenBlocks
    from modelcollapse.learners.pca import PCA
    from modelcollapse.learners.synthesizer import Synthesizer
    from modelcollapse.learners.vae import VAE
    from modelcollapse.lineage import Lineage
    from modelcollapse.planning import plan
    from modelcollapse.policies import Accumulate, Augment, Mix, Replace, Schedule, Weighted
    from modelcollapse.prediction import predict
    from modelcollapse.profiles import Profile, profile
    from modelcollapse.references import cite
    from modelcollapse.reproduction import reproduce
    from modelcollapse.ridge_planning import plan_ridge
    from modelcollapse.simulation import simulate
    from modelcollapse.sources import Digits, Empirical, File
    from modelcollapse.sources.pictures import Mnist, RareClasses
    from modelcollapse.sources.prose import StandardLibraryProse
    from modelcollapse.sources.tables import Survey, TableFile
    from modelcollapse.store import Store
    from modelcollapse.verification import Scores, verify
    from modelcollapse.verifier_quality import design, estimate

_HOMES = {
    "Accumulate": "policies",
    "Audit": "auditing",
    "Augment": "policies",
    "Block": "corpus",
    "Categorical": "families.categorical",
    "CausalLM": "learners.causal_lm",
    "CollapseAwareRidge": "estimators",
    "Comparison": "comparison",
    "Corpus": "corpus",
    "Curation": "curation",
    "Decomposition": "decomposition",
    "Diffusion": "learners.diffusion",
    "Digits": "sources.pictures",
    "Empirical": "sources.finite",
    "Estimator": "learners.estimator",
    "ExactGaussian": "families.gaussian",
    "File": "sources.finite",
    "Frequencies": "families.categorical",
    "Gaussian": "families.gaussian",
    "GaussianCopula": "learners.copula",
    "GaussianMLE": "families.gaussian",
    "GaussianMixtureTruth": "families.mixture_truth",
    "Generation": "generation",
    "History": "history",
    "IsotropicTeacher": "families.regression.teacher",
    "KernelDensity": "families.kernel",
    "KernelRidge": "families.regression.kernel_ridge",
    "Labelled": "families.regression.labelled",
    "LabelledPool": "families.regression.pool",
    "Lineage": "lineage",
    "LinearTeacher": "families.regression.teacher",
    "Mix": "policies",
    "Mixture": "families.mixture",
    "Mnist": "sources.pictures",
    "NGram": "families.ngram",
    "PCA": "learners.pca",
    "PowerLawTeacher": "families.regression.teacher",
    "Profile": "profiles",
    "RandomSelection": "curators.select",
    "RareClasses": "sources.pictures",
    "Replace": "policies",
    "Ridge": "families.regression.linear",
    "Schedule": "policies",
    "StandardLibraryProse": "sources.prose",
    "Scores": "verification",
    "Store": "store",
    "Survey": "sources.tables",
    "Synthesizer": "learners.synthesizer",
    "TableFile": "sources.tables",
    "Texts": "families.texts",
    "TokenBlocks": "learners.language.tokens",
    "BestOf": "curators.select",
    "DetectorResampling": "curators.detector",
    "PerplexityFilter": "curators.perplexity",
    "TopScore": "curators.select",
    "Uniform": "families.categorical",
    "VAE": "learners.vae",
    "Weighted": "policies",
    "Zipf": "families.categorical",
    "audit": "auditing",
    "audit_lineage": "auditing",
    "cite": "references",
    "curate": "curation",
    "decompose": "decomposition",
    "design": "verifier_quality",
    "estimate": "verifier_quality",
    "plan": "planning",
    "plan_ridge": "ridge_planning",
    "predict": "prediction",
    "profile": "profiles",
    "probes": "",
    "reproduce": "reproduction",
    "simulate": "simulation",
    "selection": "",
    "testing": "",
    "verifiers": "",
    "verify": "verification",
}

__all__ = [
    "PCA",
    "VAE",
    "Accumulate",
    "Audit",
    "Augment",
    "BestOf",
    "Block",
    "Categorical",
    "CausalLM",
    "CollapseAwareRidge",
    "Comparison",
    "Corpus",
    "Curation",
    "Decomposition",
    "DetectorResampling",
    "Diffusion",
    "Digits",
    "Empirical",
    "Estimator",
    "ExactGaussian",
    "File",
    "Frequencies",
    "Gaussian",
    "GaussianCopula",
    "GaussianMLE",
    "GaussianMixtureTruth",
    "Generation",
    "History",
    "IsotropicTeacher",
    "KernelDensity",
    "KernelRidge",
    "Labelled",
    "LabelledPool",
    "Lineage",
    "LinearTeacher",
    "Mix",
    "Mixture",
    "Mnist",
    "NGram",
    "PerplexityFilter",
    "PowerLawTeacher",
    "Profile",
    "RandomSelection",
    "RareClasses",
    "Replace",
    "Ridge",
    "Schedule",
    "Scores",
    "StandardLibraryProse",
    "Store",
    "Survey",
    "Synthesizer",
    "TableFile",
    "Texts",
    "TokenBlocks",
    "TopScore",
    "Uniform",
    "Weighted",
    "Zipf",
    "audit",
    "audit_lineage",
    "cite",
    "curate",
    "decompose",
    "design",
    "estimate",
    "plan",
    "plan_ridge",
    "predict",
    "probes",
    "profile",
    "reproduce",
    "selection",
    "simulate",
    "testing",
    "verifiers",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("modelcollapse")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'modelcollapse' has no attribute '{name}'")
    module = import_module(f"modelcollapse.{home or name}")
    found = module if home == "" else getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
