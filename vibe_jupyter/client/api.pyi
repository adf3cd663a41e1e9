# Made by `python scripts/generate.py` from the operation table: do not edit.
# ruff: noqa: A002, PYI021, PYI030 - arguments have the API's names; an editor shows these docstrings, and only these
"""The client as type checkers and editors see it: every operation with its arguments and its result."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import Any, Literal, Self, TypeAlias

from pydantic.types import SecretStr

from vibe_jupyter.client.catalogue import Catalogue
from vibe_jupyter.client.handles import AsyncTaskHandle, TaskHandle
from vibe_jupyter.client.servers import AsyncServers, Servers
from vibe_jupyter.client.tool_results import CallResult
from vibe_jupyter.client.transport import Transport
from vibe_jupyter.core.accounts.schemas import Profile
from vibe_jupyter.core.kg.question_schemas import KgCentral, KgCycles, KgDataUses, KgTests, KgUnused, KgWho
from vibe_jupyter.core.kg.schemas import (
    KgChanged,
    KgImpact,
    KgInfo,
    KgList,
    KgOptions,
    KgPath,
    KgRelations,
    KgStarted,
    KgStatus,
    KgSymbols,
)
from vibe_jupyter.core.mcp.schemas import (
    ImportResult,
    McpCapabilities,
    McpHealth,
    McpList,
    McpLogs,
    McpPolicy,
    McpServer,
    PromptResult,
    ResourceResult,
    ToolSearch,
)
from vibe_jupyter.core.operations import Document, Operation
from vibe_jupyter.core.oracles.schemas import CapabilityInfo, OracleList
from vibe_jupyter.core.projects.schemas import (
    Checkpoint,
    CheckpointList,
    Diff,
    FileChange,
    FileList,
    Project,
    ProjectList,
    ProjectTask,
    TemplateList,
    Undone,
)
from vibe_jupyter.core.questions.schemas import Question, QuestionList
from vibe_jupyter.core.secrets.schemas import SecretInfo, SecretList
from vibe_jupyter.core.status.schemas import Health, Status
from vibe_jupyter.core.tasks.schemas import Explanation, History, Task, TaskEvent

__all__ = ["AsyncVibeClient", "VibeClient", "connect"]

_List: TypeAlias = list
_TaskId: TypeAlias = str | Task | TaskHandle | AsyncTaskHandle

class _Tasks:
    def create(
        self,
        *,
        type: str = "ask",
        input: dict[str, Any] = ...,
        required_capabilities: list[str] = ...,
        priority: int = 0,
        timeout_s: float | None = None,
        idempotency_key: str | None = None,
        project_id: str | None = None,
        root: str | None = None,
    ) -> TaskHandle:
        """Create a task and hand it to the best target."""
    def history(
        self,
        *,
        limit: int = 20,
        offset: int = 0,
        cursor: str | None = None,
        state: Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"] | None = None,
        type: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        results: bool = True,
    ) -> History:
        """List your tasks, newest first."""
    def get(self, task_id: _TaskId) -> TaskHandle:
        """Show one task with its state and result."""
    def cancel(self, task_id: _TaskId) -> TaskHandle:
        """Cancel a task: a waiting one at once, a running one within a second."""
    def retry(self, task_id: _TaskId) -> TaskHandle:
        """Run an ended task again, as a new task that names the old one in `retry_of`."""
    def explain(self, task_id: _TaskId) -> Explanation:
        """Explain why a task went to its target: all candidates with their scores, and why others were not asked."""
    def events(self, task_id: _TaskId, *, after: str | None = None) -> Iterator[TaskEvent]:
        """Follow a task: what has happened so far, then each event as it comes, up to its end."""

class _Projects:
    def create(
        self,
        *,
        name: str,
        description: str = "",
        template: str = "python-package",
        path: str | None = None,
        answers: dict[str, Any] = ...,
        trust_template: bool = False,
    ) -> Project:
        """Make a project from a template: it works at once, its tests pass and its notebook runs."""
    def list(
        self,
        *,
        limit: int = 20,
        offset: int = 0,
        cursor: str | None = None,
        archived: bool = False,
        name: str | None = None,
    ) -> ProjectList:
        """List your projects, the newest first."""
    def templates(self) -> TemplateList:
        """List the built-in templates, with what each makes and asks."""
    def adopt(self, *, path: str, name: str | None = None, description: str = "") -> Project:
        """Make a project of a folder that is there already; nothing in it changes."""
    def clone(
        self,
        *,
        url: str,
        name: str | None = None,
        path: str | None = None,
        description: str = "",
        branch: str | None = None,
        depth: int | None = None,
    ) -> ProjectTask:
        """Make a project of a git repository: a task clones it, without running anything in it."""
    def get(self, project_id: str) -> Project:
        """Show a project: its folder, its template, where it was pushed and deployed to."""
    def update(self, project_id: str, *, name: str | None = None, description: str | None = None) -> Project:
        """Change a project's name or description; its folder keeps its name."""
    def archive(self, project_id: str) -> Project:
        """Put a project away: it is listed no more and its name is free; files and checkpoints stay."""
    def restore(self, project_id: str) -> Project:
        """Bring a project back that was archived."""
    def files(
        self,
        project_id: str,
        *,
        under: str = ".",
        ignored: bool = False,
        limit: int = 1000,
    ) -> FileList:
        """List the files of a project, without those that .gitignore excludes."""
    def read(self, project_id: str, *, file: str) -> Document:
        """Read a file of a project."""
    def write(
        self,
        project_id: str,
        *,
        file: str,
        text: str | None = None,
        base64: str | None = None,
        executable: bool | None = None,
    ) -> FileChange:
        """Write a file of a project; a checkpoint is made before, so that it can be undone."""
    def delete(self, project_id: str, *, file: str) -> FileChange:
        """Delete a file of a project; a checkpoint is made before, so that it can be undone."""
    def checkpoint(self, project_id: str, *, message: str = "checkpoint") -> Checkpoint:
        """Keep a project's files as they are now, new ones included; git's own index and history are not touched."""
    def checkpoints(self, project_id: str) -> CheckpointList:
        """List a project's checkpoints, the newest first."""
    def diff(
        self,
        project_id: str,
        *,
        since: str | None = None,
        until: str | None = None,
        file: str | None = None,
    ) -> Diff:
        """Show what has changed since a checkpoint, or between two."""
    def undo(self, project_id: str, *, checkpoint: str | None = None) -> Undone:
        """Bring back a project's files as they were at a checkpoint, every byte; what is there is kept as one, too."""
    def push(
        self,
        project_id: str,
        *,
        github: str | None = None,
        private: bool = True,
        branch: str | None = None,
        commit_message: str | None = None,
        overwrite: bool = False,
        allow_secrets: bool = False,
    ) -> ProjectTask:
        """Push a project to GitHub: a task makes the repository if it has to, and one commit of what changed."""
    def pull_request(
        self,
        project_id: str,
        *,
        title: str,
        description: str = "",
        head: str | None = None,
        base: str | None = None,
        draft: bool = False,
    ) -> ProjectTask:
        """Offer a pushed branch of a project as a pull request on GitHub; one that is open is not made twice."""

