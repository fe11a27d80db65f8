"""What an audit can read, what a reading is about, and how much change does not matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from numbers import Real
from typing import Any

from modelcollapse.errors import InputError, suggestion


class Concern(StrEnum):
    """What a reading warns of. The values are words of a report."""

    TAILS = "tails"
    SPREAD = "spread"
    NARROWING = "narrowing"
    DUPLICATION = "duplication"
    DRIFT = "drift"
    NOISE = "noise"
    HYGIENE = "hygiene"


@dataclass(frozen=True)
class Tolerance:
    """Change that does not matter.

    Attributes
    ----------
    amount : float
        Of the value as expected.
    relative : bool
        Whether the amount is a share of it.
    """

    amount: float
    relative: bool = True

    def margin(self, expected: float) -> float:
        """Change that does not matter, in the unit of the measure."""
        return self.amount * abs(expected) if self.relative else self.amount


@dataclass(frozen=True)
class Measure:
    """One thing that an audit reads.

    Attributes
    ----------
    title : str
        Name in a report.
    concern : Concern
        What it warns of.
    tolerance : Tolerance
        Change that does not matter, if the user says nothing else.
    meaning : str
        One sentence for a reader.
    source : str
        Where it is written down: the function of `modelcollapse.metrics`.
    headline : bool
        Whether the verdict reads it, where it is about a whole data set or text column.
    """

    title: str
    concern: Concern
    tolerance: Tolerance
    meaning: str
    source: str
    headline: bool = True


_TAILS = Tolerance(0.2)
_BULK = Tolerance(0.03)
_FEW = Tolerance(0.01, relative=False)

MEASURES: Mapping[str, Measure] = {
    "tail_values": Measure(
        "values in the tails", Concern.TAILS, _TAILS,
        "Values beyond the reference's outermost 1 % (5 % in small data), of all number columns "
        "together, per value that would be there if nothing had changed.",
        "ratio_sums.count_ratio_signal",
    ),
    "column_tails": Measure(
        "most eroded tail of a column", Concern.TAILS, _TAILS,
        "Values in the tails of the column that lost most surely; p and interval are adjusted for "
        "the number of columns.",
        "ratio_sums.count_ratio_signal",
    ),
    "rare_categories": Measure(
        "rare categories still there", Concern.TAILS, _TAILS,
        "Rare categories that occur, of those that as many real records would show.",
        "retention.retention_by_rarity",
    ),
    "category_shares": Measure(
        "most eroded category", Concern.TAILS, _TAILS,
        "Share of the category that lost most surely, of those at most half as common as the "
        "commonest, over its share of the reference; p is adjusted for their number.",
        "erasure.erasure",
    ),
    "subgroups": Measure(
        "most eroded subgroup", Concern.TAILS, _TAILS,
        "Share of the subgroup that lost most surely, of those at most half as common as the "
        "commonest, over its share of the reference; p is adjusted for their number.",
        "erasure.erasure",
    ),
    "rare_words": Measure(
        "rare words still there", Concern.TAILS, _TAILS,
        "Rare words that occur, of those that as many real documents would show.",
        "documents.word_retention",
    ),
    "distinct_2": Measure(
        "distinct word pairs", Concern.TAILS, Tolerance(0.05),
        "Different pairs of words per pair, at an equal number of words.",
        "documents.distinct",
    ),
    "distinct_3": Measure(
        "distinct word triples", Concern.TAILS, Tolerance(0.05),
        "Different triples of words per triple, at an equal number of words.",
        "documents.distinct",
    ),
    "rarity_exceedance": Measure(
        "records where reality is sparse", Concern.TAILS, _TAILS,
        "New records as far from real ones as the outermost 2 % of the real ones are.",
        "neighbours.rarity_exceedance",
    ),
    "lost_support": Measure(
        "real records without a new neighbour", Concern.TAILS, Tolerance(0.5),
        "Real records that no new one is near to, against what as many real ones would leave.",
        "neighbours.lost_support",
    ),
    "bulk_spread": Measure(
        "spread of the bulk", Concern.SPREAD, _BULK,
        "Mean distance from the reference's median, deviations cut at the outermost tenth so that "
        "tails have no say; over all number columns together.",
        "ratio_sums.ratio_signal",
    ),
    "total_variance": Measure(
        "total variance", Concern.SPREAD, Tolerance(0.05),
        "Sum of the variances over the coordinates of an embedding.",
        "spread_change.trace_ratio",
    ),
    "common_categories": Measure(
        "common categories still there", Concern.SPREAD, Tolerance(0.1),
        "Common categories that occur, of those that as many real records would show.",
        "retention.retention_by_rarity",
    ),
    "common_words": Measure(
        "common words still there", Concern.SPREAD, Tolerance(0.1),
        "Common words that occur, of those that as many real documents would show.",
        "documents.word_retention",
    ),
    "distinct_categories": Measure(
        "number of categories", Concern.TAILS, Tolerance(0.05),
        "Different categories of the column that lost most surely, at an equal number of records; "
        "p is adjusted for the number of columns.",
        "matched_diversity.hill_profile", headline=False,
    ),
    "category_concentration": Measure(
        "effective number of categories", Concern.NARROWING, Tolerance(0.05),
        "One over the probability that two records agree (Hill number of order 2).",
        "matched_diversity.hill_profile", headline=False,
    ),
    "word_concentration": Measure(
        "effective number of words", Concern.NARROWING, Tolerance(0.1),
        "One over the probability that two words agree (Hill number of order 2): silent under "
        "plain resampling, loud where a model prefers what is frequent.",
        "documents.word_profile",
    ),
    "dependence": Measure(
        "change of dependence", Concern.NARROWING, Tolerance(0.1, relative=False),
        "Largest change of a rank correlation between two number columns.",
        "dependence.correlation_change",
    ),
    "vendi": Measure(
        "effective number of records", Concern.NARROWING, Tolerance(0.05),
        "Vendi score of order 2 with a Gaussian kernel, without bias of size.",
        "vendi.vendi_ratio",
    ),
    "copies": Measure(
        "records that repeat others", Concern.DUPLICATION, _FEW,
        "Share of the records that are copies of another, as far as the reference has none.",
        "matched_diversity.hill_profile",
    ),
    "near_copies": Measure(
        "near copies", Concern.DUPLICATION, Tolerance(0.02, relative=False),
        "Records as close to another of their set as only the closest 1 % of the real ones are.",
        "neighbours.near_copies",
    ),
    "near_duplicates": Measure(
        "near duplicates", Concern.DUPLICATION, _FEW,
        "Documents that share at least 70 % of their word triples with another.",
        "documents.shared_clusters",
    ),
    "repeated_passages": Measure(
        "words in repeated passages", Concern.DUPLICATION, Tolerance(0.02, relative=False),
        "Share of the words inside runs of eight that another document has too.",
        "documents.repeated_runs",
    ),
    "compression": Measure(
        "compression ratio", Concern.DUPLICATION, Tolerance(0.05),
        "Bytes over compressed bytes, over a long window and at equal length.",
        "documents.compression",
    ),
    "energy": Measure(
        "energy distance", Concern.DRIFT, Tolerance(0.01, relative=False),
        "Distance of the two laws, in standard deviations of the reference (in the units of an "
        "embedding); zero on average where nothing changed.",
        "two_sample.energy_signal",
    ),
    "classifier": Measure(
        "told apart by a classifier", Concern.DRIFT, Tolerance(0.02, relative=False),
        "Area under the curve of a classifier of new against real, cross-fitted; 0.5 is chance.",
        "classifier_test.classifier_test",
    ),
    "density": Measure(
        "density around real records", Concern.NOISE, Tolerance(0.1),
        "Below chance the new records lie where no real ones are: noise, not collapse.",
        "neighbours.density", headline=False,
    ),
    "coverage": Measure(
        "real records covered", Concern.NOISE, Tolerance(0.1),
        "Share of the real records with a new one inside their neighbourhood.",
        "neighbours.coverage", headline=False,
    ),
    "contraction": Measure(
        "distance to the nearest", Concern.NARROWING, Tolerance(0.05),
        "Median distance to the nearest of the same set, new over real.",
        "neighbours.contraction", headline=False,
    ),
    "standard_deviation": Measure(
        "standard deviation", Concern.SPREAD, _BULK,
        "Of a column, new over real.", "spread_change.deviation_ratio", headline=False,
    ),
    "marginal_shift": Measure(
        "shift of a column", Concern.DRIFT, Tolerance(0.05, relative=False),
        "Wasserstein distance in standard deviations of the reference.",
        "marginal_shift.wasserstein_shift", headline=False,
    ),
    "category_law": Measure(
        "change of shares", Concern.DRIFT, Tolerance(0.05, relative=False),
        "Total variation distance of the categories.",
        "total_variation.total_variation_signal", headline=False,
    ),
    "distinct_1": Measure(
        "distinct words", Concern.TAILS, Tolerance(0.05),
        "Different words per word, at an equal number of words.",
        "documents.distinct", headline=False,
    ),
    "missing": Measure(
        "missing values", Concern.HYGIENE, Tolerance(0.02, relative=False),
        "Share of the values of a column that are missing.", "hygiene.share_change",
        headline=False,
    ),
    "new_categories": Measure(
        "categories never seen", Concern.HYGIENE, _FEW,
        "Share of the records with a category that the reference does not have.",
        "hygiene.share_change", headline=False,
    ),
}  # fmt: skip


def tolerances(asked: Mapping[str, Any] | None) -> dict[str, Tolerance]:
    """Tolerance of every measure, the user's own in place of the defaults.

    Parameters
    ----------
    asked : mapping of str to float, optional
        Amount by measure or by concern (``tails``, ``spread`` ...); a measure goes before its
        concern. Amounts are relative where those of the measure are.

    Raises
    ------
    InputError
        If a name is neither, or an amount is negative.
    """
    asked = dict(asked or {})
    known = [*MEASURES, *Concern]
    for name, amount in asked.items():
        if name not in known:
            raise InputError(
                f"there is no measure or concern {name!r} to set a tolerance for. "
                f"{suggestion(name, known)} Concerns are {', '.join(Concern)}."
            )
        if not isinstance(amount, Real) or not float(amount) >= 0:
            raise InputError(
                f"the tolerance of {name} must be zero or more, got {amount!r}: it is the change "
                "that does not matter. Use 0.2 for a fifth."
            )
    return {
        name: replace(
            measure.tolerance,
            amount=float(asked.get(name, asked.get(measure.concern, measure.tolerance.amount))),
        )
        for name, measure in MEASURES.items()
    }
