"""Files that are written whole or not at all."""

import os
import threading
from pathlib import Path


def write_whole(path, content):
    """Put a file in the place of what is there, with the rights that any new file gets.

    What a link points to is replaced; a device or a pipe is written to, never replaced.

    Parameters
    ----------
    path : str or Path
    content : bytes
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    part = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
