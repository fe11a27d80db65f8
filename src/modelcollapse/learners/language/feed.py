"""A model fed token by token: keys and values of what it has read are kept."""

from __future__ import annotations

import inspect
from typing import Any

from modelcollapse.learners.language.session import library, mixed_precision


class Feed:
    """What a model says about the next token of several sequences.

    Once the context is full, the later half of it is read anew, from position 0: a model never
    stands at a position that it was not trained on.

    Parameters
    ----------
    module : object
        Model of `transformers`.
    context : int
        Most tokens it looks back on, at least 1.
    precision : str
        As in `CausalLM`.
    """

    def __init__(self, module: Any, context: int, precision: str) -> None:
        self.module, self.context, self.precision = module, context, precision
        known = inspect.signature(module.forward).parameters
        self._positions = "position_ids" in known
        self._last_only = {"logits_to_keep": 1} if "logits_to_keep" in known else {}
        self._cache: Any = None
        self._read = 0  # tokens in the cache
        self._from = 0  # where in the sequences the cache begins
        self._filled_up = False

    def scores(self, sequences: Any, mask: Any) -> Any:
        """Logits of the next token, shape ``(rows, tokens)``.

        Parameters
        ----------
        sequences : tensor of int, shape (rows, length)
            What stands before, filled up in front; one token longer than at the last call.
        mask : tensor of bool, shape (rows, length)
            Which of it counts.

        Returns
        -------
        tensor of float32, shape (rows, tokens)
            Unnormalised log-probabilities.
        """
        total = sequences.shape[1]
        if self._cache is None or self._read == self.context:
            self._cache, self._read = None, 0
            self._from = 0 if total <= self.context else total - max(self.context // 2, 1)
            self._filled_up = not bool(mask[:, self._from :].all())
        seen = mask[:, self._from :]
        fresh = sequences[:, self._from + self._read :]
        keywords: dict[str, Any] = dict(self._last_only)
        if self._positions:
            positions = (seen.long().cumsum(dim=1) - 1).clamp(min=0)
            keywords["position_ids"] = positions[:, self._read :]
        if self._filled_up:
            keywords["attention_mask"] = seen.long()
        with mixed_precision(self.module, self.precision):
            said = self.module(
                input_ids=fresh, past_key_values=self._cache, use_cache=True, **keywords
            )
        self._cache, self._read = said.past_key_values, seen.shape[1]
        return said.logits[:, -1].float()

    def reorder(self, rows: Any) -> None:
        """Go on with these rows, which may repeat or be fewer."""
        if self._cache is not None:
            self._cache.reorder_cache(rows)

    def repeat(self, times: int) -> None:
        """Go on with each row so many times, next to each other."""
        torch = library("torch")
        if self._cache is not None:
            rows = self._cache.layers[0].keys.shape[0]
            each = torch.arange(rows, device=self.module.device).repeat_interleave(times)
            self._cache.reorder_cache(each)
