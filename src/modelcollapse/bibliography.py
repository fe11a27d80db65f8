"""Every published work that a formula, a measure or a recipe rests on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """One published work.

    Parameters
    ----------
    key : str
        Family name of the first author and the year.
    authors : str
        Names in BibTeX order, ``"Family, Given and Family, Given"``.
    title, venue : str
        As published; the venue is a journal, a proceedings volume or a publisher.
    year : int
        Year of publication.
    arxiv, doi, volume, pages : str, default ``""``
        Identifiers and place, where there are any.
    kind : str, default ``"article"``
        BibTeX entry type.
    """

    key: str
    authors: str
    title: str
    venue: str
    year: int
    arxiv: str = ""
    doi: str = ""
    volume: str = ""
    pages: str = ""
    kind: str = "article"

    @property
    def bibtex(self) -> str:
        """The BibTeX entry."""
        place = {"inproceedings": "booktitle", "book": "publisher", "software": "organization"}
        fields = {
            "author": self.authors,
            "title": f"{{{self.title}}}",
            place.get(self.kind, "journal"): self.venue,
            "year": str(self.year),
            "volume": self.volume,
            "pages": self.pages.replace("-", "--"),
            "doi": self.doi,
            "eprint": self.arxiv,
            "archiveprefix": "arXiv" if self.arxiv else "",
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])

    @property
    def line(self) -> str:
        """The work in one line."""
        families = [name.split(",")[0] for name in self.authors.split(" and ")]
        who = families[0] if len(families) == 1 else " and ".join(families[:2])
        if len(families) > 2:
            who = f"{families[0]} et al."
        place = " ".join(part for part in (self.venue, self.volume) if part)
        pages = f", {self.pages}" if self.pages else ""
        arxiv = f", arXiv:{self.arxiv}" if self.arxiv else ""
        return f"{who} ({self.year}), {self.title}. {place}{pages}{arxiv}."


_PROCEEDINGS = "inproceedings"
_ICLR = "International Conference on Learning Representations"

_WORKS = (
    Reference(
        "modelcollapse",
        "{The modelcollapse developers}",
        "modelcollapse: simulate, predict, measure and prevent model collapse",
        "Python package",
        2026,
        kind="software",
    ),
    # --- chains of models -------------------------------------------------------------------
    Reference(
        "shumailov2024",
        "Shumailov, Ilia and Shumaylov, Zakhar and Zhao, Yiren and Papernot, Nicolas and "
        "Anderson, Ross and Gal, Yarin",
        "AI models collapse when trained on recursively generated data",
        "Nature",
        2024,
        doi="10.1038/s41586-024-07566-y",
        volume="631",
        pages="755-759",
    ),
    Reference(
        "shumailov2023",
        "Shumailov, Ilia and Shumaylov, Zakhar and Zhao, Yiren and Gal, Yarin and "
        "Papernot, Nicolas and Anderson, Ross",
        "The Curse of Recursion: Training on Generated Data Makes Models Forget",
        "arXiv preprint",
        2023,
        arxiv="2305.17493",
    ),
    Reference(
        "alemohammad2024",
        "Alemohammad, Sina and Casco-Rodriguez, Josue and Luzi, Lorenzo and "
        "Humayun, Ahmed Imtiaz and Babaei, Hossein and LeJeune, Daniel and Siahkoohi, Ali and "
        "Baraniuk, Richard G.",
        "Self-Consuming Generative Models Go MAD",
        _ICLR,
        2024,
        arxiv="2307.01850",
        kind=_PROCEEDINGS,
    ),
    Reference(
        "suresh2025",
        "Suresh, Ananda Theertha and Thangaraj, Andrew and Khandavally, Aditya Nanda Kishore",
        "Rate of Model Collapse in Recursive Training",
        "International Conference on Artificial Intelligence and Statistics",
        2025,
        arxiv="2412.17646",
        pages="1396-1404",
        kind=_PROCEEDINGS,
    ),
    Reference(
        "bertrand2024",
        "Bertrand, Quentin and Bose, Avishek Joey and Duplessis, Alexandre and "
        "Jiralerspong, Marco and Gidel, Gauthier",
        "On the Stability of Iterative Retraining of Generative Models on their own Data",
        _ICLR,
        2024,
        arxiv="2310.00429",
        kind=_PROCEEDINGS,
    ),
    Reference(
        "seddik2024",
        "Seddik, Mohamed El Amine and Chen, Suei-Wen and Hayou, Soufiane and Youssef, Pierre and "
        "Debbah, Merouane",
        "How Bad is Training on Synthetic Data? A Statistical Analysis of Language Model Collapse",
        "Conference on Language Modeling",
        2024,
        arxiv="2404.05090",
        kind=_PROCEEDINGS,
    ),
    Reference(
        "gerstgrasser2024",
        "Gerstgrasser, Matthias and Schaeffer, Rylan and Dey, Apratim and Rafailov, Rafael and "
        "Sleight, Henry and Hughes, John and Korbak, Tomasz and Agrawal, Rajashree and "
        "Pai, Dhruv and Gromov, Andrey and Roberts, Daniel A. and Yang, Diyi and "
        "Donoho, David L. and Koyejo, Sanmi",
        "Is Model Collapse Inevitable? Breaking the Curse of Recursion by Accumulating Real and "
        "Synthetic Data",
        "arXiv preprint",
        2024,
        arxiv="2404.01413",
    ),
    Reference(
        "kazdan2024",
        "Kazdan, Joshua and Schaeffer, Rylan and Dey, Apratim and Gerstgrasser, Matthias and "
        "Rafailov, Rafael and Donoho, David L. and Koyejo, Sanmi",
        "Collapse or Thrive? Perils and Promises of Synthetic Data in a Self-Generating World",
        "arXiv preprint",
        2024,
        arxiv="2410.16713",
    ),
    # --- tails, regression, curation --------------------------------------------------------
    Reference(
        "dohmatob2024tails",
        "Dohmatob, Elvis and Feng, Yunzhen and Yang, Pu and Charton, Francois and Kempe, Julia",
        "A Tale of Tails: Model Collapse as a Change of Scaling Laws",
        "International Conference on Machine Learning",
        2024,
        arxiv="2402.07043",
        kind=_PROCEEDINGS,
    ),
    Reference(
        "dohmatob2024regression",
        "Dohmatob, Elvis and Feng, Yunzhen and Kempe, Julia",
        "Model Collapse Demystified: The Case of Regression",
        "Advances in Neural Information Processing Systems",
        2024,
        arxiv="2402.07712",
        kind=_PROCEEDINGS,
    ),
    Reference(
        "dohmatob2025",
        "Dohmatob, Elvis and Feng, Yunzhen and Subramonian, Arjun and Kempe, Julia",
        "Strong Model Collapse",
        _ICLR,
        2025,
        arxiv="2410.04840",
        kind=_PROCEEDINGS,
    ),
    Reference(
        "feng2025",
        "Feng, Yunzhen and Dohmatob, Elvis and Yang, Pu and Charton, Francois and Kempe, Julia",
        "Beyond Model Collapse: Scaling Up with Synthesized Data Requires Verification",
        _ICLR,
        2025,
        arxiv="2406.07515",
        kind=_PROCEEDINGS,
    ),
    Reference(
        "kolossov2024",
        "Kolossov, Germain and Montanari, Andrea and Tandon, Pulkit",
        "Towards a statistical theory of data selection under weak supervision",
        _ICLR,
        2024,
        arxiv="2309.14563",
        kind=_PROCEEDINGS,
    ),
    Reference(
        "ferbach2024",
        "Ferbach, Damien and Bertrand, Quentin and Bose, Avishek Joey and Gidel, Gauthier",
        "Self-Consuming Generative Models with Curated Data Provably Optimize Human Preferences",
        "Advances in Neural Information Processing Systems",
        2024,
        arxiv="2407.09499",
        kind=_PROCEEDINGS,
    ),
    Reference(
        "he2025",
        "He, Hengzhi and Xu, Shirong and Cheng, Guang",
        "Golden Ratio Weighting Prevents Model Collapse",
        "arXiv preprint",
        2025,
        arxiv="2502.18049",
    ),
    Reference(
        "garg2025",
        "Garg, Anvit and Bhattacharya, Sohom and Sur, Pragya",
        "Preventing Model Collapse Under Overparametrization: Optimal Mixing Ratios for "
        "Interpolation Learning and Ridge Regression",
        "arXiv preprint",
        2025,
        arxiv="2509.22341",
    ),
    Reference(
        "yi2026",
        "Yi, Bingji and Liu, Qiyuan and Cheng, Yuwei and Xu, Haifeng",
        "Escaping Model Collapse via Synthetic Data Verification: Near-term Improvements and "
        "Long-term Convergence",
        _ICLR,
        2026,
        arxiv="2510.16657",
        kind=_PROCEEDINGS,
    ),
    Reference(
        "gambetta2025",
        "Gambetta, Daniele and Gezici, Gizem and Giannotti, Fosca and Pedreschi, Dino and "
        "Knott, Alistair and Pappalardo, Luca",
        "Learning by Surprise: Surplexity for Mitigating Model Collapse in Generative AI",
        "arXiv preprint",
        2025,
        arxiv="2410.12341",
    ),
    Reference(
        "drayson2025",
        "Drayson, George and Yilmaz, Emine and Lampos, Vasileios",
        "Machine-generated text detection prevents language model collapse",
        "Conference on Empirical Methods in Natural Language Processing",
        2025,
        arxiv="2502.15654",
        kind=_PROCEEDINGS,
    ),
    Reference(
        "triposat2026",
        "triposat",
        "Model collapse on web data: GPT-2 on four mixes",
        "Software, GitHub: triposat/model-collapse-web-data",
        2026,
        kind="misc",
    ),
    Reference(
        "ananyat69792026",
        "ananyat6979",
        "Model Collapse Observatory: DistilGPT-2 on Wikipedia, four generations",
        "Software, GitHub: ananyat6979-commits/Model-Collapse-Observatory",
        2026,
        kind="misc",
    ),
    Reference(
        "kovac2025",
        "Kovač, Grgur and Perez, Jérémy and Portelas, Rémy and Dominey, Peter Ford and Oudeyer, "
        "Pierre-Yves",
        "Recursive training loops in LLMs: How training data properties modulate distribution "
        "shift in generated data?",
        "arXiv preprint",
        2025,
        arxiv="2504.03814",
        kind="misc",
    ),
    Reference(
        "bohacek2023",
        "Bohacek, Matyas and Farid, Hany",
        "Nepotistically Trained Generative-AI Models Collapse",
        "arXiv preprint",
        2023,
        arxiv="2311.12202",
        kind="misc",
    ),
    Reference(
        "dhoot2026",
        "Dhoot, Bhavya",
        "Real-Data Anchoring Thresholds for Preventing Model Collapse in Tabular Generative Models",
        "Software, GitHub: Bhavya-Dhoot/Model_collapse",
        2026,
        kind="misc",
    ),
    # --- statistics and population genetics -------------------------------------------------
    Reference(
        "ewens2004",
        "Ewens, Warren J.",
        "Mathematical Population Genetics 1: Theoretical Introduction",
        "Springer",
        2004,
        doi="10.1007/978-0-387-21822-9",
        kind="book",
    ),
    Reference(
        "kingman1982",
        "Kingman, John F. C.",
        "The coalescent",
        "Stochastic Processes and their Applications",
        1982,
        doi="10.1016/0304-4149(82)90011-4",
        volume="13",
        pages="235-248",
    ),
    Reference(
        "muirhead1982",
        "Muirhead, Robb J.",
        "Aspects of Multivariate Statistical Theory",
        "Wiley",
        1982,
        doi="10.1002/9780470316559",
        kind="book",
    ),
    Reference(
        "gelbrich1990",
        "Gelbrich, Matthias",
        "On a Formula for the L2 Wasserstein Metric between Measures on Euclidean and Hilbert "
        "Spaces",
        "Mathematische Nachrichten",
        1990,
        doi="10.1002/mana.19901470121",
        volume="147",
        pages="185-203",
    ),
)

BIBLIOGRAPHY: dict[str, Reference] = {work.key: work for work in _WORKS}
"""Every work by its key."""
