"""Whether a text bears the watermark that one's own models write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from modelcollapse.errors import Incompatible, InputError, is_whole, suggestion
from modelcollapse.learners.language.reader import content
from modelcollapse.learners.language.session import library
from modelcollapse.verifiers.each import NoScore, check_columns, score_each, text_in
from modelcollapse.verifiers.scored import Batch, Scored, column

if TYPE_CHECKING:
    from modelcollapse.learners.language.codec import Codec

SCHEMES = ("lefthash", "selfhash")

Detect = Callable[[list[int]], tuple[int, float, float]]
"""From tokens to how many are judged, their z-score, and the share that is preferred."""

_KEY = 15485863  # the one that transformers uses where none is given
_TOO_SHORT = (0, 0.0, 0.0)
_REMEMBERED = 4096  # tokens; each takes a bit for every token of the vocabulary


@dataclass(frozen=True)
class Watermark:
    """Minus the z-score of a watermark: a text that bears one's own is trusted less.

    A model that writes with a `WatermarkingConfig` of transformers prefers, after each token, a
    secret part of its vocabulary. The score is minus the number of standard deviations by which a
    text holds more of these tokens than chance would put there: around 0 for the text of people
    and of other models, far below for that of the marked model.

    Parameters
    ----------
    model : str
        Name or folder of the model that wrote with the watermark: its tokenizer and the size of
        its vocabulary are needed, its weights are not.
    text : str, default "text"
        Column of the texts; best without their prompts, which bear no mark.
    greenlist_ratio : float, default 0.25
        Share of the vocabulary that is preferred.
    hashing_key : int, default 15485863
        The secret.
    seeding_scheme : {"lefthash", "selfhash"}, default "lefthash"
        Whether the part depends on the tokens before only, or on the present one too.
    context_width : int, default 1
        Tokens that decide which part is preferred.
    device : str, default "cpu"
        Where the model wrote: the part is drawn at random, and a GPU draws another.
    ignore_repeated_ngrams : bool, default True
        Whether a run of tokens that comes again counts once. If not, a text that repeats itself
        can seem marked.
    min_tokens : int, default 25
        Fewest tokens that are judged, at least 1; shorter texts have no score.
    label : str, optional
        Name of the scores; ``"watermark"`` when not given.

    Raises
    ------
    InputError
        If a setting is out of range; later, if there is no such model or device.
    Missing
        If PyTorch or transformers is not installed.

    Notes
    -----
    Kirchenbauer et al. (2023), "A watermark for large language models", eq. 3, by the
    `WatermarkDetector` of transformers. All settings must be those of writing: with any other,
    marked texts look like plain ones. Beside the score stand ``tokens`` judged, and the share of
    them that is preferred, ``green``.
    """

    names_files: ClassVar[tuple[str, ...]] = ("model",)
    libraries: ClassVar[tuple[str, ...]] = ("tokenizers", "torch", "transformers")

    model: str
    text: str = "text"
    greenlist_ratio: float = 0.25
    hashing_key: int = _KEY
    seeding_scheme: str = "lefthash"
    context_width: int = 1
    device: str = "cpu"
    ignore_repeated_ngrams: bool = True
    min_tokens: int = 25
    label: str | None = None

    def __post_init__(self) -> None:
        check_columns("Watermark", text=self.text)
        if not 0 < self.greenlist_ratio < 1:
            raise InputError(
                f"Watermark got greenlist_ratio = {self.greenlist_ratio!r}: it is the share of the "
                "vocabulary that is preferred. Use that of writing, between 0 and 1."
            )
        if self.seeding_scheme not in SCHEMES:
            raise InputError(
                f"Watermark knows no seeding_scheme '{self.seeding_scheme}'. "
                f"{suggestion(self.seeding_scheme, SCHEMES)}"
            )
        for field in ("hashing_key", "context_width", "min_tokens"):
            value = getattr(self, field)
            if not is_whole(value) or value < 1:
                raise InputError(
                    f"Watermark got {field} = {value!r}. Give a whole number of at least 1."
                )

    @property
    def name(self) -> str:
        """Name under which its scores appear."""
        return self.label or "watermark"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the records that it reads."""
        return (self.text,)

    @property
    def refers_to(self) -> tuple[Any, ...]:
        """What the files of a local model hold, of which only the path is a field."""
        return content(self.model)

    def score(self, batch: Batch) -> Scored:
        """Score records, each by itself."""
        given = column(batch, self.text, self.name)
        known = _tokenizer(self.model, self.refers_to)
        return score_each(partial(self._judge, *known), given, details=("tokens", "green"))

    def _judge(self, codec: Codec, size: int, value: Any) -> tuple[float, int, float]:
        ids = codec.encode([text_in(value, self.text)])[0]
        ahead = self.context_width - (self.seeding_scheme == "selfhash")
        detect = _detector(
            size,
            self.device,
            self.ignore_repeated_ngrams,
            greenlist_ratio=self.greenlist_ratio,
            hashing_key=self.hashing_key,
            seeding_scheme=self.seeding_scheme,
            context_width=self.context_width,
        )
        enough = len(ids) >= ahead + self.min_tokens and len(ids) > self.context_width
        tokens, z, green = detect(ids) if enough else _TOO_SHORT
        if tokens < self.min_tokens:
            raise NoScore(
                f"it has fewer than {self.min_tokens} tokens to judge, which say too little"
            )
        return -z, tokens, green


