"""How the next token is chosen from what a model says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelcollapse.errors import InputError
from modelcollapse.families.decoding import Decoding
from modelcollapse.learners.language.session import library


@dataclass(frozen=True)
class Choice:
    """Changes to a model's law before a token is chosen, in the order of the fields.

    Parameters
    ----------
    repetition_penalty : float, default 1.0
        Above 0. The score of every token that the context holds is divided by it where it is
        positive and multiplied where it is negative.
    no_repeat : int, default 0
        Length of token sequences that may not occur twice in a context, as long as anything else
        can be written; 0 allows all.
    decoding : Decoding
        Temperature, top-k and top-p.

    Raises
    ------
    InputError
        If a value is outside its range.

    References
    ----------
    Keskar et al. (2019), "CTRL: a conditional transformer language model for controllable
    generation", section 4.1 (repetition penalty); Paulus, Xiong and Socher (2018), "A deep
    reinforced model for abstractive summarization", section 2.5 (no repeated n-gram).
    """

    repetition_penalty: float = 1.0
    no_repeat: int = 0
    decoding: Decoding = Decoding()  # noqa: RUF009  # frozen

    def __post_init__(self) -> None:
        if not 0 < self.repetition_penalty < float("inf"):
            raise InputError(
                f"repetition_penalty must be above 0, where 1 changes nothing, got "
                f"{self.repetition_penalty}."
            )
        if self.no_repeat < 0:
            raise InputError(
                f"no_repeat is the length of sequences that may not occur twice, got "
                f"{self.no_repeat}. Use 0 to allow all."
            )

    def restrain(self, scores: Any, context: Any, mask: Any) -> Any:
        """Scores of the next token, shape ``(rows, tokens)``, less what the context forbids.

        Parameters
        ----------
        scores : tensor, shape (rows, tokens)
            Logits, or log-probabilities in a beam search; minus infinity for what is never
            written.
        context : tensor of int, shape (rows, length)
            What stands before it, filled up in front.
        mask : tensor of bool, shape (rows, length)
            Which of the context counts.

        Returns
        -------
        tensor, shape (rows, tokens)
            New scores; the old ones where nothing is asked for.
        """
        if self.repetition_penalty != 1:
            seen = context.where(mask, context[:, -1:])
            score = scores.gather(1, seen)
            penalty = self.repetition_penalty
            score = (score / penalty).where(score > 0, score * penalty)
            scores = scores.scatter(1, seen, score)
        if self.no_repeat and context.shape[1] >= self.no_repeat:
            scores = scores.masked_fill(self._repeating(scores, context, mask), float("-inf"))
        return scores

    def _repeating(self, scores: Any, context: Any, mask: Any) -> Any:
        """Tokens that would complete a sequence which the context holds already."""
        torch, n = library("torch"), self.no_repeat
        grams = context.unfold(1, n, 1)
        last = context[:, context.shape[1] - n + 1 :]
        same = (grams[:, :, :-1] == last[:, None]).all(dim=2) & mask[:, : grams.shape[1]]
        banned = torch.zeros_like(scores, dtype=torch.int8)
        banned.scatter_reduce_(1, grams[:, :, -1], same.to(torch.int8), "amax")
        repeating = banned > 0
        # A token must come, even where all that can be written have been used.
        others = ~repeating & (scores > float("-inf"))
        return repeating & others.any(dim=1, keepdim=True)

    def draw(self, scores: Any, uniform: Any) -> Any:
        """Tokens by inverting the distribution function at uniform numbers, shape ``(rows,)``."""
        torch, decoding = library("torch"), self.decoding
        scores = scores.double() / decoding.temperature
        if decoding.top_k is not None and decoding.top_k < scores.shape[1]:
            most, tokens = scores.topk(decoding.top_k, dim=1)
            scores = torch.full_like(scores, float("-inf")).scatter(1, tokens, most)
        if decoding.top_p is not None and decoding.top_p < 1:
            ranked, order = scores.sort(dim=1, descending=True, stable=True)
            probability = ranked.softmax(dim=1)
            before = probability.cumsum(dim=1) - probability
            before[:, 0] = 0  # the most probable one stays
            ranked = ranked.masked_fill(before >= decoding.top_p - 1e-8, float("-inf"))
            scores = scores.scatter(1, order, ranked)
        running = scores.softmax(dim=1).cumsum(dim=1)
        # Below the last sum, so that rounding never draws what has no probability.
        end = running[:, -1:]
        point = (uniform[:, None] * end).minimum(end.nextafter(torch.zeros_like(end)))
        return torch.searchsorted(running, point, right=True)[:, 0]
