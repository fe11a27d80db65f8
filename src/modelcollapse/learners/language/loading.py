"""Models and tokenizers from the hub, from a folder, or from nothing but a configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modelcollapse.errors import Incompatible, InputError, ModelCollapseError, suggestion
from modelcollapse.learners.language.codec import Codec
from modelcollapse.learners.language.session import library

PATIENCE = 5.0
"""Seconds that the hub may take to answer at all."""

GENERIC = (
    "vocab_size", "dtype", "torch_dtype", "attn_implementation", "is_decoder", "use_cache",
    "tie_word_embeddings", "rope_theta", "rope_scaling", "rope_parameters", "partial_rotary_factor",
)  # fmt: skip
"""Settings that configurations of `transformers` take without naming them."""


@contextmanager
def _quiet() -> Iterator[Any]:
    """Context in which `transformers` draws no progress bars; yields the package."""
    transformers = library("transformers")
    logging = transformers.utils.logging
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield transformers
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


def load_codec(name: str, field: str) -> Codec:
    """Tokenizer of a model on the hub or in a folder.

    Parameters
    ----------
    name : str
        Name or folder.
    field : str
        What the caller wrote it as, for messages.

    Raises
    ------
    InputError
        If there is none, or the hub cannot be reached.
    Incompatible
        If it has no fast version.
    """
    with _quiet() as transformers:
        found = _had(transformers.AutoTokenizer, name, field, "tokenizer")
    return Codec.of(found, name)


def load_module(name: str) -> Any:
    """Model on the hub or in a folder, in single precision.

    Raises
    ------
    InputError
        If there is none, its files are damaged, or the hub cannot be reached.
    """
    keywords = {"dtype": library("torch").float32}
    with _quiet() as transformers:
        return _had(
            transformers.AutoModelForCausalLM, name, "model", "causal language model", **keywords
        )


def _had(kind: Any, name: str, field: str, what: str, **keywords: Any) -> Any:
    """What a class of `transformers` loads."""
    # Asked once: each file would be tried again and again where there is no network.
    if not Path(name).is_dir() and not _reachable():
        keywords["local_files_only"] = True
    try:
        return kind.from_pretrained(name, **keywords)
    except ModelCollapseError:
        raise
    except Exception as error:  # the packages that read the files raise errors of many kinds
        raise _not_found(name, field, what, error) from error


def _reachable() -> bool:
    """Whether the hub answers, in the way that its own package asks."""
    hub = library("huggingface_hub")
    try:
        hub.utils.get_session().head(hub.constants.ENDPOINT, timeout=PATIENCE)
    except Exception:  # of whichever package carries the request; also when told to stay offline
        return False
    return True


def _not_found(name: str, field: str, what: str, error: Exception) -> InputError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    if Path(name).is_dir():
        return InputError(
            f"the folder {name} holds no {what} that transformers can read ({reason}). It must be "
            "as save_pretrained writes it, and whole: config.json, model.safetensors, "
            "tokenizer.json."
        )
    return InputError(
        f"the {field} '{name}' is no folder here, and could not be had from the Hugging Face hub "
        f"({reason}). Check the spelling; without a network, download it elsewhere (hf download "
        "NAME --local-dir FOLDER) and give the path of the folder."
    )


def activations(*names: str) -> set[type]:
    """Classes of those activations of `transformers` that it knows by these names."""
    activations = library("transformers.activations")
    return {type(activations.get_activation(name)) for name in names}


def check_config(config: Mapping[str, Any]) -> None:
    """Check what a caller says of a model from nothing: its type, and the names of its settings.

    Raises
    ------
    InputError
        If the type is no causal language model, or has no such setting, which `transformers`
        would pass over in silence.
    """
    kind = config.get("model_type")
    with _quiet() as transformers:
        known = transformers.CONFIG_MAPPING
        if kind not in known:
            raise InputError(
                f"config['model_type'] is {kind!r}, which transformers does not know. "
                + (suggestion(kind, known) if kind else "Give one, e.g. 'gpt2' or 'opt'.")
            )
        made = known[kind]
        if made not in transformers.MODEL_FOR_CAUSAL_LM_MAPPING:
            raise InputError(
                f"config['model_type'] is '{kind}', which is no causal language model: none that "
                "writes a text from left to right. Give one that is, e.g. 'gpt2' or 'opt'."
            )
        names = {*GENERIC, *made.attribute_map, *vars(made()), *made().to_dict()}
    for name in config:
        if name not in names:
            raise InputError(
                f"config holds '{name}', but models of type '{kind}' have no such setting, so it "
                f"would change nothing. {suggestion(name, names)}"
            )


def new_module(config: Mapping[str, Any]) -> Any:
    """Model with fresh weights, by PyTorch's global generator.

    Raises
    ------
    InputError
        If the values of the configuration do not fit each other.
    """
    settings = dict(config)
    kind = settings.pop("model_type")
    with _quiet() as transformers:
        try:
            made = transformers.AutoConfig.for_model(kind, **settings)
            return transformers.AutoModelForCausalLM.from_config(
                made, dtype=library("torch").float32
            )
        except Exception as error:  # each architecture checks its values in its own way
            raise _unfit(kind, error) from error


def _unfit(kind: str, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:300]
    return InputError(
        f"no model of type '{kind}' can be made of this config: {reason}. Correct its values."
    )


def check_rows(module: Any, rows: int, where: str) -> None:
    """Raise Incompatible if a tokenizer has more tokens than a model knows."""
    known = module.get_input_embeddings().weight.shape[0]
    if known < rows:
        raise Incompatible(
            f"the tokenizer of {where} has {rows} tokens, but the model knows only {known}: they "
            "do not belong together. Use the tokenizer the model was trained with, or resize its "
            "embeddings and save both into one folder."
        )


def make_room(module: Any, rows: int) -> None:
    """Give a model rows for tokens that its tokenizer lacks; uses PyTorch's global generator."""
    if module.get_input_embeddings().weight.shape[0] < rows:
        with _quiet():
            module.resize_token_embeddings(rows)