@lru_cache(maxsize=2)
def _tokenizer(model: str, content: tuple[Any, ...]) -> tuple[Codec, int]:
    """Tokenizer of a model with that content, and how many tokens the model knows."""
    from modelcollapse.learners.language.loading import load_codec

    codec = load_codec(model, "model")
    try:
        config = library("transformers").AutoConfig.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{model} holds a tokenizer, but no config.json that says how many tokens the model "
            "knows. Name the model that wrote the texts."
        ) from error
    size = int(config.get_text_config().vocab_size)
    if len(codec.vocabulary) > size:
        raise Incompatible(
            f"the tokenizer of {model} has {len(codec.vocabulary)} tokens, but the model knows "
            f"only {size}: they do not belong together. Use the tokenizer the model wrote with."
        )
    return codec, size


@lru_cache(maxsize=2)
def _detector(size: int, device: str, once: bool, **settings: Any) -> Detect:
    """Count the preferred tokens of a text, and how far that is from chance."""
    transformers, torch = library("transformers"), library("torch")

    class Remembering(transformers.WatermarkDetector):  # type: ignore[misc, name-defined]
        """Draws the part of the vocabulary that a token prefers once, not whenever it comes up.

        Were the method no longer called by a later version, it would be slow and nothing else.
        """

        def _get_ngram_score(self, prefix: Any, target: int) -> bool:
            if settings["seeding_scheme"] == "selfhash":
                return bool((self.processor._get_greenlist_ids(prefix) == target).any())
            return bool(green(int(prefix[-1]))[target // 8] >> target % 8 & 1)

    @lru_cache(maxsize=_REMEMBERED)
    def green(token: int) -> NDArray[np.uint8]:
        preferred = np.zeros(size, dtype=np.bool_)
        ids = torch.tensor([token], device=device)
        preferred[detector.processor._get_greenlist_ids(ids).cpu().numpy()] = True
        return np.packbits(preferred, bitorder="little")

    # Special tokens are left out when texts are read, so that there is none at the beginning.
    form = SimpleNamespace(bos_token_id=-1, is_encoder_decoder=False, vocab_size=size)
    try:
        detector = Remembering(form, device, settings, ignore_repeated_ngrams=once)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"there is no device '{device}' here ({str(error).splitlines()[0]}), and the watermark "
            "of a text depends on where it was written. Look for it on such a machine."
        ) from error

    def detect(ids: list[int]) -> tuple[int, float, float]:
        found = detector(torch.tensor([ids], device=device), return_dict=True)
        return (
            int(found.num_tokens_scored[0]),
            float(found.z_score[0]),
            float(found.green_fraction[0]),
        )

    return detect
