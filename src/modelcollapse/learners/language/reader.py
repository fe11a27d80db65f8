"""Pretrained language models that read texts of others: log-probabilities, given what comes before.

Unlike the models that a lineage fits, they take texts of any length as they stand.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelcollapse.learners.language import loading, scoring, session
from modelcollapse.learners.language.codec import Codec
from modelcollapse.learners.language.windows import Ints, Windows

Floats = NDArray[np.float64]

_NUMBERS = 2**22
"""Tokens laid out at once, what they are filled up with included."""


@dataclass(frozen=True, eq=False)
class Reader:
    """A pretrained model and its tokenizer; made by `open_reader`.

    Attributes
    ----------
    module : object
        Model of `transformers`.
    codec : Codec
        Its tokenizer.
    """

    module: Any
    codec: Codec

    @property
    def context(self) -> int | None:
        """Most tokens it sees at once; None if it has no limit."""
        config = self.module.config
        config = config.get_text_config() if hasattr(config, "get_text_config") else config
        return getattr(config, "max_position_embeddings", None)

    def log_probs(
        self,
        texts: Sequence[str],
        prompts: Sequence[str] | None = None,
        *,
        context: int | None = None,
        precision: str = "float32",
        at_once: int | None = None,
        threads: int | None = None,
    ) -> list[Floats]:
        """Log-probabilities of the tokens of each text, given its prompt and what comes before.

        Parameters
        ----------
        texts : sequence of str
            What is read.
        prompts : sequence of str, optional
            What stands directly in front of each text. Both are tokenised as one string; a token
            that reaches into the text belongs to the text.
        context : int, optional
            Most tokens seen at once, at least 2; never more than the model's own limit. Longer
            texts are read in stretches that overlap by half, so that every token is predicted
            from half a context at least.
        precision : {"float32", "bfloat16", "auto"}, default "float32"
            As in `CausalLM`.
        at_once : int, optional
            As in `scoring.read`.
        threads : int, optional
            Threads on the CPU; as many as PyTorch takes when not given.

        Returns
        -------
        list of ndarray
            In nats, an array for each text. The first token is predicted from the token that
            begins a document; where the tokenizer has none, it has no score without a prompt.
        """
        ids, first = self._numbered(texts, prompts)
        lengths = np.array([len(each) for each in ids], np.int64)
        limits = [limit for limit in (context, self.context) if limit]
        limit = min(limits, default=max(2, int(lengths.max(initial=0))))
        found = [np.empty(0)] * len(ids)
        with session.session(threads or session.library("torch").get_num_threads()):
            for chosen in _slabs(np.minimum(lengths, limit)):
                windows, at = stretches([ids[i] for i in chosen], first[chosen], limit)
                values = scoring.read(
                    self.module, windows, [], precision, "log_prob", first=at, at_once=at_once
                )
                counts = np.bincount(
                    windows.record, weights=windows.lengths - at, minlength=len(chosen)
                )
                ends = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp).tolist()
                for i, (a, b) in zip(chosen.tolist(), pairwise(ends), strict=True):
                    found[i] = values[a:b]
        return found

    def _numbered(
        self, texts: Sequence[str], prompts: Sequence[str] | None
    ) -> tuple[list[list[int]], Ints]:
        """Tokens of each prompt and text, and the place of the first one to predict."""
        begin = [] if self.codec.begin is None else [self.codec.begin]
        before = [""] * len(texts) if prompts is None else prompts
        joined = [prompt + text for prompt, text in zip(before, texts, strict=True)]
        encodings = self.codec.tokenizer.encode_batch(joined, add_special_tokens=False)
        first = np.full(len(texts), len(begin), np.int64)
        for i, (prompt, encoding) in enumerate(zip(before, encodings, strict=True)):
            if prompt:
                first[i] += bisect_right([end for _, end in encoding.offsets], len(prompt))
        return [begin + encoding.ids for encoding in encodings], np.maximum(first, 1)


def stretches(ids: Sequence[Sequence[int]], first: Ints, context: int) -> tuple[Windows, Ints]:
    """Cut sequences into windows of at most `context` tokens, to predict every token once.

    Parameters
    ----------
    ids : sequence of sequences of int
        Token numbers.
    first : ndarray of int, shape (sequences,)
        Place of the first token to predict in each, at least 1.
    context : int
        At least 2.

    Returns
    -------
    windows : Windows
        Those that hold a token to predict; they overlap by half of the context.
    first : ndarray of int, shape (windows,)
        Place of the first token to predict in each.
    """
    lap = context // 2
    cut: list[Sequence[int]] = []
    at: list[int] = []
    record: list[int] = []
    for i, (tokens, from_) in enumerate(zip(ids, first.tolist(), strict=True)):
        for start in range(0, max(1, len(tokens) - lap), context - lap):
            wanted = max(from_ - start, lap if start else 1)
            window = tokens[start : start + context]
            if wanted < len(window):
                cut.append(window)
                at.append(wanted)
                record.append(i)
    lengths = np.array([len(window) for window in cut], np.int64)
    rows = np.zeros((len(cut), int(lengths.max(initial=1))), np.int64)
    for row, window in zip(rows, cut, strict=True):
        row[: len(window)] = window
    return Windows(rows, lengths, np.array(record, np.int64)), np.array(at, np.int64)


def _slabs(widths: Ints) -> Iterator[NDArray[np.intp]]:
    """Positions of texts, the longest first, in parts that can be laid out side by side."""
    order = np.argsort(-widths, kind="stable")
    while order.size:
        most = max(1, _NUMBERS // max(1, int(widths[order[0]])))
        yield order[:most]
        order = order[most:]


def open_reader(name: str, device: str) -> Reader:
    """Load a model and its tokenizer, once in a process.

    Parameters
    ----------
    name : str
        Name on the Hugging Face hub, or folder.
    device : str
        As in `CausalLM`.

    Raises
    ------
    InputError
        If there is none, the hub cannot be reached, or there is no such device.
    Incompatible
        If tokenizer and model do not belong together, or the tokenizer has no fast version.
    Missing
        If the packages of the extra ``neural`` are not installed.
    """
    return _opened(name, device, _stamp(name))


@lru_cache(maxsize=2)
def _opened(name: str, device: str, stamp: tuple[Any, ...]) -> Reader:
    with session.session(1):
        where = session.resolve(device)
        codec = loading.load_codec(name, "model")
        module = loading.load_module(name)
        rows = max(len(codec.vocabulary), 0 if codec.begin is None else codec.begin + 1)
        loading.check_rows(module, rows, name)
        return Reader(loading.placed(_fused(module), where).eval(), codec)


def _fused(module: Any) -> Any:
    """Give a model that is only read GELU by tanh in one pass, where it goes in eight.

    The values are the same but for the last bits. A tenth of the time of GPT-2 goes there.
    """
    slow = loading.activations("gelu_new", "gelu_fast")
    fast = session.library("torch").nn.GELU("tanh")
    for part in list(module.modules()):
        for name, child in part.named_children():
            if type(child) in slow:
                setattr(part, name, fast)
    return module


def _stamp(name: str) -> tuple[Any, ...]:
    """What tells whether a folder was written anew; nothing for a model on the hub."""
    return tuple((p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in _files(name))


def _files(name: str) -> list[Path]:
    folder = Path(name)
    return sorted(p for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []


def content(name: str) -> tuple[tuple[str, str], ...]:
    """Files of a local model by name, each with a digest of what it holds; none on the hub."""
    return _content(name, _stamp(name))


@lru_cache(maxsize=8)
def _content(name: str, stamp: tuple[Any, ...]) -> tuple[tuple[str, str], ...]:
    found = []
    for path in _files(name):
        with path.open("rb") as file:
            found.append((path.name, hashlib.file_digest(file, "blake2b").hexdigest()))
    return tuple(found)
