"""The English that the ranked-words match knows: empty words, short forms, synonyms, verbs of change.

Kept small and about asking in general; what one capability is about belongs in its own `examples`.
"""

from __future__ import annotations

from vibe_jupyter.core.words import EMPTY_WORDS, stem

__all__ = [
    "CHANGE_VERBS",
    "CONCEPTS_OF",
    "ERRANDS",
    "FILE_KINDS",
    "IRREGULAR_PASTS",
    "KNOWN_WORDS",
    "OPENINGS",
    "QUANTITIES",
    "SHORT_FORMS",
    "STOP_WORDS",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# fmt: off
STOP_WORDS = EMPTY_WORDS | _words(
    "all also am any been but each every everything get gets give go had has have he here if into isnt "
    "its just let like need off only out over she should show so some tell than their them then there "
    "these they thing those too up us very want will"
)
"""Words that carry no signal. `where`, `which`, `when` do, and `how` before a quantity does, and are not here."""

SHORT_FORMS = {
    "cols": ["columns"], "col": ["column"], "deps": ["dependencies"], "dep": ["dependency"],
    "dir": ["folder"], "dirs": ["folders"], "directory": ["folder"], "directories": ["folders"],
    "doesnt": ["does", "not"], "dont": ["do", "not"], "dtype": ["data", "type"],
    "dtypes": ["data", "types"], "env": ["environment"], "func": ["function"], "funcs": ["functions"],
    "hows": ["how", "is"], "ipynb": ["notebook"], "ipynbs": ["notebooks"], "lib": ["library"],
    "libs": ["libraries"], "loc": ["lines", "of", "code"], "nb": ["notebook"], "nbs": ["notebooks"],
    "pkg": ["package"], "pkgs": ["packages"], "pls": ["please"], "plz": ["please"], "repo": ["repository"],
    "repos": ["repositories"], "sloc": ["lines", "of", "code"], "stats": ["statistics"],
    "stat": ["statistics"], "summarise": ["summarize"], "u": ["you"], "whats": ["what", "is"],
    "wheres": ["where", "is"], "whos": ["who", "is"], "codebase": ["code", "base"],
    "dataframe": ["data", "frame"], "dataset": ["data", "set"], "datasets": ["data", "sets"],
    "df": ["data", "frame"], "cant": ["can", "not"], "isnt": ["is", "not"], "wont": ["will", "not"],
    "didnt": ["did", "not"], "filename": ["file", "name"], "filenames": ["file", "names"],
}

_CONCEPTS = {
    "find": "find search locate grep look seek where occurrence usage mention contain",
    "past": "yesterday ago earlier previous previously past before history last recent recently already old "
            "ran asked searched",
    "amount": "count number total amount many much",
    "size": "big bigger biggest large larger largest huge long longest size small smallest heavy",
    "failure": "error exception traceback crash fail failure broken raise timeout",
    "defect": "problem wrong trouble issue broken fault",
    "column": "column field variable",
    "absent": "missing null nan na empty blank",
    "definition": "define declare implement handle definition implementation defined",
    "usage": "use call import invoke reference usage",
    "project": "project repository base",
    "dependency": "dependency requirement package library",
    "fine": "correctly properly ok okay fine healthy right work working alright good health well",
    "setup": "setup installation environment install installed system configuration",
    "examine": "check verify diagnose inspect validate doctor examine diagnosis diagnostics diagnostic",
    "overview": "describe summarize profile overview summary explore description",
    "outline": "outline structure heading section contents toc",
    "execution": "run execute execution executed ran rerun unexecuted",
    "task": "task job request",
    "stale": "stale outdated obsolete old",
    "statistic": "statistics min max mean median average distribution minimum maximum",
    "person": "user person people",
}
# fmt: on

CHANGE_VERBS = _words(
    "add append apply archive backup book build buy cancel change clean clear close commit compress "
    "convert copy correct create deploy delete download draw drop edit email erase execute fix format generate "
    "implement insert install kill launch make merge move open order paint play plot post publish pull "
    "push refactor reformat remind remove rename replace rerun reset restart rewrite run save schedule sell send "
    "shut start stop submit sync train translate uninstall update upgrade upload wipe write"
)
"""Verbs that ask for something to be made or changed, where they open a request."""

ERRANDS = _words("build create do execute generate make perform run start")
"""Verbs of change that may open a request for anything: `run a search for it`, `make a profile of it`."""

OPENINGS = _words(
    "please and then now just also can could would you i we want need like have to let us lets go ahead "
    "hey hi kindly where how"
)
"""Words that may stand before the verb of a request."""

IRREGULAR_PASTS = _words("ran did asked had made found saw got wrote sent looked tried")

QUANTITIES = _words("many much few often")
"""`how` and one of these make one word: `how many`."""

FILE_KINDS = {
    suffix: kind
    for kind, suffixes in {
        "table": "csv tsv parquet jsonl ndjson arrow feather orc xlsx xls avro pq",
        "notebook": "ipynb",
        "source": "py pyi js mjs ts tsx jsx rs go java kt c h cpp hpp cs rb php swift scala r jl sh sql html",
        "text": "md rst txt tex log",
        "settings": "toml yaml yml ini cfg conf json lock env xml",
        "picture": "png jpg jpeg gif svg pdf webp",
    }.items()
    for suffix in suffixes.split()
}
"""The suffixes of files that people name in a request, and what kind of file each is."""


def _concepts_of() -> dict[str, tuple[str, ...]]:
    concepts: dict[str, tuple[str, ...]] = {}
    for concept, words in _CONCEPTS.items():
        for key in dict.fromkeys(stem(word) for word in words.split()):
            concepts[key] = (*concepts.get(key, ()), concept)
    return concepts


CONCEPTS_OF = _concepts_of()
"""Stem -> the concepts it stands for: `yesterday` and `earlier` both tell of the past."""

KNOWN_WORDS = (
    frozenset(word for words in _CONCEPTS.values() for word in words.split())
    | STOP_WORDS
    | CHANGE_VERBS
    | SHORT_FORMS.keys()
    | _words("what when where which while who whose why how many much not")
)
"""What is spelled right for certain, whatever the capabilities declare."""
