"""Imports the user's own modules: terms, networks, metrics, data sets."""

import importlib
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from tfdis.config import one_sentence, register_all
from tfdis.errors import UserError

imported: set[str] = set()  # what `import_modules` did, for it is what the user trusts


def import_modules(names: Sequence[str], folder: str | Path | None = None) -> None:
    """Imports modules, so that what they register has its gin name.

    Args:
        names: of modules, such as "my_terms".
        folder: where they are looked for first; None: the working directory.

    Raises:
        UserError: there is no such module, or it raises an error; says in which line.
    """
    if not names:
        return
    register_all()  # so that the error says that tfdis already has a module of this name
    folder = str(Path(folder or Path.cwd()).absolute())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    for name in names:
        try:
            importlib.import_module(name)
            imported.add(name)
        except UserError:
            raise
        except Exception as error:
            if isinstance(error, ModuleNotFoundError) and error.name in (
                name,
                name.partition(".")[0],
            ):
                said = f": write --import={Path(name).stem}" if name.endswith(".py") else ""
                raise UserError(
                    f"--import={name}: there is no module of this name in {folder}, nor an "
                    f"installed one{said}."
                ) from error
            last = traceback.extract_tb(error.__traceback__)[-1]
            raise UserError(
                f"--import={name}: {type(error).__name__} in {last.filename}, line {last.lineno}: "
                f"{one_sentence(error)}"
            ) from error
