"""The output layer of a language model, applied where a token is to be predicted and nowhere else.

A vocabulary has so many words that their logits cost more than the model below them, in memory
and often in time. They are formed in tiles that fit into a cache, and never kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from modelcollapse.learners.language.session import library, mixed_precision

Reading = Literal["log_prob", "entropy"]

_ROWS, _COLUMNS = 512, 1024
"""Positions and words of a tile on a CPU."""

_NUMBERS = 2**26
"""Logits held at once elsewhere, a quarter of a GiB in single precision."""

_BITS = 1 / math.log(2.0)
"""Bits in a nat: powers of 2 come nearly three times as fast as those of e on a CPU."""

_LOUD = 1000.0
"""Factor by which a change of logits, such as a soft cap, cannot be overheard."""


class Processed(Exception):
    """The model changes what its output layer says, so logits have to be read off the model."""


class Output:
    """What a model says at some positions of its input.

    Parameters
    ----------
    module : object
        Model of `transformers`.
    beyond : list of int
        Numbers that stand for no token: they have no part in the law.
    precision : str
        As in `CausalLM`.
    what : {"log_prob", "entropy"}
        Log-probability of the token itself, or entropy of the law, in nats.
    """

    def __init__(self, module: Any, beyond: list[int], precision: str, what: Reading) -> None:
        self.module, self.beyond, self.precision, self.what = module, beyond, precision, what
        self.words = int(module.get_input_embeddings().weight.shape[0])
        layer = module.get_output_embeddings()
        # Layers that are quantised, adapted or spread over devices compute in their own way.
        plain = type(layer) is library("torch").nn.Linear and not hasattr(layer, "_hf_hook")
        self.layer: Any = layer if plain else None
        self.checked = False

    @property
    def most(self) -> int | None:
        """Most positions to read at once; None where the logits of a batch are not kept."""
        return None if self.layer is not None else max(1, _NUMBERS // self.words)

    def read(self, ids: Any, row: Any, place: Any) -> Any:
        """Read a number off the law of some tokens.

        Parameters
        ----------
        ids : tensor of int, shape (rows, width)
            Tokens, filled up behind.
        row, place : tensor of int, shape (targets,)
            Where the tokens to predict stand, at places from 1.

        Returns
        -------
        tensor, shape (targets,)

        Raises
        ------
        Processed
            If the output layer does not have the last word. Read again, at most `most` at once.
        """
        targets = ids[row, place]
        with mixed_precision(self.module, self.precision):
            if self.layer is None:
                logits = self.module(input_ids=ids[:, :-1], use_cache=False).logits
                logits = logits[row.to(logits.device), place.to(logits.device) - 1]
                return self._reduced([(0, logits)], targets.to(logits.device))
            hidden = self._hidden(ids, row, place)
            rows, columns = _ROWS, _COLUMNS
            if hidden.device.type != "cpu":
                rows, columns = max(1, _NUMBERS // self.words), self.words
            return library("torch").cat(
                [
                    self._reduced(self._tiles(part, columns), wanted.to(hidden.device))
                    for part, wanted in zip(hidden.split(rows), targets.split(rows), strict=True)
                ]
            )

    def _hidden(self, ids: Any, row: Any, place: Any) -> Any:
        """What the output layer is given, at the positions before those of the targets."""
        torch = library("torch")
        seen: list[Any] = []

        def keep(_: Any, given: tuple[Any, ...]) -> tuple[Any, ...] | None:
            if not given or given[0].shape[:2] != ids[:, 1:].shape:
                return None
            hidden = given[0][row, place - 1]
            # The model goes on with next to nothing: the first time with two positions, one of
            # them loud enough to tell whether anything is done to logits behind this layer.
            few = hidden[:0] if self.checked else torch.stack([hidden[0], _LOUD * hidden[0]])
            seen.extend([hidden, few[None]])
            return (few[None],)

        hook = self.layer.register_forward_pre_hook(keep)
        try:
            said = self.module(input_ids=ids[:, :-1], use_cache=False).logits
        finally:
            hook.remove()
        if not self.checked:
            if not seen or not torch.equal(said.float(), self.layer(seen[1]).float()):
                self.layer = None
                raise Processed
            self.checked = True
        return seen[0]

    def _tiles(self, hidden: Any, columns: int) -> Iterator[tuple[int, Any]]:
        linear = library("torch").nn.functional.linear
        weight, bias = self.layer.weight, self.layer.bias
        for start in range(0, weight.shape[0], columns):
            part = slice(start, start + columns)
            yield start, linear(hidden, weight[part], None if bias is None else bias[part])

    def _reduced(self, tiles: Iterable[tuple[int, Any]], targets: Any) -> Any:
        """Number that is asked for, from the logits of all words tile by tile."""
        torch = library("torch")
        top = torch.full(targets.shape, float("-inf"), device=targets.device)
        total, mean, own = torch.zeros_like(top), torch.zeros_like(top), torch.zeros_like(top)
        for start, raw in tiles:
            logits = raw.float()
            width = logits.shape[1]
            hidden = [i - start for i in self.beyond if start <= i < start + width]
            if hidden:
                logits[:, hidden] = float("-inf")
            at = targets - start
            found = logits.gather(1, at.clamp(0, width - 1)[:, None])[:, 0]
            own = torch.where((at >= 0) & (at < width), found, own)
            before, top = top, torch.maximum(top, logits.amax(dim=1))
            shrink = (before - top).exp_()
            logits.sub_(top[:, None])
            weights = logits * _BITS if self.what == "entropy" else logits.mul_(_BITS)
            weights.exp2_()
            here = weights.sum(dim=1)
            total = total * shrink + here
            if self.what == "entropy":
                mean = mean * shrink + weights.mul_(logits).nansum(dim=1) + top * here
        law = top + total.log()
        return law - mean / total if self.what == "entropy" else own - law
