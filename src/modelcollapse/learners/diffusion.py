"""Diffusion models of pictures: a small U-Net and a scheduler of the package `diffusers`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError, suggestion
from modelcollapse.learners.image_form import ImageForm, Rows, check_image_shape, with_shape_of
from modelcollapse.learners.torch_support import (
    AT_ONCE,
    Weights,
    arrays,
    check_loss,
    check_settings,
    fill,
    library,
    resolve,
    seeded,
)
from modelcollapse.protocols import Model

Scheduler = Literal["ddpm", "ddim"]
Start = Literal["cold", "warm"]

FEATURE = "a diffusion model"
GROUP = 8
"""Channels that are normalised together."""


@dataclass(frozen=True)
class Diffusion:
    """Learner: a denoising diffusion model with a small U-Net.

    Parameters
    ----------
    channels : int, default 32
        Channels of the U-Net's first stage, a multiple of 8; the second has twice as many.
    epochs : int, default 100
        Passes over the training data.
    batch : int, default 128
        Records in a step.
    learning_rate : float, default 1e-3
        Of Adam, at the start; it falls to 0 in a line.
    noise_steps : int, default 1000
        Levels of noise in training.
    sampling_steps : int, default 50
        Levels that a record is written in, at most `noise_steps`.
    scheduler : {"ddpm", "ddim"}, default "ddpm"
        ``"ddpm"`` adds new noise at each level; ``"ddim"`` reads noise at the start only.
    start : {"cold", "warm"}, default "cold"
        New weights in each generation, or those of the parent.
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
    The network predicts the noise, on the cosine schedule. Values are brought to -1..1 by the
    least and the largest of the data, between which the model writes.

    References
    ----------
    Ho, Jain and Abbeel (2020), Denoising diffusion probabilistic models. Song, Meng and Ermon
    (2021), Denoising diffusion implicit models. Nichol and Dhariwal (2021), Improved denoising
    diffusion probabilistic models (the schedule).

    Examples
    --------
    >>> Diffusion(channels=16, epochs=20).scheduler
    'ddpm'
    """

    channels: int = 32
    epochs: int = 100
    batch: int = 128
    learning_rate: float = 1e-3
    noise_steps: int = 1000
    sampling_steps: int = 50
    scheduler: Scheduler = "ddpm"
    start: Start = "cold"
    image_shape: Sequence[int] | None = None
    device: str = "auto"
    threads: int = 1

    def __post_init__(self) -> None:
        counts = ("channels", "epochs", "batch", "noise_steps", "sampling_steps", "threads")
        check_settings(self, counts, ("learning_rate",))
        for name, known in (("scheduler", Scheduler), ("start", Start)):
            value = getattr(self, name)
            if value not in get_args(known):
                raise InputError(
                    f"Diffusion got {name} = {value!r}. {suggestion(value, get_args(known))}"
                )
        if self.channels % GROUP:
            raise InputError(
                f"Diffusion got channels = {self.channels}, but they are normalised in groups of "
                f"{GROUP}. Use a multiple of {GROUP}."
            )
        if self.sampling_steps > self.noise_steps:
            raise InputError(
                f"Diffusion got sampling_steps = {self.sampling_steps}, more than the "
                f"{self.noise_steps} levels of noise there are. Use fewer."
            )
        check_image_shape(self.image_shape)

    def for_truth(self, truth: Any) -> Diffusion:
        """Return the same recipe, for pictures of the shape that the truth says they have."""
        return with_shape_of(self, truth)

    def fit(self, data: Any, *, rng: Generator, parent: Model[Any] | None = None) -> DiffusionModel:
        """Train a network.

        Parameters
        ----------
        data : ndarray, shape (n, ...)
            Pictures, of even height and width.
        rng : numpy.random.Generator
            Source of all randomness.
        parent : Model, optional
            Where a warm start comes from.

        Raises
        ------
        Degenerate
            If all records are the same, or the loss is no number any more.
        InputError
            If the records are no pictures of even height and width.
        Missing
            If PyTorch or diffusers is not installed.
        """
        form = ImageForm.of(data, self.image_shape, "Diffusion", picture=True)
        if form.image[1] % 2 or form.image[2] % 2:
            raise InputError(
                f"pictures of {form.image[1]} x {form.image[2]} cannot be halved. Pad or cut them "
                "to an even height and width."
            )
        rows = form.rows(data)
        elder = parent if self.start == "warm" and isinstance(parent, DiffusionModel) else None
        low, high = (float(rows.min()), float(rows.max())) if elder is None else elder.bounds
        scaled = (rows - np.float32(low)) * np.float32(2 / (high - low)) - np.float32(1)
        with seeded(rng, self.threads, FEATURE) as torch:
            network = self.network(form)
            if elder is not None:
                elder.form.check_same(form)
                fill(torch, network, elder.weights)
            network.to(resolve(self.device))
            loss = self._train(torch, network, torch.from_numpy(scaled).view(-1, *form.image))
            weights = arrays(network)
        return DiffusionModel(self, form, weights, (low, high), loss)

    def network(self, form: ImageForm) -> Any:
        """U-Net with new weights."""
        diffusers = library("diffusers", FEATURE, "diffusion")
        return diffusers.UNet2DModel(
            sample_size=form.image[1:],
            in_channels=form.image[0],
            out_channels=form.image[0],
            block_out_channels=(self.channels, 2 * self.channels),
            down_block_types=("DownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "UpBlock2D"),
            layers_per_block=1,
            norm_num_groups=GROUP,
            add_attention=False,
        )

    def noising(self) -> Any:
        """Levels of noise, and how a record is written down them."""
        diffusers = library("diffusers", FEATURE, "diffusion")
        kind = diffusers.DDPMScheduler if self.scheduler == "ddpm" else diffusers.DDIMScheduler
        return kind(
            num_train_timesteps=self.noise_steps,
            beta_schedule="squaredcos_cap_v2",
            clip_sample=True,
        )

    def _train(self, torch: Any, network: Any, pictures: Any) -> float:
        """Train in place; return the mean squared error of the last epoch."""
        noising, mean = self.noising(), float("nan")
        pictures = pictures.to(network.device)
        optimizer = torch.optim.Adam(network.parameters(), self.learning_rate, fused=True)
        steps = self.epochs * -(-len(pictures) // self.batch)
        decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
        network.train()
        for epoch in range(self.epochs):
            total = torch.zeros((), device=network.device)
            order = torch.randperm(len(pictures), device=network.device)
            for part in pictures[order].split(self.batch):
                noise = torch.randn_like(part)
                level = torch.randint(self.noise_steps, (len(part),), device=network.device)
                found = network(noising.add_noise(part, noise, level), level).sample
                loss = torch.nn.functional.mse_loss(found, noise)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                decay.step()
                total += loss.detach() * len(part)
            mean = float(total) / len(pictures)
            check_loss(mean, epoch, self.epochs)
        return mean


@dataclass(frozen=True, eq=False)
class DiffusionModel:
    """A trained diffusion model.

    Attributes
    ----------
    recipe : Diffusion
        How it was trained.
    form : ImageForm
        Form of the records it was fitted to.
    weights : mapping of str to ndarray
        Of the U-Net.
    bounds : tuple of float
        Least and largest value that it writes.
    loss : float
        Mean squared error of the predicted noise, averaged over the last epoch.
    """

    recipe: Diffusion
    form: ImageForm
    weights: Weights = field(repr=False)
    bounds: tuple[float, float]
    loss: float

    @cached_property
    def _network(self) -> Any:
        with seeded(np.random.default_rng(0), self.recipe.threads, FEATURE) as torch:
            network = fill(torch, self.recipe.network(self.form), self.weights)
            return network.to(resolve(self.recipe.device)).eval()

    def __getstate__(self) -> dict[str, Any]:
        return {name: part for name, part in self.__dict__.items() if name != "_network"}

    @property
    def varies(self) -> bool:
        """Whether two records can differ by more than rounding."""
        few = self._write(4, np.random.default_rng(0))
        return bool(np.ptp(few, axis=0).max() > 1e-6)

    def sample(self, n: int, *, rng: Generator) -> NDArray[Any]:
        """Write `n` records in the form of the data."""
        low, high = self.bounds
        return self.form.records((self._write(n, rng) + 1) / 2 * np.float32(high - low) + low)

    def _write(self, n: int, rng: Generator) -> Rows:
        """Rows between -1 and 1, written from noise level by level."""
        network, noising = self._network, self.recipe.noising()
        noising.set_timesteps(self.recipe.sampling_steps)
        rows = [np.empty((0, self.form.values), dtype=np.float32)]
        with seeded(None, self.recipe.threads, FEATURE) as torch, torch.inference_mode():
            # The noise of the scheduler is drawn on the CPU, and so is the same on every device.
            source = torch.Generator().manual_seed(int(rng.integers(2**63)))
            for first in range(0, n, AT_ONCE):
                shape = (min(AT_ONCE, n - first), *self.form.image)
                pictures = torch.randn(shape, generator=source).to(network.device)
                for level in noising.timesteps:
                    found = network(pictures, level).sample
                    step = noising.step(found, level, pictures, generator=source)
                    pictures = step.prev_sample
                rows.append(pictures.clamp(-1, 1).cpu().numpy().reshape(shape[0], -1))
        return np.concatenate(rows)