class Network:
    """A model of `transformers` that can be pickled, and opens on a machine without its device.

    Parameters
    ----------
    module : object
        The model.
    device : str
        Where it computes; ``"balanced"`` spreads its layers over all GPUs by `accelerate`.
    """

    def __init__(self, module: Any, device: str) -> None:
        self.device = device
        self._module: Any = placed(module, device)
        self._packed: tuple[str, bytes] = ("", b"")

    @property
    def module(self) -> Any:
        """The model, on its device."""
        if self._module is None:
            torch = library("torch")
            with torch.random.fork_rng(devices=list(range(torch.cuda.device_count()))):
                module = self.rebuilt()
            here = self.device if torch.cuda.is_available() else "cpu"
            self._module = placed(module, here).eval()
        return self._module

    def rebuilt(self) -> Any:
        """Another model with the same weights, on the CPU; uses PyTorch's global generator."""
        _, (config, weights) = self.__getstate__()
        module = new_module(json.loads(config))
        fill(module, library("safetensors.torch").load(weights))
        return module

    def __getstate__(self) -> tuple[str, tuple[str, bytes]]:
        if self._module is None:
            return self.device, self._packed
        config = self._module.config.to_json_string(use_diff=False)
        weights = library("safetensors.torch").save(tensors(self._module))
        return self.device, (config, weights)

    def __setstate__(self, state: tuple[str, tuple[str, bytes]]) -> None:
        self.device, self._packed = state
        self._module = None


def placed(module: Any, device: str) -> Any:
    """Move a model to its device."""
    if device != "balanced":
        return module.to(device)
    accelerate = library("accelerate")
    whole = getattr(module, "_no_split_modules", None)
    room = accelerate.utils.get_balanced_memory(module, no_split_module_classes=whole)
    layers = accelerate.infer_auto_device_map(module, room, no_split_module_classes=whole)
    return accelerate.dispatch_model(module, layers)


def tensors(module: Any) -> dict[str, Any]:
    """Copies of the weights on the CPU, tied ones once."""
    found: dict[Any, tuple[str, Any]] = {}
    for name, value in module.state_dict().items():
        found.setdefault(_place(name, value), (name, value))
    away = [name for name, value in found.values() if value.is_meta]
    if away:
        raise ModelCollapseError(
            f"the model does not fit into memory: {len(away)} of its tensors, such as {away[0]}, "
            "were left on no device, so they can be neither trained nor kept. Use a smaller model, "
            "or more GPUs."
        )
    return {name: value.detach().cpu().clone().contiguous() for name, value in found.values()}


def fill(module: Any, weights: Mapping[str, Any]) -> None:
    """Give a model the weights that `tensors` took.

    Raises
    ------
    Incompatible
        If they are not those of this model.
    """
    try:
        missing, unknown = module.load_state_dict(weights, strict=False)
    except RuntimeError as error:  # shapes that differ
        raise _misfit(" ".join(str(error).split())[:300]) from error
    held = module.state_dict()
    given = {_place(name, held[name]) for name in weights if name in held}
    # Tied weights are kept once.
    lost = [name for name in missing if _place(name, held[name]) not in given]
    if lost or unknown:
        raise _misfit(
            f"{len(lost)} of its tensors are not among them ({', '.join(lost[:3]) or 'none'}), and "
            f"it does not know {len(unknown)} ({', '.join(unknown[:3]) or 'none'})"
        )
    module.tie_weights()


def _place(name: str, value: Any) -> Any:
    """Where a tensor lies: the same for tied ones, its own for what lies nowhere."""
    nowhere = value.is_meta or not value.numel()
    return name if nowhere else (value.device, value.data_ptr(), value.shape)


def _misfit(reason: str) -> Incompatible:
    return Incompatible(
        f"the kept weights are not those of this model: {reason}. They were kept by another "
        "version of transformers, or altered; delete the folder that keeps them and start anew."
    )
