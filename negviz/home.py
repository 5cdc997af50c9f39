"""Where negviz keeps what it makes: caches, pools of the dashboard, and the label database."""

import os
from pathlib import Path


def home_folder() -> Path:
    """``NEGVIZ_HOME``, or ``.negviz`` in the working directory."""
    return Path(os.environ.get("NEGVIZ_HOME") or ".negviz").expanduser()