class _Questions:
    def list(
        self,
        *,
        state: Literal["open", "answered", "expired", "withdrawn"] | Literal["all"] = "open",
        task_id: str | None = None,
        call_id: str | None = None,
        wait_s: float = 0,
        limit: int = 50,
    ) -> QuestionList:
        """List what tasks and calls of yours wait for you to decide."""
    def get(self, question_id: str) -> Question:
        """Show a question, and its answer if there is one."""
    def answer(
        self,
        question_id: str,
        *,
        action: Literal["accept", "decline", "cancel"] = "accept",
        content: dict[str, Any] | None = None,
        remember: bool = False,
    ) -> Question:
        """Answer a question: accept, decline or cancel. The first answer counts, wherever it comes from."""

class _Payloads:
    def get(self, handle: str) -> Document:
        """Get a result that was too large to be shown, as a file."""

class _Oracles:
    def list(self) -> OracleList:
        """List the oracles with what they can do and what input they take."""

class _Mcps:
    def list(self) -> McpList:
        """List your MCP servers, and the configuration files of other programs that could be imported."""
    def add(
        self,
        *,
        name: str,
        transport: Literal["stdio", "http", "sse"] | None = None,
        command: str | None = None,
        args: _List[str] = ...,
        env: dict[str, str] = ...,
        cwd: str | None = None,
        url: str | None = None,
        headers: dict[str, str] = ...,
        enabled: bool = True,
        project_id: str | None = None,
        timeout_s: float = 60,
        start_timeout_s: float = 30,
        concurrency: int = 64,
        aliases: dict[str, str] = ...,
        policy: McpPolicy = ...,
    ) -> McpServer:
        """Register an MCP server: a command that is started here (stdio), or the URL of one that runs (http, sse)."""
    def import_config(
        self,
        *,
        path: str | None = None,
        config: dict[str, Any] | None = None,
        only: _List[str] = ...,
        dry_run: bool = False,
        project_id: str | None = None,
    ) -> ImportResult:
        """Register the servers of a configuration file that you have for Claude, Cursor, VS Code or jupyter-ai."""
    def health(self) -> _List[McpHealth]:
        """Show how the servers are: state, latency, restarts, circuit breaker, last error. Asks none of them."""
    def search(self, *, q: str = "", limit: int = 20) -> ToolSearch:
        """Find tools of all enabled servers by what they do."""
    def get(self, mcp_id: str) -> McpServer:
        """Show how a server is registered: exactly what runs, secrets masked."""
    def update(
        self,
        mcp_id: str,
        *,
        name: str | None = None,
        command: str | None = None,
        args: _List[str] | None = None,
        env: dict[str, str | None] | None = None,
        cwd: str | None = None,
        url: str | None = None,
        headers: dict[str, str | None] | None = None,
        enabled: bool | None = None,
        project_id: str | None = None,
        timeout_s: float | None = None,
        start_timeout_s: float | None = None,
        concurrency: int | None = None,
        aliases: dict[str, str] | None = None,
        policy: McpPolicy | None = None,
    ) -> McpServer:
        """Change a server: enable or disable it, its command or URL, its limits, its policy."""
    def remove(self, mcp_id: str) -> McpServer:
        """Forget a server, and end its process; answers with what was forgotten."""
    def capabilities(self, mcp_id: str, *, refresh: bool = False) -> McpCapabilities:
        """List what a server offers: tools with their schemas, resources, templates, prompts."""
    def execute(
        self,
        mcp_id: str,
        *,
        tool: str,
        arguments: dict[str, Any] = ...,
        timeout_s: float | None = None,
        call_id: str | None = None,
    ) -> CallResult:
        """Call a tool, and wait for what it answers."""
    def restart(self, mcp_id: str) -> McpHealth:
        """Start a server anew, and ask it again what it offers; calls that wait for it fail."""
    def logs(self, mcp_id: str) -> McpLogs:
        """Show the last lines that a server has written to its standard error."""
    def read_resource(self, mcp_id: str, *, uri: str) -> ResourceResult:
        """Read a resource of a server."""
    def get_prompt(self, mcp_id: str, *, prompt: str, arguments: dict[str, str] = ...) -> PromptResult:
        """Fill in a prompt of a server."""

