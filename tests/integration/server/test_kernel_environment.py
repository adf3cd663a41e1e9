"""How code finds its server: kernels that a server has started, and whoever runs beside one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.blocking import BlockingKernelClient

from tests.servers import JupyterServer, free_port
from vibe_jupyter.client import connect, discovery, handles
from vibe_jupyter.client import http as client_http
from vibe_jupyter.client.discovery import find_server, loopback
from vibe_jupyter.core.errors import Conflict, InvalidInput, Unavailable, VibeError
from vibe_jupyter.core.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vibe_jupyter.client import AsyncTaskHandle, TaskHandle

DEAD = "http://127.0.0.1:9"
PROXIES = {
    name: DEAD for word in ("HTTP", "HTTPS", "ALL") for name in (f"{word}_PROXY", f"{word.lower()}_proxy")
}


@contextlib.contextmanager
def kernel_of(server: JupyterServer) -> Iterator[Callable[[str], str]]:
    """Start a kernel as JupyterLab does, and yield what runs code in it and returns what that prints."""
    with server.http() as client:
        kernel_id = client.post(f"{server.url}api/kernels", json={"name": "python3"}).json()["id"]
        kernel = BlockingKernelClient(connection_file=str(server.runtime_dir / f"kernel-{kernel_id}.json"))
        kernel.load_connection_file()
        kernel.start_channels()

        def run(code: str) -> str:
            printed: list[str] = []

            def hear(message: dict[str, Any]) -> None:
                content = message["content"]
                if message["msg_type"] == "stream" and content["name"] == "stdout":
                    printed.append(content["text"])
                assert message["msg_type"] != "error", "\n".join(content["traceback"])

            kernel.execute_interactive(code, output_hook=hear, timeout=60)
            return "".join(printed)

        try:
            kernel.wait_for_ready(timeout=60)
            yield run
        finally:
            kernel.stop_channels()
            client.delete(f"{server.url}api/kernels/{kernel_id}")


class TestKernels:
    @pytest.fixture(scope="class")
    @classmethod
    def proxied(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
        folder = tmp_path_factory.mktemp("proxied")
        env = {**PROXIES, "VIBE_DATABASE_URL": f"sqlite:///{folder}/secret-place.db"}
        with JupyterServer(folder, env=env) as running:
            yield running

    def test_a_kernel_finds_its_server_past_a_dead_proxy(self, proxied: JupyterServer) -> None:
        with kernel_of(proxied) as run:
            found = json.loads(run("import json, os; print(json.dumps(dict(os.environ)))"))
            assert found["VIBE_SERVER_URL"] == proxied.url
            assert found["VIBE_SERVER_TOKEN"] == proxied.token
            assert "VIBE_DATABASE_URL" not in found
            assert found["HTTP_PROXY"] == DEAD
            assert run(
                "from vibe_jupyter.client import connect\n"
                "vibe = connect()\n"
                "print(vibe.where)\n"
                "print(vibe.tasks.create(type='probe_run', input={'text': 'sync'}).wait().text)\n"
                "print((await (await vibe.aio.tasks.create(type='probe_run', input={'text': 'async'})).wait()).text)"
            ).splitlines() == [f"on the Jupyter server {proxied.url.rstrip('/')}", "sync", "async"]
            # Without the variables, as after `del os.environ[...]` or in a kernel of an older server:
            assert (
                run(
                    "for name in ('VIBE_SERVER_URL', 'VIBE_SERVER_TOKEN'): del os.environ[name]\n"
                    "print(connect().where)"
                )
                .strip()
                .endswith(proxied.url.rstrip("/"))
            )


class TestDiscovery:
    @pytest.fixture(autouse=True)
    def elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    def test_by_the_process_that_started_us(
        self, server: JupyterServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JPY_PARENT_PID", str(server.pid))
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(server.runtime_dir))
        found = find_server(load_settings())
        assert found is not None
        assert (found.url, found.token, found.is_certain) == (server.url, server.token, False)

    @pytest.mark.parametrize("pid", ["1", "0", "-1", "x", "", "../../etc/passwd", str(2**70)])
    def test_a_parent_that_is_no_server(self, pid: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("JPY_PARENT_PID", pid)
        assert find_server(load_settings()) is None

    def test_by_the_data_directory_only_below_the_servers_root(
        self, server: JupyterServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("VIBE_DATA_DIR", str(server.data_dir))
        assert find_server(load_settings()) is None
        for folder in (server.root, server.root / "src"):
            monkeypatch.chdir(folder)
            found = find_server(load_settings())
            assert found is not None
            assert found.url == server.url
        with connect() as vibe:
            assert vibe.user.profile().user_id == "local"
        sibling = server.root.with_name(server.root.name + "-2")
        sibling.mkdir(exist_ok=True)
        monkeypatch.chdir(sibling)
        assert find_server(load_settings()) is None

    def test_stale_and_broken_notes_are_passed_over(
        self, server: JupyterServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        notes = tmp_path / "data" / "servers"
        notes.mkdir(parents=True)
        monkeypatch.setenv("VIBE_DATA_DIR", str(notes.parent))
        monkeypatch.setattr(discovery, "_ANSWER_S", 0.3)
        root = str(tmp_path)
        silent = socket.create_server(("127.0.0.1", 0))
        broken: list[Any] = [
            {"url": f"http://127.0.0.1:{free_port()}/", "token": "x", "root": root},
            {"url": f"http://127.0.0.1:{silent.getsockname()[1]}/", "token": "x", "root": root},
            {"url": server.url, "token": "wrong", "root": root},
            {"url": "http://[::1", "token": "x", "root": root},
            {"url": "nonsense", "token": "x", "root": root},
            {"url": 5, "root": root}, {"url": server.url, "root": 5}, [], "text", {},
        ]  # fmt: skip
        for number, note in enumerate(broken):
            (notes / f"1{number}.json").write_text(json.dumps(note))
        (notes / "2.json").write_text('{"url": "http://cut')
        (notes / "3.json").write_bytes(b"\xff\xfe")
        (notes / "4.json").mkdir()
        assert find_server(load_settings()) is None
        (notes / "9.json").write_text(json.dumps({"url": server.url, "token": server.token, "root": root}))
        found = find_server(load_settings())
        assert found is not None
        assert found.url == server.url
        silent.close()

    def test_a_working_directory_that_is_gone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        gone = tmp_path / "gone"
        gone.mkdir()
        monkeypatch.chdir(gone)
        gone.rmdir()
        assert find_server(load_settings()) is None

    def test_in_process_means_no_server(self, server: JupyterServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("JPY_PARENT_PID", str(server.pid))
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(server.runtime_dir))
        monkeypatch.setenv("VIBE_SERVER_URL", "in-process")
        found = find_server(load_settings())
        assert found is not None
        assert found.url == discovery.IN_PROCESS

    @pytest.mark.parametrize(
        ("url", "ip", "expected"),
        [
            ("http://myhost:8888/", "0.0.0.0", "http://127.0.0.1:8888/"),
            ("http://myhost:8888/x/", "", "http://127.0.0.1:8888/x/"),
            ("http://myhost:8888/", "::", "http://[::1]:8888/"),
            ("https://myhost:8888/", "0.0.0.0", "https://myhost:8888/"),
            ("http://10.0.0.5:8888/", "10.0.0.5", "http://10.0.0.5:8888/"),
            ("http://127.0.0.1:8888/", "127.0.0.1", "http://127.0.0.1:8888/"),
        ],
    )
    def test_a_server_on_all_interfaces_is_reached_by_loopback(
        self, url: str, ip: str, expected: str
    ) -> None:
        assert loopback(url, ip) == expected


def test_a_kernel_of_a_server_with_a_certificate_of_its_own(
    tmp_path: Path, start_server: Callable[..., JupyterServer]
) -> None:
    made = tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=notebooks.example", "-keyout", str(made), "-out", f"{made}.crt", "-days", "1"],
        check=True, capture_output=True,
    )  # fmt: skip
    with made.open("a") as file:
        file.write(Path(f"{made}.crt").read_text())
    server = start_server(certificate=made)
    assert server.url.startswith("https:")
    with connect(server.url, server.token) as vibe:
        assert vibe.tasks.create(type="probe_run", input={"text": "hi"}).wait().text == "hi"


class TestNamedServers:
    """`VIBE_SERVER_URL` is meant: it is used or it is an error, never passed over."""

    def test_a_dead_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        url = f"http://127.0.0.1:{free_port()}/"
        monkeypatch.setenv("VIBE_SERVER_URL", url)
        with pytest.raises(Unavailable) as raised:
            connect()
        assert raised.value.code == "server.unreachable"
        assert url.rstrip("/") in raised.value.message
        assert "VIBE_SERVER_URL" in (raised.value.hint or "")

    @pytest.mark.parametrize(
        "url",
        ["nonsense", "localhost:8888", "http://", "http://[::1", "ftp://x/", "http://h:x/", "http:// /"],
    )
    def test_one_that_is_no_url(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VIBE_SERVER_URL", url)
        with pytest.raises(InvalidInput) as raised:
            connect()
        assert raised.value.code == "server.bad_url"
        assert "http://127.0.0.1:8888/" in (raised.value.hint or "")

    def test_one_as_jupyter_prints_it(self, server: JupyterServer) -> None:
        for url in (f"{server.url}?token={server.token}", f"{server.url}?token={server.token}#x"):
            with connect(url) as vibe:
                assert vibe.user.profile().user_id == "local"
                assert server.token not in vibe.where
                assert server.token not in repr(vibe)

    def test_a_wrong_token(self, server: JupyterServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VIBE_SERVER_URL", server.url)
        monkeypatch.setenv("VIBE_SERVER_TOKEN", "wrong")
        with connect() as vibe, pytest.raises(VibeError) as raised:
            vibe.tasks.history()
        assert raised.value.code == "auth.invalid_credential"
        assert "jupyter server list" in (raised.value.hint or "")

    def test_one_without_our_extension(
        self, start_server: Callable[..., JupyterServer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bare = start_server(extension=False)
        with pytest.raises(Unavailable) as raised:
            connect(bare.url, bare.token)
        assert raised.value.code == "server.no_extension"
        assert "pip install" in (raised.value.hint or "")
        monkeypatch.setenv("JPY_PARENT_PID", str(bare.pid))
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(bare.runtime_dir))
        assert find_server(load_settings()) is None, "our platform then runs in the kernel"

    def test_one_of_another_release(
        self, start_server: Callable[..., JupyterServer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = "import vibe_jupyter.core.status.schemas as schemas\nschemas.API_LEVEL = 2\n"
        newer = start_server(config=config)
        for level, which in ((1, "client"), (3, "server")):
            monkeypatch.setattr(client_http, "API_LEVEL", level)
            with pytest.raises(Conflict) as raised:
                connect(newer.url, newer.token)
            assert raised.value.code == "server.api_level"
            assert f"upgrade the {which}" in (raised.value.hint or "")
        monkeypatch.setattr(client_http, "API_LEVEL", 2)
        connect(newer.url, newer.token).close()


class TestDyingServers:
    """A cell waits for a task while its server is killed."""

    @staticmethod
    def start_waiting(
        server: JupyterServer, pool: ThreadPoolExecutor, input_: dict[str, Any]
    ) -> tuple[list[Any], list[list[int]]]:
        """Let a sync and an async client wait for a task each; return when both tasks run."""
        running = threading.Barrier(3, timeout=30)
        heard: list[list[int]] = [[], []]

        def listen(place: int) -> Callable[[Any], None]:
            def on_event(event: Any) -> None:
                heard[place].append(event.seq)
                if (
                    event.type == "running"
                    and event.data["attempt"] == 1
                    and heard[place].count(event.seq) == 1
                ):
                    with contextlib.suppress(threading.BrokenBarrierError):
                        running.wait()

            return on_event

        def wait() -> TaskHandle:
            with server.vibe() as vibe:
                return vibe.tasks.create(type="probe_run", input=input_).wait(listen(0))

        async def await_it() -> AsyncTaskHandle:
            task = await server.vibe().aio.tasks.create(type="probe_run", input=input_)
            return await task.wait(listen(1))

        waiting = [pool.submit(wait), pool.submit(lambda: asyncio.run(await_it()))]
        running.wait()
        running.abort()
        return waiting, heard

    def test_when_it_comes_back_the_wait_goes_on_and_succeeds(
        self, start_server: Callable[..., JupyterServer]
    ) -> None:
        server = start_server()
        with ThreadPoolExecutor(2) as pool:
            waiting, heard = self.start_waiting(server, pool, {"text": "kept", "seconds": 2, "steps": 4})
            server.kill()
            server.start()
            for future in waiting:
                task = future.result(timeout=60)
                assert (task.state, task.text) == ("succeeded", "kept")
        for numbers in heard:
            assert numbers == list(range(1, len(numbers) + 1)), "each event came once, in order"

    def test_when_it_stays_away_we_say_that_the_task_is_safe(
        self, start_server: Callable[..., JupyterServer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(handles, "_PATIENCE_S", 0.3)
        server = start_server()
        with ThreadPoolExecutor(2) as pool:
            waiting, _ = self.start_waiting(server, pool, {"seconds": 60})
            server.kill()
            for future in waiting:
                with pytest.raises(Unavailable) as raised:
                    future.result(timeout=60)
                assert raised.value.code in ("server.unreachable", "server.lost")
                assert "not lost" in (raised.value.hint or "")
                assert (raised.value.data or {})["task_id"] in (raised.value.hint or "")
        assert os.environ.get("VIBE_SERVER_URL") is None
