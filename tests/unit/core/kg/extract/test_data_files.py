"""Files that code reads and writes, where the path can be told."""

from __future__ import annotations

import pytest

from vibe_jupyter.core.kg.extract.facts import FILE_FOLDER
from vibe_jupyter.core.kg.extract.python import extract_python


def uses(source: str) -> list[tuple[str, str]]:
    return [(use.relation, use.path) for use in extract_python(source.encode()).data]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("pd.read_csv('a.csv')", [("reads", "a.csv")]),
        ("pd.read_csv(filepath_or_buffer='a.csv')", [("reads", "a.csv")]),
        ("df.to_parquet('out/' 'a.parquet')", [("writes", "out/a.parquet")]),
        ("open('a.txt')", [("reads", "a.txt")]),
        ("open('a.txt', 'w')", [("writes", "a.txt")]),
        ("open('a.txt', mode='a+')", [("reads", "a.txt"), ("writes", "a.txt")]),
        ("open('a.txt', mode)", [("reads", "a.txt")]),
        ("Path('a.txt').write_text('x')", [("writes", "a.txt")]),
        ("(Path('d') / 'a.txt').open('w')", [("writes", "d/a.txt")]),
        ("Path('d').joinpath('a.txt').read_bytes()", [("reads", "d/a.txt")]),
        ("open(os.path.join('d', 'e', 'a.txt'))", [("reads", "d/e/a.txt")]),
        ("D = Path('d')\nF = D / 'a.csv'\npd.read_csv(F)", [("reads", "d/a.csv")]),
        ("D = 'a'\nD = 'b'\nopen(D)", []),
        ("D = D\nopen(D)", []),
        ("open(f'{x}.csv')", []),
        ("open('a\\tb')", []),
        ("open(b'a')", []),
        ("open(name)", []),
        ("open()", []),
        ("open(*paths)", []),
        ("webbrowser.open('http://x')", []),
        ("open(Path(__file__).parent / 'a.txt')", [("reads", f"{FILE_FOLDER}/a.txt")]),
        ("open(Path(__file__).resolve().parent.parent / 'a.txt')", [("reads", f"{FILE_FOLDER}/../a.txt")]),
        ("open(os.path.join(os.path.dirname(__file__), 'a.txt'))", [("reads", f"{FILE_FOLDER}/a.txt")]),
        ("np.load('a.npy'); json.load(f)", [("reads", "a.npy")]),
        ("spark.read.option('header', 1).csv('s.csv')", [("reads", "s.csv")]),
        ("df.write.mode('overwrite').parquet('s.parquet')", [("writes", "s.parquet")]),
        ("sqlite3.connect('app.db')", [("reads", "app.db")]),
        ("sqlite3.connect(':memory:')", []),
        ("pd.read_json('[1]'); pd.read_html('<table>')", []),
        ("' '.join(open('a').read())", [("reads", "a")]),
    ],
)
def test_what_is_read_and_written(source: str, expected: list[tuple[str, str]]) -> None:
    assert uses(source) == expected


def test_the_function_that_does_it_is_told() -> None:
    facts = extract_python(b"def f():\n    open('a')\nopen('b')\n")
    assert [(use.path, use.line, use.caller) for use in facts.data] == [("a", 2, 0), ("b", 3, -1)]
