"""Time the package beside the scripts it replaces: ``python -m benchmarks [--quick]``."""

from __future__ import annotations

import argparse
import json
from importlib import import_module
from pathlib import Path

GROUPS = (
    "gaussian", "categorical", "mixture", "kernel", "ngram", "regression", "growth", "loop",
    "long", "startup", "language", "vae", "rouge", "perplexity",
    "neighbours", "scoring", "text-audit", "profiles",
)  # fmt: skip
HOMES = {"long": "loop", "text-audit": "text_audit"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller work on both sides")
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS, metavar="NAME",
                        help=f"some of {', '.join(GROUPS)}")  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    asked = parser.parse_args()

    # Processes of a comparison import this module too: whatever is heavy is imported here.
    from benchmarks import suite, timing

    machine = timing.machine()
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    if asked.quick:
        print(
            "quick: less work on both sides; the targets are for the full work, so none is judged"
        )
    print(f"\n{suite.HEAD}\n{'-' * len(suite.HEAD)}")
    results = []
    for home in dict.fromkeys(HOMES.get(group, group) for group in GROUPS):
        if not any(HOMES.get(group, group) == home for group in asked.only):
            continue
        for job in import_module(f"benchmarks.bench_{home}").jobs(asked.quick):
            if job.group not in asked.only:
                continue
            result = job.run()
            results.append(result.plain())
            print("\n".join(result.lines(judge=not asked.quick)), flush=True)
    verdicts = [figure["met"] for result in results for figure in result["figures"]]
    if not asked.quick:
        judged = verdicts.count(True) + verdicts.count(False)
        print(f"\ntargets met: {verdicts.count(True)} of {judged}")
    if asked.json:
        body = {"machine": machine, "quick": asked.quick, "results": results}
        asked.json.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
