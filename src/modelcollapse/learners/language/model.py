"""A trained language model: it writes texts like those it was fitted to, and scores any."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from modelcollapse import records
from modelcollapse.errors import InputError
from modelcollapse.families.texts import Texts
from modelcollapse.fingerprint import fingerprint
from modelcollapse.learners.language import scoring
from modelcollapse.learners.language.alphabet import Alphabet
from modelcollapse.learners.language.checkpoints import Kept
from modelcollapse.learners.language.loading import Network
from modelcollapse.learners.language.session import Rows, library, session
from modelcollapse.learners.language.windows import Ints, Windows, framed
from modelcollapse.learners.language.writing import Writer, side_by_side
from modelcollapse.metrics.language import perplexities

if TYPE_CHECKING:
    from modelcollapse.learners.causal_lm import CausalLM

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class LanguageModel:
    """A causal language model, fitted.

    Attributes
    ----------
    recipe : CausalLM
        What fitted it.
    network : Network
        The weights.
    alphabet : Alphabet
        Its tokens.
    strings : bool
        Whether records are strings.
    block : int or None
        Tokens in every record, for blocked texts.
    longest : int
        Most tokens in a document it writes from nothing.
    context : int
        Most tokens it looks back on while writing.
    prompts : Texts
        What it continues; empty where it writes from nothing.
    validation : Windows or None
        Original text that decides when a training stops.
    key : str
        Digest of all that went into the fit.
    """

    recipe: CausalLM
    network: Network
    alphabet: Alphabet
    strings: bool
    block: int | None
    longest: int
    context: int
    prompts: Texts
    validation: Windows | None
    key: str

    def __repr__(self) -> str:
        count = sum(p.numel() for p in self.network.module.parameters())
        return f"LanguageModel({count} parameters, vocabulary {len(self.alphabet.vocabulary)})"

    @cached_property
    def varies(self) -> bool:
        """Whether two records it writes can differ."""
        if self.recipe.samples:
            return True
        return self.recipe.protocol == "continue" and len(set(self.prompts.to_strings())) > 1

    @property
    def continues(self) -> bool:
        """Whether records are continuations of prompts, and not written from nothing."""
        return self.recipe.protocol == "continue"

    def sample(self, n: int, *, rng: Generator) -> Texts | list[str]:
        """Write records like those it was fitted to.

        With ``protocol="continue"``, record `i` is the continuation of prompt `i`, as long as the
        prompt: all prompts, in order, if `n` is their number; each is used again, in rounds, if
        `n` is larger, and the last round (or the only one) takes a random choice of them, without
        replacement. With ``"free"``, records are written from the token that begins a document.

        Parameters
        ----------
        n : int
            How many, 0 or more.
        rng : numpy.random.Generator
            Source of all randomness.

        Returns
        -------
        Texts or list of str
            Records of the kind fitted.

        Raises
        ------
        InputError
            If `n` is negative.
        """
        return self.sample_rounds(n, max(n, 1), rng=rng)

    def sample_rounds(self, n: int, size: int, *, rng: Generator) -> Texts | list[str]:
        """Write records in rounds: with prompts, the same `size` of them in each.

        Parameters
        ----------
        n : int
            How many records in all, 0 or more.
        size : int
            How many to a round, at least 1. Their prompts are chosen as in `sample`. A last round
            that is not full takes a random choice of them, in order, without replacement.
        rng : numpy.random.Generator
            Source of all randomness.

        Returns
        -------
        Texts or list of str
            Records of the kind fitted; record `i` of each full round continues the same prompt.

        Raises
        ------
        InputError
            If `n` is negative, or `size` is below 1.
        """
        if n < 0:
            raise InputError(f"cannot write {n} texts. Ask for 0 or more.")
        if size < 1:
            raise InputError(f"a round of {size} texts has no end. Ask for 1 or more.")
        root = int(rng.integers(2**62))
        if self.recipe.protocol == "free":
            prompts = self._from_nothing(n)
            wanted = np.full(n, self.block or self.longest)
        else:
            places = _rounds(np.arange(len(self.prompts)), size, rng)
            texts = records.take(self.prompts, _rounds(places, n, rng))
            prompts = Windows.cut(texts.ids, texts.starts, self.recipe.block)
            wanted = prompts.lengths
        return self._write(prompts, wanted, n, root, self.block)

    def _from_nothing(self, n: int) -> Windows:
        return Windows(
            np.full((n, 1), self.alphabet.begin), np.ones(n, np.int64), np.arange(n, dtype=np.int64)
        )

    def continuations(
        self, prompts: Texts | list[str], length: int | None = None, *, rng: Generator
    ) -> Texts | list[str]:
        """Continue prompts of your own, such as the same ones in every generation.

        Parameters
        ----------
        prompts : Texts or list of str
            Of the kind fitted, but of any length.
        length : int, optional
            Tokens to write after each, at least 1; the recipe's block by default.
        rng : numpy.random.Generator
            Source of all randomness.

        Returns
        -------
        Texts or list of str
            What the model adds to each prompt; documents may end earlier.

        Raises
        ------
        InputError
            If a prompt is empty, or `length` is below 1.
        """
        length = self.recipe.block if length is None else length
        if length < 1:
            raise InputError(f"a continuation holds at least 1 token, got length={length}.")
        texts = self.alphabet.read(prompts)
        ids, starts = texts.ids.astype(np.int64), texts.starts
        if self.recipe.protocol == "free":
            ids, starts = framed(texts, self.alphabet.begin, None)
        sizes = np.diff(starts)
        if not np.all(sizes):
            raise InputError(
                f"prompt {int(np.argmin(sizes))} holds no token, so there is nothing to continue. "
                "Leave it out."
            )
        windows = Windows.cut(ids, starts, int(sizes.max(initial=1)))
        root = int(rng.integers(2**62))
        return self._write(windows, np.full(len(texts), length), len(texts), root, None)

    def _write(
        self, prompts: Windows, wanted: Ints, n: int, root: int, block: int | None
    ) -> Texts | list[str]:
        """Write after each prompt, in shards that are kept as they are finished."""
        found: list[Ints] = [np.empty(0, np.int64)] * len(prompts)
        size = self.recipe.writing_batch
        shards = side_by_side(prompts.lengths, wanted, size, self.context)
        what = fingerprint([prompts.ids, prompts.lengths, wanted, root, shards])
        kept = Kept(self.recipe.folder, f"{self.key}/written-{what}")
        rows = Rows(size, "writing")
        with session(self.recipe.threads):
            writer = self._writer()
            for number, chosen in enumerate(shards):
                shard = kept.load(f"shard-{number:08d}")
                if shard is None:
                    uniform = self._uniforms(chosen, wanted, root)
                    shard = writer.write(prompts.take(chosen), wanted[chosen], uniform, rows)
                    kept.save(f"shard-{number:08d}", shard)
                for i, written in zip(chosen, shard, strict=True):
                    found[i] = written
        sizes = np.array([len(written) for written in found], np.int64)
        lengths = np.bincount(prompts.record, weights=sizes, minlength=n).astype(np.int64)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        ids = np.concatenate([np.empty(0, np.int64), *found]).astype(np.int32)
        texts = Texts(ids, starts, self.alphabet.vocabulary, block)
        return self.alphabet.written(texts, strings=self.strings)

    def _writer(self) -> Writer:
        module = self.network.module
        known = module.get_input_embeddings().weight.shape[0]
        ending = self._ending
        return Writer(
            module,
            self.recipe.choice,
            self.recipe.searches,
            self.alphabet.end if ending else None,
            self.alphabet.unwritten(known, ending=ending),
            self.context,
            self.recipe.precision,
        )

    @property
    def _ending(self) -> bool:
        """Whether the end of a record is written and scored like a token."""
        return self.recipe.protocol == "free" and self.block is None

    def _uniforms(self, chosen: NDArray[np.intp], wanted: Ints, root: int) -> Floats:
        """Numbers that decide what is sampled: each prompt has its own, in whatever company."""
        if self.recipe.searches is not None:
            return np.empty((len(chosen), 0))
        uniform = np.zeros((len(chosen), int(wanted[chosen].max())))
        for row, i in enumerate(chosen):
            uniform[row, : wanted[i]] = np.random.default_rng([root, i]).random(wanted[i])
        return uniform

    def log_prob(self, texts: Texts | list[str]) -> Floats:
        """Log-probability of every token given those before it, in nats.

        Parameters
        ----------
        texts : Texts or list of str
            Records of the kind fitted, with the same vocabulary.

        Returns
        -------
        ndarray, shape (tokens scored,)
            In order. With ``protocol="continue"`` a text is scored block by block, as it is
            trained on, and the first token of a block has no score (there is none before it).
            With ``"free"`` all tokens have one, and so has the end of a document. The negative
            mean is the cross-entropy.

        Raises
        ------
        InputError, Incompatible
            If `texts` are of another kind or have another vocabulary.
        """
        return self._read(self._windows(texts), "log_prob")

    def token_log_probs(self, texts: Texts | list[str]) -> list[Floats]:
        """`log_prob` text by text: one array for each, empty where no token has a score."""
        windows = self._windows(texts)
        return _by_record(self._read(windows, "log_prob"), windows, records.size(texts))

    def token_entropies(self, texts: Texts | list[str]) -> list[Floats]:
        """Entropy of the law of each token that `token_log_probs` scores, in nats, by text."""
        windows = self._windows(texts)
        return _by_record(self._read(windows, "entropy"), windows, records.size(texts))

    def perplexity(self, texts: Texts | list[str]) -> Floats:
        """Perplexity of each text, shape ``(n,)``: NaN where no token has a score.

        Notes
        -----
        The exponential of minus the mean log-probability of the tokens scored; for a block of L
        tokens, exp(-sum_{t=2..L} ln p(x_t | x_<t) / (L - 1)), as in Shumailov et al. (2024), "AI
        models collapse when trained on recursively generated data", Nature 631.
        """
        return perplexities(self.token_log_probs(texts))

    def _windows(self, texts: Texts | list[str]) -> Windows:
        read = self.alphabet.read(texts)
        return self.recipe.windows(read, self.alphabet)

    def _read(self, windows: Windows, what: scoring.Reading) -> Floats:
        with session(self.recipe.threads):
            module = self.network.module
            known = module.get_input_embeddings().weight.shape[0]
            beyond = self.alphabet.beyond(known, ending=self._ending)
            return scoring.read(module, windows, beyond, self.recipe.precision, what)

    def save(self, folder: str | Path) -> None:
        """Write the model, and its tokenizer if it has one, as `transformers` reads them.

        Parameters
        ----------
        folder : path
            Made if need be. `CausalLM` takes it as ``model``.
        """
        module = self.network.module
        module.save_pretrained(folder)
        codec = self.alphabet.codec
        if codec is not None:
            names = self.alphabet.vocabulary
            special = {
                name: names[number]
                for name, number in (("bos_token", codec.begin), ("eos_token", codec.end))
                if number is not None
            }
            library("transformers").PreTrainedTokenizerFast(
                tokenizer_object=codec.tokenizer, **special
            ).save_pretrained(folder)


def _rounds(places: records.Indices, n: int, rng: Generator) -> records.Indices:
    """All places, in order, over and over; the last time a random choice of them."""
    times, rest = divmod(n, len(places))
    some = np.sort(rng.choice(len(places), rest, replace=False))
    return np.concatenate([np.tile(places, times), places[some]])


def _by_record(values: Floats, windows: Windows, n: int) -> list[Floats]:
    scored = np.maximum(windows.lengths - 1, 0)
    counts = np.bincount(windows.record, weights=scored, minlength=n).astype(np.intp)
    return np.split(values, np.cumsum(counts)[:-1]) if n else []
