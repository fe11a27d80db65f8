"""Kernel ridge regression on MNIST with a Gaussian kernel, labels written again and again."""

from __future__ import annotations

from dataclasses import replace

from modelcollapse.families.regression.kernel_ridge import KernelRidge
from modelcollapse.recipes import _kernel_mnist as m
from modelcollapse.recipes import _recipe as r

CAPACITY, SOURCE = 1.65, 0.097


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Run chains of two sizes of generators; theory holds down to the classical ridge."""
    if reason := m.absent():
        return m.without_data(reason)
    outcome, weak, classical = m.study(KernelRidge(gamma=1e-4), (CAPACITY, SOURCE), scale, seed)
    deep = weak.depths[-1]
    claims = list(outcome.claims)
    for depth in (0, deep):
        told = weak.read.theory(m.LAST, classical, depth)
        claims.append(
            r.claim(f"T0 = {m.WEAK}, {depth} deep, ridge T^-l_crit: theory holds as well", told,
                    r.mean(weak.read.at(m.LAST, classical, depth)), rounding=m.AGREEMENT * told)
        )  # fmt: skip
    claims.append(
        r.control(f"T0 = {m.WEAK}, {deep} deep: the theory of a chain that is never relabelled",
                  weak.read.theory(m.LAST, classical, 0),
                  r.mean(weak.read.at(m.LAST, classical, deep)))
    )  # fmt: skip
    return replace(outcome, claims=claims)


RECIPE = r.Recipe(
    "kernel-mnist-rbf", "Kernel ridge regression on MNIST, Gaussian kernel",
    "dohmatob2024regression",
    "exp(-1e-4 (x - z)²), capacity 1.65 and source 0.097, so l_crit = 1.25 (text; figure for T up "
    "to 1,000): error grows with generations, and the ridge T0^-l_crit repairs part of it.",
    m.OPTIONS, run,
)  # fmt: skip
