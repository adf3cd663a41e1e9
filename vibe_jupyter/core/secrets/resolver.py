"""Which value a name stands for, for one user and perhaps a project; and where it was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from vibe_jupyter.core import masking
from vibe_jupyter.core.errors import CredentialMissing
from vibe_jupyter.core.secrets.ambient import VARIABLES
from vibe_jupyter.core.secrets.schemas import check_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vibe_jupyter.core.secrets.ambient import Ambient
    from vibe_jupyter.core.secrets.schemas import SecretSource
    from vibe_jupyter.core.secrets.service import SecretService

__all__ = ["FoundSecret", "SecretResolver"]


@dataclass(frozen=True)
class FoundSecret:
    """A value, and where it was found."""

    value: SecretStr
    source: SecretSource


class SecretResolver:
    """Looks for a secret in the project, with the user, and in what is there anyway, in this order.

    What it has found once is masked in all that this process logs, and stores of this user's tasks.
    """

    def __init__(self, secrets: SecretService, ambient: Ambient) -> None:
        self._secrets = secrets
        self._ambient = ambient

    async def find(self, user_id: str, name: str, *, project_id: str | None = None) -> FoundSecret | None:
        """Return a secret with its source; None if it is nowhere.

        Raises:
            InvalidInput: `secrets.bad_name`.
            VibeError: `secrets.wrong_key`, `secrets.tampered`, `secrets.no_key`: nothing else takes its place.
        """
        check_name(name)
        value: str
        source: SecretSource
        if (stored := await self._secrets.stored(user_id, name, project_id)) is not None:
            value, project = stored
            source = "user" if project is None else "project"
        elif (ambient := await self._ambient.find(name)) is not None:
            value, source = ambient
        else:
            return None
        masking.hold(user_id, value)
        return FoundSecret(SecretStr(value), source)

    async def value(self, user_id: str, name: str, *, project_id: str | None = None) -> SecretStr | None:
        """Return the value of a secret; None if it is nowhere.

        Raises:
            VibeError: as `find`.
        """
        found = await self.find(user_id, name, project_id=project_id)
        return None if found is None else found.value

    async def require(self, user_id: str, name: str, *, project_id: str | None = None, why: str) -> SecretStr:
        """Return the value of a secret that one cannot do without.

        Args:
            why: what it is for, as the beginning of a sentence: `pushing to GitHub`.

        Raises:
            CredentialMissing: `secrets.missing`, with the command that asks for it.
            VibeError: as `find`.
        """
        value = await self.value(user_id, name, project_id=project_id)
        if value is not None:
            return value
        variables = VARIABLES.get(name)
        or_else = f", or set {variables[0]} in the environment and start again" if variables else ""
        of_project = f" --project-id {project_id}" if project_id is not None else ""
        raise CredentialMissing(
            f"{why} needs the secret {name}, and there is none",
            hint=f"%vibe secrets set {name}{of_project} asks for it{or_else}",
            data={"name": name},
        )

    async def sources(
        self, user_id: str, names: Iterable[str] = VARIABLES, *, project_id: str | None = None
    ) -> dict[str, SecretSource | None]:
        """Return where each secret would be taken from, None where there is none; the values stay here.

        Raises:
            VibeError: as `find`.
        """
        found = {name: await self.find(user_id, name, project_id=project_id) for name in names}
        return {name: None if one is None else one.source for name, one in found.items()}
