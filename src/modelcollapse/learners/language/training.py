"""Training: AdamW over shuffled windows, which goes on where it was stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Diverged
from modelcollapse.learners.language.loading import fill, tensors
from modelcollapse.learners.language.session import Rows, library, mixed_precision
from modelcollapse.learners.language.windows import Windows

CHECKPOINT_SECONDS = 60.0
"""Least time between two checkpoints of a training. It has no influence on results."""

LOOK = 16
"""Steps between two looks at whether the loss is still a number: each waits for the GPU."""

LARGEST_NORM = 1.0
"""Length to which longer gradients are cut, as the `Trainer` of transformers does."""


@dataclass(frozen=True)
class Plan:
    """How to train; see `CausalLM` for what the entries mean."""

    epochs: int
    batch: int
    learning_rate: float
    warmup: float
    weight_decay: float
    patience: int
    precision: str


@dataclass
class Progress:
    """How far a training has come."""

    step: int = 0
    best_loss: float = float("inf")
    best: dict[str, Any] = field(default_factory=dict)
    waited: int = 0


class Training:
    """One training of one model.

    Parameters
    ----------
    module : object
        Model of `transformers`; trained in place.
    windows : Windows
        What to train on, each with a token to predict.
    validation : Windows or None
        What decides when to stop.
    plan : Plan
        How.
    seed : int
        All randomness is addressed by it, the epoch and the step, so that a training that was
        stopped needs no state of a generator to go on.
    load, save : callable
        Read the last checkpoint, None where there is none, and write one.
    """

    def __init__(
        self,
        module: Any,
        windows: Windows,
        validation: Windows | None,
        plan: Plan,
        seed: int,
        load: Callable[[], Any],
        save: Callable[[Any], None],
    ) -> None:
        self.module, self.windows, self.validation = module, windows, validation
        self.plan, self.seed, self.save = plan, seed, save
        self.torch = library("torch")
        self.rows = Rows(plan.batch, "training on")
        self.each = -(-len(windows) // plan.batch)
        self.total = self.each * plan.epochs
        self.progress = Progress()
        self.optimizer = self._optimizer()
        saved = load()
        if saved is not None:
            weights, state, self.progress = saved
            fill(module, weights)
            self.optimizer.load_state_dict(state)

    def _optimizer(self) -> Any:
        # Biases and the scales of normalisation layers are vectors: pulling them to 0 is harmful.
        free = [p for p in self.module.parameters() if p.requires_grad and p.ndim < 2]
        pulled = [p for p in self.module.parameters() if p.requires_grad and p.ndim >= 2]
        groups = [
            {"params": pulled, "weight_decay": self.plan.weight_decay},
            {"params": free, "weight_decay": 0.0},
        ]
        return self.torch.optim.AdamW(groups, lr=self.plan.learning_rate, fused=True)

    def run(self) -> None:
        """Train to the end; the model keeps its best weights, if there is a validation set.

        Raises
        ------
        Diverged
            If the loss is no number any more.
        """
        saved_at = time.monotonic()
        for epoch in range(self.progress.step // self.each, self.plan.epochs):
            if self.progress.waited >= self.plan.patience:
                break
            bad = self.torch.zeros((), device=self.module.device)
            for batch in self._batches(epoch):
                loss = self._step(batch)
                bad += ~self.torch.isfinite(loss)
                self.progress.step += 1
                step = self.progress.step
                if (step % LOOK == 0 or step % self.each == 0) and bool(bad):
                    raise Diverged(
                        f"the loss was infinite or NaN by step {step} of {self.total}, so the "
                        f"weights are lost; lower learning_rate ({self.plan.learning_rate:g}) or "
                        "raise warmup"
                    )
                ended = step % self.each == 0
                if ended and self.validation is not None:
                    self._compare(self.validation)
                if time.monotonic() - saved_at >= CHECKPOINT_SECONDS and step < self.total:
                    self._checkpoint()
                    saved_at = time.monotonic()
        if self.progress.best:
            fill(self.module, self.progress.best)
        self.module.eval()

    def _batches(self, epoch: int) -> Iterator[NDArray[np.intp]]:
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.windows))
        done = self.progress.step - epoch * self.each
        for first in range(done * self.plan.batch, len(order), self.plan.batch):
            yield order[first : first + self.plan.batch]

    def _rate(self) -> float:
        """Learning rate of this step: up in a line, then down in a line."""
        step = self.progress.step
        rising = self.plan.warmup * self.total
        if step < rising:
            return self.plan.learning_rate * (step + 1) / (rising + 1)
        return self.plan.learning_rate * (self.total - step) / max(self.total - rising, 1)

    def _step(self, batch: NDArray[np.intp]) -> Any:
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        self.module.train()
        # Dropout reads the global generator, which belongs to this fit.
        address = np.random.SeedSequence([self.seed, 1, self.progress.step])
        seed = int(address.generate_state(1, np.uint64)[0])
        windows = self.windows.take(batch)
        while True:
            self.torch.manual_seed(seed)
            self.optimizer.zero_grad()
            loss = self.torch.zeros((), device=self.module.device)
            try:
                for first in range(0, len(windows), self.rows.most):
                    part = windows.take(np.arange(first, min(first + self.rows.most, len(windows))))
                    share = self._surprise(part) / windows.targets
                    share.backward()
                    loss += share.detach()
                break
            except self.torch.OutOfMemoryError as error:
                share = None  # holds the graph, and with it the memory
                self.rows.halve(error)
        self.torch.nn.utils.clip_grad_norm_(self.module.parameters(), LARGEST_NORM)
        self.optimizer.step()
        return loss

    def _surprise(self, windows: Windows) -> Any:
        """Negative log-likelihood of all targets, in nats."""
        width = int(windows.lengths.max())
        ids = self.torch.from_numpy(windows.ids[:, :width]).to(self.module.device)
        inside = np.arange(1, width) < windows.lengths[:, None]
        target = ids[:, 1:]
        if not inside.all():
            outside = self.torch.from_numpy(~inside).to(self.module.device)
            target = target.masked_fill(outside, -100)
        with mixed_precision(self.module, self.plan.precision):
            # What is filled up stands behind, where no token that counts can see it.
            logits = self.module(input_ids=ids[:, :-1], use_cache=False).logits
        return self.torch.nn.functional.cross_entropy(
            logits.float().flatten(0, 1), target.flatten(), reduction="sum"
        )

    def _compare(self, validation: Windows) -> None:
        """Note the validation loss at the end of an epoch, and the weights if it is the least."""
        self.module.eval()
        with self.torch.inference_mode():
            loss = 0.0
            for first in range(0, len(validation), self.rows.most):
                last = min(first + self.rows.most, len(validation))
                loss += float(self._surprise(validation.take(np.arange(first, last))))
        loss /= validation.targets
        progress = self.progress
        if loss < progress.best_loss:
            progress.best_loss, progress.best, progress.waited = loss, tensors(self.module), 0
        else:
            progress.waited += 1

    def _checkpoint(self) -> None:
        state = _on_cpu(self.optimizer.state_dict())
        self.save((tensors(self.module), state, self.progress))


def _on_cpu(state: Any) -> Any:
    """State of an optimizer with its tensors copied to the CPU."""
    if isinstance(state, dict):
        return {key: _on_cpu(value) for key, value in state.items()}
    if isinstance(state, list):
        return [_on_cpu(value) for value in state]
    return state.detach().cpu().clone() if hasattr(state, "detach") else state
