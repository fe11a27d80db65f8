"""The usual script: fit scikit-learn's mixture to its predecessor's sample, again and again."""

import numpy as np
from sklearn.mixture import GaussianMixture

CENTRES = np.array([[-4.0, 0.0], [4.0, 0.0], [0.0, 5.0]])
WEIGHTS = np.array([0.6, 0.35, 0.05])


def real(rng, n):
    component = rng.choice(len(WEIGHTS), size=n, p=WEIGHTS)
    return CENTRES[component] + rng.normal(size=(n, 2))


def chain(seed, n, generations, components=3, warm=False):
    """Smallest weight and held-out log-likelihood (nats per record) at the last generation."""
    rng = np.random.default_rng(seed)
    records, test, start = real(rng, n), real(rng, 2000), {}
    for _ in range(generations):
        model = GaussianMixture(components, random_state=int(rng.integers(2**31)), **start)
        model.fit(records)
        records, _ = model.sample(n)
        if warm:
            start = {
                "weights_init": model.weights_,
                "means_init": model.means_,
                "precisions_init": model.precisions_,
            }
    return model.weights_.min(), model.score(test)


def chains(seeds, n, generations, components=3, warm=False):
    return np.array([chain(seed, n, generations, components, warm) for seed in range(seeds)])
