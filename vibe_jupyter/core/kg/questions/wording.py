"""Which question a sentence asks, and about what: `who calls Bill.charge?` is `callers` of `Bill.charge`."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Asked", "read_question"]


class Asked(NamedTuple):
    """A question by its name in `table.QUESTIONS`, with its fields.

    It is clear if the sentence can hardly mean anything else than this question about code.
    """

    question: str
    fields: dict[str, str]
    is_clear: bool = False


_THING = r"(?:the\s+)?(?:(?:function|method|class|module|symbol|file|code|definition|dataset|data)\s+)?"
_SYMBOL = (
    rf"(?:the\s+signature\s+of\s+)?{_THING}[`'\"]?(?P<symbol>[\w.$/<>:#-]+?)(?:\(\))?[`'\"]?"
    r"(?:\s+(?:class|function|method|module))?"
)
_SOURCE = rf"{_THING}[`'\"]?(?P<source>[\w.$/-]+?)(?:\(\))?[`'\"]?"
_TARGET = rf"{_THING}[`'\"]?(?P<target>[\w.$/-]+?)(?:\(\))?[`'\"]?"
_FILE = rf"{_THING}[`'\"]?(?P<file>[\w./-]*[\w-]+\.\w+)[`'\"]?"
_UNDER = r"\b(?P<rest>)(?:\b.*?\b(?:in|under|of|inside|within)\s+(?:the\s+)?(?:folder\s+|directory\s+|package\s+)?[`'\"]?(?P<under>[\w.-]*[/.][\w./-]*|[\w-]+(?=\s*(?:folder|directory|package|/)))[`'\"]?)?"
_END = (
    r"(?:\s+(?:directly|here|anywhere|in\s+(?:this|the|my)\s+(?:project|code|repo(?:sitory)?|codebase)))*\s*$"
)

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("path", rf"(?:path|way|route|chain(?:\s+of\s+calls)?|connection)\s+(?:of\s+calls\s+)?(?:from|between)\s+{_SOURCE}\s+(?:to|and)\s+{_TARGET}"),
    ("path", rf"how\s+(?:does|can|do|is|are)\s+{_SOURCE}\s+(?:reach|get\s+to|come\s+to|lead\s+to|call|connected\s+(?:to|with)|linked\s+(?:to|with))\s+{_TARGET}"),
    ("impact", rf"(?:what|which)\s+(?:\w+\s+){{0,2}}(?:breaks?|(?:else\s+)?is\s+affected|are\s+affected|be\s+affected|fails?|happens)\s+(?:if|when|by)\s+(?:(?:i|we|you|one)\s+)?(?:chang\w*|edit\w*|modif\w*|remov\w*|delet\w*|renam\w*|touch\w*)?\s*(?:to\s+)?{_SYMBOL}(?:\s+(?:changes|is\s+(?:changed|removed|deleted|renamed)))?"),
    ("impact", rf"(?:if|when)\s+(?:i|we|you|one)\s+(?:chang|edit|modif|remov|delet|renam|touch)\w*\s+{_SYMBOL}\s*,?\s+what\s+(?:\w+\s+)?(?:breaks?|fails?|happens|is\s+affected|are\s+affected)"),
    ("impact", rf"(?:what|which\s+\w+|who|everything\s+that)\s+(?:depends?|relies|rests?|builds)\s+(?:up)?on\s+{_SYMBOL}"),
    ("impact", rf"(?:impact|effect|consequences|blast\s+radius)\s+(?:of|if)\s+(?:(?:i\s+)?(?:chang|edit|modif|remov|delet|renam)\w*\s+|a\s+change\s+(?:of|to|in)\s+)?{_SYMBOL}"),
    ("tests", rf"(?:which|what|are\s+there|show\s+(?:me\s+)?(?:the\s+)?|list\s+(?:the\s+)?|find\s+(?:the\s+)?)?\s*(?:unit\s+)?tests?\s+(?:(?:that\s+)?(?:cover|run|exercise|test|call|use|check|for|of|hit)s?)\s+{_SYMBOL}"),
    ("tests", rf"what\s+tests\s+{_SYMBOL}"),
    ("tests", rf"(?:is|how\s+is)\s+{_SYMBOL}\s+(?:tested|covered(?:\s+by\s+(?:a\s+)?tests?)?)"),
    ("unused", rf"(?:unused|dead|unreachable|uncalled|orphan(?:ed)?)\s+(?:code|functions?|methods?|class(?:es)?|definitions?|symbols?){_UNDER}"),
    ("unused", rf"(?:code|functions?|methods?|class(?:es)?|definitions?|symbols?)\b.*?\b(?:nobody|nothing|no\s*one|is\s+never|are\s+never|never|not|isn't|aren't)\s+(?:gets?\s+)?(?:calls?|uses?|called|used|needed){_UNDER}"),
    ("unused", rf"(?:what|which)\s+(?:code|functions?|methods?|class(?:es)?)\s+(?:can\s+be|is|are)\s+(?:deleted|removed|unused|dead){_UNDER}"),
    ("cycles", rf"(?:import|dependency|circular|cyclic)\w*\s+(?:import|dependenc|cycle|loop|circle)\w*{_UNDER}"),
    ("cycles", rf"(?:import|depend\s+on|load)s?\s+(?:each\s+other|one\s+another|themselves|itself)(?:\s+in\s+a\s+circle)?{_UNDER}"),
    ("cycles", rf"(?:cycles?|circles?|loops?)\s+(?:in|among|between)\s+(?:the\s+)?(?:imports?|modules?|dependencies){_UNDER}"),
    ("central", rf"(?:central|important|core|key|crucial|influential|load-bearing)\s+(?:modules?|files?|parts?|packages?){_UNDER}"),
    ("central", rf"(?:modules?|files?)\s+(?:\w+\s+)*(?:most\s+)?(?:central|important|depended\s+(?:up)?on|imported|used\s+most){_UNDER}"),
    ("central", rf"most\s+(?:central|important|depended\s+(?:up)?on|imported|used)\s+(?:modules?|files?|packages?){_UNDER}"),
    ("data", rf"(?:who|what|which\s+(?:notebooks?|code|files?|scripts?|cells?|functions?|modules?)(?:\s+(?:and|or)\s+\w+)?)\s+(?:reads?|writes?|loads?|uses?|opens?|touch(?:es)?|saves?|creates?|produces?)\s+{_FILE}"),
    ("data", rf"where\s+is\s+{_FILE}\s+(?:read|written|loaded|used|opened|saved|created)"),
    ("who", rf"who\s+(?:knows|wrote|owns|maintains|changed|touched|authored|worked\s+on)\s+{_SYMBOL}(?:\s+(?:best|most|last))?"),
    ("who", rf"(?:authors?|owners?|experts?|maintainers?)\s+(?:of|for)\s+{_SYMBOL}"),
    ("callees", rf"(?:what|which\s+\w+)\s+(?:does|do|is|are)\s+{_SYMBOL}\s+(?:call|use|invoke|run|calling)s?"),
    ("callees", rf"(?:what|which)(?:\s+\w+)?\s+(?:is|are|gets?)\s+called\s+(?:by|from|in)\s+{_SYMBOL}"),
    ("callees", rf"what\s+{_SYMBOL}\s+(?:calls|invokes)"),
    ("callees", rf"(?:callees|outgoing\s+calls)\s+(?:of|from)\s+{_SYMBOL}"),
    ("callers", rf"(?:who|what|which\s+\w+|everything\s+that|all\s+(?:\w+\s+)?that)\s+(?:calls?|uses?|invokes?|is\s+calling)\s+{_SYMBOL}"),
    ("callers", rf"(?:callers|call\s+sites|calls|usages?|uses)\s+(?:of|to)\s+{_SYMBOL}"),
    ("callers", rf"(?:is|does|do)\s+(?:anything|anybody|anyone|something|somebody)\s+(?:call|use|invoke)s?\s+{_SYMBOL}"),
    ("callers", rf"^is\s+{_SYMBOL}\s+(?:called|used|invoked)"),
    ("callers", rf"(?:where|by\s+whom|from\s+where)\s+(?:is|are|do\s+(?:we|i)\s+call)\s+{_SYMBOL}(?:\s+(?:called|used|invoked))?"),
)  # fmt: skip
_COMPILED = tuple(
    (
        name,
        re.compile(
            rf"\b{pattern}{_END if name not in ('unused', 'cycles', 'central') else ''}", re.IGNORECASE
        ),
    )
    for name, pattern in _PATTERNS
)
_ABOUT_FINDING = re.compile(
    r"^\s*(?:please\s+)?(?:find|search|show|look\s+(?:up|for)|locate)?\s*(?:me\s+)?(?:for\s+)?(?:the\s+|a\s+|any\s+)?"
    r"(?:symbols?|functions?|methods?|class(?:es)?|modules?|definitions?|code|things?)?\s*"
    r"(?:in\s+the\s+(?:knowledge\s+)?graph\s*)?(?:called|named|about|for|that|with|like)?\s+",
    re.IGNORECASE,
)
_OF_THE_PROJECT = frozenset(["unused", "cycles", "central"])
_LIKE_CODE = re.compile(
    r"\w[._]\w|\(\)|`|[a-z][A-Z]|\b(?:functions?|methods?|class|modules?|callers|callees)\b"
    r"|\bof\s+calls\b|\bcall\s+sites\b|\bblast\s+radius\b|\bsignature\b"
)
_LEADS_TO_A_QUESTION = frozenset(
    """
    please ok so and can could would will you we i i'd like do does did have has there there's is are
    any what what's which who where how many much tell me us show list find give get see look search for
    want need to know if whether all of in the a an our this these that project package code codebase
    repo repository contain contains most function functions method methods class classes module modules
    file files definition definitions
    """.split()  # noqa: SIM905 - quoted one by one they are no easier to read
)
"""What may stand before a clear question: an order to do something else (`remove`, `explain`) may not."""
_ASKS_WHAT_IT_IS = re.compile(r"\b(?:what\s+(?:is|are)|what's)(?:\s+an?)?\s*$", re.IGNORECASE)
"""`what are import cycles` asks for the meaning, `what are the import cycles` for those of the project."""
_OF_THIS_PROJECT = frozenset(
    """
    in of within inside under among between across from by there here anywhere are is do we i have exist
    our my the this that these whole entire project package module modules code codebase base repo
    repository library file files function functions method methods class classes folder directory
    import imports each other a circle used called needed anyone anything nobody at all please
    """.split()  # noqa: SIM905 - quoted one by one they are no easier to read
)
"""What may follow a clear question about the whole project: where, and nothing that changes its topic."""
_MODULES = re.compile(
    r"\b(?:modules?|imported|depended|code|codebase|project|repo|repository)\b", re.IGNORECASE
)
_DATA_FILE = re.compile(
    r"\.(?:csv|tsv|xlsx?|parquet|json|jsonl|feather|db|txt|pkl|zip|log|png|jpe?g|pdf)$", re.IGNORECASE
)
_COULD_BE_TEXT = re.compile(r"\b(?:usages?|uses?|used|where)\b", re.IGNORECASE)
"""What people also say when they look for a text."""
_LONGEST = 400
_EMPTY = ("it", "this", "that", "me", "code", "project", "here", "there")


def read_question(text: str) -> Asked:
    """Return what a sentence asks; one that asks nothing in particular is a search for its words.

    >>> read_question("Who calls `Bill.charge()`?")
    Asked(question='callers', fields={'symbol': 'Bill.charge'}, is_clear=True)
    >>> read_question("dead code in src/shop")
    Asked(question='unused', fields={'under': 'src/shop'}, is_clear=True)
    """
    sentence = " ".join(text.split())[:_LONGEST].rstrip("?!. ")
    for name, pattern in _COMPILED:
        found = pattern.search(sentence)
        if found is None:
            continue
        fields = {key: value.strip(" `'\"") for key, value in found.groupdict().items() if value}
        if not any(value.lower() in _EMPTY for key, value in fields.items() if key != "under"):
            return Asked(name, fields, _is_clear(name, found))
    words = _ABOUT_FINDING.sub("", sentence + " ").strip() or sentence or text.strip() or "?"
    return Asked("find", {"text": words})


def _is_clear(name: str, found: re.Match[str]) -> bool:
    before = found.string[: found.start()]
    if not all(word in _LEADS_TO_A_QUESTION for word in _words(before)):
        return False
    if name in _OF_THE_PROJECT:
        if _ASKS_WHAT_IT_IS.search(before):
            return False
        if name == "central" and not _MODULES.search(found.string):
            return False
        return _is_a_place(_words(found.string[found.start("rest") :]))
    if name == "impact" and _DATA_FILE.search(found["symbol"]):
        return False
    could_be_text = name == "callers" and _COULD_BE_TEXT.search(found[0])
    return _LIKE_CODE.search(found[0]) is not None and not could_be_text


def _words(text: str) -> list[str]:
    return [word for part in text.lower().split() if (word := part.strip("`'\"?!,;:()"))]


def _is_a_place(words: list[str]) -> bool:
    """Return whether words say only where to look: `in src/shop`, `in the shop package of this project`."""
    return all(
        word in _OF_THIS_PROJECT or "/" in word or "." in word or after in ("folder", "directory", "package")
        for word, after in pairwise([*words, ""])
    )
