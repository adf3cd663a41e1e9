"""The routes of the fake hub, as two official clients use them (traced with huggingface_hub 2.4)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from tests.services.hub import commits, reading, spaces
from tests.services.hub.answers import Answer, json_answer, refusal
from tests.services.hub.state import Account, HubState, Repository

__all__ = ["Asked", "LogStream", "route"]

_ID = r"(?P<id>[^/]+/[^/]+)"
_REPO = re.compile(rf"/api/(?P<kind>model|dataset|space)s/{_ID}(?:/(?P<rest>.*))?")
_RESOLVE = re.compile(rf"/(?:(?P<kind>dataset|space)s/)?{_ID}/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
_LFS_BATCH = re.compile(rf"/(?:(?P<kind>dataset|space)s/)?{_ID}\.git/info/lfs/objects/batch")
_LICENSES = ("mit", "apache-2.0", "cc-by-4.0", "cc0-1.0", "other", "unknown")


class LogStream(Exception):
    """The answer is a log that goes on."""

    def __init__(self, repository: Repository, kind: str) -> None:
        super().__init__(kind)
        self.repository = repository
        self.kind = kind


@dataclass(frozen=True)
class Asked:
    """A request.

    Args:
        target: path and query, as they came.
        account: whose token came with it.
        base: URL of this hub.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    account: Account | None
    base: str

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def json(self) -> Any:
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return parse_qs(self.body.decode())  # so the Python client asks for paths-info
        try:
            return json.loads(self.body or b"{}")
        except ValueError:
            raise refusal(400, "Invalid JSON") from None

    def need_account(self) -> Account:
        if self.account is None:
            raise refusal(401, "Invalid username or password.")
        return self.account


def route(hub: HubState, asked: Asked) -> Answer:
    """Answer a request; what ends it early is raised.

    Raises:
        Answer: a refusal.
        LogStream: a log.
    """
    path = asked.path
    if path.startswith("/_storage/"):
        return commits.store(hub, asked.method, path, asked.body, asked.query)
    if path == "/api/whoami-v2":
        return _whoami(asked.need_account())
    if path.startswith("/api/repos/"):
        return _repos(hub, asked, path.rpartition("/")[2])
    if path == "/api/validate-yaml":
        return _validate_yaml(asked.json)
    if found := _LFS_BATCH.fullmatch(path):
        repository = _writable(hub, asked, found["kind"] or "model", found["id"])
        return commits.lfs_batch(hub, repository, asked.json, asked.base)
    if found := _RESOLVE.fullmatch(path):
        repository = _visible(hub, asked, found["kind"] or "model", found["id"])
        return reading.download(hub, repository, found["revision"], found["path"], asked.headers)
    if found := _REPO.fullmatch(path):
        return _in_repository(hub, asked, found["kind"], found["id"], found["rest"] or "")
    raise refusal(404, "Sorry, we can't find the page you are looking for.")


def _whoami(account: Account) -> Answer:
    organizations = [
        {"type": "org", "id": name, "name": name, "fullname": name} for name in account.organizations
    ]
    return json_answer({
        "type": "user", "id": f"id-{account.name}", "name": account.name, "fullname": account.name.title(),
        "email": f"{account.name}@example.com", "emailVerified": True, "canPay": False, "isPro": False,
        "orgs": organizations,
        "auth": {"type": "access_token", "accessToken": {"displayName": "test", "role": account.role}},
    })  # fmt: skip


def _repos(hub: HubState, asked: Asked, verb: str) -> Answer:
    account, body = asked.need_account(), asked.json
    kind = str(body.get("type") or "model")
    if verb == "move":
        return _move(hub, account, body, kind)
    namespace = str(body.get("organization") or account.name)
    repo_id = f"{namespace}/{body.get('name', '')}"
    if verb == "create":
        if not account.owns(namespace) or account.role == "read":
            raise refusal(
                403, f'You don\'t have the rights to create a {kind} under the namespace "{namespace}"'
            )
        return _create(hub, asked, kind, repo_id, body)
    if verb == "delete" and asked.method == "DELETE":
        repository = _writable(hub, asked, kind, repo_id)
        del hub.repositories[kind, repository.id]
        return json_answer({})
    raise refusal(404, "Sorry, we can't find the page you are looking for.")


