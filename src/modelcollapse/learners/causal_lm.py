"""Language models of `transformers` as learners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.random import Generator

from modelcollapse import records
from modelcollapse.errors import Degenerate, Diverged, Incompatible, InputError
from modelcollapse.families.decoding import Decoding
from modelcollapse.families.texts import Texts
from modelcollapse.fingerprint import fingerprint
from modelcollapse.learners.language import loading, session, settings
from modelcollapse.learners.language.alphabet import Alphabet
from modelcollapse.learners.language.checkpoints import Kept, key_of
from modelcollapse.learners.language.choice import Choice
from modelcollapse.learners.language.codec import Codec
from modelcollapse.learners.language.loading import Network, fill, tensors
from modelcollapse.learners.language.model import LanguageModel
from modelcollapse.learners.language.reader import content
from modelcollapse.learners.language.settings import Beams, Prompts, Protocol, Start
from modelcollapse.learners.language.training import Plan, Training
from modelcollapse.learners.language.windows import Windows, framed
from modelcollapse.protocols import Model, name_of

VOCABULARY = 8192
"""Most tokens of a tokenizer learnt from the original data, unless the config says otherwise."""


@dataclass(frozen=True)
class CausalLM:
    """Learner: a causal language model, pretrained or from nothing, that continues its own data.

    The defaults are the protocol of Shumailov et al.: in every generation the base model is
    trained anew on blocks of 64 tokens; then, for every block it was trained on, it writes the
    next 64 by a search with 5 beams.

    Parameters
    ----------
    model : str, optional
        Name on the Hugging Face hub, or folder, of a pretrained causal model and its tokenizer.
    config : mapping, optional
        In place of `model`, to start from random weights: ``model_type`` and the architecture's
        own settings, as `transformers.AutoConfig.for_model` takes them. Strings then get a
        byte-level BPE tokenizer, learnt from the data of generation 0, of at most ``vocab_size``
        tokens (8192 by default); `Texts` are modelled in the words they are numbered by.
    start : {"base", "parent"}, default "base"
        Whether each generation starts from the base model (new random weights, for a config) or
        from the last generation's.
    protocol : {"continue", "free"}, default "continue"
        What a model writes: for each of its training records a continuation of the same length,
        or documents from the token that begins one, by sampling from the model alone.
    prompts : {"training", "original"}, default "training"
        Which records are continued: those the model was trained on, or those of generation 0.
    block : int, default 64
        Tokens that a model is trained on at once, at least 2. Longer texts are cut, and each piece
        is continued at its own length; blocked `Texts` must have blocks of this length.
    epochs : int, default 5
        Passes over the data.
    batch : int, default 128
        Blocks to a step of the optimiser.
    learning_rate : float, optional
        Of AdamW, falling to 0 in a line. By default 2e-5 for a pretrained model and 1e-3 for one
        from nothing.
    warmup : float, default 0.0
        Share of the steps in which the learning rate rises from 0 first.
    weight_decay : float, default 0.01
        Of AdamW, for matrices only.
    validation : float, default 0.0
        Share of the original records, from 0 to below 1, that no model is trained on, nor on any
        like them: the weights with the least loss on them are kept, and a training stops after
        `patience` epochs without a better one. With 0 all records are trained on for all epochs.
    patience : int, default 1
        See `validation`.
    beams : int, "auto" or None, default "auto"
        Beams of the search for the most probable continuation; 1 always takes the most probable
        token. None samples. ``"auto"`` is 5 for ``protocol="continue"``, and sampling for
        ``"free"``, where any search would write the same document over and over.
    temperature, top_k, top_p : float, int, float, optional
        How the law is changed before a token is sampled, as defined by `Decoding`; not by default.
    repetition_penalty : float, default 1.0
        Makes tokens of the context less likely; see `Choice`. In a beam search it acts on
        log-probabilities.
    no_repeat : int, default 0
        Length of token sequences that may not occur twice.
    writing_batch : int, default 64
        Texts written side by side.
    precision : {"auto", "float32", "bfloat16"}, default "auto"
        In which a model computes; weights are always kept in single precision. ``"auto"`` is
        bfloat16 on a GPU that has it.
    device : str, default "auto"
        ``"auto"`` (a GPU where there is one), ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or
        ``"balanced"``: layers spread over all GPUs by the package `accelerate`.
    threads : int, default 1
        Threads on the CPU. The last bits of the results depend on it.
    folder : str, optional
        Where trainings, finished models and finished shards of text are kept, by digests of what
        decides them. A run that was stopped goes on from there and, on a CPU, gives the same
        bytes. It grows by one model a generation: delete it when the run is over.

    Raises
    ------
    InputError
        If a value is outside its range or unknown.
    Incompatible
        If a beam search is combined with temperature, top_k or top_p, or with
        ``protocol="free"``.

    Warns
    -----
    RuntimeWarning
        When generation 0 is fitted, if the training of a model from nothing has fewer than 20 steps
        of the optimiser.

    Notes
    -----
    A model from nothing is only trained at the positions of one block; while it writes, it looks
    back on at most so many tokens (when they are full, it re-reads the later half). A pretrained
    one looks back on all positions that it has.

    With ``beams=None`` and no other change, a model samples from the law it fitted. A beam search
    and all changes of the law prefer what is probable already; text then moves to low perplexity
    under the first model, where pure sampling conserves it in expectation.

    Writing never uses tokens that are no text, except to end a document.

    References
    ----------
    Shumailov, Shumaylov, Zhao, Papernot, Anderson and Gal (2024), "AI models collapse when
    trained on recursively generated data", Nature 631, section on language models.
    """

    model: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict, hash=False)
    start: Start = "base"
    protocol: Protocol = "continue"
    prompts: Prompts = "training"
    block: int = 64
    epochs: int = 5
    batch: int = 128
    learning_rate: float | None = None
    warmup: float = 0.0
    weight_decay: float = 0.01
    validation: float = 0.0
    patience: int = 1
    beams: Beams = "auto"
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float = 1.0
    no_repeat: int = 0
    writing_batch: int = 64
    precision: str = "auto"
    device: str = "auto"
    threads: int = 1
    folder: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", dict(self.config))
        settings.check(self)

    @cached_property
    def choice(self) -> Choice:
        """How tokens are chosen, apart from the beams."""
        decoding = Decoding(self.temperature, self.top_k, self.top_p)
        return Choice(self.repetition_penalty, self.no_repeat, decoding)

    @property
    def searches(self) -> int | None:
        """Beams of the search that writes; None where tokens are sampled."""
        if self.beams == "auto":
            return settings.BEAMS if self.protocol == "continue" else None
        return self.beams

    @property
    def samples(self) -> bool:
        """Whether writing draws random numbers at all."""
        return self.searches is None and self.top_k != 1

    @property
    def refers_to(self) -> tuple[Any, ...]:
        """What the files of a local model hold, by digests: only the path is a field."""
        return () if self.model is None else content(self.model)

    def windows(self, texts: Texts, alphabet: Alphabet) -> Windows:
        """Texts as a model is trained on them and scores them."""
        if self.protocol == "continue":
            return Windows.cut(texts.ids, texts.starts, self.block)
        end = alphabet.end if texts.block is None else None
        return Windows.cut(*framed(texts, alphabet.begin, end), self.block, overlap=1)

    def fit(
        self, data: Texts | list[str], *, rng: Generator, parent: Model[Any] | None = None
    ) -> LanguageModel:
        """Train a model.

        Parameters
        ----------
        data : Texts or list of str
            Records; the model writes records of the same kind. `Tokens` and blocked `Texts` come
            back as they were written; strings are tokenised again in each generation.
        rng : numpy.random.Generator
            Source of all randomness.
        parent : Model, optional
            The last generation's model: its tokenizer, validation text and, if asked for, its
            weights and prompts are taken over.

        Returns
        -------
        LanguageModel
            Writes and scores texts.

        Raises
        ------
        Degenerate
            If later generations left no text to train on; `Diverged`, which says nothing about
            the data, if the loss of a later generation becomes infinite or NaN.
        InputError
            If the data hold no text long enough, the model cannot be loaded, the config does not
            fit, or the loss of generation 0 becomes infinite or NaN.
        Incompatible
            If tokenizer, model and data do not belong together, or `parent` is no such model.
        Missing
            If the packages of the extra ``neural`` are not installed.
        """
        session.library("torch"), session.library("transformers")
        if parent is None and self.model is None:
            loading.check_config(self.config)
        root = int(rng.integers(2**62))
        if parent is not None and not isinstance(parent, LanguageModel):
            raise Incompatible(
                f"the parent is {name_of(parent)}, but a language model goes on from another "
                "one's tokens. Use one learner for the whole lineage."
            )
        alphabet = self._alphabet(data) if parent is None else parent.alphabet
        texts = alphabet.read(data)
        self._check(texts, parent)
        validation = None if parent is None else parent.validation
        if parent is None and self.validation:
            texts, kept_back = self._parted(texts, root)
            validation = self.windows(kept_back, alphabet).predictable
        windows = self.windows(texts, alphabet).predictable
        if not len(windows):
            raise Degenerate("the texts hold no two tokens in a row, so no model can be trained")
        if validation is not None:
            # Originals may hold a text twice, and a policy may bring it back.
            windows = windows.without(validation)
            if not len(windows):
                raise Degenerate(
                    "all texts are among those kept back for validation, so no model can be trained"
                )
        if parent is None and self.model is None:
            settings.warn_of_few_steps(len(windows), self.batch, self.epochs)
        key = key_of(
            recipe={
                **{k: v for k, v in asdict(self).items() if k != "folder"},
                "beams": self.searches,
            },
            files=self.refers_to,
            data=fingerprint(data),
            root=root,
            parent="" if parent is None else parent.key,
        )
        kept = Kept(self.folder, key)
        with session.session(self.threads) as torch:
            torch.manual_seed(root)
            network = Network(self._module(alphabet, parent), session.resolve(self.device))
            try:
                self._train(network.module, windows, validation, root, kept)
            except Diverged as error:
                if parent is not None:
                    raise
                # No generation came before: there is no lineage to keep, and nothing to conclude.
                raise InputError(f"generation 0 cannot be fitted: {error}.") from error
        prompts = texts
        if self.protocol == "free":
            prompts = records.take(texts, np.empty(0, np.intp))
        elif parent is not None and self.prompts == "original":
            prompts = parent.prompts
        return LanguageModel(
            recipe=self,
            network=network,
            alphabet=alphabet,
            strings=isinstance(data, list),
            block=texts.block,
            longest=max(int(np.diff(texts.starts).max()), 1),
            context=self._context(network.module),
            prompts=prompts,
            validation=validation,
            key=key,
        )

    def _alphabet(self, data: Any) -> Alphabet:
        if self.model is not None:
            return Alphabet.of_codec(loading.load_codec(self.model, "model"))
        if isinstance(data, Texts):
            return Alphabet.of_texts(data)
        if not isinstance(data, list) or not all(isinstance(text, str) for text in data):
            raise InputError(
                f"a language model is fitted to strings, Texts or Tokens, got "
                f"{type(data).__name__}. Give a list of strings, one a record."
            )
        return Alphabet.of_codec(Codec.train(data, int(self.config.get("vocab_size", VOCABULARY))))

    def _check(self, texts: Texts, parent: Any) -> None:
        """Raise where the texts are too short, or cut into other blocks."""
        if texts.block is not None and texts.block != self.block:
            raise Incompatible(
                f"the records are blocks of {texts.block} tokens, but the learner works on blocks "
                f"of {self.block}. Choose the same length for both: block={texts.block}."
            )
        longest = int(np.diff(texts.starts).max(initial=0))
        if parent is None and self.protocol == "continue" and longest < self.block:
            raise InputError(
                f"the longest of {len(texts)} texts has {longest} tokens, so there is not one "
                f"block of {self.block} to continue. Choose a smaller block, put the texts end to "
                "end with TokenBlocks(...), or write whole documents: protocol='free'."
            )

    def _parted(self, texts: Texts, root: int) -> tuple[Texts, Texts]:
        """Texts to train on, and those that decide when to stop."""
        count = max(1, round(self.validation * len(texts)))
        order = np.random.default_rng([root, 2]).permutation(len(texts))
        back, rest = np.sort(order[:count]), np.sort(order[count:])
        return records.take(texts, rest), records.take(texts, back)

    def _module(self, alphabet: Alphabet, parent: LanguageModel | None) -> Any:
        if self.start == "parent" and parent is not None:
            return parent.network.rebuilt()
        if self.model is None:
            # No row is kept for filling up: it would belong to a word, and never learn.
            own = {"bos_token_id": alphabet.begin, "eos_token_id": alphabet.end}
            size = {"vocab_size": alphabet.rows, "pad_token_id": None}
            module = loading.new_module({**self.config, **own, **size})
        else:
            module = loading.load_module(self.model)
            loading.check_rows(module, len(alphabet.vocabulary), self.model)
            if self.protocol == "free":
                loading.make_room(module, alphabet.rows)
        positions = getattr(module.config, "max_position_embeddings", None)
        if positions is not None and positions < self.block:
            raise InputError(
                f"the model has {positions} positions, too few for blocks of {self.block} tokens. "
                "Choose a smaller block, or a model with more positions."
            )
        return module

    def _context(self, module: Any) -> int:
        """Most tokens a model looks back on: the positions that it was ever trained at."""
        trained = self.block - (self.protocol == "continue")
        if self.model is None:
            return trained
        return int(getattr(module.config, "max_position_embeddings", None) or 2**31)

    def _train(
        self, module: Any, windows: Windows, validation: Windows | None, root: int, kept: Kept
    ) -> None:
        finished = kept.load("weights")
        if finished is None:
            rate = self.learning_rate or (1e-3 if self.model is None else 2e-5)
            plan = Plan(
                self.epochs, self.batch, rate, self.warmup, self.weight_decay, self.patience,
                self.precision,
            )  # fmt: skip
            Training(
                module, windows, validation, plan, root,
                lambda: kept.load("training"), lambda state: kept.save("training", state),
            ).run()  # fmt: skip
            kept.save("weights", tensors(module))
            kept.discard("training")
        else:
            fill(module, finished)
        module.eval()