class _Kg:
    def generate(
        self,
        *,
        path: str | None = None,
        project_id: str | None = None,
        files: _List[str] = ...,
        options: KgOptions = ...,
    ) -> KgStarted:
        """Make the knowledge graph of a project, or bring it up to date: a task does it."""
    def status(self, *, kg_id: str | None = None, path: str | None = None) -> KgStatus:
        """Show whether a project's graph is up to date: when it was made, which files changed since, what failed."""
    def list(self) -> KgList:
        """List your knowledge graphs, the one generated last first."""
    def ontology(
        self,
        *,
        part: Literal["words", "shapes"] = "words",
        format: Literal["turtle", "ntriples", "jsonld", "rdfxml"] = "turtle",
    ) -> Document:
        """Get the words that graphs are written in, as an ontology, or the SHACL shapes that graphs keep."""
    def query(
        self,
        *,
        kg_id: str | None = None,
        query: str,
        format: Literal["json", "xml", "csv", "tsv", "turtle", "ntriples", "jsonld"] | None = None,
        timeout_s: float | None = None,
        max_rows: int | None = None,
    ) -> Document:
        """Ask a knowledge graph with SPARQL: SELECT, ASK, CONSTRUCT or DESCRIBE."""
    def update(self, *, kg_id: str | None = None, update: str) -> KgChanged:
        """Add facts of your own to a knowledge graph with SPARQL Update, or remove them; they survive generations."""
    def find(self, *, kg_id: str | None = None, text: str, limit: int = 20) -> KgSymbols:
        """Find functions, classes and modules by words of their names and documentation."""
    def callers(self, *, kg_id: str | None = None, symbol: str, limit: int = 100) -> KgRelations:
        """Show who calls a function, method or class, call site by call site."""
    def callees(self, *, kg_id: str | None = None, symbol: str, limit: int = 100) -> KgRelations:
        """Show what a function or method calls, call site by call site."""
    def impact(self, *, kg_id: str | None = None, symbol: str, limit: int = 100) -> KgImpact:
        """Show what may break when a symbol changes: all that uses it, directly or not, and how certain that is."""
    def path(self, *, kg_id: str | None = None, source: str, target: str) -> KgPath:
        """Show the shortest way of calls from one symbol to another."""
    def tests(self, *, kg_id: str | None = None, symbol: str, limit: int = 100) -> KgTests:
        """Show the tests that run a symbol, those that call it themselves first."""
    def unused(self, *, kg_id: str | None = None, under: str = "", limit: int = 100) -> KgUnused:
        """Show functions, methods and classes that nothing uses, and why one should be careful all the same."""
    def cycles(self, *, kg_id: str | None = None, under: str = "", limit: int = 100) -> KgCycles:
        """Show files that import themselves in a circle, each with a shortest way round."""
    def central(self, *, kg_id: str | None = None, under: str = "", limit: int = 100) -> KgCentral:
        """Show the files that the rest of the project stands on, the most central first."""
    def data(self, *, kg_id: str | None = None, file: str, limit: int = 100) -> KgDataUses:
        """Show which notebooks and code read or write a data file."""
    def who(self, *, kg_id: str | None = None, symbol: str, limit: int = 100) -> KgWho:
        """Show who knows a symbol or file: who changed it in git, how often and when last."""
    def get(self, kg_id: str) -> KgInfo:
        """Show a knowledge graph: its project, its size, and how many things of each class it has."""
    def export(
        self,
        kg_id: str,
        *,
        format: Literal["turtle", "ntriples", "nquads", "jsonld", "rdfxml", "graphml", "graph"] = "turtle",
        max_nodes: int = 5000,
    ) -> Document:
        """Get the whole graph as a file: Turtle, N-Triples, N-Quads, JSON-LD, RDF/XML, GraphML, or nodes and edges."""
    def remove(self, kg_id: str) -> KgInfo:
        """Remove a knowledge graph from the disk, with the facts that people added; the project stays as it is."""

