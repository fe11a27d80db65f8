"""Texts against a reference: variety, repetition, and which words and phrases changed.

`corpora` tokenises both sides with one vocabulary. What was sampled are whole documents, or
clusters of them: tokens of one document are alike, and taken for independent they make every
comparison of unequal sizes look like a loss and every error too small. Each signal stands beside
what the reference shows at the same amount of text.
"""

from modelcollapse.metrics.documents.alike import NearDuplicates, Pairs, near_duplicates
from modelcollapse.metrics.documents.compressibility import compression
from modelcollapse.metrics.documents.corpus import Corpus, corpora, matched
from modelcollapse.metrics.documents.phrases import Phrase, lost_words, over_produced
from modelcollapse.metrics.documents.repetition import (
    copies,
    equal_texts,
    repeated_runs,
    shared_clusters,
)
from modelcollapse.metrics.documents.retention import word_retention
from modelcollapse.metrics.documents.variety import distinct, word_profile

__all__ = [
    "Corpus",
    "NearDuplicates",
    "Pairs",
    "Phrase",
    "compression",
    "copies",
    "corpora",
    "distinct",
    "equal_texts",
    "lost_words",
    "matched",
    "near_duplicates",
    "over_produced",
    "repeated_runs",
    "shared_clusters",
    "word_profile",
    "word_retention",
]
