"""A chain of autoencoders on the digits, beside the plain PyTorch loop."""

from __future__ import annotations

import numpy as np
import torch._dynamo  # noqa: F401  (PyTorch's optimizers import it at first use, for seconds)

import modelcollapse as mc
from benchmarks.suite import Check, Job, times_faster
from modelcollapse.learners.vae import VAE


class Loss:
    """Loss of training."""

    name = "loss"

    def __call__(self, generation: mc.Generation) -> float:
        return float(generation.model.loss)


def chains(
    n: int, latent: int, width: int, epochs: int, batch: int, generations: int, seeds: int,
    seed: int,
) -> np.ndarray:  # fmt: skip
    """Loss of training and total variance of what is written, last generation: (seeds, 2)."""
    learner = VAE(
        latent, "bernoulli", "mean", "standard", width=width, epochs=epochs, batch=batch,
        weight_decay=1e-5, device="cpu",
    )  # fmt: skip
    lineage = mc.Lineage(mc.Digits(), learner, mc.Replace(n), size=n)
    history = lineage.run(
        generations, replicates=seeds, seed=seed, probes=[Loss(), "variance"], every=generations
    )
    return np.column_stack([history["loss"][:, -1], history["variance"][:, -1]])


def jobs(quick: bool) -> list[Job]:
    from benchmarks.baselines import vae_torch

    epochs, generations, seeds = (20, 1, 2) if quick else (100, 3, 2)
    return [
        Job(
            "vae",
            f"VAE replace, 1400 digits, 64-256-20, {generations} generations, {seeds} seeds",
            {
                "n": 1400, "latent": 20, "width": 256, "epochs": epochs, "batch": 128,
                "generations": generations, "seeds": seeds,
            },
            chains,
            (Check(times_faster, "x faster", at_least=1),),
            "forward and backward passes of PyTorch, a hundred small kernels a step; the steps of "
            "Adam are one kernel each, where the plain loop has one for each operation and weight",
            vae_torch.run,
            ("loss of training", "total variance"),
        )
    ]  # fmt: skip