class _User:
    def profile(self) -> Profile:
        """Show who you are here, and what you may do."""

class _Secrets:
    def list(self, *, project_id: str | None = None) -> SecretList:
        """List which secrets you have, without their values."""
    def set(self, name: str, *, value: SecretStr, project_id: str | None = None) -> SecretInfo:
        """Store a secret encrypted, in the place of one that was there."""
    def remove(self, name: str, *, project_id: str | None = None) -> SecretInfo:
        """Delete a secret."""

class _Platform:
    def health(self) -> Health:
        """Say that the platform is up, with its version and API level."""
    def status(self) -> Status:
        """Show where the platform runs and what it has to do for you."""

class _AsyncTasks:
    async def create(
        self,
        *,
        type: str = "ask",
        input: dict[str, Any] = ...,
        required_capabilities: list[str] = ...,
        priority: int = 0,
        timeout_s: float | None = None,
        idempotency_key: str | None = None,
        project_id: str | None = None,
        root: str | None = None,
    ) -> AsyncTaskHandle:
        """Create a task and hand it to the best target."""
    async def history(
        self,
        *,
        limit: int = 20,
        offset: int = 0,
        cursor: str | None = None,
        state: Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"] | None = None,
        type: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        results: bool = True,
    ) -> History:
        """List your tasks, newest first."""
    async def get(self, task_id: _TaskId) -> AsyncTaskHandle:
        """Show one task with its state and result."""
    async def cancel(self, task_id: _TaskId) -> AsyncTaskHandle:
        """Cancel a task: a waiting one at once, a running one within a second."""
    async def retry(self, task_id: _TaskId) -> AsyncTaskHandle:
        """Run an ended task again, as a new task that names the old one in `retry_of`."""
    async def explain(self, task_id: _TaskId) -> Explanation:
        """Explain why a task went to its target: all candidates with their scores, and why others were not asked."""
    def events(self, task_id: _TaskId, *, after: str | None = None) -> AsyncIterator[TaskEvent]:
        """Follow a task: what has happened so far, then each event as it comes, up to its end."""

