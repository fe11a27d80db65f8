"""A trained variational autoencoder."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.learners.image_form import ImageForm, Rows
from modelcollapse.learners.torch_support import AT_ONCE, Weights, fill, resolve, seeded
from modelcollapse.learners.vae_network import build

if TYPE_CHECKING:
    from modelcollapse.learners.vae import VAE

Floats = NDArray[np.float64]

FEATURE = "a variational autoencoder"


@dataclass(frozen=True, eq=False)
class VAEModel:
    """A trained variational autoencoder.

    Attributes
    ----------
    recipe : VAE
        How it was trained.
    form : ImageForm
        Form of the records it was fitted to.
    weights : mapping of str to ndarray
        Of encoder and decoder.
    units : tuple of (ndarray, float)
        Origin and unit in which the network counts.
    prior : tuple of ndarray, shapes (latent,) and (latent, latent)
        Mean of the encodings that records are written from, and a root of their covariance.
    offset, noise : ndarray, shape (values,)
        Mean of each value's distance from what is decoded, and its standard deviation; 0 for a
        Bernoulli likelihood.
    fixed : ndarray, shape (values,)
        Values that never varied; NaN for those that did.
    loss : float
        Minus the evidence lower bound, in nats a record, averaged over the last epoch; of a
        Gaussian likelihood in units of `units`.
    """

    recipe: VAE
    form: ImageForm
    weights: Weights = field(repr=False)
    units: tuple[Rows, float] = field(repr=False)
    prior: tuple[Floats, Floats] = field(repr=False)
    offset: Floats = field(repr=False)
    noise: Floats = field(repr=False)
    fixed: Rows = field(repr=False)
    loss: float

    @cached_property
    def _network(self) -> Any:
        with seeded(np.random.default_rng(0), self.recipe.threads, FEATURE) as torch:
            network = fill(torch, build(torch, self.recipe, self.form), self.weights)
            return network.to(resolve(self.recipe.device)).eval()

    def __getstate__(self) -> dict[str, Any]:
        return {name: part for name, part in self.__dict__.items() if name != "_network"}

    @property
    def varies(self) -> bool:
        """Whether two records can differ by more than rounding."""
        means = self._means(self._encodings(64, np.random.default_rng(0)))
        if self.recipe.decode == "sample":
            shares = self.recipe.likelihood == "bernoulli"
            if ((means > 0) & (means < 1) if shares else self.noise > 0).any():
                return True
        return bool(np.ptp(means, axis=0).max() > 1e-6 * self.units[1])

    def sample(self, n: int, *, rng: Generator) -> NDArray[Any]:
        """Write `n` records in the form of the data."""
        means = self._means(self._encodings(n, rng))
        if self.recipe.decode == "mean":
            return self.form.records(means)
        if self.recipe.likelihood == "bernoulli":
            return self.form.records(rng.random(means.shape, dtype=np.float32) < means)
        noise = rng.standard_normal(means.shape, dtype=np.float32) * self.noise
        return self.form.records(means + noise)

    def encode(self, records: Any) -> Floats:
        """Means of the encodings of records, shape (n, latent)."""
        scaled = (self.form.rows(np.asarray(records)) - self.units[0]) / np.float32(self.units[1])
        found = self._through("encoder", scaled)[:, : self.recipe.latent]
        return np.asarray(found, dtype=np.float64)

    def _encodings(self, n: int, rng: Generator) -> Floats:
        mean, root = self.prior
        return np.asarray(mean + rng.standard_normal((n, root.shape[1])) @ root.T)

    def _means(self, encodings: Floats) -> Rows:
        """Means of the likelihood, shape (n, values)."""
        rows = self._through("decoder", encodings.astype(np.float32))
        if self.recipe.likelihood == "bernoulli":
            # By the hyperbolic tangent, which does not overflow.
            return np.asarray(0.5 + 0.5 * np.tanh(0.5 * rows))
        means = rows * np.float32(self.units[1]) + self.units[0] + self.offset
        return np.where(np.isnan(self.fixed), means, self.fixed).astype(np.float32)

    def _through(self, half: str, rows: Rows) -> Rows:
        """What one half of the network makes of some rows."""
        network = self._network[half]
        with seeded(None, self.recipe.threads, FEATURE) as torch, torch.inference_mode():
            device = next(network.parameters()).device
            parts = torch.from_numpy(rows).split(AT_ONCE)
            return np.concatenate([network(part.to(device)).cpu().numpy() for part in parts])
