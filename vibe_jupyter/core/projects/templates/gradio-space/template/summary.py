"""What the app does, without any page: replace it with your own."""

import re
from collections import Counter

WORD = re.compile(r"\w+")


def summarize(text: str, top: int = 5) -> dict[str, object]:
    """Return how many words a text has, and the most frequent ones."""
    words = [word.lower() for word in WORD.findall(text)]
    return {"words": len(words), "most_frequent": Counter(words).most_common(top)}
