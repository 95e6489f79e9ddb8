"""The ready gin files of a training, by their names, and those that others include."""

from pathlib import Path

import tfdis

_CONFIGS = Path(tfdis.__file__).parent / "gin_configs"
READY = sorted(
    str(path.relative_to(_CONFIGS))
    for folder in (".", "paper")
    for path in (_CONFIGS / folder).glob("*.gin")
    if path.name != "beta_tcvae_curriculum.gin"  # a part of beta_tcvae.gin
)
NO_MODEL = ("embedded.gin", "conditional.gin", "aicrowd.gin")
