"""Transformers that learn eigenvalues from answers of one of them, which somebody picked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modelcollapse.recipes import _eigenvalues as e
from modelcollapse.recipes import _recipe as r

GPU = "the published sizes take a GPU hours: run --scale full where PyTorch finds one"


def run(scale: r.Scale, seed: int) -> r.Outcome:
    """Quick: 2 x 2 matrices and a network of one narrow layer; full: 5 x 5, as published."""
    import torch

    quick = scale == "quick"
    cases, beams = e.lineages(quick)
    if not quick and not torch.cuda.is_available():
        claim = r.Claim("an oracle of beams beats greedy", 0.2, 0.0, 0.0, ">", "notes",
                        incomparable=GPU)  # fmt: skip
        return r.Outcome([claim], [])
    tolerance, replicates = (0.03, 4) if quick else (0.01, 1)
    found = r.simulate(cases, [e.Solved(tolerance)], generations=1, replicates=replicates,
                       seed=seed)  # fmt: skip
    first = {part: found["oracle"][f"solved.{part}"][:, 0]
             for part in ("greedy", "first", "random", f"best of {beams}")}  # fmt: skip
    first["oracle"] = first.pop(f"best of {beams}")
    student = {label: h["solved.greedy"][:, 1] for label, h in found.items()}
    sizes = "2 x 2 matrices; run the full scale" if quick else ""
    notes: dict[str, Any] = {"basis": "notes"}
    claims = [
        *(replace(r.claim(f"generator, {words}", value, r.mean(first[part]), rounding=0.02,
                          **notes), incomparable=sizes)
          for part, words, value in (("greedy", "greedy", 0.202),
                                     ("oracle", f"oracle of {beams} beams", 0.604),
                                     ("first", f"lowest perplexity of {beams}", 0.192))),
        r.claim("an oracle of beams finds twice as many as greedy", 0.0,
                r.mean(first["oracle"] - 2 * first["greedy"]), law=">", **notes),
        r.claim("the most probable beam is about as good as greedy", 0.0,
                r.mean(first["first"] - first["greedy"]), rounding=0.03, **notes),
        r.claim("students of an oracle beat the generator", 0.0,
                r.mean(student["oracle"] - first["greedy"]), law=">", **notes),
        r.claim("students of unverified answers end below the generator", 0.0,
                r.mean(student["greedy"] - first["greedy"]), law="<", **notes),
        r.claim("perplexity is no verifier: its students are no better than those of greedy", 0.0,
                r.mean(student["lowest perplexity"] - student["greedy"]), rounding=0.03, **notes),
        r.control("more beams to pick from are enough, whoever picks", 0.0,
                  r.mean(first["random"] - first["greedy"]), law=">"),
        r.control("it does not matter who picks: random beams teach as much as an oracle's", 0.0,
                  r.mean(student["random beam"] - student["oracle"]), law=">"),
    ]  # fmt: skip
    places = range(len(cases))
    labels = [h["solved.labels"][:, 1] for h in found.values()]
    panel = r.Panel(f"Solved, by who picked: {', '.join(cases)}", "who picked", [
        r.Curve(name, places, [float(x.mean()) for x in values], style="bars")
        for name, values in (("answers picked", labels), ("student", list(student.values())))
    ])  # fmt: skip
    settings = {"replicates": replicates, "beams": beams, "tolerance": tolerance}
    return r.Outcome(claims, [panel], cases, settings)


RECIPE = r.Recipe(
    "eigenvalues", "Eigenvalues by transformers: an oracle among the beams", "feng2025",
    "Trained on 200,000 symmetric 5 x 5 matrices a transformer solves 20.2 % within 1 %; an oracle "
    "of 50 beams 60.4 %, lowest perplexity 19.2 %. Students of unverified answers end below it, "
    "those of an oracle solve nearly twice as many (notes).",
    {"quick": "2 x 2 matrices of whole numbers, 1,500 real and 4,000 written, 16 beams, within 3 %",
     "network": "one stack that reads the matrix both ways; published: encoder and decoder",
     "training": "as many epochs for students, who see more records: ours",
     "error": "sum of absolute errors by sum of absolute eigenvalues"}, run,
)  # fmt: skip