class _AsyncProjects:
    async def create(
        self,
        *,
        name: str,
        description: str = "",
        template: str = "python-package",
        path: str | None = None,
        answers: dict[str, Any] = ...,
        trust_template: bool = False,
    ) -> Project:
        """Make a project from a template: it works at once, its tests pass and its notebook runs."""
    async def list(
        self,
        *,
        limit: int = 20,
        offset: int = 0,
        cursor: str | None = None,
        archived: bool = False,
        name: str | None = None,
    ) -> ProjectList:
        """List your projects, the newest first."""
    async def templates(self) -> TemplateList:
        """List the built-in templates, with what each makes and asks."""
    async def adopt(self, *, path: str, name: str | None = None, description: str = "") -> Project:
        """Make a project of a folder that is there already; nothing in it changes."""
    async def clone(
        self,
        *,
        url: str,
        name: str | None = None,
        path: str | None = None,
        description: str = "",
        branch: str | None = None,
        depth: int | None = None,
    ) -> ProjectTask:
        """Make a project of a git repository: a task clones it, without running anything in it."""
    async def get(self, project_id: str) -> Project:
        """Show a project: its folder, its template, where it was pushed and deployed to."""
    async def update(
        self,
        project_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
    ) -> Project:
        """Change a project's name or description; its folder keeps its name."""
    async def archive(self, project_id: str) -> Project:
        """Put a project away: it is listed no more and its name is free; files and checkpoints stay."""
    async def restore(self, project_id: str) -> Project:
        """Bring a project back that was archived."""
    async def files(
        self,
        project_id: str,
        *,
        under: str = ".",
        ignored: bool = False,
        limit: int = 1000,
    ) -> FileList:
        """List the files of a project, without those that .gitignore excludes."""
    async def read(self, project_id: str, *, file: str) -> Document:
        """Read a file of a project."""
    async def write(
        self,
        project_id: str,
        *,
        file: str,
        text: str | None = None,
        base64: str | None = None,
        executable: bool | None = None,
    ) -> FileChange:
        """Write a file of a project; a checkpoint is made before, so that it can be undone."""
    async def delete(self, project_id: str, *, file: str) -> FileChange:
        """Delete a file of a project; a checkpoint is made before, so that it can be undone."""
    async def checkpoint(self, project_id: str, *, message: str = "checkpoint") -> Checkpoint:
        """Keep a project's files as they are now, new ones included; git's own index and history are not touched."""
    async def checkpoints(self, project_id: str) -> CheckpointList:
        """List a project's checkpoints, the newest first."""
    async def diff(
        self,
        project_id: str,
        *,
        since: str | None = None,
        until: str | None = None,
        file: str | None = None,
    ) -> Diff:
        """Show what has changed since a checkpoint, or between two."""
    async def undo(self, project_id: str, *, checkpoint: str | None = None) -> Undone:
        """Bring back a project's files as they were at a checkpoint, every byte; what is there is kept as one, too."""
    async def push(
        self,
        project_id: str,
        *,
        github: str | None = None,
        private: bool = True,
        branch: str | None = None,
        commit_message: str | None = None,
        overwrite: bool = False,
        allow_secrets: bool = False,
    ) -> ProjectTask:
        """Push a project to GitHub: a task makes the repository if it has to, and one commit of what changed."""
    async def pull_request(
        self,
        project_id: str,
        *,
        title: str,
        description: str = "",
        head: str | None = None,
        base: str | None = None,
        draft: bool = False,
    ) -> ProjectTask:
        """Offer a pushed branch of a project as a pull request on GitHub; one that is open is not made twice."""

