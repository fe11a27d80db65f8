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


def load_codec(name: str) -> Codec:
    """Tokenizer of a model on the hub or in a folder.

    Raises
    ------
    InputError
        If there is none, or the hub cannot be reached.
    Incompatible
        If it has no fast version.
    """
    with _quiet() as transformers:
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(name)
        except (OSError, ValueError, ImportError, KeyError, TypeError) as error:
            raise _not_found(name, "tokenizer", error) from error
    return Codec.of(tokenizer, name)


def load_module(name: str) -> Any:
    """Model on the hub or in a folder, in single precision.

    Raises
    ------
    InputError
        If there is none, or the hub cannot be reached.
    """
    with _quiet() as transformers:
        try:
            return transformers.AutoModelForCausalLM.from_pretrained(
                name, dtype=library("torch").float32
            )
        except (OSError, ValueError, ImportError, KeyError) as error:
            raise _not_found(name, "causal language model", error) from error


def _not_found(name: str, what: str, error: Exception) -> InputError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if Path(name).is_dir():
        return InputError(
            f"the folder {name} holds no {what} that transformers can read ({reason}). It must be "
            "as save_pretrained writes it: config.json, model.safetensors, tokenizer.json."
        )
    return InputError(
        f"the {what} '{name}' is no folder here, and could not be had from the Hugging Face hub "
        f"({reason}). Check the spelling; without a network, download the model elsewhere (hf "
        "download NAME --local-dir FOLDER) and give the path of the folder."
    )


def new_module(config: Mapping[str, Any]) -> Any:
    """Model with fresh weights, by PyTorch's global generator.

    Raises
    ------
    InputError
        If the configuration names no known architecture, or its values do not fit each other.
    """
    settings = dict(config)
    kind = settings.pop("model_type", None)
    with _quiet() as transformers:
        try:
            made = transformers.AutoConfig.for_model(kind, **settings)
        except (ValueError, KeyError) as error:
            known = transformers.models.auto.configuration_auto.CONFIG_MAPPING_NAMES
            raise InputError(
                f"config['model_type'] is {kind!r}, which transformers does not know. "
                + (suggestion(kind, known) if kind else "Give one, e.g. 'gpt2' or 'opt'.")
            ) from error
        except Exception as error:  # each architecture checks its values in its own way
            raise _unfit(kind, error) from error
        try:
            return transformers.AutoModelForCausalLM.from_config(
                made, dtype=library("torch").float32
            )
        except Exception as error:
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
