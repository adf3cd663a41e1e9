"""The application: five endpoints, written as the tutorials of FastAPI and SQLAlchemy do."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query, Request, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from benchmarks.reference_stack.database import Variant, create_engine_of
from benchmarks.reference_stack.models import Project, Task, User
from benchmarks.reference_stack.schemas import (
    ProfileRead,
    ProjectList,
    ProjectRead,
    TaskCreate,
    TaskHistory,
    TaskRead,
)

__all__ = ["create_app"]

SCOPES = sorted(
    f"{area}:{what}" for area in ("kg", "mcps", "projects", "tasks") for what in ("read", "write")
)


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


SessionOf = Annotated[AsyncSession, Depends(get_session)]


async def get_user(
    session: SessionOf, credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
) -> User:
    user = await session.scalar(select(User).where(User.token == credentials.credentials))
    if user is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "unknown token")
    return user


UserOf = Annotated[User, Depends(get_user)]


def create_app(variant: Variant, database: Path) -> FastAPI:
    """Return the application of one variant on a database that is already there."""
    engine = create_engine_of(variant, database)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.post("/tasks", status_code=status.HTTP_202_ACCEPTED)
    async def create_task(body: TaskCreate, session: SessionOf, user: UserOf) -> TaskRead:
        task = Task(user_id=user.id, **body.model_dump())
        session.add(task)
        await session.commit()
        return TaskRead.model_validate(task)

    @app.get("/tasks/history")
    async def task_history(
        session: SessionOf, user: UserOf, limit: Annotated[int, Query(ge=1, le=200)] = 20
    ) -> TaskHistory:
        own = Task.user_id == user.id
        newest_first = (Task.created_at.desc(), Task.id.desc())
        found = await session.scalars(select(Task).where(own).order_by(*newest_first).limit(limit))
        items = [TaskRead.model_validate(task) for task in found]
        total = await session.scalar(select(func.count()).select_from(Task).where(own))
        return TaskHistory(
            items=items, total=total or 0, next_cursor=_cursor(items) if len(items) == limit else None
        )

    @app.get("/tasks/{task_id}")
    async def get_task(task_id: str, session: SessionOf, user: UserOf) -> TaskRead:
        task = await session.scalar(select(Task).where(Task.id == task_id, Task.user_id == user.id))
        if task is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "no such task")
        return TaskRead.model_validate(task)

    @app.get("/projects/list")
    async def project_list(
        session: SessionOf, user: UserOf, limit: Annotated[int, Query(ge=1, le=200)] = 20
    ) -> ProjectList:
        own = Project.user_id == user.id
        newest_first = (Project.created_at.desc(), Project.id.desc())
        found = await session.scalars(select(Project).where(own).order_by(*newest_first).limit(limit))
        items = [ProjectRead.model_validate(project) for project in found]
        total = await session.scalar(select(func.count()).select_from(Project).where(own))
        return ProjectList(
            items=items, total=total or 0, next_cursor=_cursor(items) if len(items) == limit else None
        )

    @app.get("/user/profile")
    async def profile(user: UserOf) -> ProfileRead:
        return ProfileRead(user_id=user.id, name=user.name, via="token", scopes=SCOPES)

    return app


def _cursor(items: Sequence[TaskRead | ProjectRead]) -> str:
    last = items[-1]
    return base64.urlsafe_b64encode(f"{last.created_at.isoformat()},{last.id}".encode()).decode()