class _AsyncQuestions:
    async def list(
        self,
        *,
        state: Literal["open", "answered", "expired", "withdrawn"] | Literal["all"] = "open",
        task_id: str | None = None,
        call_id: str | None = None,
        wait_s: float = 0,
        limit: int = 50,
    ) -> QuestionList:
        """List what tasks and calls of yours wait for you to decide."""
    async def get(self, question_id: str) -> Question:
        """Show a question, and its answer if there is one."""
    async def answer(
        self,
        question_id: str,
        *,
        action: Literal["accept", "decline", "cancel"] = "accept",
        content: dict[str, Any] | None = None,
        remember: bool = False,
    ) -> Question:
        """Answer a question: accept, decline or cancel. The first answer counts, wherever it comes from."""

class _AsyncPayloads:
    async def get(self, handle: str) -> Document:
        """Get a result that was too large to be shown, as a file."""

class _AsyncOracles:
    async def list(self) -> OracleList:
        """List the oracles with what they can do and what input they take."""

class _AsyncMcps:
    async def list(self) -> McpList:
        """List your MCP servers, and the configuration files of other programs that could be imported."""
    async def add(
        self,
        *,
        name: str,
        transport: Literal["stdio", "http", "sse"] | None = None,
        command: str | None = None,
        args: _List[str] = ...,
        env: dict[str, str] = ...,
        cwd: str | None = None,
        url: str | None = None,
        headers: dict[str, str] = ...,
        enabled: bool = True,
        project_id: str | None = None,
        timeout_s: float = 60,
        start_timeout_s: float = 30,
        concurrency: int = 64,
        aliases: dict[str, str] = ...,
        policy: McpPolicy = ...,
    ) -> McpServer:
        """Register an MCP server: a command that is started here (stdio), or the URL of one that runs (http, sse)."""
    async def import_config(
        self,
        *,
        path: str | None = None,
        config: dict[str, Any] | None = None,
        only: _List[str] = ...,
        dry_run: bool = False,
        project_id: str | None = None,
    ) -> ImportResult:
        """Register the servers of a configuration file that you have for Claude, Cursor, VS Code or jupyter-ai."""
    async def health(self) -> _List[McpHealth]:
        """Show how the servers are: state, latency, restarts, circuit breaker, last error. Asks none of them."""
    async def search(self, *, q: str = "", limit: int = 20) -> ToolSearch:
        """Find tools of all enabled servers by what they do."""
    async def get(self, mcp_id: str) -> McpServer:
        """Show how a server is registered: exactly what runs, secrets masked."""
    async def update(
        self,
        mcp_id: str,
        *,
        name: str | None = None,
        command: str | None = None,
        args: _List[str] | None = None,
        env: dict[str, str | None] | None = None,
        cwd: str | None = None,
        url: str | None = None,
        headers: dict[str, str | None] | None = None,
        enabled: bool | None = None,
        project_id: str | None = None,
        timeout_s: float | None = None,
        start_timeout_s: float | None = None,
        concurrency: int | None = None,
        aliases: dict[str, str] | None = None,
        policy: McpPolicy | None = None,
    ) -> McpServer:
        """Change a server: enable or disable it, its command or URL, its limits, its policy."""
    async def remove(self, mcp_id: str) -> McpServer:
        """Forget a server, and end its process; answers with what was forgotten."""
    async def capabilities(self, mcp_id: str, *, refresh: bool = False) -> McpCapabilities:
        """List what a server offers: tools with their schemas, resources, templates, prompts."""
    async def execute(
        self,
        mcp_id: str,
        *,
        tool: str,
        arguments: dict[str, Any] = ...,
        timeout_s: float | None = None,
        call_id: str | None = None,
    ) -> CallResult:
        """Call a tool, and wait for what it answers."""
    async def restart(self, mcp_id: str) -> McpHealth:
        """Start a server anew, and ask it again what it offers; calls that wait for it fail."""
    async def logs(self, mcp_id: str) -> McpLogs:
        """Show the last lines that a server has written to its standard error."""
    async def read_resource(self, mcp_id: str, *, uri: str) -> ResourceResult:
        """Read a resource of a server."""
    async def get_prompt(self, mcp_id: str, *, prompt: str, arguments: dict[str, str] = ...) -> PromptResult:
        """Fill in a prompt of a server."""

