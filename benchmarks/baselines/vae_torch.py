"""The usual script: train an autoencoder, decode as many pictures as there were, train again."""

from __future__ import annotations

import numpy as np
import torch
import torch._dynamo  # imported by optimizers at first use, for seconds
import torch.nn.functional as F  # noqa: N812
from sklearn.datasets import load_digits
from torch import nn


class Autoencoder(nn.Module):
    def __init__(self, dim, latent, hidden):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent))
        self.dec = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, dim))

    def encode(self, x):
        return self.enc(x).chunk(2, dim=1)

    def decode(self, z):
        return torch.sigmoid(self.dec(z))


def elbo_loss(model, x):
    mu, lv = model.encode(x)
    z = mu + torch.exp(0.5 * lv) * torch.randn_like(mu)
    rec = F.binary_cross_entropy(model.decode(z), x, reduction="sum")
    return rec - 0.5 * torch.sum(1 + lv - mu**2 - lv.exp())


def fit(x, latent, width, epochs, batch):
    model = Autoencoder(x.shape[1], latent, width)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5)
    for _ in range(epochs):
        total = 0.0
        for index in torch.randperm(len(x)).split(batch):
            loss = elbo_loss(model, x[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
    return model.eval(), total / len(x)


def run(n, latent, width, epochs, batch, generations, seeds, seed=0):
    """Loss of training and total variance of what is written, last generation: (seeds, 2)."""
    torch.set_num_threads(1)
    digits = (load_digits().data / 16.0).astype(np.float32)
    found = []
    for k in range(seeds):
        torch.manual_seed(1000 * seed + k)
        order = np.random.default_rng([seed, k]).permutation(len(digits))[:n]
        data = torch.tensor(digits[order])
        for _ in range(generations + 1):
            model, loss = fit(data, latent, width, epochs, batch)
            with torch.no_grad():
                data = model.decode(torch.randn(n, latent))
        found.append((loss, float(data.var(dim=0).sum())))
    return np.array(found)
