"""The classifier that tells generated records from real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from modelcollapse.families.texts import words

PLACES = 2**18
"""Places that words and pairs of words are sorted into by their hash, whatever the vocabulary."""


def classifier(rows: Any) -> Any:
    """Logistic regression, not yet fitted.

    Parameters
    ----------
    rows : sparse array or ndarray, shape (records, features)
        What it is to be fitted to. Sparse ones are counts of words: they are weighted by rarity
        and normalised. Numbers are standardised and joined by their squares and products.
    """
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    if issparse(rows):
        return make_pipeline(
            TfidfTransformer(sublinear_tf=True), LogisticRegression(C=10.0, max_iter=200)
        )
    return make_pipeline(
        StandardScaler(),
        PolynomialFeatures(2, include_bias=False),
        LogisticRegression(max_iter=1000),
    )


def decisions(fitted: Any, rows: Any) -> NDArray[np.float64]:
    """Log-odds of records under a fitted classifier, each by itself."""
    seen, last = fitted[:-1].transform(rows), fitted[-1]
    # A product of dense matrices may depend in its last digits on how many rows there are.
    product = seen @ last.coef_[0] if issparse(seen) else (seen * last.coef_[0]).sum(axis=1)
    return np.asarray(product + last.intercept_[0], dtype=np.float64)


def counted(texts: Sequence[str]) -> Any:
    """How often each text holds words and pairs of words, by their hash.

    Parameters
    ----------
    texts : sequence of str, shape (records,)
        What is read.

    Returns
    -------
    sparse array, shape (records, PLACES)
        Counts. Memory grows with the texts and not with the vocabulary.
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    reader = HashingVectorizer(
        tokenizer=words, token_pattern=None, lowercase=False, ngram_range=(1, 2),
        n_features=PLACES, alternate_sign=False, norm=None,
    )  # fmt: skip
    return reader.transform(texts)
