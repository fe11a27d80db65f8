"""Writing: many sequences side by side, by sampling or by beam search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.learners.language.choice import Choice
from modelcollapse.learners.language.feed import Feed
from modelcollapse.learners.language.session import Rows, library
from modelcollapse.learners.language.windows import Ints, Windows


@dataclass(frozen=True)
class Writer:
    """How a model goes on from prompts.

    Parameters
    ----------
    module : object
        Model of `transformers`.
    choice : Choice
        How tokens are chosen.
    beams : int or None
        Beams of a search for the most probable continuation; None to sample.
    end : int or None
        The token that ends a document; None where all are written to their full length.
    unwritten : list of int
        Tokens that are never written.
    context : int
        Most tokens the model looks back on.
    precision : str
        As in `CausalLM`.
    """

    module: Any
    choice: Choice
    beams: int | None
    end: int | None
    unwritten: list[int]
    context: int
    precision: str

    def write(
        self, prompts: Windows, wanted: Ints, uniform: NDArray[np.float64], rows: Rows
    ) -> list[Ints]:
        """Continue prompts that `side_by_side` put together.

        Parameters
        ----------
        prompts : Windows
            What to continue, each at least one token.
        wanted : ndarray of int, shape (m,)
            Tokens to write, at most.
        uniform : ndarray, shape (m, longest wanted)
            Numbers between 0 and 1 that decide; not used by a beam search.
        rows : Rows
            How many to write side by side.

        Returns
        -------
        list of ndarray
            Tokens written for each prompt, without the end.
        """
        torch = library("torch")
        found: list[Ints] = []
        with torch.inference_mode():
            while len(found) < len(prompts):
                part = slice(len(found), len(found) + rows.most)
                chosen = np.arange(len(prompts))[part]
                try:
                    found += self._some(prompts.take(chosen), wanted[part], uniform[part])
                except torch.OutOfMemoryError as error:
                    rows.halve(error)
        return found

    def _some(self, prompts: Windows, wanted: Ints, uniform: NDArray[np.float64]) -> list[Ints]:
        torch, device = library("torch"), self.module.device
        width = int(prompts.lengths.max())
        gap = width - prompts.lengths[:, None]
        at = np.arange(width) - gap
        ids = np.take_along_axis(prompts.ids, np.maximum(at, 0), axis=1)
        sequences = torch.from_numpy(np.where(at >= 0, ids, 0)).to(device)
        mask = torch.from_numpy(at >= 0).to(device)
        unwritten = torch.tensor(self.unwritten, dtype=torch.long, device=device)
        if self.beams is None:
            points = torch.from_numpy(uniform).to(device)
            written = self._sample(sequences, mask, unwritten, wanted, points)
        else:
            written = self._search(sequences, mask, unwritten, wanted, self.beams)
        rows = written.cpu().numpy()
        return [self._up_to_end(row[:count]) for row, count in zip(rows, wanted, strict=True)]

    def _up_to_end(self, row: Ints) -> Ints:
        if self.end is None:
            return row
        ends = np.flatnonzero(row == self.end)
        return row[: ends[0]] if ends.size else row

    def _sample(self, sequences: Any, mask: Any, unwritten: Any, wanted: Ints, uniform: Any) -> Any:
        torch, device = library("torch"), sequences.device
        feed = Feed(self.module, self.context, self.precision)
        longest = int(wanted.max())
        fill = 0 if self.end is None else self.end
        out = torch.full((len(wanted), longest), fill, device=device)
        writing = torch.arange(len(wanted), device=device)
        going = np.ones(len(wanted), dtype=bool)
        for step in range(longest):
            scores = feed.scores(sequences, mask).index_fill_(1, unwritten, float("-inf"))
            scores = self.choice.restrain(scores, sequences, mask)
            token = self.choice.draw(scores, uniform[writing, step])
            out[writing, step] = token
            sequences, mask = _longer(sequences, mask, token)
            going &= wanted > step + 1
            if self.end is not None:  # only then must the processor wait for what a GPU found
                going &= (token != self.end).cpu().numpy()
            if not going.any():
                break
            if going.sum() <= len(going) // 2:  # fewer is not worth moving the cache
                kept = torch.from_numpy(np.flatnonzero(going)).to(device)
                feed.reorder(kept)
                writing, sequences, mask = writing[kept], sequences[kept], mask[kept]
                wanted, going = wanted[going], going[going]
        return out

    def _search(self, sequences: Any, mask: Any, unwritten: Any, wanted: Ints, beams: int) -> Any:
        """Beam search; a beam that has ended keeps its place while it is among the best."""
        torch, device = library("torch"), sequences.device
        feed = Feed(self.module, self.context, self.precision)
        steps = torch.from_numpy(wanted).to(device)
        rows, width = sequences.shape
        first = torch.arange(rows, device=device)[:, None] * beams
        best = torch.full((rows, beams), float("-inf"), dtype=torch.float32, device=device)
        best[:, 0] = 0
        ended = torch.zeros((rows, beams), dtype=torch.bool, device=device)
        lengths = torch.zeros((rows, beams), device=device)
        for step in range(int(wanted.max())):
            # As `generate` does: what is left of the law is not made to sum to 1 again.
            law = feed.scores(sequences, mask).log_softmax(dim=1)
            law.index_fill_(1, unwritten, float("-inf"))
            scores = self.choice.restrain(law, sequences, mask)
            if step == 0:
                feed.repeat(beams)
                each = torch.arange(rows, device=device).repeat_interleave(beams)
                scores, sequences, mask = scores[each], sequences[each], mask[each]
            over = ended | (steps[:, None] <= step)
            tokens = scores.shape[1]
            scores = scores.view(rows, beams, tokens).masked_fill(over[..., None], float("-inf"))
            stay = 0 if self.end is None else self.end
            scores[..., stay] = scores[..., stay].masked_fill(over, 0.0)
            ahead = (best[..., None] + scores).view(rows, -1)
            best, place = ahead.topk(beams, dim=1)
            parent, token = place // tokens, place % tokens
            lengths = lengths.gather(1, parent) + ~over.gather(1, parent)
            ended = over.gather(1, parent)
            if self.end is not None:
                ended |= token == self.end
            origin = (first + parent).flatten()
            feed.reorder(origin)
            sequences, mask = sequences[origin], mask[origin]
            sequences, mask = _longer(sequences, mask, token.flatten())
            if self.end is not None and bool((ended | (steps[:, None] <= step + 1)).all()):
                break
        winner = (best / lengths.clamp(min=1)).argmax(dim=1)
        return sequences[first[:, 0] + winner, width:]


def side_by_side(lengths: Ints, wanted: Ints, most: int, context: int) -> list[NDArray[np.intp]]:
    """Put prompts together that can be continued without any influence on each other.

    A model re-reads the later half of a full context for all rows at once. So prompts either have
    the same length, or are so short that the context is not filled before all are done.

    Parameters
    ----------
    lengths, wanted : ndarray of int, shape (m,)
        Tokens of each prompt, and to write after it.
    most : int
        Prompts that go together, at most.
    context : int
        Most tokens the model looks back on.

    Returns
    -------
    list of ndarray
        Positions of the prompts; those of like length go together, to fill up little.
    """
    found: list[list[int]] = []
    furthest = 0
    for i in np.lexsort((wanted, lengths)).tolist():
        shard = found[-1] if found else []
        furthest = max(furthest, int(wanted[i]))
        fits = lengths[i] + furthest - 1 <= context  # the last token is never read
        if shard and len(shard) < most and (fits or lengths[i] == lengths[shard[0]]):
            shard.append(i)
        else:
            found.append([i])
            furthest = int(wanted[i])
    return [np.array(shard, np.intp) for shard in found]


def _longer(sequences: Any, mask: Any, token: Any) -> tuple[Any, Any]:
    torch = library("torch")
    sequences = torch.cat([sequences, token[:, None]], dim=1)
    return sequences, torch.nn.functional.pad(mask, (0, 1), value=True)
