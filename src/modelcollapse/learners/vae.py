"""Variational autoencoders, whose samples include the observation noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError, suggestion
from modelcollapse.learners.image_form import ImageForm, Rows, check_image_shape, with_shape_of
from modelcollapse.learners.torch_support import arrays, check_settings, fill, resolve, seeded
from modelcollapse.learners.vae_model import FEATURE, Floats, VAEModel
from modelcollapse.learners.vae_network import Training, build
from modelcollapse.protocols import Model

Likelihood = Literal["gaussian", "bernoulli"]
Decode = Literal["sample", "mean"]
Prior = Literal["fitted", "standard"]
Architecture = Literal["dense", "convolutional"]
Start = Literal["cold", "warm"]


@dataclass(frozen=True)
class VAE:
    """Learner: a variational autoencoder, in PyTorch.

    Parameters
    ----------
    latent : int, default 20
        Latent dimensions.
    likelihood : {"gaussian", "bernoulli"}, default "gaussian"
        ``"gaussian"``: noise of its own on each value, estimated. ``"bernoulli"``: values are 0
        or 1; grey values between are accepted with ``decode="mean"`` only, as shares.
    decode : {"sample", "mean"}, default "sample"
        Whether a record is drawn from the likelihood, or is its mean. A mean is no sample: the
        total variance shrinks by construction. For published experiments, most of which do so.
    prior : {"fitted", "standard"}, default "fitted"
        Encodings that records are written from: normal with the mean and the covariance of the
        training data's encodings, or the standard normal that the training pulls them towards.
    architecture : {"dense", "convolutional"}, default "dense"
        One hidden layer on either side; or two convolutions of stride two, for pictures whose
        height and width are multiples of four.
    width : int, default 256
        Units of a hidden layer; channels of the first convolution, the second has twice as many.
    epochs : int, default 200
        Passes over the training data.
    batch : int, default 128
        Records in a step.
    learning_rate : float, default 1e-3
        Of Adam.
    weight_decay : float, default 0.0
        Of Adam.
    start : {"cold", "warm"}, default "cold"
        New weights in each generation, or those of the parent.
    fresh_batches : bool, default False
        From generation 1 on, train on records that the parent writes anew for each step, instead
        of on the corpus, whose number of records then only says how long an epoch is: the limit
        of endless records under `Replace`. It makes no sense with policies that keep real ones.
    image_shape : sequence of int, optional
        Height and width, and channels if there is more than one, where records are flat rows.
        In a lineage, that of the truth when not given.
    device : str, default "auto"
        Where it computes: a GPU where there is one, ``"cpu"``, ``"cuda"``, ...
    threads : int, default 1
        Threads on the CPU.

    Raises
    ------
    InputError
        If a setting is out of its range.

    Notes
    -----
    Minimises minus the evidence lower bound, in nats a record. A Gaussian likelihood has one
    variance while it is trained, at its best value for each batch (Rybkin et al.); then the mean
    and the variance of each value's residuals are set to those found. With a standard prior the
    records written have less variance than those read, since the training data's encodings lie
    further out than the prior says; a fitted one, its maximum-likelihood estimate given the
    encoder, mends that to within a few per cent.

    References
    ----------
    Kingma and Welling (2014), Auto-encoding variational Bayes. Rybkin, Daniilidis and Levine
    (2021), Simple and effective VAE training with calibrated decoders. Ghosh et al. (2020), From
    variational to deterministic autoencoders (the prior that is fitted afterwards).

    Examples
    --------
    >>> VAE(latent=8, epochs=50).decode
    'sample'
    """

    latent: int = 20
    likelihood: Likelihood = "gaussian"
    decode: Decode = "sample"
    prior: Prior = "fitted"
    architecture: Architecture = "dense"
    width: int = 256
    epochs: int = 200
    batch: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    start: Start = "cold"
    fresh_batches: bool = False
    image_shape: Sequence[int] | None = None
    device: str = "auto"
    threads: int = 1

    def __post_init__(self) -> None:
        counts = ("latent", "width", "epochs", "batch", "threads")
        check_settings(self, counts, ("learning_rate",))
        for name, known in (
            ("likelihood", Likelihood),
            ("decode", Decode),
            ("prior", Prior),
            ("architecture", Architecture),
            ("start", Start),
        ):
            value = getattr(self, name)
            if value not in get_args(known):
                raise InputError(
                    f"VAE got {name} = {value!r}. {suggestion(value, get_args(known))}"
                )
        if not 0 <= self.weight_decay < float("inf"):
            raise InputError(f"VAE got weight_decay = {self.weight_decay!r}. Give 0 or more.")
        check_image_shape(self.image_shape)

    def for_truth(self, truth: Any) -> VAE:
        """Return the same recipe, for pictures of the shape that the truth says they have."""
        return with_shape_of(self, truth)

    def fit(self, data: Any, *, rng: Generator, parent: Model[Any] | None = None) -> VAEModel:
        """Train a network.

        Parameters
        ----------
        data : ndarray, shape (n, ...)
            Pictures, or rows of numbers.
        rng : numpy.random.Generator
            Source of all randomness.
        parent : Model, optional
            Where a warm start, or fresh batches, come from.

        Raises
        ------
        Degenerate
            If all records are the same, or the loss is no number any more.
        InputError
            If the data do not suit the likelihood or the architecture.
        Missing
            If PyTorch is not installed.
        """
        picture = self.architecture == "convolutional"
        form = ImageForm.of(data, self.image_shape, "VAE", picture=picture)
        self._check(data, form)
        rows = form.rows(data)
        elder = parent if self.start == "warm" and isinstance(parent, VAEModel) else None
        units = self._units(rows) if elder is None else elder.units
        with seeded(rng, self.threads, FEATURE) as torch:
            network = build(torch, self, form)
            if elder is not None:
                elder.form.check_same(form)
                fill(torch, network, elder.weights)
            network.to(resolve(self.device))
            source = parent if self.fresh_batches else None
            training = Training(torch, network, self, form, rows, units, source, rng)
            loss = training.run()
            measured = training.measure()
            weights = arrays(network)
        gaussian = self.likelihood == "gaussian"
        constant = (rows == rows[0]).all(axis=0) & gaussian
        none = np.zeros(form.values)
        return VAEModel(
            recipe=self,
            form=form,
            weights=weights,
            units=units,
            prior=self._prior(measured.encodings),
            offset=measured.mean * units[1] if gaussian else none,
            noise=np.where(constant, 0.0, measured.spread * units[1]) if gaussian else none,
            fixed=np.where(constant, rows[0], np.float32(np.nan)),
            loss=loss,
        )

    def _check(self, data: NDArray[Any], form: ImageForm) -> None:
        """Raise InputError if the data do not suit the settings."""
        if self.architecture == "convolutional" and any(side % 4 for side in form.image[1:]):
            raise InputError(
                f"pictures of {form.image[1]} x {form.image[2]} cannot be halved twice. Pad or cut "
                "them to multiples of four, or use architecture='dense'."
            )
        if self.likelihood == "gaussian":
            return
        if data.min() < 0 or data.max() > 1:
            raise InputError(
                f"a Bernoulli likelihood is about values from 0 to 1, and these reach from "
                f"{data.min():g} to {data.max():g}. Scale them, or use likelihood='gaussian'."
            )
        if self.decode == "sample" and not np.isin(data, (0, 1)).all():
            raise InputError(
                "a Bernoulli likelihood writes values of 0 and 1 only, and these have others "
                "between. Use likelihood='gaussian', round the data, or use decode='mean'."
            )

    def _units(self, rows: Rows) -> tuple[Rows, float]:
        """Origin and unit in which the network counts."""
        if self.likelihood == "bernoulli":
            return np.zeros(rows.shape[1], dtype=np.float32), 1.0
        centre = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        return centre, float(np.sqrt(rows.var(axis=0, dtype=np.float64).mean()))

    def _prior(self, encodings: Floats) -> tuple[Floats, Floats]:
        """Mean and a root of the covariance of the encodings to write from."""
        if self.prior == "standard":
            return np.zeros(self.latent), np.eye(self.latent)
        mean = encodings.mean(axis=0)
        _, singular, axes = np.linalg.svd(encodings - mean, full_matrices=False)
        return mean, axes.T * (singular / np.sqrt(len(encodings)))
