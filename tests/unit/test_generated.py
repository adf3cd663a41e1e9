"""What is derived from the code is what the code says now."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_generated_text_is_fresh(monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import generate

    code = generate.main(["--check"])
    assert code == 0, capsys.readouterr().out


def test_a_stale_text_is_shown_and_not_touched(monkeypatch, capsys, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import generate

    (tmp_path / "page.md").write_text("old\n")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "texts", lambda: {"page.md": "new\n"})
    assert generate.main(["--check"]) == 1
    said = capsys.readouterr().out
    assert "-old" in said
    assert "+new" in said
    assert (tmp_path / "page.md").read_text() == "old\n"
    assert generate.main([]) == 0
    assert (tmp_path / "page.md").read_text() == "new\n"
    assert generate.main(["--check"]) == 0