class _AsyncKg:
    async def generate(
        self,
        *,
        path: str | None = None,
        project_id: str | None = None,
        files: _List[str] = ...,
        options: KgOptions = ...,
    ) -> KgStarted:
        """Make the knowledge graph of a project, or bring it up to date: a task does it."""
    async def status(self, *, kg_id: str | None = None, path: str | None = None) -> KgStatus:
        """Show whether a project's graph is up to date: when it was made, which files changed since, what failed."""
    async def list(self) -> KgList:
        """List your knowledge graphs, the one generated last first."""
    async def ontology(
        self,
        *,
        part: Literal["words", "shapes"] = "words",
        format: Literal["turtle", "ntriples", "jsonld", "rdfxml"] = "turtle",
    ) -> Document:
        """Get the words that graphs are written in, as an ontology, or the SHACL shapes that graphs keep."""
    async def query(
        self,
        *,
        kg_id: str | None = None,
        query: str,
        format: Literal["json", "xml", "csv", "tsv", "turtle", "ntriples", "jsonld"] | None = None,
        timeout_s: float | None = None,
        max_rows: int | None = None,
    ) -> Document:
        """Ask a knowledge graph with SPARQL: SELECT, ASK, CONSTRUCT or DESCRIBE."""
    async def update(self, *, kg_id: str | None = None, update: str) -> KgChanged:
        """Add facts of your own to a knowledge graph with SPARQL Update, or remove them; they survive generations."""
    async def find(self, *, kg_id: str | None = None, text: str, limit: int = 20) -> KgSymbols:
        """Find functions, classes and modules by words of their names and documentation."""
    async def callers(self, *, kg_id: str | None = None, symbol: str, limit: int = 100) -> KgRelations:
        """Show who calls a function, method or class, call site by call site."""
    async def callees(self, *, kg_id: str | None = None, symbol: str, limit: int = 100) -> KgRelations:
        """Show what a function or method calls, call site by call site."""
    async def impact(self, *, kg_id: str | None = None, symbol: str, limit: int = 100) -> KgImpact:
        """Show what may break when a symbol changes: all that uses it, directly or not, and how certain that is."""
    async def path(self, *, kg_id: str | None = None, source: str, target: str) -> KgPath:
        """Show the shortest way of calls from one symbol to another."""
    async def tests(self, *, kg_id: str | None = None, symbol: str, limit: int = 100) -> KgTests:
        """Show the tests that run a symbol, those that call it themselves first."""
    async def unused(self, *, kg_id: str | None = None, under: str = "", limit: int = 100) -> KgUnused:
        """Show functions, methods and classes that nothing uses, and why one should be careful all the same."""
    async def cycles(self, *, kg_id: str | None = None, under: str = "", limit: int = 100) -> KgCycles:
        """Show files that import themselves in a circle, each with a shortest way round."""
    async def central(self, *, kg_id: str | None = None, under: str = "", limit: int = 100) -> KgCentral:
        """Show the files that the rest of the project stands on, the most central first."""
    async def data(self, *, kg_id: str | None = None, file: str, limit: int = 100) -> KgDataUses:
        """Show which notebooks and code read or write a data file."""
    async def who(self, *, kg_id: str | None = None, symbol: str, limit: int = 100) -> KgWho:
        """Show who knows a symbol or file: who changed it in git, how often and when last."""
    async def get(self, kg_id: str) -> KgInfo:
        """Show a knowledge graph: its project, its size, and how many things of each class it has."""
    async def export(
        self,
        kg_id: str,
        *,
        format: Literal["turtle", "ntriples", "nquads", "jsonld", "rdfxml", "graphml", "graph"] = "turtle",
        max_nodes: int = 5000,
    ) -> Document:
        """Get the whole graph as a file: Turtle, N-Triples, N-Quads, JSON-LD, RDF/XML, GraphML, or nodes and edges."""
    async def remove(self, kg_id: str) -> KgInfo:
        """Remove a knowledge graph from the disk, with the facts that people added; the project stays as it is."""

