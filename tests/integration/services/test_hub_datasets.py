"""Data sets: uploaded in one commit of what differs, with a card of facts that leaves a person's own alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pytest_asyncio
import yaml

from vibe_jupyter.core.errors import InvalidInput, NotFound
from vibe_jupyter.core.services.failures import ServiceInvalid
from vibe_jupyter.core.services.huggingface.dataset_card import rendered, size_category
from vibe_jupyter.core.services.huggingface.schemas import Column, DatasetCard, DatasetSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.services.fixtures_hub import HubDouble
    from vibe_jupyter.core.services.huggingface.service import HFService

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def service(hub_double: HubDouble) -> AsyncIterator[HFService]:
    async with hub_double.service() as opened:
        yield opened


@pytest_asyncio.fixture
async def dataset(hub_double: HubDouble, service: HFService) -> str:
    return (await service.create_dataset(DatasetSpec(id=hub_double.new_name()))).id


def declared(readme: bytes | None) -> dict[str, Any]:
    assert readme is not None
    _, block, _ = readme.decode().split("---\n", 2)
    loaded: dict[str, Any] = yaml.safe_load(block)
    return loaded


async def test_a_data_set_is_made_once(hub_double: HubDouble, service: HFService) -> None:
    name = hub_double.new_name()
    made = await service.create_dataset(DatasetSpec(id=name, private=True))
    assert (made.id, made.private, made.created) == (f"alice/{name}", True, True)
    again = await service.create_dataset(DatasetSpec(id=name, private=False))
    assert (again.created, again.private) == (False, True)


async def test_a_table_is_uploaded_with_a_card(
    hub_double: HubDouble, service: HFService, dataset: str, tmp_path: Path
) -> None:
    frame = tmp_path / "penguins.csv"
    frame.write_text("species,mass\nAdelie,3750\nGentoo,\nAdelie,3800\n")
    ready = await service.dataframe_files(frame, tmp_path / "out", title="Penguins")
    card = ready.card.model_copy(update={"license": "cc0-1.0", "tags": ["birds"], "language": ["en"]})
    done = await service.upload_dataset(dataset, ready.files, message="Penguins", card=card)
    assert done.uploaded == ["README.md", "data/train.parquet"]
    table = pq.read_table(pa.BufferReader(hub_double.hub.content("dataset", dataset, "data/train.parquet")))
    assert table.column("mass").to_pylist() == [3750, None, 3800]
    meta = declared(hub_double.hub.content("dataset", dataset, "README.md"))
    assert meta["license"] == "cc0-1.0"
    assert meta["size_categories"] == ["n<1K"]
    assert meta["configs"] == [
        {"config_name": "default", "data_files": [{"split": "train", "path": "data/train.parquet"}]}
    ]
    readme = (hub_double.hub.content("dataset", dataset, "README.md") or b"").decode()
    assert "# Penguins\n" in readme
    assert "| mass | int64 | 1 |" in readme
    assert "3 rows, 2 columns" in readme


async def test_an_unchanged_upload_makes_no_commit(
    hub_double: HubDouble, service: HFService, dataset: str, tmp_path: Path
) -> None:
    frame = tmp_path / "t.csv"
    frame.write_text("a\n1\n")
    for number in range(2):
        ready = await service.dataframe_files(frame, tmp_path / f"out-{number}")
        done = await service.upload_dataset(dataset, ready.files, message=f"No. {number}", card=ready.card)
        assert done.changed == (number == 0)
    assert hub_double.hub.titles("dataset", dataset) == ["No. 0", "initial commit"]


async def test_a_card_of_facts_moves_with_the_data(
    hub_double: HubDouble, service: HFService, dataset: str, tmp_path: Path
) -> None:
    frame = tmp_path / "t.csv"
    for text, rows in (("a\n1\n", 1), ("a\n1\n2\n", 2)):
        frame.write_text(text)
        ready = await service.dataframe_files(frame, tmp_path / "out")
        await service.upload_dataset(dataset, ready.files, message=f"{rows}", card=ready.card)
        readme = hub_double.hub.content("dataset", dataset, "README.md") or b""
        assert f"{rows} rows".encode() in readme


async def test_a_card_that_a_person_has_written_stays(
    hub_double: HubDouble, service: HFService, dataset: str, tmp_path: Path
) -> None:
    mine = tmp_path / "README.md"
    mine.write_text("---\nlicense: mit\n---\n\nMy own words.\n")
    data = tmp_path / "a.txt"
    data.write_text("1")
    first = await service.upload_dataset(
        dataset, {"README.md": mine}, message="Mine", card=DatasetCard(title="x")
    )
    again = await service.upload_dataset(
        dataset, {"a.txt": data}, message="Data", card=DatasetCard(title="x")
    )
    assert (first.card_kept, again.card_kept) == (True, True)
    assert again.uploaded == ["a.txt"]
    assert hub_double.hub.content("dataset", dataset, "README.md") == mine.read_bytes()


async def test_without_a_card_there_is_no_readme(
    hub_double: HubDouble, service: HFService, dataset: str, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("1")
    done = await service.upload_dataset(dataset, {"a.txt": tmp_path / "a.txt"}, message="x")
    assert (done.uploaded, done.card_kept) == (["a.txt"], False)


async def test_an_unknown_licence_is_refused_before_the_data_goes(
    hub_double: HubDouble, service: HFService, dataset: str, tmp_path: Path
) -> None:
    (tmp_path / "a.bin").write_bytes(b"1")
    card = DatasetCard(title="x", license="do-what-you-like")
    with pytest.raises(ServiceInvalid, match="license"):
        await service.upload_dataset(dataset, {"a.bin": tmp_path / "a.bin"}, message="x", card=card)
    assert hub_double.hub.faults.count("PUT ") == 0


async def test_others_stay(hub_double: HubDouble, service: HFService, dataset: str, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
        await service.upload_dataset(dataset, {name: tmp_path / name}, message=name)
    assert hub_double.hub.paths("dataset", dataset) == [".gitattributes", "a.txt", "b.txt"]


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_an_upload_whose_answer_was_lost_is_made_once(
    hub_double: HubDouble, service: HFService, dataset: str, tmp_path: Path, drop: str
) -> None:
    (tmp_path / "a.bin").write_bytes(b"1")
    hub_double.hub.plan("POST .*/commit/main", drop=drop)
    hub_double.hub.plan("PUT ", drop=drop)
    hub_double.hub.plan("/verify/", drop=drop)
    done = await service.upload_dataset(dataset, {"a.bin": tmp_path / "a.bin"}, message="Once")
    assert done.changed
    assert hub_double.hub.titles("dataset", dataset) == ["Once", "initial commit"]


async def test_a_parquet_file_goes_as_it_is(service: HFService, tmp_path: Path) -> None:
    table = pa.table({"n": pa.array([1, None], pa.int32()), "t": pa.array(["a", "b"])})
    pq.write_table(table, tmp_path / "t.parquet")
    ready = await service.dataframe_files(tmp_path / "t.parquet", tmp_path / "out", split="test")
    assert ready.files == {"data/test.parquet": tmp_path / "t.parquet"}
    assert ready.card.columns == [Column(name="n", dtype="int32", nulls=1), Column(name="t", dtype="string")]
    assert ready.card.rows == 2
    assert not (tmp_path / "out").exists()


async def test_a_table_with_tabs(service: HFService, tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("a\tb\n1\tx,y\n")
    ready = await service.dataframe_files(tmp_path / "t.tsv", tmp_path / "out")
    assert [column.name for column in ready.card.columns] == ["a", "b"]


async def test_tables_that_are_none(service: HFService, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await service.dataframe_files(tmp_path / "nothing.csv", tmp_path)
    (tmp_path / "notes.docx").write_bytes(b"PK")
    with pytest.raises(InvalidInput, match="no table that we read"):
        await service.dataframe_files(tmp_path / "notes.docx", tmp_path)
    for name, content in (("broken.parquet", b"PAR1 no"), ("ragged.csv", b"a,b\n1\n"), ("empty.csv", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidInput, match="cannot be read as a table") as refused:
            await service.dataframe_files(tmp_path / name, tmp_path / "out")
        assert refused.value.code == "dataset.unreadable"
    assert not list((tmp_path / "out").iterdir())


async def test_a_card_stays_one_whatever_the_columns_are_called() -> None:
    odd = DatasetCard(title="a: b\n# c", columns=[Column(name="a|b\n<script>", dtype="int64")], rows=10_000)
    text = rendered(odd)
    assert declared(text.encode())["pretty_name"] == "a: b\n# c"
    assert "| a\\|b &lt;script&gt; | int64 |  |" in text
    assert "# a: b # c\n" in text


@pytest.mark.parametrize(
    ("rows", "word"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**6, "1M<n<10M"), (10**13, "n>1T")]
)
async def test_the_hubs_words_for_sizes(rows: int, word: str) -> None:
    assert size_category(rows) == word
