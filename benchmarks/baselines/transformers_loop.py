"""The usual script: `Trainer` for training, `generate` for one block after another."""

from __future__ import annotations

import tempfile

import numpy as np
import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GPT2LMHeadModel,  # noqa: F401  # imported here, so that no run is charged for it
    Trainer,
    TrainingArguments,
)


def train(ids, test, config, epochs, batch, learning_rate, seed=0):
    """Train from random weights; log-likelihood of each test block, shape (blocks, 1)."""
    torch.manual_seed(seed)
    settings = dict(config)
    model = AutoModelForCausalLM.from_config(
        AutoConfig.for_model(settings.pop("model_type"), **settings)
    )
    blocks = torch.from_numpy(ids.astype(np.int64))
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, num_train_epochs=epochs, per_device_train_batch_size=batch,
            learning_rate=learning_rate, weight_decay=0.01, seed=seed, report_to=[],
            save_strategy="no", logging_strategy="no", disable_tqdm=True,
        )  # fmt: skip
        data = [{"input_ids": block, "labels": block} for block in blocks]
        Trainer(model, arguments, train_dataset=data).train()
    model.eval()
    with torch.inference_mode():
        blocks = torch.from_numpy(test.astype(np.int64)).to(model.device)
        return np.array([[-model(b[None], labels=b[None]).loss.item()] for b in blocks])


def write(folder, ids, length, beams, seed=0):
    """Continue each block by beam search: mean token number of each, shape (blocks, 1)."""
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    found = []
    for block in torch.from_numpy(ids.astype(np.int64)).to(model.device):
        written = model.generate(
            block[None], attention_mask=torch.ones_like(block[None]), num_beams=beams,
            do_sample=False, max_new_tokens=length, min_new_tokens=length, pad_token_id=0,
        )  # fmt: skip
        found.append([written[0, len(block) :].double().mean().item()])
    return np.array(found)