class _AsyncUser:
    async def profile(self) -> Profile:
        """Show who you are here, and what you may do."""

class _AsyncSecrets:
    async def list(self, *, project_id: str | None = None) -> SecretList:
        """List which secrets you have, without their values."""
    async def set(self, name: str, *, value: SecretStr, project_id: str | None = None) -> SecretInfo:
        """Store a secret encrypted, in the place of one that was there."""
    async def remove(self, name: str, *, project_id: str | None = None) -> SecretInfo:
        """Delete a secret."""

class _AsyncPlatform:
    async def health(self) -> Health:
        """Say that the platform is up, with its version and API level."""
    async def status(self) -> Status:
        """Show where the platform runs and what it has to do for you."""

class VibeClient:
    """The platform, wherever it runs."""

    aio: AsyncVibeClient
    is_async: bool
    mcp: Servers
    open_project: Project | None
    operations: tuple[Operation, ...]
    transport: Transport
    tasks: _Tasks
    projects: _Projects
    questions: _Questions
    payloads: _Payloads
    oracles: _Oracles
    mcps: _Mcps
    kg: _Kg
    user: _User
    secrets: _Secrets
    platform: _Platform

    def __init__(self, transport: Transport) -> None: ...
    @property
    def capabilities(self) -> list[CapabilityInfo]:
        """What can be done here; asked of the platform once."""
    @property
    def catalogue(self) -> Catalogue:
        """What MCP servers offer, as far as this client has seen it."""
    @property
    def tables(self) -> dict[str, str | None]:
        """For each capability, the field of its result that holds rows."""
    @property
    def text_fields(self) -> dict[str, str | None]:
        """For each task type and capability, the field of its input that a free text goes to."""
    def method(self, operation: Operation) -> Callable[..., Any]:
        """Return an operation as a documented function."""
    def wrap(self, result: Any) -> Any:
        """Return a task with a handle around it, anything else as it is."""
    @property
    def where(self) -> str:
        """Where the platform runs, in a phrase."""
    def close(self) -> None:
        """Let go of connections."""
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

class AsyncVibeClient:
    """The same methods for async code; each one is awaited."""

    is_async: bool
    mcp: AsyncServers
    open_project: Project | None
    operations: tuple[Operation, ...]
    transport: Transport
    tasks: _AsyncTasks
    projects: _AsyncProjects
    questions: _AsyncQuestions
    payloads: _AsyncPayloads
    oracles: _AsyncOracles
    mcps: _AsyncMcps
    kg: _AsyncKg
    user: _AsyncUser
    secrets: _AsyncSecrets
    platform: _AsyncPlatform

    def __init__(self, transport: Transport) -> None: ...
    @property
    def capabilities(self) -> list[CapabilityInfo]:
        """What can be done here; asked of the platform once."""
    @property
    def catalogue(self) -> Catalogue:
        """What MCP servers offer, as far as this client has seen it."""
    @property
    def tables(self) -> dict[str, str | None]:
        """For each capability, the field of its result that holds rows."""
    @property
    def text_fields(self) -> dict[str, str | None]:
        """For each task type and capability, the field of its input that a free text goes to."""
    def method(self, operation: Operation) -> Callable[..., Any]:
        """Return an operation as a documented function."""
    def wrap(self, result: Any) -> Any:
        """Return a task with a handle around it, anything else as it is."""

def connect(url: str | None = None, token: str | None = None) -> VibeClient:
    """Return a client of the platform."""