def _create(hub: HubState, asked: Asked, kind: str, repo_id: str, body: dict[str, Any]) -> Answer:
    name = repo_id.partition("/")[2]
    if not re.fullmatch(r"(?!.*(--|\.\.))(?!.*\.git$)[A-Za-z0-9_][A-Za-z0-9._-]{0,95}", name):
        raise refusal(400, f"Invalid repo name: {name}")
    if kind == "space" and body.get("sdk") not in ("gradio", "streamlit", "docker", "static"):
        raise refusal(400, '"sdk" must be one of [gradio, streamlit, docker, static]')
    url = f"{asked.base}/{'' if kind == 'model' else kind + 's/'}{repo_id}"
    if (kind, repo_id) in hub.repositories:
        raise refusal(409, f"You already created this {kind} repo", url=url)
    hub.create(kind, repo_id, body, asked.need_account().name)
    return json_answer({"url": url, "name": repo_id, "id": f"id-{repo_id}"})


def _move(hub: HubState, account: Account, body: dict[str, Any], kind: str) -> Answer:
    old, new = str(body["fromRepo"]), str(body["toRepo"])
    repository = hub.repositories.get((kind, old))
    if repository is None or not account.owns(old.partition("/")[0]):
        raise refusal(404, "Repository not found", "RepoNotFound")
    if (kind, new) in hub.repositories:
        raise refusal(409, f"The repo {new} exists already")
    del hub.repositories[kind, old]
    repository.id = new
    hub.repositories[kind, new] = repository
    hub.moved[kind, old] = new
    return json_answer({})


def _validate_yaml(body: dict[str, Any]) -> Answer:
    text, kind = str(body.get("content", "")), body.get("repoType")
    found = re.match(r"---\r?\n(.*?)^---\s*$", text, re.DOTALL | re.MULTILINE)
    warnings, errors = [], []
    if found is None:
        warnings.append({"message": "empty or missing yaml metadata in repo card"})
        return json_answer({"errors": [], "warnings": warnings})
    try:
        meta = yaml.safe_load(found[1]) or {}
    except yaml.YAMLError as error:
        errors.append({"message": f"Invalid YAML: {str(error).splitlines()[0]}"})
        meta = {}
    if kind == "space" and meta and meta.get("sdk") not in ("gradio", "streamlit", "docker", "static"):
        errors.append({"message": '"sdk" must be one of [gradio, streamlit, docker, static]'})
    if kind == "dataset" and meta.get("license") not in (None, *_LICENSES):
        errors.append({"message": f'"license" must be one of [{", ".join(_LICENSES)}]'})
    return json_answer({"errors": errors, "warnings": warnings}, 400 if errors else 200)


def _in_repository(hub: HubState, asked: Asked, kind: str, repo_id: str, rest: str) -> Answer:
    if (new := hub.moved.get((kind, repo_id))) is not None and (kind, repo_id) not in hub.repositories:
        target = asked.target.replace(repo_id, new, 1)
        return Answer(307, b"", {"Location": asked.base + target})
    verb, _, argument = rest.partition("/")
    if asked.method in ("GET", "HEAD") and verb not in ("secrets", "variables", "logs"):
        return reading.answer(hub, _visible(hub, asked, kind, repo_id), verb, argument, asked)
    if verb == "paths-info":
        return reading.paths_info(_visible(hub, asked, kind, repo_id), argument, asked.json)
    repository = _writable(hub, asked, kind, repo_id)
    if verb == "preupload":
        return commits.preupload(hub, repository, argument, asked.json)
    if verb == "commit":
        return commits.commit(hub, repository, argument, asked.body, asked.need_account(), asked.base)
    if kind == "space" and verb == "logs" and argument in ("build", "run"):
        raise LogStream(repository, argument)
    if kind == "space":
        return spaces.answer(hub, repository, asked.method, verb, asked.json, asked.query)
    raise refusal(404, "Sorry, we can't find the page you are looking for.")


def _visible(hub: HubState, asked: Asked, kind: str, repo_id: str) -> Repository:
    repository = hub.repositories.get((kind, repo_id))
    may = repository is not None and (
        not repository.private or (asked.account is not None and asked.account.owns(repository.namespace))
    )
    if repository is not None and may:
        return repository
    if asked.account is None:  # whether it is private or missing is nobody's business
        raise refusal(401, "Invalid username or password.", "RepoNotFound")
    raise refusal(404, "Repository not found", "RepoNotFound")


def _writable(hub: HubState, asked: Asked, kind: str, repo_id: str) -> Repository:
    account = asked.need_account()
    repository = _visible(hub, asked, kind, repo_id)
    if not account.owns(repository.namespace):
        raise refusal(403, "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request")
    if account.role == "read":
        raise refusal(403, "Forbidden: you must use a write token to upload to a repository.")
    if account.role == "fineGrained" and repo_id not in account.can_write_to:
        raise refusal(403, "Forbidden: your token does not have the right to write to this repository.")
    return repository
