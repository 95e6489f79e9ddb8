"""Logs a run to Weights & Biases."""

import os
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.extras import require
from tfdis.results import write_text

Mode = Literal["auto", "online", "offline", "disabled"]
_ID_FILE = "wandb_run_id.txt"
_PATIENCE = 5.0  # seconds for the server's first answer
_INIT_TIMEOUT = 30.0  # seconds
_FINISH_TIMEOUT = 60.0  # seconds


@configurable("wandb_logger", denylist=["model_dir"])
class WandbLogger:
    """Sends a run to Weights & Biases, or keeps it on disk for `wandb sync`.

    A resumed run keeps its id, which is stored in the model directory. Neither a missing network
    nor a missing login stops the training or makes it wait for input.

    Args:
        model_dir: the run's directory; W&B's files go into `wandb` there.
        project: W&B's project.
        name: of the run; None: W&B invents one.
        group: of runs that belong together, such as the models of a study.
        mode: "auto": online where there is a login and the server answers, else offline;
            "offline" and "disabled" as W&B's; "online": as "auto", but an error where it cannot be.
            The environment's WANDB_MODE goes before "auto".
        id: W&B's id of the run; None: the one that `model_dir` remembers, else a new one.

    Raises:
        UserError: wandb is not installed, the mode does not exist, or "online" is asked for and
            cannot be.
    """

    def __init__(
        self,
        model_dir: str | os.PathLike,
        project: str = "tfdis",
        name: str | None = None,
        group: str | None = None,
        mode: Mode = "auto",
        id: str | None = None,
    ):
        require("wandb", "wandb_logger")
        import wandb

        model_dir = Path(model_dir)
        model_dir.mkdir(parents=True, exist_ok=True)
        options = {
            "project": project,
            "name": name,
            "group": group,
            "id": _run_id(model_dir, id),
            "dir": str(model_dir),
            "resume": "allow",
            "settings": wandb.Settings(
                console="off",  # the progress bar stays what it is
                init_timeout=_INIT_TIMEOUT,
                finish_timeout=_FINISH_TIMEOUT,
            ),
        }
        self._wandb = wandb
        self._run = _start(wandb, _resolved(mode), strict=mode == "online", options=options)

    def config(self, bindings: Mapping[str, str]) -> None:
        """See `Logger.config`."""
        self._run.config.update(dict(bindings), allow_val_change=True)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """See `Logger.scalars`."""
        self._run.log({name: float(value) for name, value in values.items()}, step=step)

    def image(self, step: int, name: str, path: str | os.PathLike) -> None:
        """See `Logger.image`."""
        if Path(path).suffix == ".gif":
            picture = self._wandb.Video(str(path), format="gif")
        else:
            picture = self._wandb.Image(str(path))
        self._run.log({name: picture}, step=step)

    def close(self) -> None:
        """See `Logger.close`; what could not be sent in time stays on disk."""
        self._run.finish()


def _run_id(model_dir: Path, asked: str | None) -> str:
    path = model_dir / _ID_FILE
    known = path.read_text().strip() if path.is_file() else ""
    # An agent of a W&B sweep names the run that it expects.
    run_id = asked or os.environ.get("WANDB_RUN_ID") or known or uuid.uuid4().hex[:8]
    write_text(path, run_id + "\n")
    return run_id


def _resolved(mode: str) -> str:
    from_environment = os.environ.get("WANDB_MODE", "")
    return from_environment if mode == "auto" and from_environment in get_args(Mode) else mode


def _start(wandb: Any, mode: str, strict: bool, options: dict[str, Any]) -> Any:
    if mode in ("offline", "disabled"):
        return wandb.init(mode=mode, **options)
    reason = _why_not_online(wandb)
    if reason is None:
        try:
            return wandb.init(mode="online", **options)
        except wandb.errors.Error as error:
            reason = " ".join(str(error).split())
    if strict:
        raise UserError(f"wandb_logger.mode is 'online', but {reason}.")
    print(f"W&B: {reason}: the run is kept on disk; send it later with `wandb sync`.")
    return wandb.init(mode="offline", **options)


def _why_not_online(wandb: Any) -> str | None:
    """Why W&B cannot be reached; takes up to `_PATIENCE` seconds and never asks the user."""
    settings = wandb.setup().settings
    if not (settings.api_key or _login_in_netrc(settings.base_url)):
        return "there is no login (`wandb login`, or WANDB_API_KEY)"
    answered = threading.Event()

    def ask() -> None:
        try:
            urllib.request.urlopen(settings.base_url, timeout=_PATIENCE).close()
        except urllib.error.HTTPError:
            pass  # an answer all the same
        except OSError:
            return
        answered.set()

    # A name server that is silent keeps a thread waiting for longer than any timeout says.
    threading.Thread(target=ask, daemon=True).start()
    if not answered.wait(_PATIENCE):
        return f"{settings.base_url} does not answer"
    return None


def _login_in_netrc(base_url: str) -> bool:
    import netrc
    import urllib.parse

    path = os.environ.get("NETRC") or Path.home() / ".netrc"
    try:
        return (
            netrc.netrc(path).authenticators(urllib.parse.urlsplit(base_url).hostname) is not None
        )
    except (OSError, netrc.NetrcParseError):
        return False
