"""A small transformer from scratch: reads the prompt both ways, writes an answer token by token."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

Tokens = NDArray[np.int64]
Cache = list[tuple[Tensor, Tensor]]


class Block(nn.Module):
    """Attention and a two-layer network, each on normalised input and added to it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mix, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(
        self, x: Tensor, mask: Tensor | None, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """States after the block, and the keys and values of all positions so far."""
        rows, length, width = x.shape
        q, k, v = (
            part.view(rows, length, self.heads, -1).transpose(1, 2)
            for part in self.mix(self.before(x)).split(width, dim=2)
        )
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out(seen.transpose(1, 2).reshape(rows, length, width))
        return x + self.narrow(F.gelu(self.wide(self.between(x)))), (k, v)


class Network(nn.Module):
    """A stack of blocks over tokens of a prompt and of its answer."""

    def __init__(self, vocabulary: int, prompt: int, answer: int, width: int, layers: int,
                 heads: int) -> None:  # fmt: skip
        super().__init__()
        self.prompt, self.answer = prompt, answer
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Parameter(torch.randn(prompt + answer, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.last, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary)
        nn.init.normal_(self.tokens.weight, std=0.02)
        length = prompt + answer
        mask = torch.ones(length, length).tril().bool()
        mask[:, :prompt] = True
        self.register_buffer("mask", mask)

    def forward(
        self, tokens: Tensor, past: Cache | None = None, at: int = 0
    ) -> tuple[Tensor, Cache]:
        """Logits of the next token at each position, and what later positions need."""
        length = tokens.shape[1]
        x = self.tokens(tokens) + self.places[at : at + length]
        mask: Any = self.mask
        shown = mask[at : at + length, : at + length] if length > 1 else None
        cache: Cache = []
        for index, block in enumerate(self.blocks):
            x, kept = block(x, shown, None if past is None else past[index])
            cache.append(kept)
        return self.head(self.last(x)), cache


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Attributes
    ----------
    steps, batch : int
        Steps of Adam and records in each.
    rate : float
        Highest learning rate, after a warm-up of a tenth; it then falls to 0 as a cosine.
    device : str
        Where.
    """

    steps: int
    batch: int
    rate: float
    device: str = "cpu"


def train(network: Network, records: Tokens, how: Training, seed: int) -> None:
    """Fit to records, shape ``(n, prompt + answer)``; the loss is that of the answers."""
    chance = torch.Generator().manual_seed(seed)
    data = torch.from_numpy(records)
    network.to(how.device).train()
    adam = torch.optim.Adam(network.parameters(), lr=how.rate, betas=(0.9, 0.98))
    warm = max(1, how.steps // 10)
    for step in range(how.steps):
        done = (step - warm) / max(1, how.steps - warm)
        share = step / warm if step < warm else 0.5 * (1 + math.cos(math.pi * done))
        for group in adam.param_groups:
            group["lr"] = how.rate * max(share, 1e-3)
        picked = data[torch.randint(len(data), (how.batch,), generator=chance)].to(how.device)
        logits, _ = network(picked[:, :-1])
        told = logits[:, network.prompt - 1 :]
        loss = F.cross_entropy(told.flatten(0, 1), picked[:, network.prompt :].flatten())
        adam.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()
    network.eval()


@torch.no_grad()
def search(network: Network, prompts: Tokens, beams: int, rows: int = 4096) -> tuple[Tokens, Any]:
    """Most probable answers by beam search; one beam is greedy.

    Parameters
    ----------
    network : Network
        The model.
    prompts : ndarray, shape (n, prompt)
        What to answer.
    beams : int
        Answers kept at each step.
    rows : int
        Answers searched at once.

    Returns
    -------
    answers : ndarray, shape (n, beams, answer)
        The best first.
    scores : ndarray, shape (n, beams)
        Their log-probabilities, nats.
    """
    device = next(network.parameters()).device
    found = [_beams(network, torch.from_numpy(part).to(device), beams)
             for part in np.array_split(prompts, max(1, math.ceil(len(prompts) * beams / rows)))
             if len(part)]  # fmt: skip
    answers, scores = zip(*found, strict=True)
    return torch.cat(answers).cpu().numpy(), torch.cat(scores).cpu().numpy()


def _beams(network: Network, prompts: Tensor, beams: int) -> tuple[Tensor, Tensor]:
    n = len(prompts)
    logits, past = network(prompts)
    first = logits[:, -1].log_softmax(-1)
    width = min(beams, first.shape[1])
    scores, token = first.topk(width, dim=-1)
    answers = token[:, :, None]
    past = [(k.repeat_interleave(width, 0), v.repeat_interleave(width, 0)) for k, v in past]
    for place in range(1, network.answer):
        logits, past = network(answers[:, :, -1].reshape(-1, 1), past, network.prompt + place - 1)
        following = logits[:, -1].log_softmax(-1).view(n, width, -1) + scores[:, :, None]
        vocabulary = following.shape[-1]
        scores, flat = following.flatten(1).topk(min(beams, width * vocabulary), dim=-1)
        origin, token = flat // vocabulary, flat % vocabulary
        answers = torch.cat([answers.gather(1, origin[:, :, None].expand(-1, -1, place)),
                             token[:, :, None]], dim=2)  # fmt: skip
        row = (torch.arange(n, device=flat.device)[:, None] * width + origin).flatten()
        past = [(k[row], v[row]) for k, v in past]
        width = scores.shape[1]
    return answers, scores
