"""What a repository of the hub holds, asked through `huggingface_hub` with the token of its own store, if any."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from engine.catalogue.registry import ModelFile
from engine.hub.choosing import INDEX, choose
from engine.hub.errors import HubError

TIMEOUT_S = 20.0
_MOST_INDEX = 1 << 20


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that could be downloaded. `commit` pins it; `gated` says that its owner must have let the user in."""

    hub_id: str
    revision: str
    commit: str
    licence: str
    gated: bool
    files: tuple[ModelFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)


def look_up(hub_id: str, revision: str = "", include: Collection[str] = (), endpoint: str | None = None) -> Offer:
    """What a download of this repository would fetch. Raises HubError."""
    with hub_errors(hub_id, revision):
        from huggingface_hub import HfApi

        info = HfApi(endpoint=endpoint).model_info(
            hub_id, revision=revision or None, files_metadata=True, timeout=TIMEOUT_S
        )
        files = [_file(sibling) for sibling in info.siblings or ()]
        commit = str(info.sha or "")
        components: list[str] = []
        if not include and any(file.path == INDEX for file in files):
            components = _components(read_json(hub_id, commit, INDEX, endpoint))
        return Offer(hub_id, revision, commit, _licence(info), bool(info.gated), choose(files, include, components))


def read_json(hub_id: str, commit: str, path: str, endpoint: str | None) -> Any:
    """A small JSON file of a repository. Raises HubError and what `huggingface_hub` raises."""
    from huggingface_hub import utils as hub

    response = hub.get_session().get(  # type: ignore[attr-defined]
        url_of(hub_id, commit, path, endpoint),
        headers=hub.build_hf_headers(),  # type: ignore[attr-defined]
        timeout=TIMEOUT_S,
        follow_redirects=True,
    )
    hub.hf_raise_for_status(response)  # type: ignore[attr-defined]
    try:
        return json.loads(response.content[:_MOST_INDEX])
    except ValueError as error:
        raise HubError("not_a_model", f"{path} of {hub_id} is not JSON ({error}).", "Choose another model.") from error


def url_of(hub_id: str, commit: str, path: str, endpoint: str | None) -> str:
    """Where a file of a commit is."""
    from huggingface_hub import hf_hub_url

    return str(hf_hub_url(hub_id, path, revision=commit, endpoint=endpoint))


def _file(sibling: Any) -> ModelFile:
    large = sibling.lfs
    sha256 = str(large["sha256"]) if large else ""
    return ModelFile(sibling.rfilename, int(sibling.size or 0), sha256, "" if large else str(sibling.blob_id or ""))


def _components(index: Any) -> list[str]:
    """The folders that a pipeline's index names; entries without a library were left out on purpose."""
    if not isinstance(index, dict):
        raise HubError("not_a_model", f"{INDEX} is not an object.", "Choose another model.")
    return [name for name, what in index.items() if isinstance(what, list) and len(what) == 2 and what[0]]


def _licence(info: Any) -> str:
    card: Any = info.card_data.to_dict() if info.card_data else {}
    found = str(card.get("license") or "")
    if found in ("", "other"):
        found = str(card.get("license_name") or found)
    tags = [str(tag) for tag in info.tags or ()]
    return found or next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), "")


@contextlib.contextmanager
def hub_errors(hub_id: str, revision: str = "") -> Iterator[None]:
    """Turn what `huggingface_hub` raises about a repository into HubError."""
    from huggingface_hub import errors

    try:
        yield
    except errors.OfflineModeIsEnabled as error:
        hint = "Unset HF_HUB_OFFLINE (or set it to 0), then try again."
        raise HubError("offline", "Downloads are switched off by HF_HUB_OFFLINE.", hint) from error
    except errors.HFValidationError as error:
        hint = "Write OWNER/NAME, as in the address of its page."
        raise HubError("not_found", f"{hub_id!r} is not the name of a model on the hub.", hint) from error
    except errors.GatedRepoError as error:
        raise _gated(hub_id, error) from error
    except errors.RevisionNotFoundError as error:
        hint = "Leave --revision out for its newest state, or look at the versions on its page."
        raise HubError("not_found", f"{hub_id} has no revision {revision!r}.", hint) from error
    except errors.RepositoryNotFoundError as error:
        hint = "Check the spelling. A private model needs a token: log in with `hf auth login`."
        raise HubError("not_found", f"The hub shows no model {hub_id}.", hint) from error
    except errors.EntryNotFoundError as error:
        raise HubError("not_found", f"A file of {hub_id} is gone from the hub.", "Start the download anew.") from error
    except errors.HfHubHTTPError as error:
        raise _http(hub_id, error) from error
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("httpx", "httpx2", "httpcore", "httpcore2"):
            raise
        hint = "Check the network (and HF_ENDPOINT, if it is set), then start it again: what is there is kept."
        raise HubError("no_network", f"The hub cannot be reached ({_short(error)}).", hint) from error


def _gated(hub_id: str, error: Any) -> HubError:
    from huggingface_hub import constants, get_token

    page = f"{constants.ENDPOINT}/{hub_id}"
    if get_token():
        hint = f"Accept its licence at {page} with the account you are logged in with, then start it again."
    else:
        hint = f"Accept its licence at {page}, log in here with `hf auth login`, then start it again."
    return HubError("gated", f"The owner of {hub_id} asks users to accept a licence first.", hint)


def _http(hub_id: str, error: Any) -> HubError:
    status = getattr(error.response, "status_code", 0)
    if status in (401, 403):
        hint = "Log in with `hf auth login`, with a token that may read this model."
        return HubError("unauthorised", f"The hub does not let this user read {hub_id} ({status}).", hint)
    if status == 404:
        return HubError("not_found", f"The hub does not find a file of {hub_id}.", "Start the download anew.")
    hint = "Wait a little, then start it again: what is there is kept."
    return HubError("server", f"The hub answered {status} for {hub_id}.", hint)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
