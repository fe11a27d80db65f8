"""Networks of variational autoencoders: how they are built, and trained."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.learners.image_form import ImageForm, Rows
from modelcollapse.learners.torch_support import AT_ONCE, check_loss
from modelcollapse.protocols import Model

if TYPE_CHECKING:
    from modelcollapse.learners.vae import VAE

SMALLEST_RESIDUAL = 1e-4
"""Mean squared residual, relative to the variance of the data, below which none is rewarded."""


class Measured(NamedTuple):
    """What a trained network leaves of its records, and how it encodes them.

    Parameters
    ----------
    mean, spread : ndarray, shape (values,)
        Mean and standard deviation of each value's residuals, in the units of the network; of no
        meaning for a Bernoulli likelihood.
    encodings : ndarray, shape (n, latent)
        A draw of each record's encoding.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    encodings: NDArray[np.float64]


def build(torch: Any, recipe: VAE, form: ImageForm) -> Any:
    """Encoder and decoder, on rows of numbers, with new weights."""
    nn, values = torch.nn, form.values
    if recipe.architecture == "dense":
        encoder = [nn.Linear(values, recipe.width), nn.ReLU()]
        encoder += [nn.Linear(recipe.width, 2 * recipe.latent)]
        decoder = [nn.Linear(recipe.latent, recipe.width), nn.ReLU()]
        decoder += [nn.Linear(recipe.width, values)]
    else:
        first, second = recipe.width, 2 * recipe.width
        small = (second, form.image[1] // 4, form.image[2] // 4)
        encoder = [
            nn.Unflatten(1, form.image),
            nn.Conv2d(form.image[0], first, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(first, second, 4, 2, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(math.prod(small), 2 * recipe.latent),
        ]  # fmt: skip
        decoder = [
            nn.Linear(recipe.latent, math.prod(small)), nn.Unflatten(1, small),
            nn.ConvTranspose2d(second, first, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(first, form.image[0], 4, 2, 1), nn.Flatten(),
        ]  # fmt: skip
    parts = {"encoder": nn.Sequential(*encoder), "decoder": nn.Sequential(*decoder)}
    return nn.ModuleDict(parts)


class Training:
    """Training of one network.

    Parameters
    ----------
    torch, network : object
        PyTorch, and the network, on its device; trained in place.
    recipe : VAE
        How.
    form : ImageForm
        Form of the records.
    rows : ndarray, shape (n, values)
        What to train on.
    units : tuple of (ndarray, float)
        Origin and unit in which the network counts.
    source : Model or None
        What writes the records of each epoch anew, if anything.
    rng : numpy.random.Generator
        For `source`; everything else reads PyTorch's global generator.
    """

    def __init__(
        self,
        torch: Any,
        network: Any,
        recipe: VAE,
        form: ImageForm,
        rows: Rows,
        units: tuple[Rows, float],
        source: Model[Any] | None,
        rng: Generator,
    ) -> None:
        self.torch, self.network, self.recipe, self.form = torch, network, recipe, form
        self.units, self.source, self.rng = units, source, rng
        self.device = next(network.parameters()).device
        self.rows = self._scaled(rows)

    def _scaled(self, rows: Rows) -> Any:
        centre, scale = self.units
        return self.torch.from_numpy((rows - centre) / np.float32(scale)).to(self.device)

    def _current(self) -> Any:
        """Rows of one epoch."""
        if self.source is None:
            return self.rows
        written = self.source.sample(len(self.rows), rng=self.rng)
        return self._scaled(self.form.rows(written))

    def _batches(self) -> Iterator[Any]:
        rows = self._current()
        if self.source is None:
            rows = rows[self.torch.randperm(len(rows), device=self.device)]
        yield from rows.split(self.recipe.batch)

    def run(self) -> float:
        """Train; return minus the evidence lower bound, averaged over the last epoch.

        Raises
        ------
        Degenerate
            If the loss is no number any more.
        """
        recipe, torch, mean = self.recipe, self.torch, float("nan")
        optimizer = torch.optim.Adam(
            self.network.parameters(),
            recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        for epoch in range(recipe.epochs):
            total = torch.zeros((), device=self.device)
            for part in self._batches():
                loss = self._loss(part)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.detach()
            mean = float(total) / len(self.rows)
            check_loss(mean, epoch, recipe.epochs)
        return mean

    def _pass(self, part: Any) -> tuple[Any, Any, Any, Any]:
        """Mean and log deviation of the encodings, a draw of them, and what it is decoded to."""
        torch = self.torch
        shift, log_deviation = self.network["encoder"](part).chunk(2, dim=1)
        drawn = torch.addcmul(shift, torch.exp(log_deviation), torch.randn_like(shift))
        return shift, log_deviation, drawn, self.network["decoder"](drawn)

    def _loss(self, part: Any) -> Any:
        """Minus the evidence lower bound of a batch."""
        torch, functional = self.torch, self.torch.nn.functional
        shift, log_deviation, _, decoded = self._pass(part)
        if self.recipe.likelihood == "bernoulli":
            misfit = functional.binary_cross_entropy_with_logits(decoded, part, reduction="sum")
        else:
            square = functional.mse_loss(decoded, part) + SMALLEST_RESIDUAL
            # At the best variance the squares over it add up to a constant.
            misfit = 0.5 * part.numel() * (torch.log(2 * math.pi * square) + 1)
        spread = torch.exp(2 * log_deviation).sum() - 2 * log_deviation.sum()
        return misfit + 0.5 * (shift.square().sum() + spread - shift.numel())

    def measure(self) -> Measured:
        """What the trained network leaves of its records, and how it encodes them."""
        torch = self.torch
        zeros = torch.zeros(self.rows.shape[1], dtype=torch.float64, device=self.device)
        total, squares, drawn = zeros, zeros.clone(), []
        with torch.inference_mode():
            rows = self._current()
            for part in rows.split(AT_ONCE):
                *_, encoding, decoded = self._pass(part)
                drawn.append(encoding.cpu().numpy())
                left = (part - decoded).double()
                total, squares = total + left.sum(dim=0), squares + left.square().sum(dim=0)
        mean, square = ((part / len(rows)).cpu().numpy() for part in (total, squares))
        spread = np.sqrt(np.maximum(square - mean**2, 0))
        return Measured(mean, spread, np.concatenate(drawn).astype(np.float64))
