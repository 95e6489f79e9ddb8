"""Models on the Hugging Face Hub, `hf://user/name`, in the format that Keras writes there."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from tfdis.errors import UserError
from tfdis.extras import require

SCHEME = "hf://"

# What a model is read from; nothing else of a repository is downloaded.
_FILES = ("config.json", "metadata.json", "model.weights.h5", "results/gin/train.gin")

# Whose errors are of the network or of the hub's answer; not all of them are OSErrors.
_CLIENT = ("huggingface_hub", "httpx", "requests")


def repository_of(url: str) -> str:
    """`user/name` of `hf://user/name`.

    Raises:
        UserError: the address is another, or huggingface_hub is not installed.
    """
    match = re.fullmatch(rf"{SCHEME}([\w-][\w.-]*/[\w-][\w.-]*)", url)
    if match is None:
        raise UserError(f"{url} is no address of a model on the hub: write {SCHEME}user/name.")
    require("hub", url)
    return match[1]


def download(url: str) -> Path:
    """Fetches the files of a model, or takes them from the hub's cache; returns their folder.

    Raises:
        UserError: they cannot be had, or huggingface_hub is not installed.
    """
    repository = repository_of(url)
    import huggingface_hub

    with speaking_with_hub(url):
        return Path(huggingface_hub.snapshot_download(repository, allow_patterns=list(_FILES)))


@contextlib.contextmanager
def speaking_with_hub(url: str) -> Iterator[None]:
    """Makes a sentence of what the hub or the network complains of.

    Raises:
        UserError: the hub does not answer, or refuses.
    """
    try:
        yield
    except Exception as error:
        by_client = type(error).__module__.split(".")[0] in _CLIENT
        if not by_client and not isinstance(error, OSError | ValueError):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise UserError(
            f"{url}: {reason.rstrip('.')}. See that the name is right, that the network is there "
            f"and, for a repository that is not public, that `hf auth login` was run."
        ) from error
