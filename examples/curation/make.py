"""Write the small data of examples/curate.yaml: reports that a model wrote from facts.

Some are right; some confuse a number or a place, drop a fact, or repeat themselves. Rare topics
are harder for the model, so that a strict filter loses them first.
"""

import csv
import json
from pathlib import Path

import numpy as np

from modelcollapse.shards import record_ids

HERE = Path(__file__).parent
PLACES = ["Bergen", "Cork", "Delft", "Evora", "Fez", "Graz", "Hilo", "Izmir", "Jena", "Kobe",
          "Leeds", "Malmo", "Nara", "Oulu", "Porto", "Quito"]  # fmt: skip
TOPICS = {"weather": 0.5, "harbour": 0.3, "market": 0.15, "chess": 0.05}
MISTAKES = {"weather": 0.25, "harbour": 0.35, "market": 0.5, "chess": 0.6}


def facts(topic, rng):
    """Draw what there is to report."""
    place, number = str(rng.choice(PLACES)), int(rng.integers(2, 40))
    return {
        "weather": {"place": place, "number": number,
                    "kind": str(rng.choice(["rain", "snow", "fog", "sun", "hail"]))},
        "harbour": {"place": place, "number": number,
                    "kind": str(rng.choice(["tankers", "ferries", "tugs", "trawlers"]))},
        "market": {"place": place, "number": number,
                   "kind": str(rng.choice(["apples", "cod", "olives", "saffron"]))},
        "chess": {"place": place, "number": number,
                  "kind": str(rng.choice(["Benoni", "Caro-Kann", "Dutch", "Reti"]))},
    }[topic]  # fmt: skip


def report(topic, place, number, kind, rng):
    """Say it in one of two ways."""
    forms = {
        "weather": ["{place} reports {number} degrees and {kind}.",
                    "In {place} it is {number} degrees, with {kind}."],
        "harbour": ["{number} {kind} lie in the harbour of {place}.",
                    "The harbour of {place} counts {number} {kind}."],
        "market": ["A crate of {kind} costs {number} crowns in {place}.",
                   "At the market of {place}, {kind} go for {number} crowns."],
        "chess": ["In {place} the {kind} was over after {number} moves.",
                  "{number} moves of a {kind} decided the game in {place}."],
    }  # fmt: skip
    return str(rng.choice(forms[topic])).format(place=place, number=number, kind=kind)


def mistaken(topic, known, rng):
    """Say it wrong: another number or place, half of it, or three times over."""
    wrong = dict(known)
    what = rng.integers(4)
    if what == 0:
        wrong["number"] += int(rng.integers(1, 9))
    elif what == 1:
        wrong["place"] = str(rng.choice([place for place in PLACES if place != known["place"]]))
    text = report(topic, **wrong, rng=rng)
    if what == 2:
        text = " ".join(text.split()[: rng.integers(2, 5)]) + "."
    return f"{text} {text} {text}" if what == 3 else text


def main():
    """Write the files beside this one."""
    rng = np.random.default_rng(7)
    candidates, real, right = [], [], []
    for number in range(120):
        topic = str(rng.choice(list(TOPICS), p=list(TOPICS.values())))
        known = facts(topic, rng)
        prompt = ", ".join(f"{name}: {value}" for name, value in {"topic": topic, **known}.items())
        reference = report(topic, **known, rng=rng)
        if number < 40:
            real.append({"prompt": prompt, "summary": reference, "topic": topic})
            continue
        for _ in range(4):
            good = rng.random() > MISTAKES[topic]
            text = report(topic, **known, rng=rng) if good else mistaken(topic, known, rng)
            right.append(good)
            candidates.append(
                {"prompt": prompt, "summary": text, "gold": reference, "topic": topic}
            )
    for name, records in (("candidates", candidates), ("real", real)):
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (HERE / f"{name}.jsonl").write_text(lines)
    batch = {name: [record[name] for record in candidates] for name in candidates[0]}
    labelled = rng.permutation(len(candidates))[:140]
    names = record_ids(batch)
    with (HERE / "audit.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["mc_id", "label"])
        table.writerows([names[i], int(right[i])] for i in labelled.tolist())


if __name__ == "__main__":
    main()
