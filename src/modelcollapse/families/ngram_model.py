"""What an n-gram fit writes and scores by: one law for both.

So cross-entropy, perplexity and samples speak of one distribution.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse.errors import InputError
from modelcollapse.families.decoding import Decoding
from modelcollapse.families.ngram_counts import Counts, NGramCounts, Nodes
from modelcollapse.families.texts import Texts, check_shared, check_words

Floats = NDArray[np.float64]

# From the place in the guide table most draws are this close to their child; the rest search.
_STEPS = 2
# Guide tables with an entry for every token seen stay below this many entries for each n-gram.
_ENTRIES = 8


class NGramModel:
    """A fitted n-gram model; made by `NGram.fit`.

    Parameters
    ----------
    counts : NGramCounts
        What was fitted, at least one token.
    discount : float, default 0.0
        Taken from every count above single words, at least 0 and below 1; with 0 only the longest
        known context counts.
    continuation : bool, default False
        Whether n-grams below the order count by the different tokens in front of them.
    decoding : Decoding, optional
        Change of the law at each context; with discount 0 only.
    floor : float, default 0.0
        Share of the uniform law in scores.
    strings : bool, default False
        Whether it writes a list of strings rather than `Texts`.
    """

    def __init__(
        self,
        counts: NGramCounts,
        *,
        discount: float = 0.0,
        continuation: bool = False,
        decoding: Decoding | None = None,
        floor: float = 0.0,
        strings: bool = False,
    ) -> None:
        self.counts, self.floor, self.strings = counts, floor, strings
        first, last = counts.first[:-1], counts.first[1:]
        self._context = last > first
        weight = (_continuations(counts) if continuation else counts.count).astype(np.float64)
        total = np.cumsum(weight)
        self._mass = total[last - 1] - total[first - 1]  # of each node as a context
        weight[counts.levels[2] :] -= discount
        if decoding is not None and decoding.changes:
            weight[1:] = decoding.apply(weight[1:], first[self._context] - 1)
            self._mass = np.ones(weight.size)
        self._weight = weight
        self._running = np.cumsum(weight)
        low, high = self._running[first - 1], self._running[last - 1]
        # Two units in the last place less, so that rounding never carries a draw into the
        # children of the next context.
        below = np.nextafter(np.nextafter(high, -1), -1)
        self._low, self._width = low, np.maximum(below - low, 0)
        plain = discount == 0 and (decoding is None or not decoding.changes)
        self._counted = plain and self._running[-1] <= _ENTRIES * weight.size
        if self._counted:
            # One entry for every time a child was seen: nothing is left to search.
            self._parts, self._offset = self._mass.astype(np.intp), low.astype(np.intp)
            self._guide = np.repeat(np.arange(weight.size), weight.astype(np.intp))
        else:
            self._parts, self._offset = last - first, first - 1
            self._guide = self._guided()
        with np.errstate(invalid="ignore"):
            self._own = np.ones(weight.size) if discount == 0 else (high - low) / self._mass
        self._own[0] = 1.0
        self._interpolates = discount > 0
        self._next = self._contexts_after()

    def _guided(self) -> Nodes:
        """Where to begin the search among m children, for each m-th part of their weight."""
        parent = self.counts.parent[1:]
        part = np.arange(1, self._weight.size) - self.counts.first[parent]
        reached = self._low[parent] + part / self._parts[parent] * self._width[parent]
        # The same expressions as in a draw, with a part at most as large: never begins too far.
        guide = np.searchsorted(self._running, reached, side="right")
        return np.asarray(np.minimum(guide, self.counts.first[parent + 1] - 1), dtype=np.intp)

    def _contexts_after(self) -> Nodes:
        """Longest context that each node leaves for the next word."""
        counts = self.counts
        after = np.zeros(counts.count.size, np.intp)
        for length in range(1, counts.order + 1):
            span = slice(counts.levels[length], counts.levels[length + 1])
            shorter = after[counts.suffix[span]]
            if length == counts.order:
                after[span] = shorter
            else:
                after[span] = np.where(
                    self._context[span], np.arange(span.start, span.stop), shorter
                )
        return after

    @property
    def _begin(self) -> int:
        return int(self._next[1 + self.counts.start]) if self.counts.block is None else 0

    @property
    def unigram(self) -> Counts:
        """How often each word of the vocabulary was seen, shape ``(vocabulary,)``."""
        return self.counts.unigram

    @property
    def support(self) -> int:
        """How many words of the vocabulary are alive: seen at least once."""
        return int(np.count_nonzero(self.counts.unigram))

    @cached_property
    def varies(self) -> bool:
        """Whether two records it writes can differ."""
        possible = np.concatenate([[0], np.cumsum(self._weight > 0)])
        node = self._begin
        for _ in range(self.counts.longest + (self.counts.block is None)):
            # A context that passes mass on reaches every word there is.
            source = 0 if self._own[node] < 1 else node
            first, last = self.counts.first[source : source + 2]
            if possible[last] - possible[first] > 1:
                return True
            child = int(first) + int(np.argmax(self._weight[first:last] > 0))
            if self.counts.block is None and self.counts.token[child] == self.counts.end:
                return False
            node = int(self._next[child])
        return False

    def sample(self, n: int, *, rng: Generator) -> Texts | list[str]:
        """Write documents, all of them side by side.

        Parameters
        ----------
        n : int
            How many, 0 or more.
        rng : numpy.random.Generator
            Source of all randomness.

        Returns
        -------
        Texts or list of str
            Records of the kind fitted, with the same vocabulary.

        Raises
        ------
        InputError
            If `n` is negative.
        """
        if n < 0:
            raise InputError(f"cannot write {n} documents. Ask for 0 or more.")
        state = np.full(n, self._begin, np.intp)
        return self._write(state, self.counts.longest, self.counts.block, rng)

    def continuations(
        self, prompts: Texts | list[str], length: int, *, rng: Generator
    ) -> Texts | list[str]:
        """Continue prompts of your own, such as the same ones in every generation.

        Parameters
        ----------
        prompts : Texts or list of str
            Of the kind fitted, but of any length; `Texts` with the same vocabulary.
        length : int
            Words to write after each, at least 1.
        rng : numpy.random.Generator
            Source of all randomness.

        Returns
        -------
        Texts or list of str
            What the model adds to each prompt; documents may end earlier.

        Raises
        ------
        InputError
            If `length` is below 1, or `prompts` are of another kind.
        Incompatible
            If they have another vocabulary.
        """
        if length < 1:
            raise InputError(f"a continuation holds at least 1 word, got length={length}.")
        texts = self._texts(prompts)
        check_words(self.counts, texts)
        state = np.full(len(texts), self._begin, np.intp)
        sizes = np.diff(texts.starts)
        for place in range(int(sizes.max(initial=0))):
            longer = np.flatnonzero(sizes > place)
            word = texts.ids[texts.starts[longer] + place]
            state[longer] = self._next[self._longest(state[longer], word)]
        return self._write(state, length, None, rng)

    def _write(
        self, state: Nodes, length: int, block: int | None, rng: Generator
    ) -> Texts | list[str]:
        """Write after each context, all side by side."""
        counts = self.counts
        n = state.size
        writing = np.arange(n)
        lengths = np.zeros(n, np.int64)
        written: list[tuple[Nodes, NDArray[np.int32]]] = []
        for _ in range(length):
            if not writing.size:
                break
            child, state = self._step(state, rng)
            word = counts.token[child]
            if counts.block is None:
                open_ = np.flatnonzero(word != counts.end)
                writing, state, word = writing[open_], state[open_], word[open_]
            lengths[writing] += 1
            written.append((writing, word))
        starts = np.concatenate([[0], np.cumsum(lengths)])
        ids = np.empty(starts[-1], np.int32)
        for place, (who, word) in enumerate(written):
            ids[starts[who] + place] = word
        texts = Texts(ids, starts, counts.vocabulary, block)
        return texts.to_strings() if self.strings else texts

    def _step(self, state: Nodes, rng: Generator) -> tuple[Nodes, Nodes]:
        """Draw a word after each context: the nodes drawn, and the contexts they leave."""
        uniform = rng.random(state.size)
        if not self._interpolates:
            child = self._among_children(state, uniform)
            return child, self._next[child]
        source = state.copy()
        fallen = np.flatnonzero(uniform >= self._own[source])
        while fallen.size:
            source[fallen] = self.counts.suffix[source[fallen]]
            uniform[fallen] = rng.random(fallen.size)
            fallen = fallen[uniform[fallen] >= self._own[source[fallen]]]
        # Given that the draw stays at this context, it is uniform below the share of its own.
        child = self._among_children(source, uniform / self._own[source])
        # The word came from a shorter context; the longest n-gram it completes may be longer.
        known = child.copy()
        behind = np.flatnonzero(source != state)
        known[behind] = self._longest(state[behind], self.counts.token[child[behind]])
        return child, self._next[known]

    def _longest(self, context: Nodes, token: NDArray[np.int32]) -> Nodes:
        """Node of the longest known n-gram that each token completes after its context."""
        context = context.copy()
        node = np.zeros(context.size, np.intp)
        behind = np.arange(context.size)
        while behind.size:
            node[behind] = self.counts.find(context[behind], token[behind])
            behind = behind[node[behind] == 0]
            context[behind] = self.counts.suffix[context[behind]]
        return node

    def _among_children(self, context: Nodes, uniform: Floats) -> Nodes:
        """Invert the distribution function, beginning where a guide table says."""
        part = (uniform * self._parts[context]).astype(np.intp)
        child: Nodes = self._guide[self._offset[context] + part]
        if self._counted:
            return child
        point = self._low[context] + uniform * self._width[context]
        short = np.flatnonzero(self._running[child] <= point)
        for _ in range(_STEPS):
            child[short] += 1
            short = short[self._running[child[short]] <= point[short]]
        child[short] = np.searchsorted(self._running, point[short], side="right")
        return child

    def log_prob(self, texts: Texts | list[str]) -> Floats:
        """Log-probability of every token given the tokens before it.

        Parameters
        ----------
        texts : Texts or list of str
            Records of the kind fitted; `Texts` with the same vocabulary.

        Returns
        -------
        ndarray, shape (tokens,) or (tokens + documents,)
            In nats, in order; the end of each document counts as a token, except for blocked
            texts. The negative mean is the cross-entropy, its exponential the perplexity.

        Raises
        ------
        InputError
            If `texts` are of another kind than the records fitted.
        Incompatible
            If they have another vocabulary, or are blocked where the model's are not.

        Notes
        -----
        The law is (1 - floor) p(w | h) + floor / W, with p as in `NGram` and W the size of the
        vocabulary, the end symbol included where there is one. A model of strings has the
        vocabulary of its own generation; to compare generations by held-out text, fit `Texts`,
        whose vocabulary stays.
        """
        counts, floor = self.counts, self.floor
        texts = self._texts(texts)
        check_shared(counts, texts)
        tokens, age, nodes = counts.locate(texts)
        events = np.flatnonzero(tokens != counts.start)
        probability = self._weight[nodes[1][events]] / self._mass[0]
        for length in range(1, counts.order):
            context = nodes[length][events - 1]
            known = np.flatnonzero((age[events] >= length) & (context > 0))
            known = known[self._context[context[known]]]
            context = context[known]
            own = self._weight[nodes[length + 1][events[known]]] / self._mass[context]
            probability[known] = own + (1 - self._own[context]) * probability[known]
        words = counts.alphabet - (1 if counts.block is None else 2)
        with np.errstate(divide="ignore"):
            scores: Floats = np.log((1 - floor) * probability + floor / words)
        return scores

    def _texts(self, texts: Texts | list[str]) -> Texts:
        """Records of the kind fitted, as numbered words."""
        if self.strings and isinstance(texts, list):
            return Texts.of(texts, vocabulary=self.counts.vocabulary)
        if not isinstance(texts, Texts):
            raise InputError(
                f"a model of {'strings' if self.strings else 'Texts'} cannot read "
                f"{type(texts).__name__}: words are compared by their number. Tokenise training "
                "and held-out documents with one Texts.of."
            )
        return texts


def _continuations(counts: NGramCounts) -> Counts:
    """Kneser-Ney's counts: below the order, in how many different ways an n-gram was reached."""
    ways = np.bincount(counts.suffix[counts.levels[2] :], minlength=counts.count.size)
    return np.where(ways > 0, ways, counts.count)
