import pytest

from vibe_jupyter.core.services.github.schemas import RepoSpec
from vibe_jupyter.core.services.github.snapshot import FileContent


def texts(**files):
    return {k: FileContent(lambda v=v: v.encode()) for k, v in files.items()}


@pytest.mark.asyncio
async def test_x(github_double):
    g = github_double.service()
    me = await g.whoami()
    print(me)
    r = await g.create_repository(RepoSpec(name=github_double.new_name()))
    print(r)
    p = await g.push(
        r.full_name,
        {f"d{i % 10}/f{i}.txt": FileContent(lambda i=i: f"{i}".encode()) for i in range(1000)},
        branch="main",
        message="m",
        expected_head=None,
    )
    print(p)
    print(await g.commits(r.full_name))
    print([x for x in github_double.front.journal if len(str(x)) < 300])
    b = github_double.service("ghp_canaryOfBob0002")
    r2 = await g.create_repository(RepoSpec(name=github_double.new_name(), private=False))
    print(await b.repository(r2.full_name))
