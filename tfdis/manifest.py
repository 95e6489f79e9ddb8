"""The list of the files that a stage wrote, so that no other file is ever removed."""

import dataclasses
import json
import os
import uuid
from pathlib import Path

from tfdis import results
from tfdis.errors import UserError

NAME = ".tfdis.json"
LOCK = ".tfdis.lock"


@dataclasses.dataclass
class Manifest:
    """The files that one stage wrote in one directory.

    Attributes:
        stage: the stage that wrote it.
        paths: relative to the directory, with slashes; one that ends in a slash is a directory that
            is the stage's own with all that is in it.
        complete: whether the stage's last file is written.
        id: unique.
        replaces: the id of the manifest that it replaces; None: none.
    """

    stage: str
    paths: set[str] = dataclasses.field(default_factory=set)
    complete: bool = False
    id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    replaces: str | None = None

    def owns(self, path: Path) -> bool:
        """Whether the stage wrote a path, which is relative to its directory."""
        if path.as_posix() in {NAME, LOCK, *self.paths}:
            return True
        if any(f"{parent.as_posix()}/" in self.paths for parent in path.parents):
            return True
        return any(results.whole(each) for each in (path, *path.parents) if each.name)

    def write(self, directory: str | os.PathLike) -> None:
        """Writes it to its directory.

        Raises:
            UserError: it cannot be written.
        """
        content = {**dataclasses.asdict(self), "paths": sorted(self.paths)}
        results.write_json(Path(directory) / NAME, content)


def read(directory: str | os.PathLike) -> Manifest | None:
    """The manifest of a directory; None where there is none.

    Raises:
        UserError: it is damaged.
    """
    path = Path(directory) / NAME
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text())
        manifest = Manifest(**{**content, "paths": set(content["paths"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{path}, which names what tfdis wrote in that directory, is damaged: name another "
            "directory."
        ) from error
    return manifest


def is_complete(directory: str | os.PathLike, stage: str) -> bool:
    """Whether a stage's last file is in a directory.

    tfdis 0.1 and disentanglement_lib wrote no manifest: there the stage's results decide.

    Raises:
        UserError: the manifest is damaged.
    """
    manifest = read(directory)
    if manifest is None:
        return (Path(directory) / "results" / "aggregate" / f"{stage}.json").is_file()
    return manifest.stage == stage and manifest.complete


def files_in(directory: Path) -> list[Path]:
    """Every file below a directory, and every link and every empty directory; relative to it."""
    found = []
    for folder, subfolders, names in os.walk(directory):
        links = [name for name in subfolders if Path(folder, name).is_symlink()]
        subfolders[:] = [name for name in subfolders if name not in links]
        if not subfolders and not names and not links and Path(folder) != directory:
            found.append(Path(folder))
        found += [Path(folder, name) for name in (*names, *links)]
    return [path.relative_to(directory) for path in found]
